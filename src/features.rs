// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The libvmaf features of a frame and their standardisation.

#[cfg(target_arch = "x86_64")]
mod x86;

use crate::simd::InstructionSet;

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

/// How one feature is standardised.
#[derive(Debug, Clone)]
pub(crate) struct Column {
    pub(crate) mean: f64,
    pub(crate) std: f64,
    /// Upper bound on the raw value; infinite where the card has none.
    pub(crate) cap: f64,
    /// Whether NaN stands for a missing value, whose z is 0.
    pub(crate) missing: bool,
}

/// A value whose z is too far out for f32.
pub(crate) struct Overflow {
    pub(crate) row: usize,
    pub(crate) column: usize,
}

impl Standardizer {
    pub(crate) fn new(columns: Vec<Column>, clip_sigma: f64, set: InstructionSet) -> Self {
        let nan_is_missing = columns.iter().any(|c| c.missing);
        Self {
            #[cfg(target_arch = "x86_64")]
            vectors: x86::Vectors::new(&columns, clip_sigma, nan_is_missing, set),
            columns,
            clip_sigma,
            nan_is_missing,
        }
    }

    pub(crate) fn column(&self, i: usize) -> &Column {
        &self.columns[i]
    }

    /// Writes the z of checked rows.
    pub(crate) fn apply(&self, raw: &[f32], z: &mut [f32]) -> std::result::Result<(), Overflow> {
        if self.rows(raw, z) {
            return Ok(());
        }
        let i = z.iter().position(|z| !z.is_finite()).unwrap_or(0);
        Err(Overflow { row: i / self.columns.len(), column: i % self.columns.len() })
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
}
