// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Fits a network to samples, in stages, each of which can be interrupted and resumed.
//!
//! 1. *Pre-training*: per frame, on a teacher's score, codec unknown to it. There are hundreds of frames for every
//!    rating, and a network fitted to ratings alone follows contents instead of quality.
//! 2. *Refit*: the output is scaled and shifted to the ratings by least squares.
//! 3. *Fine-tuning*: few full-batch steps on ratings; each step sees `frames` random frames of every clip, and the
//!    mean of their scores is compared with the clip's rating.
//! 4. *Variance* (where there is a second output): that output alone, by Gaussian negative log-likelihood.
//!
//! Random numbers come from a generator keyed by (seed, stage, step), so that a resumed fit draws what an
//! uninterrupted one would have drawn.

use anyhow::{Result, ensure};
use candle_core::{Device, Tensor};
use rand::seq::SliceRandom as _;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::network::{Architecture, Network, Weights};
use crate::samples::Samples;

/// Floor of the log-variance on the 0..100 scale.
pub const LOGVAR_FLOOR: f64 = -6.0;
/// Added to a log-variance of targets divided by 100 to bring it to the 0..100 scale: 2 ln 100.
pub const LOGVAR_SHIFT: f64 = 9.210_340_371_976_184;

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

/// `AdamW`'s state: what a checkpoint keeps besides the weights.
///
/// Own code, because the crate's optimiser keeps its moments private and a resumed training needs them.
#[derive(Debug, Clone, PartialEq)]
struct AdamW {
    first: Vec<Vec<f32>>,
    second: Vec<Vec<f32>>,
    steps: i32,
}

impl AdamW {
    fn new(weights: &Weights) -> Self {
        let zeros: Vec<Vec<f32>> = weights.flat().iter().map(|p| vec![0.0; p.len()]).collect();
        Self { first: zeros.clone(), second: zeros, steps: 0 }
    }

    /// One step; `share` is the part of the rate at which an element of a parameter moves, 1 where there is none.
    fn step(
        &mut self,
        network: &Network,
        loss: &Tensor,
        rate: f64,
        decay: f64,
        share: Option<&dyn Fn(usize, usize) -> f32>,
    ) -> Result<()> {
        const BETA1: f32 = 0.9;
        const BETA2: f32 = 0.999;
        const EPSILON: f32 = 1e-8;
        let gradients = loss.backward()?;
        self.steps += 1;
        let correction1 = 1.0 - BETA1.powi(self.steps);
        let correction2 = 1.0 - BETA2.powi(self.steps);
        let (rate, decay) = (rate as f32, decay as f32);
        for (index, parameter) in network.parameters().iter().enumerate() {
            let Some(gradient) = gradients.get(parameter) else { continue };
            let gradient: Vec<f32> = gradient.flatten_all()?.to_vec1()?;
            let mut values: Vec<f32> = parameter.flatten_all()?.to_vec1()?;
            for (i, (value, g)) in values.iter_mut().zip(gradient).enumerate() {
                let rate = rate * share.map_or(1.0, |share| share(index, i));
                if rate == 0.0 {
                    continue;
                }
                let m = &mut self.first[index][i];
                let v = &mut self.second[index][i];
                *m = BETA1 * *m + (1.0 - BETA1) * g;
                *v = BETA2 * *v + (1.0 - BETA2) * g * g;
                *value -= rate * decay * *value;
                *value -= rate * (*m / correction1) / ((*v / correction2).sqrt() + EPSILON);
            }
            parameter.set(&Tensor::from_vec(values, parameter.shape(), parameter.device())?)?;
        }
        Ok(())
    }
}

/// Stages, in order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    Pretrain,
    Finetune,
    Variance,
    Done,
}

/// A fit under way.
#[derive(Debug, Clone, PartialEq)]
pub struct State {
    stage: Stage,
    /// Epochs or steps of the stage that are done.
    done: usize,
    weights: Weights,
    optimiser: AdamW,
}

/// Fits one network.
pub struct Fit<'a> {
    samples: &'a Samples,
    recipe: &'a Recipe,
    codecs: usize,
    outputs: usize,
    seed: u64,
}

