// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Options that `train` and `evaluate` have in common: which data, which recipe.

use std::path::PathBuf;

use clap::Args;
use vmaf_fr_v2::catalogue::{CANONICAL_FEATURES, FULL_FEATURES};

use crate::recipe::{Loss, Recipe};

/// Data of a training or an evaluation.
#[derive(Debug, Clone, Args)]
pub struct DataArgs {
    /// Table of frames (parquet): clip or key, content or source, codec, `frame_index`, features, target, optional dataset and teacher
    pub corpus: PathBuf,
    /// Column of the target, constant within a clip or averaged over its frames
    #[arg(long, default_value = "mos")]
    pub target: String,
    /// Column of the teacher that pre-training imitates per frame; "none" trains on the target alone
    #[arg(long, default_value = "vmaf")]
    pub teacher: String,
    /// Bring all frames to the teacher's scale on these datasets first [default: the column as it is]
    #[arg(long, value_delimiter = ',', value_name = "DATASET,...")]
    pub teacher_scale_of: Vec<String>,
    /// Features the model takes: the 22 of libvmaf, or VMAF's own six
    #[arg(long, value_enum, default_value = "full")]
    pub features: FeatureSet,
    /// Frames read of each clip, evenly spaced (0: all)
    #[arg(long, default_value_t = 16)]
    pub frames_per_clip: usize,
    /// Leave these datasets out
    #[arg(long, value_delimiter = ',', value_name = "DATASET,...")]
    pub exclude_dataset: Vec<String>,
    /// Weight of a dataset's clips [default: 1]
    #[arg(long, value_parser = parse_weight, value_name = "DATASET=WEIGHT")]
    pub dataset_weight: Vec<(String, f64)>,
    /// Weight of clips of unknown codec, relative to the others
    #[arg(long, default_value_t = 0.3)]
    pub unknown_codec_weight: f64,
    /// The weight of a content's clips is divided by their number to this power (0: every clip counts the same; 1: every content)
    #[arg(long, default_value_t = 1.0)]
    pub content_power: f64,
    /// Lowest and highest score of the target's scale
    #[arg(long, num_args = 2, value_names = ["LOW", "HIGH"], default_values_t = [0.0, 100.0], allow_negative_numbers = true)]
    pub score_range: Vec<f64>,
}

/// Features of a model.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum FeatureSet {
    /// All 22.
    Full,
    /// VMAF's own six.
    Canonical,
}

impl FeatureSet {
    /// Names, in order.
    pub fn names(self) -> Vec<String> {
        match self {
            Self::Full => FULL_FEATURES.iter().map(|&n| n.to_owned()).collect(),
            Self::Canonical => CANONICAL_FEATURES.iter().map(|&n| n.to_owned()).collect(),
        }
    }
}

fn parse_weight(text: &str) -> Result<(String, f64), String> {
    let (name, weight) = text.split_once('=').ok_or("expected DATASET=WEIGHT")?;
    let weight: f64 = weight.parse().map_err(|_| format!("{weight:?} is not a number"))?;
    if !(0.0..=1e6).contains(&weight) {
        return Err(format!("weight {weight}, expected 0 or more"));
    }
    Ok((name.to_owned(), weight))
}

/// Recipe of the network and its training.
#[derive(Debug, Clone, Args)]
pub struct RecipeArgs {
    /// Units of each hidden layer
    #[arg(long, default_value_t = Recipe::default().hidden)]
    pub hidden: usize,
    /// Hidden layers
    #[arg(long, default_value_t = Recipe::default().depth)]
    pub depth: usize,
    /// Dropout after each hidden layer
    #[arg(long, default_value_t = Recipe::default().dropout)]
    pub dropout: f64,
    /// Mean share of features set to missing while pre-training
    #[arg(long, default_value_t = Recipe::default().feature_dropout_pretrain)]
    pub feature_dropout_pretrain: f64,
    /// Mean share of features set to missing while fine-tuning
    #[arg(long, default_value_t = Recipe::default().feature_dropout_finetune)]
    pub feature_dropout_finetune: f64,
    /// Passes over the frames while pre-training
    #[arg(long, default_value_t = Recipe::default().pretrain_epochs)]
    pub epochs: usize,
    /// Frames in a batch of the pre-training
    #[arg(long, default_value_t = Recipe::default().pretrain_batch)]
    pub batch: usize,
    /// Highest learning rate of the pre-training (one cycle)
    #[arg(long, default_value_t = Recipe::default().pretrain_rate)]
    pub pretrain_rate: f64,
    /// Weight decay of the pre-training
    #[arg(long, default_value_t = Recipe::default().pretrain_decay)]
    pub pretrain_decay: f64,
    /// Full-batch steps of the fine-tuning on the target
    #[arg(long, default_value_t = Recipe::default().finetune_steps)]
    pub finetune_steps: usize,
    /// Learning rate of the fine-tuning (half cosine)
    #[arg(long, default_value_t = Recipe::default().finetune_rate)]
    pub finetune_rate: f64,
    /// Weight decay of the fine-tuning
    #[arg(long, default_value_t = Recipe::default().finetune_decay)]
    pub finetune_decay: f64,
    /// Random frames of each clip in a step of the fine-tuning
    #[arg(long, default_value_t = Recipe::default().finetune_frames)]
    pub finetune_frames: usize,
    /// Learning rate of the codec's columns, relative to the others
    #[arg(long, default_value_t = Recipe::default().codec_rate)]
    pub codec_rate: f64,
    /// Loss of the fine-tuning
    #[arg(long, value_enum, default_value = "mse")]
    pub loss: Loss,
    /// Full-batch steps of the variance stage
    #[arg(long, default_value_t = Recipe::default().variance_steps)]
    pub variance_steps: usize,
}

impl RecipeArgs {
    /// The recipe they name.
    pub fn recipe(&self) -> Recipe {
        Recipe {
            hidden: self.hidden,
            depth: self.depth,
            dropout: self.dropout,
            feature_dropout_pretrain: self.feature_dropout_pretrain,
            feature_dropout_finetune: self.feature_dropout_finetune,
            pretrain_epochs: self.epochs,
            pretrain_batch: self.batch,
            pretrain_rate: self.pretrain_rate,
            pretrain_decay: self.pretrain_decay,
            finetune_steps: self.finetune_steps,
            finetune_rate: self.finetune_rate,
            finetune_decay: self.finetune_decay,
            finetune_frames: self.finetune_frames,
            codec_rate: self.codec_rate,
            loss: self.loss,
            variance_steps: self.variance_steps,
        }
    }
}
