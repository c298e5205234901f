// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Options that `train` and `evaluate` have in common: which data, which recipe.

mod number;

use std::path::PathBuf;
use std::str::FromStr;

use anyhow::{Result, ensure};
use clap::Args;
use vmaf_fr_v2::catalogue::{CANONICAL_FEATURES, FULL_FEATURES};

use crate::corpus::{CorpusSource, NamedTable};
use crate::recipe::{Loss, Recipe};

pub use number::{Finite, Fraction, NonNegative, Positive};

/// Data of a training or an evaluation.
#[derive(Debug, Clone, Args)]
pub struct DataArgs {
    /// Tables of frames (parquet), one per laboratory: clip or key, content or source, codec, `frame_index`, features, target, optional dataset and teacher; the laboratory's name is the file's unless it is given
    #[arg(required = true, value_name = "[NAME=]TABLE")]
    pub corpus: Vec<NamedTable>,
    /// Column of the target, constant within a clip or averaged over its frames
    #[arg(long, default_value = "mos")]
    pub target: String,
    /// Lowest and highest value of the target's scale, which become 0 and 100 [default: the target as it is]
    #[arg(long, num_args = 2, value_parser = number::<Finite>, value_names = ["LOW", "HIGH"], allow_negative_numbers = true)]
    pub target_range: Option<Vec<f64>>,
    /// Column of the content: what is left out together [default: content or source]
    #[arg(long, value_name = "COLUMN")]
    pub content_column: Option<String>,
    /// Count contents whose names differ only in case or in space around them as one
    #[arg(long)]
    pub merge_contents: bool,
    /// Take codec names that are nearly a known one for unknown codecs
    #[arg(long)]
    pub accept_unknown_codecs: bool,
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
    #[arg(long, value_parser = number::<NonNegative>, default_value_t = 0.3, allow_negative_numbers = true)]
    pub unknown_codec_weight: f64,
    /// The weight of a content's clips is divided by their number to this power (0: every clip counts the same; 1: every content)
    #[arg(long, value_parser = number::<NonNegative>, default_value_t = 1.0, allow_negative_numbers = true)]
    pub content_power: f64,
    /// Lowest and highest score of the target's scale
    #[arg(long, num_args = 2, value_parser = number::<Finite>, value_names = ["LOW", "HIGH"], default_values_t = [0.0, 100.0], allow_negative_numbers = true)]
    pub score_range: Vec<f64>,
}

impl DataArgs {
    /// The tables, each with the columns that the options name.
    pub fn sources(&self) -> Result<Vec<CorpusSource>> {
        let target_range = match self.target_range.as_deref() {
            Some(range) => Some(ordered("--target-range", range)?),
            None => None,
        };
        let sources = self.corpus.iter().map(|table| CorpusSource {
            content_column: self.content_column.clone(),
            target_range,
            teacher_column: (self.teacher != "none").then(|| self.teacher.clone()),
            ..CorpusSource::new(&table.laboratory(), &table.path, &self.target)
        });
        Ok(sources.collect())
    }

    /// Lowest and highest score.
    pub fn score_range(&self) -> Result<[f64; 2]> {
        ordered("--score-range", &self.score_range)
    }
}

/// Two numbers, the lower one first.
fn ordered(option: &str, range: &[f64]) -> Result<[f64; 2]> {
    let [low, high] = range[..] else { anyhow::bail!("{option} takes two numbers") };
    ensure!(low < high, "{option} {low} {high}: the first must be below the second");
    Ok([low, high])
}

/// Path of an evaluation's result: JSON, beside which the report is written as `.html`.
pub fn result_path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.file_name().is_none() {
        return Err("expected a file".to_owned());
    }
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("html")) {
        return Err(
            "the report is written there, over the result: name the result .json".to_owned()
        );
    }
    Ok(path)
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

/// A number that is what `T` says.
fn number<T: FromStr<Err = String> + Into<f64>>(text: &str) -> Result<f64, String> {
    text.parse::<T>().map(Into::into)
}

/// How many of what there has to be one of.
fn at_least_1(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|n| *n > 0)
        .ok_or_else(|| "expected a whole number from 1 on".to_owned())
}

fn parse_weight(text: &str) -> Result<(String, f64), String> {
    let (name, weight) = text.split_once('=').ok_or("expected DATASET=WEIGHT")?;
    Ok((name.to_owned(), number::<NonNegative>(weight)?))
}

/// Recipe of the network and its training.
#[derive(Debug, Clone, Args)]
pub struct RecipeArgs {
    /// Units of each hidden layer
    #[arg(long, value_parser = at_least_1, default_value_t = Recipe::default().hidden)]
    pub hidden: usize,
    /// Hidden layers
    #[arg(long, value_parser = at_least_1, default_value_t = Recipe::default().depth)]
    pub depth: usize,
    /// Dropout after each hidden layer
    #[arg(long, value_parser = number::<Fraction>, default_value_t = Recipe::default().dropout, allow_negative_numbers = true)]
    pub dropout: f64,
    /// Mean share of features set to missing while pre-training
    #[arg(long, value_parser = number::<Fraction>, default_value_t = Recipe::default().feature_dropout_pretrain, allow_negative_numbers = true)]
    pub feature_dropout_pretrain: f64,
    /// Mean share of features set to missing while fine-tuning
    #[arg(long, value_parser = number::<Fraction>, default_value_t = Recipe::default().feature_dropout_finetune, allow_negative_numbers = true)]
    pub feature_dropout_finetune: f64,
    /// Passes over the frames while pre-training
    #[arg(long, default_value_t = Recipe::default().pretrain_epochs)]
    pub epochs: usize,
    /// Frames in a batch of the pre-training
    #[arg(long, value_parser = at_least_1, default_value_t = Recipe::default().pretrain_batch)]
    pub batch: usize,
    /// Highest learning rate of the pre-training (one cycle)
    #[arg(long, value_parser = number::<Positive>, default_value_t = Recipe::default().pretrain_rate, allow_negative_numbers = true)]
    pub pretrain_rate: f64,
    /// Weight decay of the pre-training
    #[arg(long, value_parser = number::<NonNegative>, default_value_t = Recipe::default().pretrain_decay, allow_negative_numbers = true)]
    pub pretrain_decay: f64,
    /// Full-batch steps of the fine-tuning on the target
    #[arg(long, default_value_t = Recipe::default().finetune_steps)]
    pub finetune_steps: usize,
    /// Learning rate of the fine-tuning (half cosine)
    #[arg(long, value_parser = number::<Positive>, default_value_t = Recipe::default().finetune_rate, allow_negative_numbers = true)]
    pub finetune_rate: f64,
    /// Weight decay of the fine-tuning
    #[arg(long, value_parser = number::<NonNegative>, default_value_t = Recipe::default().finetune_decay, allow_negative_numbers = true)]
    pub finetune_decay: f64,
    /// Random frames of each clip in a step of the fine-tuning
    #[arg(long, value_parser = at_least_1, default_value_t = Recipe::default().finetune_frames)]
    pub finetune_frames: usize,
    /// Learning rate of the codec's columns, relative to the others
    #[arg(long, value_parser = number::<NonNegative>, default_value_t = Recipe::default().codec_rate, allow_negative_numbers = true)]
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
