// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `AdamW`.
//!
//! Own code: candle-nn's optimiser keeps its moments private, and a resumed training needs them.

use anyhow::Result;
use candle_core::Tensor;

use crate::network::{Network, Weights};

/// The optimiser's state: what a checkpoint keeps besides the weights.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AdamW {
    /// Running mean of each parameter's gradient.
    pub(super) first: Vec<Vec<f32>>,
    /// Running mean of its square.
    pub(super) second: Vec<Vec<f32>>,
    /// Steps done.
    pub(super) steps: i32,
}

impl AdamW {
    pub(super) fn new(weights: &Weights) -> Self {
        let zeros: Vec<Vec<f32>> = weights.flat().iter().map(|p| vec![0.0; p.len()]).collect();
        Self { first: zeros.clone(), second: zeros, steps: 0 }
    }

    /// One step; `share` is the part of the rate at which an element of a parameter moves, 1 if it is `None`.
    pub(super) fn step(
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
