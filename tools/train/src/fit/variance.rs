// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The last stage, with a second output: that output alone, by Gaussian negative log-likelihood.

use anyhow::Result;

use super::problem::{Problem, STEPS_PER_UNIT, Targets};
use super::schedule::half_cosine;
use super::state::{FitStage, FitState};
use crate::network::Network;
use crate::predict::{LOGVAR_FLOOR, LOGVAR_SHIFT};

/// Up to [`STEPS_PER_UNIT`] steps.
pub(super) fn steps(problem: &Problem<'_>, state: &mut FitState) -> Result<()> {
    const FRAMES: usize = 2;
    let network = Network::new(&state.weights)?;
    let clips = problem.clips();
    let Targets { target, weight } = problem.targets(&clips)?;
    let last = network.parameters().len() - 2;
    let hidden = problem.recipe.hidden;
    let share = move |parameter: usize, element: usize| {
        f32::from(u8::from(
            (parameter == last && element >= hidden) || (parameter == last + 1 && element == 1),
        ))
    };
    for _ in 0..STEPS_PER_UNIT.min(problem.recipe.variance_steps - state.done) {
        let mut rng = problem.rng(FitStage::Variance, state.done as u64);
        let rows = problem.batch(&clips, FRAMES, &mut rng)?;
        // Only the output layer moves: nothing has to be differentiated below it.
        let out = network.output(&network.hidden(&rows, None)?.detach())?;
        let score = out.narrow(1, 0, 1)?.reshape((clips.len(), FRAMES))?.mean(1)?.detach();
        let floor = LOGVAR_FLOOR - LOGVAR_SHIFT;
        let logvar = out.narrow(1, 1, 1)?.reshape((clips.len(), FRAMES))?.maximum(floor)?;
        // What a host pools is the mean of the frames' standard deviations.
        let deviation = (logvar * 0.5)?.exp()?.mean(1)?;
        let error = (score - &target)?;
        let likelihood = (deviation.log()? + ((error / deviation)?.sqr()? * 0.5)?)?;
        let loss = (likelihood * &weight)?.sum_all()?;
        let rate =
            problem.recipe.finetune_rate * half_cosine(state.done, problem.recipe.variance_steps);
        state.optimiser.step(&network, &loss, rate, problem.recipe.finetune_decay, Some(&share))?;
        state.done += 1;
    }
    state.weights = network.weights()?;
    Ok(())
}
