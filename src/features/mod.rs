// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Standardises rows of features.

mod imputation;
mod logarithm;
mod transform;
mod vectors;

use std::sync::Arc;

use crate::simd::InstructionSet;
pub(crate) use imputation::{Regression, Term};
pub(crate) use transform::Transform;
pub(crate) use vectors::Column;
use vectors::Standardize;

/// Turns raw libvmaf values into the graph's input: cap, transform, standardise in f64, clip, cast to f32; then what is
/// missing is regressed.
///
/// It trusts the raw values: finite and in the domain of their transform, or NaN in a column whose values may be missing.
#[derive(Clone)]
pub(crate) struct Standardizer {
    columns: Vec<Column>,
    vectors: Arc<dyn Standardize>,
    clip_sigma: f64,
    regressions: Arc<[Regression]>,
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
        let vectors = vectors::lay_out(&columns, clip_sigma, set);
        Self { columns, vectors, clip_sigma, regressions: Arc::new([]) }
    }

    /// Regresses what is missing in the columns that these are for. The columns themselves must not take NaN for the
    /// mean.
    pub(crate) fn with_regressions(self, regressions: Arc<[Regression]>) -> Self {
        Self { regressions, ..self }
    }

    /// Leaves `n` columns as they are.
    #[cfg(test)]
    pub(crate) fn identity(n: usize) -> Self {
        let column = Column {
            mean: 0.0,
            std: 1.0,
            cap: f64::INFINITY,
            transform: Transform::None,
            missing: false,
        };
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
        if self.vectors.rows(raw, z) {
            return Ok(());
        }
        imputation::fill(&self.regressions, self.clip_sigma, self.width(), raw, z);
        self.first_overflow(z)
    }

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
        Column { mean, std, cap, transform: Transform::None, missing: false }
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
                let tiny = Column { missing, ..column(0.0, 1e-6, NO_CAP) };
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

    /// What the transform of a value is, by the C library's logarithms.
    fn transformed(transform: Transform, x: f64) -> f64 {
        match transform {
            Transform::None => x,
            Transform::LogDistance { top } => -10.0 * libm::log10(top - x.clamp(0.0, 1.0)),
            Transform::Log1p => libm::log1p(x),
        }
    }

    #[test]
    fn every_transform_is_the_same_at_every_place_of_a_vector() {
        let transforms = [
            Transform::LogDistance { top: 1.005 },
            Transform::None,
            Transform::Log1p,
            Transform::LogDistance { top: 1.000_001 },
            Transform::None,
        ];
        // Impossible ones too: below 0, above 1, and what is as good as nothing.
        let values =
            [0.0_f32, -0.0, 0.5, 0.999_999, 1.0, 1.5, -0.75, 1e-12, 1e-40, 37.25, 3e4, -0.999_999];
        for width in 1..=17 {
            for shift in 0..transforms.len() {
                let columns: Vec<Column> = (0..width)
                    .map(|k| Column {
                        transform: transforms[(k + shift) % transforms.len()],
                        ..column(0.3, 0.7, 30.0)
                    })
                    .collect();
                let x: Vec<f32> =
                    (0..values.len() * width).map(|i| values[i % values.len()]).collect();
                let mut results = Vec::new();
                for set in InstructionSet::available() {
                    let s = Standardizer::new(columns.clone(), 50.0, set);
                    let mut z = vec![9.0; x.len()];
                    s.apply(&x, &mut z).unwrap();
                    for (i, (&x, &z)) in x.iter().zip(&z).enumerate() {
                        let t = transformed(columns[i % width].transform, f64::from(x).min(30.0));
                        let expected = ((t - 0.3) / 0.7).clamp(-50.0, 50.0);
                        assert!((f64::from(z) - expected).abs() <= 3e-7 * (1.0 + expected.abs()));
                    }
                    results.push(z.into_iter().map(f32::to_bits).collect::<Vec<_>>());
                }
                assert!(results.windows(2).all(|pair| pair[0] == pair[1]), "{width} {shift}");
            }
        }
    }

    #[test]
    fn a_column_without_a_transform_keeps_its_bits_beside_one_that_has_it() {
        let plain = column(0.0, 1.0, NO_CAP);
        let log = Column { transform: Transform::Log1p, ..plain.clone() };
        for set in InstructionSet::available() {
            for width in 2..=9 {
                for place in 0..width {
                    let mut columns = vec![plain.clone(); width];
                    columns[place] = log.clone();
                    let s = Standardizer::new(columns, NO_CLIP, set);
                    let without = Standardizer::new(vec![plain.clone(); width], NO_CLIP, set);
                    for x in [-0.0_f32, 0.0, 1e-40, 3e38, -7.25] {
                        let mut row = vec![x; width];
                        row[place] = 1.0;
                        let (mut z, mut expected) = (vec![9.0; width], vec![9.0; width]);
                        s.apply(&row, &mut z).unwrap();
                        without.apply(&row, &mut expected).unwrap();
                        for k in (0..width).filter(|&k| k != place) {
                            assert_eq!(z[k].to_bits(), expected[k].to_bits());
                        }
                        assert_eq!(z[place].to_bits(), std::f32::consts::LN_2.to_bits());
                    }
                }
            }
        }
    }

    #[test]
    fn caps_of_any_size_give_the_same_bits() {
        for cap in [-4.9e299, 5.6e-311, 2.0e-59, 1e300, 4.9e19] {
            let columns: Vec<Column> =
                [1.6e-20, 8.8e-38, 3.0e44, 0.5].map(|std| column(0.67, std, cap)).to_vec();
            let mut results = Vec::new();
            for set in InstructionSet::available() {
                let s = Standardizer::new(columns.clone(), 3.6e-4, set);
                let mut z = [9.0; 4];
                s.apply(&[1.7e37, -9.7e-24, 0.0, 3.0], &mut z).unwrap();
                results.push(z.map(f32::to_bits));
            }
            assert!(results.windows(2).all(|pair| pair[0] == pair[1]), "{cap:e}: {results:?}");
        }
    }

    #[test]
    fn what_is_missing_is_regressed_from_what_the_graph_sees() {
        let terms = [(0, 0.5, 0.25), (2, -1.0, 0.0)].map(|(column, linear, quadratic)| Term {
            column,
            linear,
            quadratic,
        });
        let regressions = [
            Regression { column: 1, intercept: 0.1, terms: terms.to_vec() },
            Regression { column: 4, intercept: 100.0, terms: Vec::new() },
        ];
        for transform in [Transform::None, Transform::Log1p] {
            for set in InstructionSet::available() {
                let column = Column { transform, ..column(0.25, 0.75, 60.0) };
                let s = Standardizer::new(vec![column; 5], 6.0, set)
                    .with_regressions(regressions.to_vec().into());
                let mut z = [9.0; 10];
                let row = [1.5, 2.5, 0.5, 0.75, 1.0];
                let mut raw = [row, row].concat();
                s.apply(&raw, &mut z).unwrap();
                let complete = z;
                raw[6] = f32::NAN;
                raw[9] = f32::NAN;
                s.apply(&raw, &mut z).unwrap();
                let [a, b] = [f64::from(z[5]), f64::from(z[7])];
                let expected = (0.1 + 0.5 * a + 0.25 * (a * a) + -b) as f32;
                assert_eq!(z[6].to_bits(), expected.to_bits());
                assert_eq!(z[9].to_bits(), 6.0_f32.to_bits(), "clipped");
                for i in (0..10).filter(|i| ![6, 9].contains(i)) {
                    assert_eq!(z[i].to_bits(), complete[i].to_bits());
                }
                // What no regression is for may not be missing.
                raw[2] = f32::NAN;
                assert_eq!(s.apply(&raw, &mut z), Err(Overflow { row: 0, column: 2 }));
            }
        }
    }

    #[test]
    fn a_regression_may_be_too_far_out() {
        let far = Regression { column: 1, intercept: 1e60, terms: Vec::new() };
        let s =
            Standardizer::new(vec![column(0.0, 1.0, NO_CAP); 2], NO_CLIP, InstructionSet::Portable)
                .with_regressions([far].into());
        let e = s.apply(&[0.5, f32::NAN], &mut [0.0; 2]).unwrap_err();
        assert_eq!(e, Overflow { row: 0, column: 1 });
    }
}
