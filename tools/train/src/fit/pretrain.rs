// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The first stage: per frame, on the teacher's score, codec unknown to the network.

use rand::Rng as _;

use super::gradient::Batch;
use super::optimiser::AdamW;
use super::problem::{Problem, Stage, generator};
use super::schedule::one_cycle;
use super::signs::Signs;
use crate::network::Shape;
use crate::recipe::Recipe;

/// A member after this stage.
pub(super) fn pretrain(
    problem: &Problem,
    recipe: &Recipe,
    shape: &Shape,
    signs: &Signs,
    member: usize,
    progress: &(dyn Fn() + Sync),
) -> Vec<f32> {
    let mut numbers = shape.random(&mut generator(recipe, member, Stage::Start));
    let mut rng = generator(recipe, member, Stage::Pretrain);
    let stage = &recipe.pretrain;
    let mut batch = Batch::new(shape, stage.batch);
    let mut optimiser = AdamW::new(numbers.len());
    let (mut used, mut gradient) = (Vec::new(), vec![0.0; numbers.len()]);
    let (mut rows, mut targets, mut outputs) = (Vec::new(), Vec::new(), Vec::new());
    for step in 0..stage.steps {
        rows.clear();
        targets.clear();
        for _ in 0..stage.batch {
            let (row, target) = problem.taught[rng.random_range(0..problem.taught.len())];
            rows.push(row);
            targets.push(target);
        }
        signs.apply(&numbers, &mut used);
        batch.outputs(&used, &problem.z, &rows, &mut outputs);
        let scale = 2.0 / stage.batch as f32;
        for (output, target) in outputs.iter_mut().zip(&targets) {
            *output = scale * (*output - target);
        }
        gradient.fill(0.0);
        batch.add_gradient(&used, &outputs, &mut gradient);
        signs.chain(&numbers, &mut gradient);
        let rate = stage.lr * one_cycle(step, stage.steps);
        optimiser.step(&mut numbers, &gradient, rate, stage.weight_decay);
        progress();
    }
    numbers
}
