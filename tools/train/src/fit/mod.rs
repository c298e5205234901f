// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Fits a network to samples, in stages, each of which can be interrupted and resumed.
//!
//! 1. *Pre-training* ([`pretrain`]): per frame, on a teacher's score, codec unknown to it. There are hundreds of frames
//!    for every rating, and a network fitted to ratings alone follows contents instead of quality.
//! 2. *Refit* ([`output_layer`]): the output is scaled and shifted to the ratings by least squares.
//! 3. *Fine-tuning* ([`finetune`]): few full-batch steps on ratings; each step sees `frames` random frames of every
//!    clip, and the mean of their scores is compared with the clip's rating.
//! 4. *Variance* ([`variance`]), if there is a second output: that output alone, by Gaussian negative log-likelihood.
//!
//! [`problem`] draws the batches, [`optimiser`] takes the steps at the rates of [`schedule`], and [`checkpoint`] keeps
//! the [`state`] between two calls.

pub mod checkpoint;
mod finetune;
mod optimiser;
mod output_layer;
mod pretrain;
mod problem;
mod schedule;
mod state;
mod variance;

use anyhow::Result;

use crate::network::{Architecture, Weights};
use crate::recipe::Recipe;
use crate::samples::Samples;
use problem::{Problem, STEPS_PER_UNIT};
use state::FitStage;
pub use state::FitState;

/// Fits one network.
pub struct Fit<'a> {
    problem: Problem<'a>,
}

impl<'a> Fit<'a> {
    /// A fit of a network with a codec block of `codecs`, and a second output if `variance`.
    pub fn new(
        samples: &'a Samples,
        recipe: &'a Recipe,
        codecs: usize,
        variance: bool,
        seed: u64,
    ) -> Result<Self> {
        let outputs = if variance { 2 } else { 1 };
        let problem = Problem { samples, recipe, codecs, outputs, seed };
        problem.check()?;
        Ok(Self { problem })
    }

    /// Before the first step.
    pub fn start(&self) -> FitState {
        let architecture = Architecture {
            features: self.problem.samples.width,
            codecs: 0,
            hidden: self.problem.recipe.hidden,
            depth: self.problem.recipe.depth,
            outputs: 1,
        };
        let mut rng = self.problem.rng(FitStage::Pretrain, u64::MAX >> 8);
        FitState::start(Weights::random(&architecture, &mut rng))
    }

    /// Units of work of a whole fit, for a progress bar.
    pub fn length(&self) -> usize {
        self.problem.pretrain_epochs()
            + self.problem.recipe.finetune_steps.div_ceil(STEPS_PER_UNIT)
            + self.problem.variance_steps().div_ceil(STEPS_PER_UNIT)
    }

    /// Units of work done at `state`.
    pub fn position(&self, state: &FitState) -> usize {
        let pretrain = self.problem.pretrain_epochs();
        let finetune = self.problem.recipe.finetune_steps.div_ceil(STEPS_PER_UNIT);
        match state.stage {
            FitStage::Pretrain => state.done,
            FitStage::Finetune => pretrain + state.done.div_ceil(STEPS_PER_UNIT),
            FitStage::Variance => pretrain + finetune + state.done.div_ceil(STEPS_PER_UNIT),
            FitStage::Done => self.length(),
        }
    }

    /// Runs the pre-training alone: it does not look at codecs or ratings, so fits that differ in those can share it.
    pub fn pretrain(&self) -> Result<FitState> {
        let mut state = self.start();
        while state.done < self.problem.pretrain_epochs() {
            pretrain::epoch(&self.problem, &mut state)?;
        }
        Ok(state)
    }

    /// The network after the pre-training alone.
    pub fn pretrained_weights(&self) -> Result<Weights> {
        Ok(self.pretrain()?.weights)
    }

    /// Fits to the end from `state`.
    pub fn finish(&self, mut state: FitState) -> Result<Weights> {
        while self.advance(&mut state)? {}
        Ok(state.weights)
    }

    /// Does one unit of work (an epoch, or some steps); false if there was none left.
    pub fn advance(&self, state: &mut FitState) -> Result<bool> {
        let problem = &self.problem;
        match state.stage {
            FitStage::Pretrain if state.done < problem.pretrain_epochs() => {
                pretrain::epoch(problem, state)?;
            }
            FitStage::Pretrain => {
                let weights = if problem.pretrain_epochs() > 0 {
                    output_layer::refit(problem, &state.weights)?
                } else {
                    output_layer::centred(problem, &state.weights)
                };
                state.weights = weights.widened(problem.codecs, problem.outputs);
                state.enter(FitStage::Finetune);
            }
            FitStage::Finetune if state.done < problem.recipe.finetune_steps => {
                finetune::steps(problem, state)?;
            }
            FitStage::Finetune if problem.variance_steps() > 0 => {
                output_layer::start_variance(problem, &mut state.weights)?;
                state.enter(FitStage::Variance);
            }
            FitStage::Variance if state.done < problem.variance_steps() => {
                variance::steps(problem, state)?;
            }
            FitStage::Finetune | FitStage::Variance => state.enter(FitStage::Done),
            FitStage::Done => return Ok(false),
        }
        Ok(true)
    }

    /// The fitted weights, once there is no work left.
    pub fn finished(&self, state: &FitState) -> Option<Weights> {
        (state.stage == FitStage::Done).then(|| state.weights.clone())
    }
}
