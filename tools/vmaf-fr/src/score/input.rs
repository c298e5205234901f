// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The log to score: a file, standard input, or the measurement of two videos.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::measure::{self, MeasureArgs, Measured};
use super::report::{Source, title};
use crate::failure::{Failure, Notes};

#[derive(Debug, clap::Args)]
pub struct InputArgs {
    /// libvmaf's JSON log, by 'vmaf --json' or FFmpeg's libvmaf filter; - reads standard input
    #[arg(value_name = "LOG.json", required_unless_present_all = ["reference", "distorted"])]
    log: Option<PathBuf>,
    #[command(flatten)]
    videos: MeasureArgs,
}

impl InputArgs {
    /// Whether features are measured that the model uses only if they are there.
    pub fn measures_all(&self) -> bool {
        self.videos.measure_all
    }
}

/// A log to score.
pub struct Input {
    pub source: Source,
    /// The log's name in messages.
    pub name: String,
    pub title: String,
    pub bytes: Box<dyn Read + Send>,
    /// As the user named it, else as the distorted video's stream does.
    pub codec: Option<String>,
    /// Two videos whose log this is; it is kept until it is scored.
    pub measured: Option<Measured>,
}

impl Input {
    /// Opens the log that the user named, or measures one that has `features`. `codec` is the one that the user named.
    pub fn open(
        args: &InputArgs,
        codec: Option<&str>,
        notes: &Notes,
        features: &[String],
    ) -> Result<Self, Failure> {
        let codec = codec.map(str::to_owned);
        let Some(path) = &args.log else {
            let measured = measure::measure(&args.videos, notes, features, codec.is_none())?;
            return Ok(Self {
                source: measured.source(),
                name: measured.name(),
                title: measured.title(),
                bytes: Box::new(measured.open()?),
                codec: codec.or_else(|| measured.codec().map(str::to_owned)),
                measured: Some(measured),
            });
        };
        if path == Path::new("-") {
            let name = "standard input".to_owned();
            return Ok(Self {
                source: Source::Log("-".to_owned()),
                title: name.clone(),
                name,
                bytes: Box::new(io::stdin()),
                codec,
                measured: None,
            });
        }
        let name = path.display().to_string();
        let file = File::open(path).map_err(|error| Failure::io(&name, &error))?;
        Ok(Self {
            source: Source::Log(name.clone()),
            title: title(path),
            name,
            bytes: Box::new(file),
            codec,
            measured: None,
        })
    }
}
