// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The recipe of a model: a TOML file that decides everything but the tables' places and the teacher's file.
//!
//! Every section but `corpus` may be left out; `models/recipes/` has complete ones. Numbers are on the scale of ratings,
//! 0..100, unless a field says otherwise.

mod check;
mod file;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::corpus::CorpusSource;

pub use file::RecipeFile;

/// Points of one unit of a network's output, which is `(score - CENTRE) / SPREAD`.
pub const SPREAD: f64 = 25.0;
/// The score that a network's output of 0 stands for.
pub const CENTRE: f64 = 55.0;

/// Everything that decides a fit, apart from its data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recipe {
    /// Name of the model and stem of its files.
    pub id: String,
    /// Every random number follows from it.
    #[serde(default)]
    pub seed: u64,
    /// Features, in the model's order; VMAF's own six are among them.
    pub features: Vec<String>,
    /// Features that may be missing: 1 if they are worth measuring, 2 if they are used only where they are there anyway.
    #[serde(default)]
    pub optional: BTreeMap<String, u8>,
    /// Upper bounds on raw values.
    #[serde(default)]
    pub cap: BTreeMap<String, f64>,
    /// What a capped value goes through before it is standardised.
    #[serde(default)]
    pub transform: BTreeMap<String, Transform>,
    /// Bound on |z| of every standardised feature.
    #[serde(default = "clip_sigma")]
    pub clip_sigma: f64,
    /// Lowest and highest score.
    #[serde(default = "score_range")]
    pub score_range: [f64; 2],
    /// Clips and frames read of the tables.
    #[serde(default)]
    pub data: DataChoice,
    /// Shape of the network.
    #[serde(default)]
    pub network: NetworkShape,
    /// The codec's part.
    #[serde(default)]
    pub codec: CodecInput,
    /// Whom the pre-training imitates.
    #[serde(default)]
    pub teacher: TeacherChoice,
    /// Per frame, on the teacher's scores.
    #[serde(default)]
    pub pretrain: Pretraining,
    /// Per clip, on ratings.
    #[serde(default)]
    pub refit: Refit,
    /// What tests and contents add to a rating; fitted along and dropped.
    #[serde(default)]
    pub effects: EffectPenalties,
    /// What identical pictures score.
    #[serde(default)]
    pub anchors: Anchors,
    /// How much each clip counts.
    #[serde(default)]
    pub weights: ClipWeights,
    /// How missing features are regressed.
    #[serde(default)]
    pub imputation: ImputationFit,
    /// Where intervals widen with the distance from the training data.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub domain: Option<DomainFit>,
    /// Intervals of a model that no evaluation has measured.
    #[serde(default)]
    pub interval: IntervalDefaults,
    /// Tables of rated clips, one of each laboratory.
    pub corpus: Vec<CorpusSource>,
}

fn clip_sigma() -> f64 {
    3.0
}

fn score_range() -> [f64; 2] {
    [0.0, 100.0]
}

/// A function of a capped feature, as the card's `feature_transform` has it.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(tag = "op", rename_all = "snake_case", deny_unknown_fields)]
pub enum Transform {
    /// -10 log10(top - min(max(x, 0), 1)).
    LogDistance {
        /// Above 1.
        top: f64,
    },
    /// ln(1 + x).
    Log1p,
}

/// Clips and frames read of the tables.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DataChoice {
    /// Frames of each clip, evenly spaced; 0: all.
    pub frames_per_clip: usize,
    /// Leave each clip's first frame out: motion is 0 there.
    pub skip_first: bool,
    /// Datasets to leave out, as `DATASET` or `LABORATORY/DATASET`.
    pub exclude: Vec<String>,
    /// Count contents whose names differ only in case or in space around them as one.
    pub merge_contents: bool,
    /// Take codec names that are nearly a known one for unknown codecs.
    pub accept_unknown_codecs: bool,
}

impl Default for DataChoice {
    fn default() -> Self {
        Self {
            frames_per_clip: 16,
            skip_first: true,
            exclude: Vec::new(),
            merge_contents: false,
            accept_unknown_codecs: false,
        }
    }
}

/// Shape of one network, and how many are averaged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NetworkShape {
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// Whether the output also takes the standardised features as they are.
    pub skip: bool,
    /// Networks of different seeds; the exported graph is their mean.
    pub members: usize,
    /// Features that may lower the score as they rise. All others may only raise it.
    pub free: Vec<String>,
}

impl Default for NetworkShape {
    fn default() -> Self {
        Self {
            hidden: vec![16, 16],
            skip: true,
            members: 5,
            free: vec!["motion2".into(), "psnr_y".into()],
        }
    }
}