impl<'a> Fit<'a> {
    /// A fit of a network with a codec block of `codecs` and a second output where `variance`.
    pub fn new(
        samples: &'a Samples,
        recipe: &'a Recipe,
        codecs: usize,
        variance: bool,
        seed: u64,
    ) -> Result<Self> {
        ensure!(
            recipe.hidden > 0 && recipe.depth > 0,
            "a network needs at least one hidden unit and layer"
        );
        ensure!(
            recipe.finetune_frames > 0 && recipe.pretrain_batch > 0,
            "batches must not be empty"
        );
        for (name, rate) in [
            ("dropout", recipe.dropout),
            ("feature dropout", recipe.feature_dropout_pretrain),
            ("feature dropout", recipe.feature_dropout_finetune),
        ] {
            ensure!((0.0..1.0).contains(&rate), "{name} is {rate}, expected 0 <= rate < 1");
        }
        ensure!(
            samples.codec.iter().all(|&c| codecs == 0 || c < codecs),
            "a codec id is outside the block of {codecs}"
        );
        Ok(Self { samples, recipe, codecs, outputs: if variance { 2 } else { 1 }, seed })
    }

    /// Before the first step.
    pub fn start(&self) -> State {
        let architecture = Architecture {
            features: self.samples.width,
            codecs: 0,
            hidden: self.recipe.hidden,
            depth: self.recipe.depth,
            outputs: 1,
        };
        let weights = Weights::random(&architecture, &mut self.rng(Stage::Pretrain, u64::MAX >> 8));
        let optimiser = AdamW::new(&weights);
        State { stage: Stage::Pretrain, done: 0, weights, optimiser }
    }

    fn rng(&self, stage: Stage, step: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(((stage as u64) << 56) | step);
        rng
    }

    /// Units of work of a whole fit, for a progress bar.
    pub fn length(&self) -> usize {
        self.pretrain_epochs()
            + self.recipe.finetune_steps.div_ceil(STEPS_PER_UNIT)
            + self.variance_steps().div_ceil(STEPS_PER_UNIT)
    }

    fn pretrain_epochs(&self) -> usize {
        if self.samples.teacher.is_empty() { 0 } else { self.recipe.pretrain_epochs }
    }

    fn variance_steps(&self) -> usize {
        if self.outputs == 2 { self.recipe.variance_steps } else { 0 }
    }

    /// Units of work done at `state`.
    pub fn position(&self, state: &State) -> usize {
        let (pretrain, finetune) =
            (self.pretrain_epochs(), self.recipe.finetune_steps.div_ceil(STEPS_PER_UNIT));
        match state.stage {
            Stage::Pretrain => state.done,
            Stage::Finetune => pretrain + state.done.div_ceil(STEPS_PER_UNIT),
            Stage::Variance => pretrain + finetune + state.done.div_ceil(STEPS_PER_UNIT),
            Stage::Done => self.length(),
        }
    }

    /// Fits to the end.
    pub fn run(&self) -> Result<Weights> {
        self.finish(self.start())
    }

    /// Runs the pre-training alone: it does not look at codecs or ratings, so fits that differ in those can share it.
    pub fn pretrain(&self) -> Result<State> {
        let mut state = self.start();
        while state.done < self.pretrain_epochs() {
            self.pretrain_epoch(&mut state)?;
        }
        Ok(state)
    }

    /// The network after the pre-training alone.
    pub fn pretrained_weights(&self) -> Result<Weights> {
        Ok(self.pretrain()?.weights)
    }

    /// Fits to the end from `state`.
    pub fn finish(&self, mut state: State) -> Result<Weights> {
        while self.advance(&mut state)? {}
        Ok(state.weights)
    }

