// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The first stage: per frame, on the teacher's score, codec unknown to the network.

use anyhow::{Result, ensure};
use candle_core::{Device, Tensor};
use rand::seq::SliceRandom as _;

use super::problem::Problem;
use super::schedule::one_cycle;
use super::state::{FitStage, FitState};
use crate::network::Network;

/// One pass over the frames.
pub(super) fn epoch(problem: &Problem<'_>, state: &mut FitState) -> Result<()> {
    let mut rng = problem.rng(FitStage::Pretrain, state.done as u64);
    // The teacher needs no rating: every frame of a clip that is not held out serves.
    let mut frames: Vec<usize> = problem
        .samples
        .frames
        .iter()
        .zip(&problem.samples.weight)
        .filter(|(_, weight)| **weight > 0.0)
        .flat_map(|(frames, _)| frames.clone())
        .filter(|&frame| !problem.samples.teacher[frame].is_nan())
        .collect();
    ensure!(!frames.is_empty(), "the teacher has no score for any frame");
    frames.shuffle(&mut rng);
    let network = Network::new(&state.weights)?;
    let batches = frames.len().div_ceil(problem.recipe.pretrain_batch);
    let total = batches * problem.recipe.pretrain_epochs;
    for (index, batch) in frames.chunks(problem.recipe.pretrain_batch).enumerate() {
        let rows = problem.rows(
            batch.iter().map(|&frame| (frame, None)),
            problem.recipe.feature_dropout_pretrain,
            &mut rng,
        )?;
        let teacher: Vec<f32> = batch.iter().map(|&frame| problem.samples.teacher[frame]).collect();
        let teacher = Tensor::from_vec(teacher, (batch.len(), 1), &Device::Cpu)?;
        let score = network.forward(&rows, Some((problem.recipe.dropout as f32, &mut rng)))?;
        let loss = (score - teacher)?.sqr()?.mean_all()?;
        let rate = problem.recipe.pretrain_rate * one_cycle(state.done * batches + index, total);
        state.optimiser.step(&network, &loss, rate, problem.recipe.pretrain_decay, None)?;
    }
    state.weights = network.weights()?;
    state.done += 1;
    Ok(())
}
