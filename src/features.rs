// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The libvmaf features of a frame and their standardisation.

#[cfg(target_arch = "x86_64")]
mod x86;

use crate::error::{Result, bail};
use crate::simd::InstructionSet;

pub use crate::catalogue::{CANONICAL_FEATURES, FULL_FEATURES};

/// Turns raw libvmaf values into the graph's input: cap, standardise in f64, clip, cast to f32.
#[derive(Debug, Clone)]
pub(crate) struct Standardizer {
    columns: Vec<Column>,
    /// Bound on |z|; infinite where the card has none.
    clip_sigma: f64,
    /// Whether NaN stands for a missing value, whose z is 0.
    nan_is_missing: bool,
    #[cfg(target_arch = "x86_64")]
    vectors: Option<x86::Vectors>,
}

#[derive(Debug, Clone)]
struct Column {
    mean: f64,
    std: f64,
    /// Upper bound on the raw value; infinite where the card has none.
    cap: f64,
}

impl Standardizer {
    /// `mean`, `std`, `cap`: one per feature, finite, `std` above 0, `cap` infinite for none.
    #[cfg_attr(not(target_arch = "x86_64"), allow(unused_variables))] // One way only elsewhere.
    pub(crate) fn new(
        mean: &[f64],
        std: &[f64],
        cap: &[f64],
        clip_sigma: f64,
        nan_is_missing: bool,
        set: InstructionSet,
    ) -> Self {
        let columns: Vec<Column> = mean
            .iter()
            .zip(std)
            .zip(cap)
            .map(|((&mean, &std), &cap)| Column { mean, std, cap })
            .collect();
        Self {
            #[cfg(target_arch = "x86_64")]
            vectors: x86::Vectors::new(&columns, clip_sigma, nan_is_missing, set),
            columns,
            clip_sigma,
            nan_is_missing,
        }
    }

    /// Writes the standardised rows of `features` to `z`, both n x F, row-major.
    ///
    /// # Errors
    /// `ImpossibleValue` names the first frame and feature that is infinite, or NaN and not allowed to be
    /// missing, or too far out for f32. Frames are numbered from `first_frame`.
    pub(crate) fn apply(
        &self,
        features: &[f32],
        z: &mut [f32],
        names: &[String],
        first_frame: usize,
    ) -> Result<()> {
        if self.rows(features, z) { Ok(()) } else { self.explain(features, names, first_frame) }
    }

    /// Writes the standardised rows; whether every value was finite or allowed to be missing.
    fn rows(&self, features: &[f32], z: &mut [f32]) -> bool {
        #[cfg(target_arch = "x86_64")]
        if let Some(vectors) = &self.vectors {
            return vectors.rows(features, z);
        }
        let width = self.columns.len();
        let mut all_finite = true;
        for (row, z_row) in features.chunks_exact(width).zip(z.chunks_exact_mut(width)) {
            for ((&x, z), column) in row.iter().zip(z_row).zip(&self.columns) {
                let value = self.standardize(column, x);
                all_finite &= value.is_finite();
                *z = value;
            }
        }
        all_finite
    }

    #[inline]
    fn standardize(&self, column: &Column, x: f32) -> f32 {
        if x.is_nan() && self.nan_is_missing {
            return 0.0;
        }
        // Infinity must survive the cap and the clip, so that it is refused.
        let bounded = if x.is_finite() { f64::from(x).min(column.cap) } else { f64::from(x) };
        let z = (bounded - column.mean) / column.std;
        let clipped = if x.is_finite() { z.clamp(-self.clip_sigma, self.clip_sigma) } else { z };
        clipped as f32
    }

