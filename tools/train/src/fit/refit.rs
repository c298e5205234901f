// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The second stage: on ratings, each step over random frames of all rated clips, with the effects of tests and contents
//! fitted along, and identical pictures as anchors.

use rand::Rng as _;

use super::effects::{self, EffectLayout};
use super::gradient::Batch;
use super::optimiser::AdamW;
use super::problem::{Problem, Stage, generator, output};
use super::schedule::half_cosine;
use super::signs::Signs;
use crate::network::{CodecCode, Network, Shape};
use crate::recipe::Recipe;

/// What the members of a refit have in common.
pub(super) struct Refitting<'a> {
    pub(super) problem: &'a Problem,
    pub(super) recipe: &'a Recipe,
    pub(super) shape: &'a Shape,
    pub(super) signs: &'a Signs,
    pub(super) layout: &'a EffectLayout,
    /// Prepared features and codec inputs: the frames of [`Problem::z`], then the anchors with every distinct codec
    /// input.
    pub(super) inputs: Vec<f32>,
    /// Rows of `inputs` that are frames.
    frames: usize,
    penalties: Vec<f32>,
    codec_penalty: f32,
}

impl<'a> Refitting<'a> {
    pub(super) fn new(
        problem: &'a Problem,
        recipe: &'a Recipe,
        shape: &'a Shape,
        signs: &'a Signs,
        layout: &'a EffectLayout,
        (code, codec): (&CodecCode, &[usize]),
    ) -> anyhow::Result<Self> {
        let width = problem.width();
        let codecs: Vec<usize> = problem.clip_of_frame.iter().map(|&clip| codec[clip]).collect();
        let mut inputs = code.append(&problem.z, width, &codecs)?;
        // Identical pictures score the same, whatever the codec.
        let mut kinds: Vec<usize> = Vec::new();
        for codec in 0..code.rows.len() {
            if !kinds.iter().any(|&kind| code.rows[kind] == code.rows[codec]) {
                kinds.push(codec);
            }
        }
        if kinds.is_empty() {
            kinds.push(0);
        }
        for kind in kinds {
            let anchors = problem.anchors.len() / width;
            inputs.extend(code.append(&problem.anchors, width, &vec![kind; anchors])?);
        }
        Ok(Self {
            frames: codecs.len(),
            penalties: layout.penalties(&recipe.effects),
            codec_penalty: recipe.codec.penalty() as f32,
            problem,
            recipe,
            shape,
            signs,
            layout,
            inputs,
        })
    }

    /// Scales and shifts the output of a pre-trained network to the ratings, by weighted least squares.
    fn rescale(&self, numbers: &mut [f32]) {
        let mut used = Vec::new();
        self.signs.apply(numbers, &mut used);
        let network = Network { shape: self.shape.clone(), numbers: used };
        let outputs = network.outputs(&self.inputs[..self.frames * self.shape.inputs()]);
        let points: Vec<[f64; 3]> = self
            .problem
            .rated
            .iter()
            .map(|sample| {
                let frames = &outputs[sample.frames.clone()];
                let x = frames.iter().map(|&f| f64::from(f)).sum::<f64>() / frames.len() as f64;
                [sample.weight.into(), x, sample.target.into()]
            })
            .collect();
        let mean =
            |get: &dyn Fn(&[f64; 3]) -> f64| points.iter().map(|p| p[0] * get(p)).sum::<f64>();
        let (mean_x, mean_y) = (mean(&|p| p[1]), mean(&|p| p[2]));
        let products = mean(&|p| (p[1] - mean_x) * (p[2] - mean_y));
        let squares = mean(&|p| (p[1] - mean_x).powi(2));
        // A network that was not pre-trained may run against the ratings, or not vary.
        let slope = if squares > 0.0 { (products / squares).clamp(0.1, 10.0) } else { 1.0 };
        let layers = self.shape.layers();
        let last = layers[layers.len() - 1];
        for number in &mut numbers[last.weight..] {
            *number *= slope as f32;
        }
        numbers[last.bias] += (mean_y - slope * mean_x) as f32;
    }

    /// A member after this stage, from its state after the first one, and its effects.
    pub(super) fn run(
        &self,
        mut numbers: Vec<f32>,
        member: usize,
        progress: &(dyn Fn() + Sync),
    ) -> (Vec<f32>, Vec<f32>) {
        self.rescale(&mut numbers);
        let stage = &self.recipe.refit;
        let rated = &self.problem.rated;
        let anchors = self.frames..self.inputs.len() / self.shape.inputs();
        let anchor_weight = self.recipe.anchors.weight as f32 * 2.0 / anchors.len().max(1) as f32;
        let anchor_target = output(self.recipe.anchors.target);
        let codec_numbers: Vec<usize> = (0..)
            .zip(self.shape.input_of())
            .filter(|(_, input)| input.is_some_and(|input| input >= self.shape.features))
            .map(|(i, _)| i)
            .collect();

        let mut rng = generator(self.recipe, member, Stage::Refit);
        let mut batch = Batch::new(self.shape, rated.len() * stage.frames + anchors.len());
        let mut effects = vec![0.0; self.layout.len()];
        let [mut optimiser, mut effect_optimiser] = [numbers.len(), effects.len()].map(AdamW::new);
        let [mut gradient, mut effect_gradient] = [&numbers, &effects].map(|n| vec![0.0; n.len()]);
        let (mut used, mut rows, mut outputs) = (Vec::new(), Vec::new(), Vec::new());
        for step in 0..stage.steps {
            rows.clear();
            for sample in rated {
                rows.extend((0..stage.frames).map(|_| rng.random_range(sample.frames.clone())));
            }
            rows.extend(anchors.clone());
            self.signs.apply(&numbers, &mut used);
            batch.outputs(&used, &self.inputs, &rows, &mut outputs);

            for ((g, penalty), number) in
                effect_gradient.iter_mut().zip(&self.penalties).zip(&effects)
            {
                *g = 2.0 * penalty * number;
            }
            let (clips, identical) = outputs.split_at_mut(rated.len() * stage.frames);
            for ((frames, sample), &places) in
                clips.chunks_exact_mut(stage.frames).zip(rated).zip(&self.layout.places)
            {
                let share = 1.0 / stage.frames as f32;
                let mean = frames.iter().sum::<f32>() * share;
                let error = effects::rating(&effects, places, mean) - sample.target;
                let by_rating = 2.0 * sample.weight * error;
                let by_output =
                    effects::add_gradient(&effects, places, mean, by_rating, &mut effect_gradient);
                frames.fill(by_output * share);
            }
            for output in identical {
                *output = anchor_weight * (*output - anchor_target);
            }
            gradient.fill(0.0);
            batch.add_gradient(&used, &outputs, &mut gradient);
            for &i in &codec_numbers {
                gradient[i] += 2.0 * self.codec_penalty * used[i];
            }
            self.signs.chain(&numbers, &mut gradient);
            let rate = stage.lr * half_cosine(step, stage.steps);
            optimiser.step(&mut numbers, &gradient, rate, stage.weight_decay);
            let effect_rate = rate * self.recipe.effects.rate;
            effect_optimiser.step(&mut effects, &effect_gradient, effect_rate, 0.0);
            progress();
        }
        self.signs.apply(&numbers, &mut used);
        (used, effects)
    }
}