    /// Does one unit of work (an epoch, or some steps); false when there was none left.
    pub fn advance(&self, state: &mut State) -> Result<bool> {
        match state.stage {
            Stage::Pretrain if state.done < self.pretrain_epochs() => self.pretrain_epoch(state)?,
            Stage::Pretrain => {
                let pretrained = self.pretrain_epochs() > 0;
                state.weights = if pretrained {
                    self.refit(&state.weights)?
                } else {
                    self.centred(&state.weights)
                }
                .widened(self.codecs, self.outputs);
                next(state, Stage::Finetune);
            }
            Stage::Finetune if state.done < self.recipe.finetune_steps => self.finetune(state)?,
            Stage::Finetune if self.variance_steps() > 0 => {
                self.start_variance(&mut state.weights)?;
                next(state, Stage::Variance);
            }
            Stage::Variance if state.done < self.variance_steps() => self.variance(state)?,
            Stage::Finetune | Stage::Variance => next(state, Stage::Done),
            Stage::Done => return Ok(false),
        }
        Ok(true)
    }

    /// The fitted weights, once there is no work left.
    pub fn finished(&self, state: &State) -> Option<Weights> {
        (state.stage == Stage::Done).then(|| state.weights.clone())
    }

    fn pretrain_epoch(&self, state: &mut State) -> Result<()> {
        let mut rng = self.rng(Stage::Pretrain, state.done as u64);
        // The teacher needs no rating: every frame of a clip that is not held out serves.
        let mut frames: Vec<usize> = self
            .samples
            .frames
            .iter()
            .zip(&self.samples.weight)
            .filter(|(_, weight)| **weight > 0.0)
            .flat_map(|(frames, _)| frames.clone())
            .filter(|&frame| !self.samples.teacher[frame].is_nan())
            .collect();
        ensure!(!frames.is_empty(), "the teacher has no score for any frame");
        frames.shuffle(&mut rng);
        let network = Network::new(&state.weights)?;
        let batches = frames.len().div_ceil(self.recipe.pretrain_batch);
        let total = batches * self.recipe.pretrain_epochs;
        for (index, batch) in frames.chunks(self.recipe.pretrain_batch).enumerate() {
            let rows = self.rows(
                batch.iter().map(|&frame| (frame, None)),
                self.recipe.feature_dropout_pretrain,
                &mut rng,
            )?;
            let teacher: Vec<f32> =
                batch.iter().map(|&frame| self.samples.teacher[frame]).collect();
            let teacher = Tensor::from_vec(teacher, (batch.len(), 1), &Device::Cpu)?;
            let score = network.forward(&rows, Some((self.recipe.dropout as f32, &mut rng)))?;
            let loss = (score - teacher)?.sqr()?.mean_all()?;
            let rate = self.recipe.pretrain_rate * one_cycle(state.done * batches + index, total);
            state.optimiser.step(&network, &loss, rate, self.recipe.pretrain_decay, None)?;
        }
        state.weights = network.weights()?;
        state.done += 1;
        Ok(())
    }

    /// Rows [n, features + codecs] of frames; with feature dropout, each row loses each feature at a rate that is itself
    /// uniform between 0 and twice `dropout`, so that a network meets rows with nothing and with much missing.
    fn rows(
        &self,
        frames: impl Iterator<Item = (usize, Option<usize>)>,
        dropout: f64,
        rng: &mut ChaCha8Rng,
    ) -> Result<Tensor> {
        let mut data = Vec::new();
        let mut n = 0;
        let mut width = self.samples.width;
        for (frame, codec) in frames {
            let start = data.len();
            data.extend_from_slice(self.samples.row(frame));
            if dropout > 0.0 {
                let rate = rng.random::<f64>() * 2.0 * dropout;
                for z in &mut data[start..] {
                    if rng.random::<f64>() < rate {
                        *z = 0.0;
                    }
                }
            }
            if let Some(codec) = codec {
                let at = data.len();
                data.resize(at + self.codecs, 0.0);
                if self.codecs > 0 {
                    data[at + codec] = 1.0;
                }
                width = self.samples.width + self.codecs;
            }
            n += 1;
        }
        Ok(Tensor::from_vec(data, (n, width), &Device::Cpu)?)
    }

