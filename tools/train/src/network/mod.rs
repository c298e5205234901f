// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `FRRegressor` of this family: hidden layers `Linear -> Erf`, and one output that may also take the inputs as they are.

mod erf;
mod forward;

use anyhow::{Result, ensure};
use rand::Rng as _;
use rand_chacha::ChaCha8Rng;

pub(crate) use erf::erf_and_slope;
pub(crate) use forward::{Activations, ROWS, Strip, ZEROS, add_products, dot, sum};

/// Widths of a network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shape {
    /// Standardised features.
    pub features: usize,
    /// Inputs that code the codec, after the features.
    pub codec: usize,
    /// Units of each hidden layer.
    pub hidden: Vec<usize>,
    /// Whether the output also takes the inputs as they are.
    pub skip: bool,
}

/// Where a layer's numbers are among a network's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layer {
    /// Its inputs.
    pub inputs: usize,
    /// Its outputs.
    pub outputs: usize,
    /// First of its weights: one row of `inputs` for every output.
    pub weight: usize,
    /// First of its biases.
    pub bias: usize,
}

impl Shape {
    /// Inputs.
    pub fn inputs(&self) -> usize {
        self.features + self.codec
    }

    /// Hidden layers, then the output.
    pub fn layers(&self) -> Vec<Layer> {
        let mut at = 0;
        let mut inputs = self.inputs();
        self.hidden
            .iter()
            .chain(&[1])
            .map(|&outputs| {
                let layer = Layer { inputs, outputs, weight: at, bias: at + inputs * outputs };
                at = layer.bias + outputs;
                inputs = outputs;
                layer
            })
            .collect()
    }

    /// First of the weights by which the output takes each input, if it does.
    pub fn skip(&self) -> Option<usize> {
        let last = self.layers().pop()?;
        self.skip.then_some(last.bias + last.outputs)
    }

    /// How many numbers a network of this shape has.
    pub fn len(&self) -> usize {
        self.layers().last().map_or(0, |last| last.bias + last.outputs)
            + if self.skip { self.inputs() } else { 0 }
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// For every number, the input that it belongs to: first-layer weights and the skip's.
    pub fn input_of(&self) -> Vec<Option<usize>> {
        let mut of = vec![None; self.len()];
        let inputs = self.inputs();
        let first = self.layers()[0];
        for (i, slot) in of[first.weight..first.bias].iter_mut().enumerate() {
            *slot = Some(i % inputs);
        }
        if let Some(skip) = self.skip() {
            for (i, slot) in of[skip..].iter_mut().enumerate() {
                *slot = Some(i);
            }
        }
        of
    }

    /// Normal weights of variance 1 / inputs, hidden biases of deviation 1/2, skip weights of .1; the codec's start at 0, so
    /// that a codec-aware network starts as the codec-blind one of the same seed.
    pub fn random(&self, rng: &mut ChaCha8Rng) -> Vec<f32> {
        let mut numbers = vec![0.0; self.len()];
        let layers = self.layers();
        for (index, layer) in layers.iter().enumerate() {
            let drawn = if index == 0 { self.features } else { layer.inputs };
            let scale = (1.0 / drawn as f64).sqrt();
            for row in numbers[layer.weight..layer.bias].chunks_exact_mut(layer.inputs) {
                row[..drawn].fill_with(|| (scale * normal(rng)) as f32);
            }
            if index + 1 < layers.len() {
                numbers[layer.bias..layer.bias + layer.outputs]
                    .fill_with(|| (0.5 * normal(rng)) as f32);
            }
        }
        if let Some(skip) = self.skip() {
            numbers[skip..skip + self.features].fill_with(|| (0.1 * normal(rng)) as f32);
        }
        numbers
    }
}

/// Box-Muller on the seeded generator.
fn normal(rng: &mut ChaCha8Rng) -> f64 {
    let u: f64 = 1.0 - rng.random::<f64>();
    let v: f64 = rng.random();
    (-2.0 * u.ln()).sqrt() * (std::f64::consts::TAU * v).cos()
}

/// A network as numbers: what is exported.
#[derive(Debug, Clone, PartialEq)]
pub struct Network {
    /// Widths.
    pub shape: Shape,
    /// Weights and biases, as [`Shape::layers`] and [`Shape::skip`] lay them out.
    pub numbers: Vec<f32>,
}

/// How a codec enters a network: a row of inputs for every codec.
#[derive(Debug, Clone, PartialEq)]
pub struct CodecCode {
    /// Inputs of each codec; empty for a codec-blind network.
    pub rows: Vec<Vec<f32>>,
}

impl CodecCode {
    /// Inputs that a codec takes.
    pub fn width(&self) -> usize {
        self.rows.first().map_or(0, Vec::len)
    }

    /// Rows of `features` standardised values, each followed by its codec's inputs.
    ///
    /// # Errors
    /// A codec that this does not know.
    pub fn append(&self, z: &[f32], features: usize, codec: &[usize]) -> Result<Vec<f32>> {
        ensure!(
            z.len() == codec.len() * features,
            "{} values for {} rows of {features} features",
            z.len(),
            codec.len()
        );
        if self.rows.is_empty() {
            return Ok(z.to_vec());
        }
        let mut rows = Vec::with_capacity(codec.len() * (features + self.width()));
        for (z, &codec) in z.chunks_exact(features).zip(codec) {
            ensure!(
                codec < self.rows.len(),
                "codec {codec}, expected less than {}",
                self.rows.len()
            );
            rows.extend_from_slice(z);
            rows.extend_from_slice(&self.rows[codec]);
        }
        Ok(rows)
    }
}
