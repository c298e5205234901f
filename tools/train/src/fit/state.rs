// SPDX-License-Identifier: BSD-2-Clause-Patent
//! How far a fit has come.

use serde::{Deserialize, Serialize};

use super::optimiser::AdamW;
use crate::network::Weights;

/// Stages of a fit, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum FitStage {
    Pretrain,
    Finetune,
    Variance,
    Done,
}

/// A fit under way.
#[derive(Debug, Clone, PartialEq)]
pub struct FitState {
    pub(super) stage: FitStage,
    /// Epochs or steps of the stage that are done.
    pub(super) done: usize,
    pub(super) weights: Weights,
    pub(super) optimiser: AdamW,
}

impl FitState {
    /// Before the first step of a fit that starts from `weights`.
    pub(super) fn start(weights: Weights) -> Self {
        let optimiser = AdamW::new(&weights);
        Self { stage: FitStage::Pretrain, done: 0, weights, optimiser }
    }

    /// Enters `stage` with a fresh optimiser.
    pub(super) fn enter(&mut self, stage: FitStage) {
        self.stage = stage;
        self.done = 0;
        self.optimiser = AdamW::new(&self.weights);
    }
}
