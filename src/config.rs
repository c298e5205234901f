// SPDX-License-Identifier: BSD-2-Clause-Patent
//! How a caller wants a model opened.

use std::path::PathBuf;

/// Which engine runs the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EngineChoice {
    /// Embedded if it can run the graph, else ONNX Runtime; ONNX Runtime first if `onnxruntime_path` names one.
    #[default]
    Auto,
    /// ONNX Runtime, loaded at run time.
    OnnxRuntime,
    /// The library's own engine for graphs of the `FRRegressor` family.
    Embedded,
}

impl EngineChoice {
    /// Its name in messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Auto => "auto",
            Self::OnnxRuntime => "ONNX Runtime",
            Self::Embedded => "the embedded engine",
        }
    }
}

/// How much a log message matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogLevel {
    /// Opening failed.
    Error,
    /// Opening goes on, but not as asked for.
    Warning,
    /// What was opened, and with which engine.
    Info,
}

/// How to open a model.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// Which engine runs the graph.
    pub engine: EngineChoice,
    /// The libonnxruntime to load; `None`: `$VMAF_FR_V2_ONNXRUNTIME`, else the system's.
    pub onnxruntime_path: Option<PathBuf>,
    /// ONNX Runtime's intra-op threads; 0 means 1.
    pub n_threads: u32,
    /// Do not clip scores to the card's `score_range`.
    pub disable_clip: bool,
    /// Accept a model whose card has no sha256, or which has no card.
    pub allow_unpinned: bool,
}
