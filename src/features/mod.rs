// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Standardises rows of features.

mod vectors;

use std::sync::Arc;

use crate::simd::InstructionSet;
pub(crate) use vectors::Column;
use vectors::Standardize;

/// Turns raw libvmaf values into the graph's input: cap, standardise in f64, clip, cast to f32.
///
/// It trusts the raw values: finite, or NaN in a column whose values may be missing.
#[derive(Clone)]
pub(crate) struct Standardizer {
    columns: Vec<Column>,
    vectors: Arc<dyn Standardize>,
}

/// The place of a value whose z is too far out for f32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Overflow {
    pub(crate) row: usize,
    pub(crate) column: usize,
}

impl Standardizer {
    /// `columns`: one per feature. `clip_sigma`: bound on |z|; infinite where the card has none.
    pub(crate) fn new(columns: Vec<Column>, clip_sigma: f64, set: InstructionSet) -> Self {
        Self { vectors: vectors::lay_out(&columns, clip_sigma, set), columns }
    }

    /// Leaves `n` columns as they are.
    #[cfg(test)]
    pub(crate) fn identity(n: usize) -> Self {
        let column = Column { mean: 0.0, std: 1.0, cap: f64::INFINITY, missing: false };
        Self::new(vec![column; n], f64::INFINITY, InstructionSet::Portable)
    }

    /// Number of columns.
    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    pub(crate) fn column(&self, i: usize) -> &Column {
        &self.columns[i]
    }

    /// Writes the standardised rows of `raw` to `z`, both n x F, row-major.
    ///
    /// # Errors
    /// The first value whose z is not finite.
    pub(crate) fn apply(&self, raw: &[f32], z: &mut [f32]) -> Result<(), Overflow> {
        if self.vectors.rows(raw, z) { Ok(()) } else { self.first_overflow(z) }
    }

    #[cold]
    fn first_overflow(&self, z: &[f32]) -> Result<(), Overflow> {
        let width = self.width();
        match z.iter().position(|z| !z.is_finite()) {
            Some(i) => Err(Overflow { row: i / width, column: i % width }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NO_CAP: f64 = f64::INFINITY;
    const NO_CLIP: f64 = f64::INFINITY;

    fn column(mean: f64, std: f64, cap: f64) -> Column {
        Column { mean, std, cap, missing: false }
    }

    #[test]
    fn standardizes_in_double_precision() {
        for set in InstructionSet::available() {
            let s = Standardizer::new(vec![column(0.1, 0.3, NO_CAP)], NO_CLIP, set);
            let mut z = [0.0];
            s.apply(&[0.7], &mut z).unwrap();
            assert_eq!(z[0].to_bits(), (((f64::from(0.7_f32) - 0.1) / 0.3) as f32).to_bits());
        }
    }

    #[test]
    fn every_width_divides_as_defined() {
        for set in InstructionSet::available() {
            let mut state = 1_u64;
            let mut random = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 33) as f64 / f64::from(1_u32 << 31)
            };
            for width in 1..=22 {
                let columns: Vec<Column> = (0..width)
                    .map(|_| column(100.0 * random() - 20.0, 1e-3 + 30.0 * random(), 60.0))
                    .collect();
                let s = Standardizer::new(columns.clone(), 6.0, set);
                let x: Vec<f32> =
                    (0..1000 * width).map(|_| (90.0 * random() - 10.0) as f32).collect();
                let mut z = vec![0.0; x.len()];
                s.apply(&x, &mut z).unwrap();
                for (i, (&x, &z)) in x.iter().zip(&z).enumerate() {
                    let Column { mean, std, .. } = columns[i % width];
                    let expected = (f64::from(x).min(60.0) - mean) / std;
                    assert_eq!(z.to_bits(), (expected.clamp(-6.0, 6.0) as f32).to_bits(), "{x}");
                }
            }
        }
    }

    #[test]
    fn an_overflow_is_found_wherever_it_is() {
        for set in InstructionSet::available() {
            for (width, missing) in
                [1, 3, 7, 11, 22].into_iter().flat_map(|w| [(w, false), (w, true)])
            {
                let tiny = Column { mean: 0.0, std: 1e-6, cap: NO_CAP, missing };
                let s = Standardizer::new(vec![tiny; width], NO_CLIP, set);
                for i in 0..3 * width {
                    let mut x = vec![1.0; 3 * width];
                    // The first one is named.
                    x[i..].fill(3e38);
                    if i % 2 == 0 {
                        x[i] = -3e38;
                    }
                    let e = s.apply(&x, &mut vec![0.0; 3 * width]).unwrap_err();
                    assert_eq!(e, Overflow { row: i / width, column: i % width });
                }
            }
        }
    }

    #[test]
    fn caps_before_and_clips_after() {
        for set in InstructionSet::available() {
            let columns = vec![column(0.0, 10.0, 60.0), column(0.0, 10.0, NO_CAP)];
            let s = Standardizer::new(columns, 6.5, set);
            let mut z = [0.0; 2];
            s.apply(&[72.0, -100.0], &mut z).unwrap();
            assert_eq!(z.map(f32::to_bits), [6.0_f32, -6.5].map(f32::to_bits));
        }
    }

    #[test]
    fn missing_is_the_mean_only_where_allowed() {
        for set in InstructionSet::available() {
            for width in 1..=22 {
                // Every third column has to be there.
                let columns: Vec<Column> = (0..width)
                    .map(|k| Column { missing: k % 3 != 1, ..column(3.0, 1.0, 60.0) })
                    .collect();
                let s = Standardizer::new(columns, 6.0, set);
                for i in 0..2 * width {
                    let (row, column) = (i / width, i % width);
                    let mut x = vec![4.0; 2 * width];
                    x[i] = f32::NAN;
                    let mut z = vec![9.0; 2 * width];
                    let result = s.apply(&x, &mut z);
                    if column % 3 == 1 {
                        assert_eq!(result, Err(Overflow { row, column }));
                    } else {
                        result.unwrap();
                        assert_eq!(z[i].to_bits(), 0);
                    }
                    assert!((0..2 * width).all(|k| k == i || z[k].to_bits() == 1.0_f32.to_bits()));
                }
            }
            let s = Standardizer::new(
                vec![Column { missing: true, ..column(3.0, 1.0, 1.0) }],
                6.0,
                set,
            );
            let mut z = [9.0];
            s.apply(&[f32::NAN], &mut z).unwrap();
            assert_eq!(z[0].to_bits(), 0);
        }
    }

    #[test]
    fn identity_changes_nothing() {
        let x = [0.1, -0.0, 1e-40, 3e38, -7.25];
        let mut z = [9.0; 5];
        Standardizer::identity(5).apply(&x, &mut z).unwrap();
        assert_eq!(z.map(f32::to_bits), x.map(f32::to_bits));
    }
}
