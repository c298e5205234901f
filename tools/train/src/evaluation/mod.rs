// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The result of an evaluation, as a file that reports, cards and the gate read.

mod card;
mod condition;

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use vmaf_fr_files::sha256_hex;

use crate::evaluate::Scheme;
use crate::protocol::Protocol;
use crate::statistics::{Agreement, Components, Lift};

pub use card::metrics;
pub use condition::Condition;

/// Name of the recipe's model among predictors.
pub const MODEL: &str = "model";
/// Name of the same recipe without a codec input among predictors.
pub const BLIND: &str = "blind";

/// Name of a VMAF model with a logistic that was fitted to what a fold trains on.
pub fn elsewhere(vmaf: &str) -> String {
    format!("{vmaf}+4pl")
}

/// Name of a VMAF model with a logistic that was fitted to each test's own primary clips.
pub fn in_sample(vmaf: &str) -> String {
    format!("{vmaf}+4pl-in-sample")
}

/// Result of an evaluation: numbers about predictions, never a rating of a clip.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evaluation {
    /// `vmaf_fr_evaluation`.
    pub kind: String,
    /// Version of this layout.
    pub format: u32,
    /// What was evaluated.
    pub protocol: Protocol,
    /// Its fingerprint, which a model's card repeats.
    pub protocol_sha256: String,
    /// What it was evaluated on.
    pub evidence: Evidence,
    /// The VMAF model that the recipe has to beat: the one that agrees better within tests.
    pub baseline: String,
    /// How well each predictor agrees with ratings.
    pub predictors: BTreeMap<String, Predictor>,
    /// The model minus another predictor, by the other's name.
    pub differences: BTreeMap<String, BTreeMap<Scheme, Difference>>,
    /// What the codec input is worth, by laboratory; for a codec-aware recipe.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec: Option<BTreeMap<String, CodecWorth>>,
    /// How much higher ratings of one codec are at equal score, by predictor and laboratory.
    pub codec_bias: BTreeMap<String, BTreeMap<String, CodecBias>>,
    /// What a score must do whatever the ratings say.
    pub checks: Vec<Condition>,
    /// The model's interval, for its card.
    pub interval: Interval,
    /// What a missing feature costs, by the features that are hidden, joined by `+`.
    pub missing: BTreeMap<String, MissingFeatures>,
}

/// What the figures rest on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Clips, unrated ones too.
    pub clips: usize,
    /// Rated clips of a known codec, without the tests that are apart: what the main figures are over.
    pub primary_clips: usize,
    /// Contents of the primary clips.
    pub primary_contents: usize,
    /// Groups of contents that are left out together.
    pub groups: usize,
    /// Networks of the ensemble.
    pub members: usize,
    /// Draws of the bootstrap.
    pub draws: usize,
    /// Draws of shuffled codec labels.
    pub shuffles: usize,
    /// By laboratory.
    pub laboratories: BTreeMap<String, Laboratory>,
    /// Tests of each family.
    pub families: BTreeMap<String, Vec<String>>,
    /// Tests outside the main figures because the recipe says so.
    pub apart: Vec<String>,
    /// Tests with too few primary clips for figures of their own.
    pub too_small: Vec<String>,
}

/// The primary clips of one laboratory.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Laboratory {
    /// How many.
    pub clips: usize,
    /// Their contents.
    pub contents: usize,
    /// How many of each codec.
    pub codecs: BTreeMap<String, usize>,
}

/// Agreement of one predictor with ratings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Predictor {
    /// By what is left out.
    pub schemes: BTreeMap<Scheme, Figures>,
}

/// Agreement of one predictor with the ratings that one scheme held out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Mean over tests.
    pub within: Within,
    /// Primary clips of all tests together.
    pub pooled: Agreement,
    /// Clips of an unknown codec, all tests together; none if there are fewer than ten.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unknown: Option<Agreement>,
    /// Primary clips of each test, and rated clips of each test that is apart.
    pub tests: BTreeMap<String, Agreement>,
    /// Mean over the tests of each unit that was left out; not for contents.
    pub units: BTreeMap<String, Within>,
    /// The content that is predicted worst.
    pub worst_content: ContentError,
    /// How the 95 % interval does, each from other units' errors.
    pub interval: Coverage,
}

/// Agreement within tests: the mean over tests.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Within {
    /// Tests.
    pub tests: usize,
    /// Pearson.
    pub plcc: f64,
    /// Spearman.
    pub srocc: f64,
    /// On the 0..100 scale.
    pub rmse: f64,
}

/// The error on one content's primary clips.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContentError {
    /// Its name.
    pub content: String,
    /// On the 0..100 scale.
    pub rmse: f64,
}

/// How an interval does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Mean over contents (in their tests) of the share of their clips that the interval covers.
    pub coverage: f64,
    /// Share of all clips that it covers.
    pub coverage_of_clips: f64,
    /// Mean width, in points, cut to the range of scores.
    pub mean_width: f64,
    /// Mean width before it is cut.
    pub mean_width_uncut: f64,
    /// The content that it covers worst.
    pub worst_content: ContentCoverage,
    /// Of each test.
    pub tests: BTreeMap<String, UnitCoverage>,
    /// Of each unit that was left out; not for contents.
    pub units: BTreeMap<String, UnitCoverage>,
    /// Nominal and observed coverage, with each content left out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calibration: Vec<[f64; 2]>,
}

