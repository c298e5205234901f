// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Few full-batch steps on ratings; each sees random frames of every clip.

use anyhow::Result;

use super::problem::{Problem, STEPS_PER_UNIT, Targets};
use super::schedule::half_cosine;
use super::state::{FitStage, FitState};
use crate::network::Network;
use crate::recipe::Loss;

/// Up to [`STEPS_PER_UNIT`] steps.
pub(super) fn steps(problem: &Problem<'_>, state: &mut FitState) -> Result<()> {
    let network = Network::new(&state.weights)?;
    let clips = problem.clips();
    let Targets { target, weight } = problem.targets(&clips)?;
    let (features, inputs, codec_rate) = (
        problem.samples.width,
        problem.samples.width + problem.codecs,
        problem.recipe.codec_rate as f32,
    );
    let share = move |parameter: usize, element: usize| {
        if parameter == 0 && element % inputs >= features { codec_rate } else { 1.0 }
    };
    for _ in 0..STEPS_PER_UNIT.min(problem.recipe.finetune_steps - state.done) {
        let mut rng = problem.rng(FitStage::Finetune, state.done as u64);
        let frames = problem.recipe.finetune_frames;
        let rows = problem.batch(&clips, frames, &mut rng)?;
        let out = network.forward(&rows, Some((problem.recipe.dropout as f32, &mut rng)))?;
        let score = out.narrow(1, 0, 1)?.reshape((clips.len(), frames))?.mean(1)?;
        let error = (score - &target)?;
        let loss = match problem.recipe.loss {
            Loss::Mse => error.sqr()?,
            Loss::Huber => {
                // As |e| * t - t^2 / 2 with t = min(|e|, d): one expression for both branches.
                let size = error.abs()?;
                let inner = size.minimum(0.05)?;
                ((&size * &inner)? - (inner.sqr()? * 0.5)?)?
            }
        };
        let loss = (loss * &weight)?.sum_all()?;
        let rate =
            problem.recipe.finetune_rate * half_cosine(state.done, problem.recipe.finetune_steps);
        state.optimiser.step(&network, &loss, rate, problem.recipe.finetune_decay, Some(&share))?;
        state.done += 1;
    }
    state.weights = network.weights()?;
    Ok(())
}