    /// Weighted least squares of a clip's rating on its mean score, taken into the output layer.
    fn refit(&self, weights: &Weights) -> Result<Weights> {
        let scores = predict(weights, self.samples, &self.samples.codec, None)?
            .into_iter()
            .map(|p| p.score)
            .collect::<Vec<_>>();
        let used = || {
            (0..scores.len()).filter(|&i| self.samples.weight[i] > 0.0).map(|i| {
                (
                    f64::from(self.samples.weight[i]),
                    scores[i] / 100.0,
                    f64::from(self.samples.target[i]),
                )
            })
        };
        let mean_x: f64 = used().map(|(w, x, _)| w * x).sum();
        let mean_y: f64 = used().map(|(w, _, y)| w * y).sum();
        let covariance: f64 = used().map(|(w, x, y)| w * (x - mean_x) * (y - mean_y)).sum();
        let variance: f64 = used().map(|(w, x, _)| w * (x - mean_x) * (x - mean_x)).sum();
        let slope = if variance > 0.0 { covariance / variance } else { 0.0 };
        let mut refitted = weights.clone();
        if let Some(last) = refitted.layers.last_mut() {
            last.weight.iter_mut().for_each(|w| *w *= slope as f32);
            last.bias[0] = (f64::from(last.bias[0]) * slope + mean_y - slope * mean_x) as f32;
        }
        Ok(refitted)
    }

    /// Without a teacher: the output starts at the mean rating.
    fn centred(&self, weights: &Weights) -> Weights {
        let mut centred = weights.clone();
        if let Some(last) = centred.layers.last_mut() {
            last.bias[0] = (0..self.samples.target.len())
                .filter(|&i| self.samples.weight[i] > 0.0)
                .map(|i| self.samples.weight[i] * self.samples.target[i])
                .sum();
        }
        centred
    }

    /// Clips with a weight.
    fn clips(&self) -> Vec<usize> {
        (0..self.samples.frames.len()).filter(|&i| self.samples.weight[i] > 0.0).collect()
    }

    /// Rows of `frames` random frames of each clip, clip by clip.
    fn batch(&self, clips: &[usize], frames: usize, rng: &mut ChaCha8Rng) -> Result<Tensor> {
        let mut chosen = Vec::with_capacity(clips.len() * frames);
        for &clip in clips {
            for _ in 0..frames {
                chosen.push((
                    rng.random_range(self.samples.frames[clip].clone()),
                    Some(self.samples.codec[clip]),
                ));
            }
        }
        self.rows(chosen.into_iter(), self.recipe.feature_dropout_finetune, rng)
    }

    fn targets(&self, clips: &[usize]) -> Result<(Tensor, Tensor)> {
        let pick = |values: &[f32]| clips.iter().map(|&i| values[i]).collect::<Vec<f32>>();
        Ok((
            Tensor::from_vec(pick(&self.samples.target), clips.len(), &Device::Cpu)?,
            Tensor::from_vec(pick(&self.samples.weight), clips.len(), &Device::Cpu)?,
        ))
    }