/// How the codec enters.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum CodecInput {
    /// Not at all.
    #[default]
    None,
    /// One input for every codec of the vocabulary.
    OneHot {
        /// On the sum of squares of the codec's weights.
        #[serde(default = "codec_penalty")]
        penalty: f64,
    },
    /// One input: 1/2 for some codecs, -1/2 for some, 0 for the rest.
    Contrast {
        /// Codecs of 1/2.
        plus: Vec<String>,
        /// Codecs of -1/2.
        minus: Vec<String>,
        /// On the sum of squares of the codec's weights.
        #[serde(default = "codec_penalty")]
        penalty: f64,
    },
}

fn codec_penalty() -> f64 {
    0.02
}

impl CodecInput {
    /// On the sum of squares of the codec's weights.
    pub fn penalty(&self) -> f64 {
        match self {
            Self::None => 0.0,
            Self::OneHot { penalty } | Self::Contrast { penalty, .. } => *penalty,
        }
    }
}

/// Whom the pre-training imitates.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TeacherChoice {
    /// One of libvmaf's models: the stem of its JSON file.
    pub model: String,
}

impl Default for TeacherChoice {
    fn default() -> Self {
        Self { model: "vmaf_4k_v0.6.1".into() }
    }
}

/// Settings of the pre-training.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Pretraining {
    /// Steps; 0 leaves it out.
    pub steps: usize,
    /// Frames of a step.
    pub batch: usize,
    /// Highest learning rate of its one-cycle schedule.
    pub lr: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
}

impl Default for Pretraining {
    fn default() -> Self {
        Self { steps: 800, batch: 384, lr: 1e-2, weight_decay: 1e-3 }
    }
}

/// Settings of the fit to ratings.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Refit {
    /// Steps, each over all rated clips.
    pub steps: usize,
    /// Learning rate at the start; a half cosine takes it to 0.
    pub lr: f64,
    /// Decoupled weight decay.
    pub weight_decay: f64,
    /// Random frames of each clip in a step.
    pub frames: usize,
}

impl Default for Refit {
    fn default() -> Self {
        Self { steps: 300, lr: 1e-2, weight_decay: 0.02, frames: 1 }
    }
}

/// Penalties on the squares of what is fitted along, in units of [`SPREAD`], against a weighted mean squared error.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EffectPenalties {
    /// Of a test's offset.
    pub test_offset: f64,
    /// Of a test's slope.
    pub test_slope: f64,
    /// Of a content's offset.
    pub content: f64,
    /// Of a content's offset in one test.
    pub content_test: f64,
    /// Their learning rate, relative to the network's.
    pub rate: f64,
}

impl Default for EffectPenalties {
    fn default() -> Self {
        Self {
            test_offset: 0.01,
            test_slope: 0.02,
            content: 0.004,
            content_test: 0.0054,
            rate: 3.0,
        }
    }
}

/// What identical pictures score, whatever the motion.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Anchors {
    /// Of their mean squared error; 0 leaves them out.
    pub weight: f64,
    /// Score.
    pub target: f64,
    /// Values of motion and motion2.
    pub motion: Vec<f64>,
    /// Also without the optional features.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub incomplete: bool,
}

impl Default for Anchors {
    fn default() -> Self {
        Self { weight: 0.02, target: 95.0, motion: vec![0.0, 2.0, 6.0, 15.0], incomplete: false }
    }
}

/// How much each clip counts, apart from its laboratory's weight.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ClipWeights {
    /// Weight of clips whose codec is `unknown`, relative to the others.
    pub unknown_codec: f64,
    /// A content's clips are divided by their total weight to this power: 0 counts clips, 1 counts contents.
    pub content_power: f64,
}

impl Default for ClipWeights {
    fn default() -> Self {
        Self { unknown_codec: 0.5, content_power: 0.0 }
    }
}

/// How missing features are regressed from VMAF's own six.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct ImputationFit {
    /// Penalty on squared coefficients, against a sum of squares over frames.
    pub ridge: f64,
}

impl Default for ImputationFit {
    fn default() -> Self {
        Self { ridge: 1e-3 }
    }
}

/// What counts as far from the training data.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DomainFit {
    /// Features that the distance is made of.
    pub features: Vec<String>,
    /// This share of training clips is inside.
    #[serde(default = "edge_quantile")]
    pub edge_quantile: f64,
    /// Half widths grow by this factor for every edge distance outside.
    #[serde(default = "interval_slope")]
    pub slope: f64,
}

fn edge_quantile() -> f64 {
    0.99
}

fn interval_slope() -> f64 {
    2.0
}

/// Intervals of a model that no evaluation has measured.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct IntervalDefaults {
    /// Standard deviation of a score, in points; none: the model has no interval.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stddev: Option<f64>,
    /// Half width of the 95 % interval of a difference between two encodes of one content, in points.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference_half_width: Option<f64>,
    /// Factor on half widths when this feature is missing; 1 if it is not named.
    pub missing: BTreeMap<String, f64>,
}
