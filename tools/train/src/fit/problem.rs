// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What is fitted, to what, and the batches that the stages draw from it.
//!
//! Random numbers come from a generator keyed by (seed, stage, step), so that a resumed fit draws what an
//! uninterrupted one would have drawn.

use anyhow::{Result, ensure};
use candle_core::{Device, Tensor};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::state::FitStage;
use crate::recipe::Recipe;
use crate::samples::Samples;

/// Steps of a full-batch stage between two checkpoints.
pub(super) const STEPS_PER_UNIT: usize = 20;

/// A network's inputs and outputs, its data, its recipe and its seed.
pub(super) struct Problem<'a> {
    pub(super) samples: &'a Samples,
    pub(super) recipe: &'a Recipe,
    /// Width of the codec block.
    pub(super) codecs: usize,
    /// 1: score; 2: score and log-variance.
    pub(super) outputs: usize,
    pub(super) seed: u64,
}

/// Targets and weights of clips, one each.
pub(super) struct Targets {
    pub(super) target: Tensor,
    pub(super) weight: Tensor,
}

impl Problem<'_> {
    /// Refuses what no fit can do.
    pub(super) fn check(&self) -> Result<()> {
        let recipe = self.recipe;
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
            self.samples.codec.iter().all(|&c| self.codecs == 0 || c < self.codecs),
            "a codec id is outside the block of {}",
            self.codecs
        );
        Ok(())
    }

    /// The generator of one step of a stage.
    pub(super) fn rng(&self, stage: FitStage, step: u64) -> ChaCha8Rng {
        let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
        rng.set_stream(((stage as u64) << 56) | step);
        rng
    }

    /// Passes of the pre-training, which needs a teacher.
    pub(super) fn pretrain_epochs(&self) -> usize {
        if self.samples.teacher.is_empty() { 0 } else { self.recipe.pretrain_epochs }
    }

    /// Steps of the variance stage, which needs a second output.
    pub(super) fn variance_steps(&self) -> usize {
        if self.outputs == 2 { self.recipe.variance_steps } else { 0 }
    }

    /// Clips with a weight.
    pub(super) fn clips(&self) -> Vec<usize> {
        (0..self.samples.frames.len()).filter(|&i| self.samples.weight[i] > 0.0).collect()
    }

    /// Rows [n, features + codecs] of frames; with feature dropout, each row loses each feature at a rate that is itself
    /// uniform between 0 and twice `dropout`, so that a network meets rows with nothing and with much missing.
    pub(super) fn rows(
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

    /// Rows of `frames` random frames of each clip, clip by clip.
    pub(super) fn batch(
        &self,
        clips: &[usize],
        frames: usize,
        rng: &mut ChaCha8Rng,
    ) -> Result<Tensor> {
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

    /// Targets and weights of `clips`.
    pub(super) fn targets(&self, clips: &[usize]) -> Result<Targets> {
        let pick = |values: &[f32]| clips.iter().map(|&i| values[i]).collect::<Vec<f32>>();
        Ok(Targets {
            target: Tensor::from_vec(pick(&self.samples.target), clips.len(), &Device::Cpu)?,
            weight: Tensor::from_vec(pick(&self.samples.weight), clips.len(), &Device::Cpu)?,
        })
    }
}