    #[cold]
    fn explain(&self, features: &[f32], names: &[String], first_frame: usize) -> Result<()> {
        let width = self.columns.len();
        for (i, row) in features.chunks_exact(width).enumerate() {
            for ((&x, column), name) in row.iter().zip(&self.columns).zip(names) {
                let frame = first_frame + i;
                if self.standardize(column, x).is_finite() {
                    continue;
                }
                if x.is_nan() {
                    bail!(
                        ImpossibleValue,
                        "frame {frame}: feature '{name}' is NaN, and the card does not allow \
                         missing features"
                    );
                }
                if x.is_infinite() {
                    bail!(
                        ImpossibleValue,
                        "frame {frame}: feature '{name}' is {x}, a finite value was expected"
                    );
                }
                bail!(
                    ImpossibleValue,
                    "frame {frame}: feature '{name}' is {x}, too far from its mean {} (std {})",
                    column.mean,
                    column.std
                );
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn names(n: usize) -> Vec<String> {
        FULL_FEATURES[..n].iter().map(|&s| s.to_owned()).collect()
    }

    #[test]
    fn standardizes_in_double_precision() {
        for set in InstructionSet::available() {
            let s = Standardizer::new(&[0.1], &[0.3], &[f64::INFINITY], f64::INFINITY, false, set);
            let mut z = [0.0];
            s.apply(&[0.7], &mut z, &names(1), 0).unwrap();
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
                let mean: Vec<f64> = (0..width).map(|_| 100.0 * random() - 20.0).collect();
                let std: Vec<f64> = (0..width).map(|_| 1e-3 + 30.0 * random()).collect();
                let s = Standardizer::new(&mean, &std, &vec![60.0; width], 6.0, false, set);
                let x: Vec<f32> =
                    (0..1000 * width).map(|_| (90.0 * random() - 10.0) as f32).collect();
                let mut z = vec![0.0; x.len()];
                s.apply(&x, &mut z, &names(width), 0).unwrap();
                for (i, (&x, &z)) in x.iter().zip(&z).enumerate() {
                    let k = i % width;
                    let expected = (f64::from(x).min(60.0) - mean[k]) / std[k];
                    assert_eq!(z.to_bits(), (expected.clamp(-6.0, 6.0) as f32).to_bits(), "{x}");
                }
            }
        }
    }

    #[test]
    fn bad_values_are_found_wherever_they_are() {
        for set in InstructionSet::available() {
            for (width, nan_is_missing) in
                [3, 7, 11].into_iter().flat_map(|w| [(w, false), (w, true)])
            {
                let (mean, one, cap) = (vec![3.0; width], vec![1.0; width], vec![60.0; width]);
                let s = Standardizer::new(&mean, &one, &cap, 6.0, nan_is_missing, set);
                for (k, bad) in (0..2 * width)
                    .flat_map(|k| [f32::NAN, f32::INFINITY, f32::NEG_INFINITY].map(|bad| (k, bad)))
                {
                    let mut x = vec![1.0; 2 * width];
                    x[k] = bad;
                    let mut z = vec![9.0; 2 * width];
                    let result = s.apply(&x, &mut z, &names(width), 0);
                    if bad.is_nan() && nan_is_missing {
                        result.unwrap();
                        assert_eq!(z[k].to_bits(), 0);
                    } else {
                        let e = result.unwrap_err();
                        let name = &names(width)[k % width];
                        let place = format!("frame {}: feature '{name}'", k / width);
                        assert!(e.message().starts_with(&place), "{e}");
                    }
                }
                let (zero, tiny) = (vec![0.0; width], vec![1e-6; width]);
                let none = vec![f64::INFINITY; width];
                let s = Standardizer::new(&zero, &tiny, &none, f64::INFINITY, false, set);
                let x = vec![3e38; width];
                let e = s.apply(&x, &mut vec![0.0; width], &names(width), 0).unwrap_err();
                assert!(e.message().contains("too far"), "too far out for f32: {e}");
            }
        }
    }

    #[test]
    fn caps_before_and_clips_after() {
        for set in InstructionSet::available() {
            let s = Standardizer::new(
                &[0.0, 0.0],
                &[10.0, 10.0],
                &[60.0, f64::INFINITY],
                6.5,
                false,
                set,
            );
            let mut z = [0.0; 2];
            s.apply(&[72.0, -100.0], &mut z, &names(2), 0).unwrap();
            assert_eq!(z.map(f32::to_bits), [6.0_f32, -6.5].map(f32::to_bits));
        }
    }

    #[test]
    fn missing_is_the_mean_only_where_allowed() {
        for set in InstructionSet::available() {
            let allowed = Standardizer::new(&[3.0], &[1.0], &[1.0], 6.0, true, set);
            let mut z = [9.0];
            allowed.apply(&[f32::NAN], &mut z, &names(1), 0).unwrap();
            assert_eq!(z[0].to_bits(), 0);
            let refused = Standardizer::new(&[3.0], &[1.0], &[1.0], 6.0, false, set);
            let e = refused.apply(&[f32::NAN], &mut z, &names(1), 4).unwrap_err();
            assert_eq!(e.kind(), ErrorKind::ImpossibleValue);
            assert!(e.message().contains("frame 4: feature 'adm2' is NaN"), "{e}");
        }
    }

    #[test]
    fn infinity_is_refused_despite_cap_and_clip() {
        for set in InstructionSet::available() {
            let s = Standardizer::new(&[0.0; 2], &[1.0; 2], &[60.0; 2], 6.0, true, set);
            let mut z = [0.0; 4];
            for bad in [f32::INFINITY, f32::NEG_INFINITY] {
                let e = s.apply(&[1.0, 1.0, 1.0, bad], &mut z, &names(2), 10).unwrap_err();
                assert_eq!(e.kind(), ErrorKind::ImpossibleValue);
                assert!(e.message().contains("frame 11: feature 'adm_scale0'"), "{e}");
            }
        }
    }

    #[test]
    fn a_finite_value_that_overflows_is_refused() {
        for set in InstructionSet::available() {
            let s = Standardizer::new(&[0.0], &[1e-6], &[f64::INFINITY], f64::INFINITY, false, set);
            let e = s.apply(&[3e38], &mut [0.0], &names(1), 0).unwrap_err();
            assert!(e.message().contains("too far"), "{e}");
        }
    }
}
