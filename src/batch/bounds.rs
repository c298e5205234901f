// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Whether every value is inside its feature's range, several values at a time.

// What is not part of the function that enables the instructions is a call per instruction.
#![allow(clippy::inline_always)]

use super::InputColumn;
use crate::catalogue;
#[cfg(target_arch = "x86_64")]
use crate::simd::Avx2;
use crate::simd::{InstructionSet, Instructions, Portable, Task};

/// Values that are compared at a time: a vector of AVX2, two of smaller ones.
const LANES: usize = 8;

/// The range of each column, repeated for `LANES` rows, so that whole vectors fit any number of columns.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    set: InstructionSet,
    low: Vec<f32>,
    high: Vec<f32>,
}

impl Bounds {
    pub(super) fn new(columns: &[InputColumn], set: InstructionSet) -> Self {
        let bounds = |c: &InputColumn| {
            let [low, high] = c.range.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
            catalogue::feature(&c.name).map_or((low, high), |f| (f.low.max(low), f.high.min(high)))
        };
        let low = |c: &InputColumn| {
            let low = up(bounds(c).0);
            if c.above_minus_1 { low.max((-1.0_f32).next_up()) } else { low }
        };
        let low: Vec<f32> = columns.iter().map(low).collect();
        let high: Vec<f32> = columns.iter().map(|c| down(bounds(c).1)).collect();
        Self { set, low: low.repeat(LANES), high: high.repeat(LANES) }
    }

    /// Whether every value of whole rows is inside its range; NaN is not.
    pub(super) fn all_inside(&self, values: &[f32]) -> bool {
        let check = Check { bounds: self, values };
        match self.set {
            // Wider vectors gain nothing here.
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512(set) => Avx2::from(set).enable(check),
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2(set) => set.enable(check),
            InstructionSet::Portable => Portable.enable(check),
        }
    }

    /// Whether one value is inside the range of its column.
    pub(super) fn is_inside(&self, column: usize, x: f32) -> bool {
        (self.low[column]..=self.high[column]).contains(&x)
    }
}

struct Check<'a> {
    bounds: &'a Bounds,
    values: &'a [f32],
}

impl Task<bool> for Check<'_> {
    #[inline(always)]
    fn run(self) -> bool {
        let Bounds { low, high, .. } = self.bounds;
        let mut outside = [0; LANES];
        for rows in self.values.chunks(low.len()) {
            let (x, rest) = rows.as_chunks();
            for ((x, low), high) in x.iter().zip(low.as_chunks().0).zip(high.as_chunks().0) {
                add(&mut outside, x, low, high);
            }
            if rest.is_empty() {
                continue;
            }
            let from = rows.len().saturating_sub(LANES);
            if let (Some(x), Some(low), Some(high)) =
                (rows[from..].first_chunk(), low[from..].first_chunk(), high[from..].first_chunk())
            {
                // The last ones overlap those before.
                add(&mut outside, x, low, high);
            } else {
                for ((&x, &low), &high) in rows.iter().zip(low).zip(high) {
                    outside[0] |= is_outside(x, low, high);
                }
            }
        }
        outside.iter().fold(0, |any, lane| any | lane) == 0
    }
}

/// Adds what is outside to each lane. No early exit: a few instructions for many values.
#[inline(always)]
fn add(outside: &mut [u32; LANES], x: &[f32; LANES], low: &[f32; LANES], high: &[f32; LANES]) {
    for i in 0..LANES {
        outside[i] |= is_outside(x[i], low[i], high[i]);
    }
}

/// All bits if `x` is below `low`, above `high` or NaN, else none.
#[inline(always)]
fn is_outside(x: f32, low: f32, high: f32) -> u32 {
    let all_bits = |condition: bool| u32::from(condition).wrapping_neg();
    all_bits(x < low) | all_bits(x > high) | all_bits(x.is_nan())
}

/// The smallest finite f32 that is not below `x`.
pub(super) fn up(x: f64) -> f32 {
    let near = x.clamp(f64::from(f32::MIN), f64::from(f32::MAX)) as f32;
    if f64::from(near) < x { near.next_up() } else { near }
}

/// The largest finite f32 that is not above `x`.
pub(super) fn down(x: f64) -> f32 {
    -up(-x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_value_of_every_width_is_looked_at() {
        for set in InstructionSet::available() {
            for width in 1..=23 {
                let columns: Vec<InputColumn> = (0..width)
                    .map(|i| InputColumn {
                        name: format!("f{i}"),
                        range: Some([f64::from(i), f64::from(i) + 1.0]),
                        above_minus_1: false,
                        may_be_missing: false,
                    })
                    .collect();
                let bounds = Bounds::new(&columns, set);
                for n in [1, 2, 3, 7, 8, 9, 20] {
                    let row = (0..width).map(|i| i as f32 + 0.5);
                    let mut values: Vec<f32> = row.collect::<Vec<_>>().repeat(n);
                    assert!(bounds.all_inside(&values));
                    for i in 0..values.len() {
                        let good = values[i];
                        let infinite = [f32::INFINITY, f32::NEG_INFINITY];
                        for bad in [good - 0.51, good + 0.51, f32::NAN].into_iter().chain(infinite)
                        {
                            values[i] = bad;
                            assert!(!bounds.all_inside(&values), "{width} {n} {i} {bad}");
                            assert!(!bounds.is_inside(i % columns.len(), bad));
                        }
                        for edge in [good - 0.5, good + 0.5] {
                            values[i] = edge;
                            assert!(bounds.all_inside(&values));
                        }
                        values[i] = good;
                    }
                }
            }
        }
    }
}
