// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The result of an evaluation, as a file that reports, cards and the gate read.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use vmaf_fr_files::sha256_hex;

use crate::protocol::Protocol;
use crate::statistics::{Agreement, Lift};

/// Result of an evaluation: numbers about predictions, never a rating of a clip.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Evaluation {
    /// `vmaf_fr_evaluation`.
    pub kind: String,
    /// Version of this layout.
    pub format: u32,
    /// What was evaluated.
    pub protocol: Protocol,
    /// Its fingerprint, which a model's card repeats.
    pub protocol_sha256: String,
    /// `leave-one-content-out`.
    pub scheme: String,
    /// Contents.
    pub contents: usize,
    /// Seeds per content.
    pub seeds: u64,
    /// Bootstrap draws.
    pub draws: usize,
    /// Which clips the main figures are over.
    pub primary: String,
    /// Agreement by kind of predictor.
    pub predictors: BTreeMap<String, Figures>,
    /// Differences with intervals, on the primary clips.
    pub lifts: BTreeMap<String, Lifts>,
    /// 95 % intervals on the primary clips, by kind of predictor.
    pub intervals: BTreeMap<String, Interval>,
    /// PLCC and RMSE of the codec-blind network on the primary clips when one feature is missing.
    pub missing: BTreeMap<String, MissingFeature>,
}

/// A predictor's agreement with ratings, each the mean over seeds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Figures {
    /// Clips of a known codec, all datasets together.
    pub primary: Agreement,
    /// All rated clips, unknown codecs too.
    pub all: Agreement,
    /// Standard deviation over seeds of the PLCC on the primary clips; 0 for one that has no seed.
    pub plcc_seed_stddev: f64,
    /// Primary clips of each dataset.
    pub datasets: BTreeMap<String, Agreement>,
    /// All clips of each codec.
    pub codecs: BTreeMap<String, Agreement>,
}

/// A difference between two predictors on the same clips.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Lifts {
    /// In PLCC.
    pub plcc: Lift,
    /// In SROCC.
    pub srocc: Lift,
    /// In RMSE: negative is better.
    pub rmse: Lift,
    /// In the mean over datasets of the PLCC within a dataset.
    pub plcc_within_datasets: Lift,
}

/// How a predictor's 95 % interval does.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Interval {
    /// Share of ratings inside score +- 1.96 stddev as the network gives it.
    pub coverage_unscaled: f64,
    /// Share inside when the scale comes from the other contents' residuals.
    pub coverage: f64,
    /// Mean total width of those intervals, clipped to the score range, in points.
    pub mean_width: f64,
    /// Mean total width before clipping to the score range.
    pub mean_width_unclipped: f64,
    /// Scale from all residuals: what a card carries.
    pub conformal_scale: f64,
    /// Nominal and observed coverage.
    pub calibration: Vec<[f64; 2]>,
}

/// What a missing feature costs.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct MissingFeature {
    /// Pearson.
    pub plcc: f64,
    /// On the 0..100 scale.
    pub rmse: f64,
}

/// Predictions per clip: for the report, and for whoever wants to look further. Holds ratings, so it stays with the corpus.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClipTable {
    /// Test of each clip.
    pub dataset: Vec<String>,
    /// Content of each clip.
    pub content: Vec<String>,
    /// Name of each clip.
    pub clip: Vec<String>,
    /// Codec of each clip.
    pub codec: Vec<String>,
    /// Whether it is a primary clip.
    pub primary: Vec<bool>,
    /// Target of each clip.
    pub rated: Vec<f64>,
    /// Predictions by kind, the mean over seeds.
    pub predicted: BTreeMap<String, Vec<f64>>,
}

/// Reads an evaluation and its sha256.
pub fn read(path: &Path) -> Result<(Evaluation, String)> {
    let bytes = std::fs::read(path)
        .with_context(|| format!("cannot read evaluation {}", path.display()))?;
    let evaluation: Evaluation = serde_json::from_slice(&bytes)
        .with_context(|| format!("{} is not an evaluation", path.display()))?;
    ensure!(
        evaluation.kind == "vmaf_fr_evaluation" && evaluation.format == 1,
        "{} is not an evaluation",
        path.display()
    );
    Ok((evaluation, sha256_hex(&bytes)))
}
