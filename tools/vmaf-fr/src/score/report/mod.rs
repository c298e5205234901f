// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Writes scores in the form that was asked for. The forms of JSON and CSV are documented in
//! docs/command-line.md and change only by adding.

mod csv;
mod json;
mod text;

use std::io::{self, Write};
use std::path::Path;

use serde::Serialize;
use vmaf_fr_measure::log::Frames;
use vmaf_fr_v2::{EngineChoice, Score, Scorer};

use super::pool::{Method, Pooled};

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// One object
    Json,
    /// A header line, then one line per clip, or with --frames per frame
    Csv,
}

/// What is scored with, known before the first frame.
#[derive(Debug, Clone)]
pub struct Setup {
    /// The log, or both videos.
    pub source: Source,
    /// What to call it in a title.
    pub name: String,
    pub model: Model,
    pub codec: Option<String>,
    pub preset: Option<String>,
    pub crf: Option<f64>,
    pub pool: Method,
}

/// Where the features come from.
#[derive(Debug, Clone)]
pub enum Source {
    Log(String),
    Videos { reference: String, distorted: String },
}

/// A file's name without its folder.
pub fn title(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

#[derive(Debug, Clone, Serialize)]
pub struct Model {
    pub id: String,
    pub status: String,
    pub engine: &'static str,
    pub engine_version: String,
    pub codec_aware: bool,
    pub has_variance: bool,
    pub n_members: usize,
    pub n_features: usize,
}

impl Model {
    pub fn of(scorer: &Scorer) -> Self {
        let info = scorer.info();
        Self {
            id: info.id,
            status: info.status,
            engine: match info.engine {
                EngineChoice::OnnxRuntime => "onnxruntime",
                EngineChoice::Embedded | EngineChoice::Auto => "embedded",
            },
            engine_version: info.engine_version,
            codec_aware: info.codec_aware,
            has_variance: info.has_variance,
            n_members: info.n_members,
            n_features: scorer.feature_names().len(),
        }
    }
}

/// What is known after the last frame.
#[derive(Debug)]
pub struct Summary {
    pub libvmaf_version: Option<String>,
    pub frames: Frames,
    /// Features that were missing in some frames, and in how many.
    pub missing: Vec<(String, u64)>,
    pub pooled: [(Method, Option<Pooled>); 4],
    /// Why the score may be wrong.
    pub doubts: Vec<String>,
    /// The lowest frames, the lowest first.
    pub worst: Vec<(u32, f64)>,
}

impl Summary {
    pub fn pooled_by(&self, method: Method) -> Option<Pooled> {
        self.pooled.iter().find(|(m, _)| *m == method).and_then(|(_, pooled)| *pooled)
    }
}

/// A report in the making: frames in their order, if they are wanted, then the summary.
pub trait Report {
    fn frame(&mut self, frame: u32, score: &Score) -> io::Result<()>;
    fn end(&mut self, summary: &Summary) -> io::Result<()>;
}

pub fn start<'a, W: Write + 'a>(
    format: Format,
    out: &'a mut W,
    setup: &'a Setup,
    frames: bool,
) -> io::Result<Box<dyn Report + 'a>> {
    Ok(match format {
        Format::Text => Box::new(text::Text::start(out, setup, frames)?),
        Format::Json => Box::new(json::Json::start(out, setup, frames)?),
        Format::Csv => Box::new(csv::Csv::start(out, setup, frames)?),
    })
}