/// How an interval does on the primary clips of a unit.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnitCoverage {
    /// Mean over contents, in their tests.
    pub coverage: f64,
    /// Share of clips.
    pub coverage_of_clips: f64,
    /// In points, cut to the range of scores.
    pub mean_width: f64,
}

/// How much of a content is covered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContentCoverage {
    /// Its name.
    pub content: String,
    /// Share of its clips.
    pub coverage: f64,
}

/// A difference between two predictors on the same primary clips, with intervals from draws of groups.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// In the mean over tests of the PLCC.
    pub plcc_within: Lift,
    /// In the mean over tests of the SROCC.
    pub srocc_within: Lift,
    /// In the mean over tests of the RMSE: negative is better.
    pub rmse_within: Lift,
    /// In PLCC, all tests together.
    pub plcc: Lift,
    /// In SROCC, all tests together.
    pub srocc: Lift,
    /// In RMSE, all tests together: negative is better.
    pub rmse: Lift,
}

/// What a codec input is worth on one laboratory's primary clips, each content left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodecWorth {
    /// Codecs with enough clips.
    pub codecs: Vec<String>,
    /// PLCC within tests, codec-aware minus codec-blind.
    pub lift: Lift,
    /// The same with labels shuffled within content and test, by draw.
    pub shuffled: Vec<f64>,
}

/// How much higher ratings of one codec are than of another at equal score.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodecBias {
    /// `first - second`: mean difference of rating minus prediction within contents, in points.
    pub pairs: BTreeMap<String, Lift>,
    /// Root mean square over the pairs.
    pub size: f64,
}

/// The 95 % interval of a score and of a difference, as a card takes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// Standard deviation of a score's error in a laboratory that was not trained on.
    pub stddev: f64,
    /// What that error is made of.
    pub components: Components,
    /// Half width in standard deviations: Student's, for as few tests as there are.
    pub students_half_width: f64,
    /// Factor on it that makes held-out errors covered, at least 1.
    pub conformal_factor: f64,
    /// Both over the normal distribution's half width: what a card multiplies `stddev` by.
    pub conformal_scale: f64,
    /// Factor on half widths when an optional feature is missing; at least 1.
    pub missing: BTreeMap<String, f64>,
    /// Of the difference between two encodes of one content.
    pub difference: DifferenceInterval,
}

/// The 95 % interval of a difference between two encodes of one content, in one test.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DifferenceInterval {
    /// In points.
    pub half_width: f64,
    /// Mean over contents of the share of pairs covered, each family's width from the other families.
    pub coverage: f64,
    /// Of each family that was left out.
    pub families: BTreeMap<String, f64>,
    /// Width over a score's, both uncut and on the same clips.
    pub width_over_scores: f64,
}

/// What hidden features cost, on the clips that have them; each content left out.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MissingFeatures {
    /// Clips.
    pub clips: usize,
    /// PLCC within tests.
    pub plcc_within: f64,
    /// The same with all features.
    pub plcc_within_complete: f64,
    /// All tests together.
    pub rmse: f64,
    /// The same with all features.
    pub rmse_complete: f64,
    /// Error with the features hidden over error with all.
    pub error_ratio: f64,
}

/// Predictions per clip: for the report, and for whoever wants to look further. Holds ratings, so it stays with the corpus.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ClipTable {
    /// Laboratory of each clip.
    pub laboratory: Vec<String>,
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
    /// Target of each clip; none if it is not rated.
    pub rated: Vec<Option<f64>>,
    /// Predictions with each content left out, by predictor.
    pub predicted: BTreeMap<String, Vec<Option<f64>>>,
    /// Predictions of the model by what else is left out.
    pub model: BTreeMap<Scheme, Vec<Option<f64>>>,
    /// Half width of the model's interval with each content left out.
    pub half_width: Vec<Option<f64>>,
}

/// What marks the file.
const KIND: &str = "vmaf_fr_evaluation";
/// Version of the layout.
const FORMAT: u32 = 2;

/// Kind and format of a new evaluation.
pub(crate) fn marks() -> (String, u32) {
    (KIND.to_owned(), FORMAT)
}

/// Reads an evaluation and its sha256.
pub fn read(path: &Path) -> Result<(Evaluation, String)> {
    #[derive(Deserialize)]
    struct Marks {
        kind: String,
        format: u32,
    }
    let bytes = std::fs::read(path)
        .with_context(|| format!("cannot read evaluation {}", path.display()))?;
    let not_one = || format!("{} is not an evaluation", path.display());
    let marks: Marks = serde_json::from_slice(&bytes).with_context(not_one)?;
    ensure!(marks.kind == KIND, "{}: kind is {:?}, expected {KIND:?}", not_one(), marks.kind);
    ensure!(
        marks.format == FORMAT,
        "{} has format {}, this program reads format {FORMAT}: evaluate the recipe again",
        path.display(),
        marks.format
    );
    let evaluation = serde_json::from_slice(&bytes).with_context(not_one)?;
    Ok((evaluation, sha256_hex(&bytes)))
}
