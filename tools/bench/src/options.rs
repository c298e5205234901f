// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The command line.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

use crate::timing::Ratio;

/// Frames per call in the table of threads.
pub const THREAD_SIZES: [usize; 2] = [1, 1024];

/// Measures what a score costs through `libvmaf_fr_v2`, compared with ONNX Runtime, Python,
/// libvmaf's SVM and the machine.
#[derive(Parser)]
// scripts/bench.sh names all paths; the same option given once more replaces its value.
#[command(args_override_self = true)]
pub struct Options {
    /// `libvmaf_fr_v2.so`, as released.
    #[arg(long)]
    pub library: PathBuf,
    /// Another build of the library, to divide this one's times by.
    #[arg(long)]
    pub baseline: Option<PathBuf>,
    /// With --baseline: exit status 1 if a ratio is surely (with 95 %) above this.
    #[arg(long, requires = "baseline")]
    pub limit: Option<f64>,
    /// libonnxruntime.
    #[arg(long)]
    pub onnxruntime: PathBuf,
    /// libvmaf 2.3 or later, for its SVM.
    #[arg(long)]
    pub libvmaf: Option<PathBuf>,
    /// A Python that has onnxruntime and onnx.
    #[arg(long)]
    pub python: PathBuf,
    /// The C host, worker.c, linked with the library.
    #[arg(long)]
    pub worker: PathBuf,
    /// Folder of the built-in models.
    #[arg(long)]
    pub models: PathBuf,
    /// Folder of what models.py made; the frames are written there as well.
    #[arg(long)]
    pub derived: PathBuf,
    /// Tables to print [default: all].
    #[arg(long, value_delimiter = ',')]
    pub tables: Vec<Table>,
    /// Models to measure [default: all].
    #[arg(long, value_delimiter = ',')]
    pub cases: Vec<String>,
    /// Batch sizes of the scoring tables.
    #[arg(long, value_delimiter = ',', default_values_t = [1, 16, 64, 256, 1024, 16384])]
    pub sizes: Vec<usize>,
    /// Samples of each contender.
    #[arg(long, default_value_t = 51)]
    pub rounds: usize,
    /// Processes that compare with the baseline, with all rounds in each.
    #[arg(long, default_value_t = 15)]
    pub processes: usize,
    /// Milliseconds per sample.
    #[arg(long, default_value_t = 1)]
    pub sample: u64,
    /// Only open a model with this engine, once, for the table of opening.
    #[arg(long, hide = true)]
    pub open_once: Option<i32>,
    /// Only compare with the baseline in this process, for the table of the baseline.
    #[arg(long, hide = true)]
    pub baseline_once: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Table {
    Scoring,
    Threads,
    Opening,
    Baseline,
}

impl Options {
    pub fn prints(&self, table: Table) -> bool {
        self.tables.is_empty() || self.tables.contains(&table)
    }

    /// Whether a ratio to the baseline is above the limit, not by chance.
    pub fn is_slower(&self, ratio: Ratio) -> bool {
        self.limit.is_some_and(|limit| ratio.low > limit)
    }
}
