// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The arguments that open a model, the same for every subcommand that needs one.

use std::path::PathBuf;

use vmaf_fr_v2::{Config, EngineChoice, Scorer};

/// How to open and run the model.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Model")]
pub struct EngineArgs {
    /// What runs the model; auto takes the embedded engine if it can run the graph, else ONNX Runtime
    #[arg(long, value_enum, value_name = "ENGINE", default_value_t = Engine::Auto)]
    pub engine: Engine,
    #[arg(
        long,
        value_name = "PATH",
        help = "Path of libonnxruntime, else $VMAF_FR_V2_ONNXRUNTIME, else the system's"
    )]
    pub onnxruntime: Option<PathBuf>,
    /// Threads of ONNX Runtime within one run
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub threads: u32,
    /// Accept a model whose card has no sha256, or that has no card
    #[arg(long)]
    pub allow_unpinned: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Engine {
    Auto,
    Onnxruntime,
    Embedded,
}

impl EngineArgs {
    pub fn config(&self) -> Config {
        Config {
            engine: match self.engine {
                Engine::Auto => EngineChoice::Auto,
                Engine::Onnxruntime => EngineChoice::OnnxRuntime,
                Engine::Embedded => EngineChoice::Embedded,
            },
            onnxruntime_path: self.onnxruntime.clone(),
            n_threads: self.threads,
            allow_unpinned: self.allow_unpinned,
            ..Config::default()
        }
    }
}

/// Of each feature, whether the model scores frames in which it is missing.
pub fn optional_features(scorer: &Scorer) -> Vec<bool> {
    (0..).map_while(|i| scorer.feature_optional(i)).map(|optional| optional != 0).collect()
}
