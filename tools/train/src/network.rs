// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `FRRegressor`: `depth` times `Linear -> GELU(erf) -> Dropout`, then a linear output of one or two columns.

use anyhow::{Result, ensure};
use candle_core::{Device, Tensor, Var};
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Widths of a network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Architecture {
    /// Standardised features.
    pub features: usize,
    /// Width of the codec one-hot that follows them; 0 for a codec-blind network.
    pub codecs: usize,
    /// Units of each hidden layer.
    pub hidden: usize,
    /// Hidden layers.
    pub depth: usize,
    /// 1: score; 2: score and log-variance.
    pub outputs: usize,
}

/// A layer's weights [out, in], row-major, and biases [out].
#[derive(Debug, Clone, PartialEq)]
pub struct LayerWeights {
    /// Inputs.
    pub inputs: usize,
    /// Weights, one row per output.
    pub weight: Vec<f32>,
    /// One per output.
    pub bias: Vec<f32>,
}

/// A network as numbers: what is exported.
#[derive(Debug, Clone, PartialEq)]
pub struct Weights {
    /// Widths.
    pub architecture: Architecture,
    /// Hidden layers, then the output.
    pub layers: Vec<LayerWeights>,
}

impl Architecture {
    /// (inputs, outputs) of each layer.
    pub fn widths(&self) -> Vec<(usize, usize)> {
        let mut widths = Vec::with_capacity(self.depth + 1);
        let mut inputs = self.features + self.codecs;
        for _ in 0..self.depth {
            widths.push((inputs, self.hidden));
            inputs = self.hidden;
        }
        widths.push((inputs, self.outputs));
        widths
    }
}

/// A network that can be differentiated.
pub struct Network {
    architecture: Architecture,
    /// Weight and bias of each layer in turn.
    parameters: Vec<Var>,
}

impl Weights {
    /// Normal weights of variance 1/inputs and zero biases; the codec's columns start at 0, so that a codec-aware
    /// network starts as the codec-blind one of the same seed.
    pub fn random(architecture: &Architecture, rng: &mut ChaCha8Rng) -> Self {
        let layers = architecture
            .widths()
            .into_iter()
            .enumerate()
            .map(|(index, (inputs, outputs))| {
                let drawn = if index == 0 { architecture.features } else { inputs };
                let scale = (1.0 / drawn as f64).sqrt();
                let mut weight = vec![0.0; inputs * outputs];
                for row in weight.chunks_mut(inputs) {
                    for w in &mut row[..drawn] {
                        *w = (scale * normal(rng)) as f32;
                    }
                }
                LayerWeights { inputs, weight, bias: vec![0.0; outputs] }
            })
            .collect();
        Self { architecture: architecture.clone(), layers }
    }

    /// The same function with more inputs (codec columns of 0) and outputs (a log-variance of 0).
    #[must_use]
    pub fn widened(&self, codecs: usize, outputs: usize) -> Self {
        let mut wide = self.clone();
        let first = &mut wide.layers[0];
        let inputs = self.architecture.features + codecs;
        let mut weight = vec![0.0; inputs * first.bias.len()];
        for (to, from) in weight.chunks_mut(inputs).zip(first.weight.chunks(first.inputs)) {
            let n = from.len().min(inputs);
            to[..n].copy_from_slice(&from[..n]);
        }
        first.weight = weight;
        first.inputs = inputs;
        if let Some(last) = wide.layers.last_mut() {
            last.weight.resize(outputs * last.inputs, 0.0);
            last.bias.resize(outputs, 0.0);
        }
        wide.architecture.codecs = codecs;
        wide.architecture.outputs = outputs;
        wide
    }

    /// All numbers in one vector: what a checkpoint keeps.
    pub fn flat(&self) -> Vec<Vec<f32>> {
        self.layers.iter().flat_map(|layer| [layer.weight.clone(), layer.bias.clone()]).collect()
    }
}

/// Box-Muller on the seeded generator.
///
/// Own code: `rand_distr` draws its normals by another method, so the same seed would train other weights.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let u: f64 = 1.0 - rng.random::<f64>();
    let v: f64 = rng.random();
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

impl Network {
    /// A differentiable copy.
    pub fn new(weights: &Weights) -> Result<Self> {
        let device = Device::Cpu;
        let mut parameters = Vec::new();
        for (layer, (inputs, outputs)) in weights.layers.iter().zip(weights.architecture.widths()) {
            ensure!(
                layer.weight.len() == inputs * outputs && layer.bias.len() == outputs,
                "layer widths disagree"
            );
            parameters.push(Var::from_slice(&layer.weight, (outputs, inputs), &device)?);
            parameters.push(Var::from_slice(&layer.bias, outputs, &device)?);
        }
        Ok(Self { architecture: weights.architecture.clone(), parameters })
    }

    /// Its numbers.
    pub fn weights(&self) -> Result<Weights> {
        let layers = self
            .parameters
            .chunks(2)
            .zip(self.architecture.widths())
            .map(|(pair, (inputs, _))| {
                Ok(LayerWeights {
                    inputs,
                    weight: pair[0].flatten_all()?.to_vec1()?,
                    bias: pair[1].to_vec1()?,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self::wrap(&self.architecture, layers))
    }

    fn wrap(architecture: &Architecture, layers: Vec<LayerWeights>) -> Weights {
        Weights { architecture: architecture.clone(), layers }
    }

    /// Widths.
    pub fn architecture(&self) -> &Architecture {
        &self.architecture
    }

    /// Weight and bias of each layer in turn.
    pub fn parameters(&self) -> &[Var] {
        &self.parameters
    }

    /// Activations before the output layer, of rows [n, features + codecs]; with dropout if `dropout` is given.
    pub fn hidden(
        &self,
        rows: &Tensor,
        mut dropout: Option<(f32, &mut ChaCha8Rng)>,
    ) -> Result<Tensor> {
        let mut x = rows.clone();
        for pair in self.parameters[..2 * self.architecture.depth].chunks(2) {
            x = linear(&x, &pair[0], &pair[1])?.gelu_erf()?;
            if let Some((rate, rng)) = dropout.as_mut()
                && *rate > 0.0
            {
                let keep = 1.0 - *rate;
                let mask: Vec<f32> = (0..x.elem_count())
                    .map(|_| if rng.random::<f32>() < keep { 1.0 / keep } else { 0.0 })
                    .collect();
                x = (x.clone() * Tensor::from_vec(mask, x.shape(), x.device())?)?;
            }
        }
        Ok(x)
    }

    /// Outputs [n, outputs].
    pub fn forward(
        &self,
        rows: &Tensor,
        dropout: Option<(f32, &mut ChaCha8Rng)>,
    ) -> Result<Tensor> {
        self.output(&self.hidden(rows, dropout)?)
    }

    /// The output layer alone.
    pub fn output(&self, hidden: &Tensor) -> Result<Tensor> {
        let last = self.parameters.len() - 2;
        linear(hidden, &self.parameters[last], &self.parameters[last + 1])
    }
}

fn linear(x: &Tensor, weight: &Tensor, bias: &Tensor) -> Result<Tensor> {
    Ok(x.matmul(&weight.t()?)?.broadcast_add(bias)?)
}