    fn finetune(&self, state: &mut State) -> Result<()> {
        let network = Network::new(&state.weights)?;
        let clips = self.clips();
        let (target, weight) = self.targets(&clips)?;
        let (features, inputs, codec_rate) =
            (self.samples.width, self.samples.width + self.codecs, self.recipe.codec_rate as f32);
        let share = move |parameter: usize, element: usize| {
            if parameter == 0 && element % inputs >= features { codec_rate } else { 1.0 }
        };
        for _ in 0..STEPS_PER_UNIT.min(self.recipe.finetune_steps - state.done) {
            let mut rng = self.rng(Stage::Finetune, state.done as u64);
            let frames = self.recipe.finetune_frames;
            let rows = self.batch(&clips, frames, &mut rng)?;
            let out = network.forward(&rows, Some((self.recipe.dropout as f32, &mut rng)))?;
            let score = out.narrow(1, 0, 1)?.reshape((clips.len(), frames))?.mean(1)?;
            let error = (score - &target)?;
            let loss = match self.recipe.loss {
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
                self.recipe.finetune_rate * half_cosine(state.done, self.recipe.finetune_steps);
            state.optimiser.step(
                &network,
                &loss,
                rate,
                self.recipe.finetune_decay,
                Some(&share),
            )?;
            state.done += 1;
        }
        state.weights = network.weights()?;
        Ok(())
    }

    /// The log-variance starts at that of the residuals, everywhere.
    fn start_variance(&self, weights: &mut Weights) -> Result<()> {
        let scores = predict(weights, self.samples, &self.samples.codec, None)?;
        let variance: f64 = self
            .clips()
            .into_iter()
            .map(|i| {
                f64::from(self.samples.weight[i])
                    * (scores[i].score / 100.0 - f64::from(self.samples.target[i])).powi(2)
            })
            .sum();
        if let Some(last) = weights.layers.last_mut() {
            last.bias[1] = variance.max(1e-8).ln() as f32;
        }
        Ok(())
    }

    fn variance(&self, state: &mut State) -> Result<()> {
        const FRAMES: usize = 2;
        let network = Network::new(&state.weights)?;
        let clips = self.clips();
        let (target, weight) = self.targets(&clips)?;
        let last = network.parameters().len() - 2;
        let hidden = self.recipe.hidden;
        let share = move |parameter: usize, element: usize| {
            f32::from(u8::from(
                (parameter == last && element >= hidden) || (parameter == last + 1 && element == 1),
            ))
        };
        for _ in 0..STEPS_PER_UNIT.min(self.recipe.variance_steps - state.done) {
            let mut rng = self.rng(Stage::Variance, state.done as u64);
            let rows = self.batch(&clips, FRAMES, &mut rng)?;
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
                self.recipe.finetune_rate * half_cosine(state.done, self.recipe.variance_steps);
            state.optimiser.step(
                &network,
                &loss,
                rate,
                self.recipe.finetune_decay,
                Some(&share),
            )?;
            state.done += 1;
        }
        state.weights = network.weights()?;
        Ok(())
    }
}

/// Steps between two checkpoints of a full-batch stage.
const STEPS_PER_UNIT: usize = 20;

fn next(state: &mut State, then: Stage) {
    state.stage = then;
    state.done = 0;
    state.optimiser = AdamW::new(&state.weights);
}

/// One-cycle schedule: a cosine from 1/25 up to 1 over the first 30 %, then a cosine down to nearly 0.
fn one_cycle(step: usize, total: usize) -> f64 {
    let position = step as f64 / total.max(1) as f64;
    let between = |from: f64, to: f64, share: f64| {
        to + (from - to) * (1.0 + (std::f64::consts::PI * share).cos()) / 2.0
    };
    if position < 0.3 {
        between(0.04, 1.0, position / 0.3)
    } else {
        between(1.0, 4e-6, (position - 0.3) / 0.7)
    }
}

fn half_cosine(step: usize, total: usize) -> f64 {
    0.5 * (1.0 + (std::f64::consts::PI * step as f64 / total.max(1) as f64).cos())
}

/// A clip's score and standard deviation on the 0..100 scale, as a host pools them: the means over its frames.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// Mean of the frames' scores.
    pub score: f64,
    /// Mean of the frames' standard deviations; NaN without a second output.
    pub stddev: f64,
}

/// Predicts every clip of `samples` with the given codec labels; `range` bounds each frame's score, as the library does.
pub fn predict(
    weights: &Weights,
    samples: &Samples,
    codec: &[usize],
    range: Option<[f64; 2]>,
) -> Result<Vec<Prediction>> {
    let frames = predict_frames(weights, samples, codec)?;
    let two = weights.architecture.outputs == 2;
    let [low, high] = range.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
    Ok(samples
        .frames
        .iter()
        .map(|range| {
            let n = range.len().max(1) as f64;
            let out = &frames[range.clone()];
            let score =
                out.iter().map(|f| (f64::from(f[0]) * 100.0).clamp(low, high)).sum::<f64>() / n;
            let stddev = if two {
                out.iter()
                    .map(|f| ((f64::from(f[1]) + LOGVAR_SHIFT).max(LOGVAR_FLOOR) / 2.0).exp())
                    .sum::<f64>()
                    / n
            } else {
                f64::NAN
            };
            Prediction { score, stddev }
        })
        .collect())
}

