// SPDX-License-Identifier: BSD-2-Clause-Patent
//! z of a missing feature from those of the features at hand.

/// How z of one feature follows from those of others.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Regression {
    /// The feature that may be missing.
    pub(crate) column: usize,
    pub(crate) intercept: f64,
    pub(crate) terms: Vec<Term>,
}

/// `linear` z + `quadratic` z^2 of a feature that is always there.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Term {
    pub(crate) column: usize,
    pub(crate) linear: f64,
    pub(crate) quadratic: f64,
}

impl Regression {
    /// Computed in f64 from what the graph sees, in one order, and bounded as every z is.
    fn z(&self, row: &[f32], clip_sigma: f64) -> f32 {
        let mut sum = self.intercept;
        for term in &self.terms {
            let z = f64::from(row[term.column]);
            sum += term.linear * z;
            sum += term.quadratic * (z * z);
        }
        sum.clamp(-clip_sigma, clip_sigma) as f32
    }
}

/// Writes z of what is NaN in standardised rows of `width` columns.
pub(super) fn fill(
    regressions: &[Regression],
    clip_sigma: f64,
    width: usize,
    raw: &[f32],
    z: &mut [f32],
) {
    for (raw, z) in raw.chunks_exact(width).zip(z.chunks_exact_mut(width)) {
        for regression in regressions {
            if raw[regression.column].is_nan() {
                z[regression.column] = regression.z(z, clip_sigma);
            }
        }
    }
}
