// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Whether every value is one that its feature can have, several values at a time.

// What is not part of the function that enables the instructions is a call per instruction.
#![allow(clippy::inline_always)]

use super::InputColumn;
use crate::catalogue;
use crate::simd::{InstructionSet, Instructions, Portable, Task};

/// Values that are compared at a time: what one or two vectors of every instruction set hold.
const LANES: usize = 8;

/// What each column may hold. The constants are repeated for `LANES` rows, so that they fit any number of columns.
#[derive(Debug, Clone)]
pub(super) struct Bounds {
    set: InstructionSet,
    low: Vec<f32>,
    high: Vec<f32>,
    /// All bits if the feature may be missing, else none.
    may_be_missing: Vec<u32>,
    any_may_be_missing: bool,
}

/// What a check of many values found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Values {
    /// Every value is there and possible.
    Possible,
    /// Every value is possible, or NaN in a column that may be missing.
    SomeMissing,
    /// At least one is neither.
    Impossible,
}

impl Bounds {
    pub(super) fn new(columns: &[InputColumn], set: InstructionSet) -> Self {
        let bounds = |c: &InputColumn| {
            let [low, high] = c.range.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
            catalogue::feature(&c.name).map_or((low, high), |f| (f.low.max(low), f.high.min(high)))
        };
        let low: Vec<f32> = columns.iter().map(|c| up(bounds(c).0)).collect();
        let high: Vec<f32> = columns.iter().map(|c| down(bounds(c).1)).collect();
        let missing: Vec<u32> = columns.iter().map(|c| all_bits(c.may_be_missing)).collect();
        Self {
            set,
            low: low.repeat(LANES),
            high: high.repeat(LANES),
            may_be_missing: missing.repeat(LANES),
            any_may_be_missing: columns.iter().any(|c| c.may_be_missing),
        }
    }

    /// Checks whole rows.
    pub(super) fn check(&self, values: &[f32]) -> Values {
        if self.any_may_be_missing {
            self.run(Check::<true> { bounds: self, values })
        } else {
            self.run(Check::<false> { bounds: self, values })
        }
    }

    fn run(&self, check: impl Task<Values>) -> Values {
        match self.set {
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512(set) => set.enable(check),
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2(set) => set.enable(check),
            InstructionSet::Portable => Portable.enable(check),
        }
    }
}

struct Check<'a, const MAY_BE_MISSING: bool> {
    bounds: &'a Bounds,
    values: &'a [f32],
}

impl<const MAY_BE_MISSING: bool> Task<Values> for Check<'_, MAY_BE_MISSING> {
    #[inline(always)]
    fn run(self) -> Values {
        let Bounds { low, high, may_be_missing, .. } = self.bounds;
        let mut found = Found::default();
        for rows in self.values.chunks(low.len()) {
            let (x, rest) = rows.as_chunks();
            let constants =
                low.as_chunks().0.iter().zip(high.as_chunks().0).zip(may_be_missing.as_chunks().0);
            for (x, ((low, high), missing)) in x.iter().zip(constants) {
                found.add::<MAY_BE_MISSING>(x, low, high, missing);
            }
            if rest.is_empty() {
                continue;
            }
            // The last ones overlap those before; fewer than LANES values in all are filled up with copies of the first.
            if let Some(x) = rows.last_chunk() {
                let from = rows.len() - LANES;
                let (Some(low), Some(high), Some(missing)) = (
                    low[from..].first_chunk(),
                    high[from..].first_chunk(),
                    may_be_missing[from..].first_chunk(),
                ) else {
                    continue;
                };
                found.add::<MAY_BE_MISSING>(x, low, high, missing);
            } else {
                let place = |i: usize| if i < rows.len() { i } else { 0 };
                found.add::<MAY_BE_MISSING>(
                    &std::array::from_fn(|i| rows[place(i)]),
                    &std::array::from_fn(|i| low[place(i)]),
                    &std::array::from_fn(|i| high[place(i)]),
                    &std::array::from_fn(|i| may_be_missing[place(i)]),
                );
            }
        }
        found.values()
    }
}

/// Per lane all bits if something was found. No early exit: a few instructions for many values.
#[derive(Default)]
struct Found {
    impossible: [u32; LANES],
    missing: [u32; LANES],
}

impl Found {
    #[inline(always)]
    fn add<const MAY_BE_MISSING: bool>(
        &mut self,
        x: &[f32; LANES],
        low: &[f32; LANES],
        high: &[f32; LANES],
        may_be_missing: &[u32; LANES],
    ) {
        for i in 0..LANES {
            // NaN is neither.
            let outside = all_bits(x[i] < low[i]) | all_bits(x[i] > high[i]);
            let nan = all_bits(x[i].is_nan());
            if MAY_BE_MISSING {
                self.impossible[i] |= outside | (nan & !may_be_missing[i]);
                self.missing[i] |= nan;
            } else {
                self.impossible[i] |= outside | nan;
            }
        }
    }

    #[inline(always)]
    fn values(self) -> Values {
        let any = |lanes: [u32; LANES]| lanes.iter().fold(0, |any, lane| any | lane) != 0;
        if any(self.impossible) {
            Values::Impossible
        } else if any(self.missing) {
            Values::SomeMissing
        } else {
            Values::Possible
        }
    }
}

#[inline(always)]
fn all_bits(condition: bool) -> u32 {
    u32::from(condition).wrapping_neg()
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
                for optional in [false, true] {
                    let columns: Vec<InputColumn> = (0..width)
                        .map(|i| InputColumn {
                            name: format!("f{i}"),
                            range: Some([0.0, 1.0]),
                            may_be_missing: optional && i % 2 == 0,
                        })
                        .collect();
                    let bounds = Bounds::new(&columns, set);
                    for n in [1, 2, 3, 7, 8, 9, 20] {
                        let mut values = vec![0.5; n * width];
                        assert_eq!(bounds.check(&values), Values::Possible);
                        for i in 0..values.len() {
                            for bad in [-0.01, 1.01, f32::INFINITY, f32::NEG_INFINITY] {
                                values[i] = bad;
                                assert_eq!(bounds.check(&values), Values::Impossible);
                            }
                            values[i] = f32::NAN;
                            let expected = if columns[i % width].may_be_missing {
                                Values::SomeMissing
                            } else {
                                Values::Impossible
                            };
                            assert_eq!(bounds.check(&values), expected, "{width} {n} {i}");
                            values[i] = 0.5;
                        }
                    }
                }
            }
        }
    }
}
