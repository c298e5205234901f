// SPDX-License-Identifier: BSD-2-Clause-Patent
//! 95 % intervals: quantiles of the normal distribution, and the scale that makes an interval cover what it promises.

use statrs::distribution::{ContinuousCDF as _, Normal};
use vmaf_fr_v2::Z95;

/// Factor on standard deviations that makes the 95 % normal interval cover 95 % of `residuals`, by split conformal
/// prediction: the ceil((n + 1) * 0.95)-th smallest of |residual| / stddev, over [`Z95`].
pub fn conformal_scale(residuals: &[f64], stddev: &[f64]) -> f64 {
    let mut ratios: Vec<f64> = residuals.iter().zip(stddev).map(|(r, s)| r.abs() / s).collect();
    ratios.sort_by(f64::total_cmp);
    let rank = ((ratios.len() as f64 + 1.0) * 0.95).ceil() as usize;
    ratios.get(rank.clamp(1, ratios.len().max(1)) - 1).map_or(f64::NAN, |r| r / Z95)
}

/// Quantile of the standard normal distribution.
pub fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conformal_scale_covers_what_it_promises() {
        let residuals: Vec<f64> = (1..=199).map(f64::from).collect();
        let stddev = vec![10.0; 199];
        let scale = conformal_scale(&residuals, &stddev);
        let covered = residuals.iter().filter(|r| r.abs() <= Z95 * scale * 10.0 + 1e-9).count();
        assert_eq!(covered, 190);
    }

    #[test]
    fn normal_quantiles() {
        assert!((normal_quantile(0.975) - 1.959_964).abs() < 1e-6);
        assert!(normal_quantile(0.5).abs() < 1e-9);
    }
}
