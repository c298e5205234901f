// SPDX-License-Identifier: BSD-2-Clause-Patent
//! One feature: cap, transform, mean and standard deviation.

use crate::recipe::{Recipe, Transform};

/// How one feature is standardised.
#[derive(Debug, Clone, PartialEq)]
pub struct Standardisation {
    /// Upper bound on the raw value.
    pub cap: Option<f64>,
    /// What the capped value goes through.
    pub transform: Option<Transform>,
    /// Mean of the transformed values.
    pub mean: f64,
    /// Their standard deviation; 1 if they do not vary.
    pub std: f64,
    /// Whether it varies in the training data. A network takes no notice of one that does not.
    pub known: bool,
}

impl Standardisation {
    /// Over raw values, those that are missing left out.
    pub(super) fn fit(recipe: &Recipe, name: &str, values: impl Iterator<Item = f32>) -> Self {
        let mut scale = Self {
            cap: recipe.cap.get(name).copied(),
            transform: recipe.transform.get(name).copied(),
            mean: 0.0,
            std: 1.0,
            known: false,
        };
        let values: Vec<f64> =
            values.filter(|x| !x.is_nan()).map(|x| scale.transformed(x)).collect();
        scale.set(&values);
        scale
    }

    /// Takes the mean and deviation of raw values together with others of which z is known.
    pub(super) fn widen(&mut self, values: impl Iterator<Item = f32>, z: &[f32]) {
        let present = values.filter(|x| !x.is_nan()).map(|x| self.transformed(x));
        let known = z.iter().map(|&z| self.mean + self.std * f64::from(z));
        let all: Vec<f64> = present.chain(known).collect();
        if self.known {
            self.set(&all);
        }
    }

    fn set(&mut self, values: &[f64]) {
        if values.is_empty() {
            return;
        }
        // Two passes: the naive sum of squares loses digits on features near 1.
        let n = values.len() as f64;
        self.mean = values.iter().sum::<f64>() / n;
        let variance = values.iter().map(|x| (x - self.mean).powi(2)).sum::<f64>() / n;
        if variance.sqrt() > 1e-9 {
            self.std = variance.sqrt();
            self.known = true;
        }
    }

    fn transformed(&self, x: f32) -> f64 {
        let x = self.cap.map_or(f64::from(x), |cap| f64::from(x).min(cap));
        match self.transform {
            None => x,
            Some(Transform::LogDistance { top }) => -10.0 * (top - x.clamp(0.0, 1.0)).log10(),
            Some(Transform::Log1p) => x.ln_1p(),
        }
    }

    /// The standardised value; NaN if it is missing.
    pub(super) fn z(&self, x: f32, clip_sigma: f64) -> f32 {
        if x.is_nan() {
            return f32::NAN;
        }
        ((self.transformed(x) - self.mean) / self.std).clamp(-clip_sigma, clip_sigma) as f32
    }
}
