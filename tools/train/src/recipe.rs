// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The recipe of a model: shape of the network and settings of each stage of its training.

use serde::{Deserialize, Serialize};

/// Everything that decides a fit, apart from data and seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recipe {
    /// Units of each hidden layer.
    pub hidden: usize,
    /// Hidden layers.
    pub depth: usize,
    /// Dropout after each hidden layer, in both trainings.
    pub dropout: f64,
    /// Mean share of features set to missing, while pre-training.
    pub feature_dropout_pretrain: f64,
    /// Mean share of features set to missing, while fine-tuning.
    pub feature_dropout_finetune: f64,
    /// Passes over the frames while pre-training.
    pub pretrain_epochs: usize,
    /// Frames in a batch of the pre-training.
    pub pretrain_batch: usize,
    /// Highest learning rate of its one-cycle schedule.
    pub pretrain_rate: f64,
    /// Weight decay of the pre-training.
    pub pretrain_decay: f64,
    /// Full-batch steps of the fine-tuning.
    pub finetune_steps: usize,
    /// Learning rate at its start; a half cosine takes it to 0.
    pub finetune_rate: f64,
    /// Weight decay of the fine-tuning.
    pub finetune_decay: f64,
    /// Random frames of every clip in a step.
    pub finetune_frames: usize,
    /// Learning rate of the codec's columns, relative to the others: there are few clips of a codec and a content.
    pub codec_rate: f64,
    /// Loss of the fine-tuning.
    pub loss: Loss,
    /// Full-batch steps of the variance stage.
    pub variance_steps: usize,
}

/// Loss between a clip's score and its rating.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "snake_case")]
pub enum Loss {
    /// Squared error.
    Mse,
    /// Squared below 5 points, linear above.
    Huber,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            hidden: 24,
            depth: 2,
            dropout: 0.0,
            feature_dropout_pretrain: 0.0,
            feature_dropout_finetune: 0.0,
            pretrain_epochs: 10,
            pretrain_batch: 1024,
            pretrain_rate: 5e-3,
            pretrain_decay: 1e-4,
            finetune_steps: 200,
            finetune_rate: 1e-2,
            finetune_decay: 0.2,
            finetune_frames: 1,
            codec_rate: 0.1,
            loss: Loss::Mse,
            variance_steps: 200,
        }
    }
}