/// Raw outputs of every frame, on the scale of targets divided by 100.
pub fn predict_frames(
    weights: &Weights,
    samples: &Samples,
    codec: &[usize],
) -> Result<Vec<Vec<f32>>> {
    let codecs = weights.architecture.codecs;
    let rows = samples.z.len() / samples.width;
    let width = samples.width + codecs;
    let mut data = vec![0.0f32; rows * width];
    for (clip, frames) in samples.frames.iter().enumerate() {
        for frame in frames.clone() {
            let row = &mut data[frame * width..(frame + 1) * width];
            row[..samples.width].copy_from_slice(samples.row(frame));
            if codecs > 0 {
                row[samples.width + codec[clip]] = 1.0;
            }
        }
    }
    let network = Network::new(weights)?;
    let rows = Tensor::from_vec(data, (rows, width), &Device::Cpu)?;
    Ok(network.forward(&rows, None)?.detach().to_vec2::<f32>()?)
}

/// What identifies a checkpoint: a fit with another fingerprint is another fit.
pub mod checkpoint {
    use std::collections::HashMap;
    use std::path::Path;

    use anyhow::{Context as _, Result, bail};
    use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

    use super::{AdamW, Stage, State, Weights};
    use crate::artifact::write_atomic;
    use crate::network::{Architecture, Layer};

    /// Writes `state`, atomically.
    pub fn save(path: &Path, fingerprint: &str, state: &State) -> Result<()> {
        let mut arrays: Vec<(String, Vec<u8>, usize)> = Vec::new();
        let groups = [
            ("w", state.weights.flat()),
            ("m", state.optimiser.first.clone()),
            ("v", state.optimiser.second.clone()),
        ];
        for (prefix, values) in groups {
            for (i, array) in values.into_iter().enumerate() {
                let bytes = array.iter().flat_map(|x| x.to_le_bytes()).collect();
                arrays.push((format!("{prefix}{i:03}"), bytes, array.len()));
            }
        }
        let views = arrays
            .iter()
            .map(|(name, bytes, n)| {
                Ok((name.clone(), TensorView::new(Dtype::F32, vec![*n], bytes)?))
            })
            .collect::<Result<Vec<_>>>()?;
        let metadata = HashMap::from([
            ("fingerprint".to_owned(), fingerprint.to_owned()),
            ("stage".to_owned(), serde_json::to_string(&state.stage)?),
            ("done".to_owned(), state.done.to_string()),
            ("steps".to_owned(), state.optimiser.steps.to_string()),
            ("architecture".to_owned(), serde_json::to_string(&state.weights.architecture)?),
        ]);
        write_atomic(path, &serialize(views, Some(metadata))?)
    }

    /// Reads the state of the fit with this fingerprint; None where there is no file.
    pub fn load(path: &Path, fingerprint: &str) -> Result<Option<State>> {
        let bytes = match std::fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        parse(&bytes, fingerprint)
            .with_context(|| format!("checkpoint {}", path.display()))
            .map(Some)
    }

    fn parse(bytes: &[u8], fingerprint: &str) -> Result<State> {
        let (_, header) = SafeTensors::read_metadata(bytes)?;
        let metadata = header.metadata().as_ref().context("has no metadata")?;
        let field = |name: &str| metadata.get(name).with_context(|| format!("lacks {name:?}"));
        if field("fingerprint")? != fingerprint {
            bail!("belongs to another corpus, recipe or seed; delete it to start anew");
        }
        let tensors = SafeTensors::deserialize(bytes)?;
        let array = |name: String| -> Result<Vec<f32>> {
            Ok(tensors
                .tensor(&name)?
                .data()
                .chunks_exact(4)
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect())
        };
        let architecture: Architecture = serde_json::from_str(field("architecture")?)?;
        let widths = architecture.widths();
        let group = |prefix: &str| {
            (0..2 * widths.len())
                .map(|i| array(format!("{prefix}{i:03}")))
                .collect::<Result<Vec<_>>>()
        };
        let flat = group("w")?;
        let layers = widths
            .iter()
            .zip(flat.chunks(2))
            .map(|((inputs, _), pair)| Layer {
                inputs: *inputs,
                weight: pair[0].clone(),
                bias: pair[1].clone(),
            })
            .collect();
        let stage: Stage = serde_json::from_str(field("stage")?)?;
        Ok(State {
            stage,
            done: field("done")?.parse()?,
            weights: Weights { architecture, layers },
            optimiser: AdamW {
                first: group("m")?,
                second: group("v")?,
                steps: field("steps")?.parse()?,
            },
        })
    }
}
