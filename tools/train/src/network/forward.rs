// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A network applied to rows, a block of them at a time.
//!
//! A block is laid out by column, so that one instruction works on the same unit of several rows. Sums are taken in one
//! order, whatever the processor.

use super::{Layer, Network, Shape, erf_and_slope};

/// Rows whose sums fit the registers.
const LANES: usize = 16;
/// Rows of a block.
pub(crate) const ROWS: usize = 64;

/// Some rows' values of one unit.
pub(crate) type Lanes = [f32; LANES];
/// One unit of every row of a block.
pub(crate) type Strip = [Lanes; ROWS / LANES];

/// Nothing in any row.
pub(crate) const ZEROS: Strip = [[0.0; LANES]; ROWS / LANES];

/// What a network makes of a block, layer by layer.
pub(crate) struct Activations {
    layers: Vec<Layer>,
    skip: Option<usize>,
    /// Inputs, then the values of each hidden layer.
    pub(crate) values: Vec<Vec<Strip>>,
    /// Derivatives of each hidden layer's values by what went into its erf.
    pub(crate) slopes: Vec<Vec<Strip>>,
    /// The output.
    pub(crate) output: Strip,
}

impl Activations {
    pub(crate) fn new(shape: &Shape) -> Self {
        let zeros = |n: usize| vec![ZEROS; n];
        let slopes: Vec<Vec<Strip>> = shape.hidden.iter().map(|&n| zeros(n)).collect();
        let mut values = vec![zeros(shape.inputs())];
        values.extend(slopes.iter().cloned());
        Self {
            layers: shape.layers(),
            skip: shape.skip(),
            values,
            slopes,
            output: [[0.0; LANES]; ROWS / LANES],
        }
    }

    /// Takes up to [`ROWS`] rows; the rest of the block keeps what it had.
    pub(crate) fn load<'a>(&mut self, rows: impl Iterator<Item = &'a [f32]>) {
        for (r, row) in rows.enumerate() {
            for (column, &x) in self.values[0].iter_mut().zip(row) {
                column.as_flattened_mut()[r] = x;
            }
        }
    }

    /// Computes everything from the inputs.
    pub(crate) fn run(&mut self, numbers: &[f32]) {
        for (index, layer) in self.layers.iter().enumerate() {
            let (before, after) = self.values.split_at_mut(index + 1);
            let inputs = &before[index];
            let weights = numbers[layer.weight..layer.bias].chunks_exact(layer.inputs);
            let units = weights.zip(&numbers[layer.bias..layer.bias + layer.outputs]);
            if index == self.slopes.len() {
                for (weights, &bias) in units {
                    self.output = [[bias; LANES]; ROWS / LANES];
                    add_products(weights, inputs, &mut self.output);
                }
                break;
            }
            for ((weights, &bias), (value, slope)) in
                units.zip(after[0].iter_mut().zip(&mut self.slopes[index]))
            {
                let mut sum = [[bias; LANES]; ROWS / LANES];
                add_products(weights, inputs, &mut sum);
                let sums = sum.as_flattened().iter();
                let units = value.as_flattened_mut().iter_mut().zip(slope.as_flattened_mut());
                for (&sum, (value, slope)) in sums.zip(units) {
                    (*value, *slope) = erf_and_slope(sum);
                }
            }
        }
        if let Some(skip) = self.skip {
            add_products(&numbers[skip..], &self.values[0], &mut self.output);
        }
    }
}

/// Adds the sum of weight times column.
pub(crate) fn add_products(weights: &[f32], columns: &[Strip], sum: &mut Strip) {
    for (part, sum) in sum.iter_mut().enumerate() {
        for (&weight, column) in weights.iter().zip(columns) {
            let x = &column[part];
            // By value, so that the sums stay in registers.
            *sum = std::array::from_fn(|lane| sum[lane] + weight * x[lane]);
        }
    }
}

/// The sum of the products of two columns.
pub(crate) fn dot(a: &Strip, b: &Strip) -> f32 {
    let mut sums = [0.0; LANES];
    for (a, b) in a.iter().zip(b) {
        sums = std::array::from_fn(|lane| sums[lane] + a[lane] * b[lane]);
    }
    total(sums)
}

/// The sum of a column.
pub(crate) fn sum(a: &Strip) -> f32 {
    let mut sums = [0.0; LANES];
    for a in a {
        sums = std::array::from_fn(|lane| sums[lane] + a[lane]);
    }
    total(sums)
}

/// Halves are added, so that vectors can.
fn total(sums: Lanes) -> f32 {
    let sums: [f32; 8] = std::array::from_fn(|lane| sums[lane] + sums[lane + 8]);
    let sums: [f32; 4] = std::array::from_fn(|lane| sums[lane] + sums[lane + 4]);
    (sums[0] + sums[2]) + (sums[1] + sums[3])
}

impl Network {
    /// The output of every row, row-major, of inputs.
    pub fn outputs(&self, rows: &[f32]) -> Vec<f32> {
        let width = self.shape.inputs();
        let mut block = Activations::new(&self.shape);
        let mut out = Vec::with_capacity(rows.len() / width);
        for rows in rows.chunks(width * ROWS) {
            block.load(rows.chunks_exact(width));
            block.run(&self.numbers);
            out.extend_from_slice(&block.output.as_flattened()[..rows.len() / width]);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;
    use statrs::function::erf::erf;

    #[test]
    fn outputs_are_those_of_the_formula() {
        let mut rng = ChaCha8Rng::seed_from_u64(3);
        for (hidden, skip) in
            [(vec![5, 3], true), (vec![7], false), (vec![4, 4, 2], true), (vec![], true)]
        {
            let shape = Shape { features: 4, codec: 1, hidden, skip };
            let mut numbers = shape.random(&mut rng);
            for x in &mut numbers {
                *x += rng.random_range(-0.1..0.1);
            }
            let network = Network { shape: shape.clone(), numbers };
            let rows: Vec<f32> = (0..5 * 131).map(|_| rng.random_range(-3.0..3.0)).collect();
            let outputs = network.outputs(&rows);
            assert_eq!(outputs.len(), 131);
            for (row, &output) in rows.chunks(5).zip(&outputs) {
                let row: Vec<f64> = row.iter().map(|&x| f64::from(x)).collect();
                let number = |i: usize| f64::from(network.numbers[i]);
                let (mut x, mut expected) = (row.clone(), 0.0);
                let layers = shape.layers();
                for (index, layer) in layers.iter().enumerate() {
                    let sums: Vec<f64> = (0..layer.outputs)
                        .map(|o| {
                            let weight = layer.weight + o * layer.inputs;
                            number(layer.bias + o)
                                + x.iter()
                                    .enumerate()
                                    .map(|(i, x)| number(weight + i) * x)
                                    .sum::<f64>()
                        })
                        .collect();
                    if index + 1 == layers.len() {
                        expected = sums[0];
                    }
                    x = sums.into_iter().map(erf).collect();
                }
                if let Some(skip) = shape.skip() {
                    expected +=
                        row.iter().enumerate().map(|(i, x)| number(skip + i) * x).sum::<f64>();
                }
                assert!((f64::from(output) - expected).abs() < 1e-5, "{output} is not {expected}");
            }
        }
    }
}
