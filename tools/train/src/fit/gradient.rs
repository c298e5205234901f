// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A network's outputs on a batch, and the gradient of a loss by its numbers.
//!
//! Own code: a network of 500 numbers is so small that a tensor library spends its time between the operations.

use crate::network::{Activations, Layer, ROWS, Shape, Strip, ZEROS, add_products, dot, sum};

/// A batch of rows, and what a network makes of them.
pub(super) struct Batch {
    layers: Vec<Layer>,
    skip: Option<usize>,
    width: usize,
    blocks: Vec<Activations>,
    rows: usize,
    /// Derivatives of the loss by the units of a layer, and of the one before it.
    by: [Vec<Strip>; 2],
    /// The weights of one of its inputs.
    weights: Vec<f32>,
}

impl Batch {
    pub(super) fn new(shape: &Shape, rows: usize) -> Self {
        let widest = shape.hidden.iter().copied().max().unwrap_or(1);
        Self {
            layers: shape.layers(),
            skip: shape.skip(),
            width: shape.inputs(),
            blocks: (0..rows.div_ceil(ROWS)).map(|_| Activations::new(shape)).collect(),
            rows,
            by: [(); 2].map(|()| vec![ZEROS; widest]),
            weights: Vec::new(),
        }
    }

    /// Outputs for the given rows of `inputs`.
    pub(super) fn outputs(
        &mut self,
        numbers: &[f32],
        inputs: &[f32],
        rows: &[usize],
        outputs: &mut Vec<f32>,
    ) {
        debug_assert_eq!(rows.len(), self.rows);
        let width = self.width;
        outputs.clear();
        for (block, rows) in self.blocks.iter_mut().zip(rows.chunks(ROWS)) {
            block.load(rows.iter().map(|&row| &inputs[row * width..(row + 1) * width]));
            block.run(numbers);
            outputs.extend_from_slice(&block.output.as_flattened()[..rows.len()]);
        }
    }

    /// Adds the gradient of a loss by the numbers to `gradient`, from its derivatives by the outputs of the last call of
    /// [`Self::outputs`] with the same numbers.
    pub(super) fn add_gradient(
        &mut self,
        numbers: &[f32],
        by_output: &[f32],
        gradient: &mut [f32],
    ) {
        for (block, part) in self.blocks.iter().zip(by_output.chunks(ROWS)) {
            let mut column = ZEROS;
            column.as_flattened_mut()[..part.len()].copy_from_slice(part);
            if let Some(skip) = self.skip {
                for (weight, x) in gradient[skip..].iter_mut().zip(&block.values[0]) {
                    *weight += dot(x, &column);
                }
            }
            self.by[0][0] = column;
            for (index, layer) in self.layers.iter().enumerate().rev() {
                let [by, next] = &mut self.by;
                let by = &mut by[..layer.outputs];
                if let Some(slopes) = block.slopes.get(index) {
                    // From a unit's value to what went into its erf.
                    for (by, slope) in by.iter_mut().zip(slopes) {
                        for (by, slope) in
                            by.as_flattened_mut().iter_mut().zip(slope.as_flattened())
                        {
                            *by *= slope;
                        }
                    }
                }
                let weights = gradient[layer.weight..layer.bias].chunks_exact_mut(layer.inputs);
                for (weights, by) in weights.zip(&*by) {
                    for (weight, x) in weights.iter_mut().zip(&block.values[index]) {
                        *weight += dot(x, by);
                    }
                }
                for (total, by) in gradient[layer.bias..].iter_mut().zip(&*by) {
                    *total += sum(by);
                }
                if index == 0 {
                    break;
                }
                for (i, next) in next[..layer.inputs].iter_mut().enumerate() {
                    self.weights.clear();
                    self.weights.extend(
                        numbers[layer.weight..layer.bias].iter().skip(i).step_by(layer.inputs),
                    );
                    *next = ZEROS;
                    add_products(&self.weights, by, next);
                }
                self.by.swap(0, 1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn gradients_are_those_of_finite_differences() {
        let mut rng = ChaCha8Rng::seed_from_u64(9);
        for (hidden, skip) in
            [(vec![5, 3], true), (vec![3, 6], false), (vec![4], true), (vec![2, 3, 4], true)]
        {
            let shape = Shape { features: 3, codec: 2, hidden, skip };
            let numbers: Vec<f32> = (0..shape.len()).map(|_| rng.random_range(-0.7..0.7)).collect();
            let inputs: Vec<f32> = (0..5 * 200).map(|_| rng.random_range(-2.0..2.0)).collect();
            let rows: Vec<usize> = (0..150).map(|_| rng.random_range(0..200)).collect();
            let weight: Vec<f32> = rows.iter().map(|_| rng.random_range(-1.0..1.0)).collect();
            // A weighted sum of squares.
            let loss = |numbers: &[f32]| -> (f64, Vec<f32>) {
                let mut outputs = Vec::new();
                Batch::new(&shape, rows.len()).outputs(numbers, &inputs, &rows, &mut outputs);
                let loss = outputs.iter().zip(&weight).map(|(f, w)| f64::from(w * f * f)).sum();
                (loss, outputs)
            };
            let mut batch = Batch::new(&shape, rows.len());
            let mut outputs = Vec::new();
            let mut gradient = vec![0.0; shape.len()];
            // Twice: nothing of the first pass may stay.
            for _ in 0..2 {
                gradient.fill(0.0);
                batch.outputs(&numbers, &inputs, &rows, &mut outputs);
                let by: Vec<f32> = outputs.iter().zip(&weight).map(|(f, w)| 2.0 * w * f).collect();
                batch.add_gradient(&numbers, &by, &mut gradient);
            }
            assert_eq!(loss(&numbers).1, outputs);
            for (i, &g) in gradient.iter().enumerate() {
                const STEP: f32 = 1e-2;
                let moved = |step: f32| {
                    let mut numbers = numbers.clone();
                    numbers[i] += step;
                    loss(&numbers).0
                };
                let slope = (moved(STEP) - moved(-STEP)) / f64::from(2.0 * STEP);
                let difference = (slope - f64::from(g)).abs();
                assert!(difference < 2e-2 * (1.0 + slope.abs()), "{i}: {slope} is not {g}");
            }
        }
    }
}
