// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The log to score: a file, standard input, or the measurement of two videos.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::Args;
use super::measure::{self, Measured};
use super::report::{Source, title};
use crate::failure::Failure;

/// A log to score.
pub struct Input {
    pub source: Source,
    /// The log's name in messages.
    pub name: String,
    pub title: String,
    pub bytes: Box<dyn Read + Send>,
    /// As the user named it, else as the distorted video's stream does.
    pub codec: Option<String>,
    /// Keeps the log that was measured until it is scored.
    _measured: Option<Measured>,
}

impl Input {
    /// Opens the log that the user named, or measures one that has `features`.
    pub fn open(args: &Args, features: &[String]) -> Result<Self, Failure> {
        let codec = args.encode.codec.clone();
        let Some(path) = &args.log else {
            let measured = measure::measure(&args.videos, args.notes, features, codec.is_none())?;
            return Ok(Self {
                source: measured.source(),
                name: measured.name(),
                title: measured.title(),
                bytes: Box::new(measured.open()?),
                codec: codec.or_else(|| measured.codec().map(str::to_owned)),
                _measured: Some(measured),
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
                _measured: None,
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
            _measured: None,
        })
    }
}
