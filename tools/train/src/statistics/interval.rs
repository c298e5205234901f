// SPDX-License-Identifier: BSD-2-Clause-Patent
//! 95 % intervals: quantiles of distributions, and the width that covers what it promises.

use statrs::distribution::{ContinuousCDF as _, Normal, StudentsT};

/// Share of ratings that an interval is to cover.
pub const LEVEL: f64 = 0.95;

/// Width that covers `level` of `errors`, by conformal prediction with weighted units.
///
/// `errors` are absolute, each with its weight; the weights of a unit (the clips of a content in a test) sum to 1. A new
/// unit counts as one more, of which nothing is known (Tibshirani et al., "Conformal prediction under covariate shift",
/// 2019, equation 7): the width is the smallest error with `level * (units + 1)` of weight at or below it, or the largest
/// error if there are too few units. `None` without errors.
pub fn conformal_width(mut errors: Vec<(f64, f64)>, level: f64) -> Option<f64> {
    errors.sort_by(|a, b| a.0.total_cmp(&b.0));
    let units: f64 = errors.iter().map(|(_, weight)| weight).sum();
    let needed = level * (units + 1.0);
    let mut below = 0.0;
    for (error, weight) in &errors {
        below += weight;
        // Weights are fractions whose sum may miss a whole number by rounding.
        if below >= needed - 1e-9 {
            return Some(*error);
        }
    }
    errors.last().map(|(error, _)| *error)
}

/// Quantile of the standard normal distribution.
pub fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// Half width, in standard deviations, of the 95 % interval when the deviation is known with `degrees` of freedom only.
pub fn students_half_width(degrees: f64) -> f64 {
    // Fewer than one degree of freedom is no distribution that statrs inverts well, and no width that anybody could use.
    StudentsT::new(0.0, 1.0, degrees.max(1.0))
        .map_or_else(|_| normal_quantile(0.975), |t| t.inverse_cdf(0.975))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_width_covers_what_it_promises() {
        let errors: Vec<(f64, f64)> = (1..=199).map(|i| (f64::from(i), 1.0)).collect();
        assert_eq!(conformal_width(errors, 0.95).map(f64::to_bits), Some(190f64.to_bits()));
        // Too few units to leave one in twenty out.
        let few = vec![(3.0, 1.0), (7.0, 0.5), (5.0, 0.5)];
        assert_eq!(conformal_width(few, 0.95).map(f64::to_bits), Some(7f64.to_bits()));
        assert_eq!(conformal_width(Vec::new(), 0.95), None);
    }

    #[test]
    fn a_content_counts_once_however_many_clips_it_has() {
        let mut errors: Vec<(f64, f64)> = (0..900).map(|_| (100.0, 1.0 / 900.0)).collect();
        errors.extend((1..=99).map(|i| (f64::from(i), 1.0)));
        assert_eq!(conformal_width(errors, 0.95).map(f64::to_bits), Some(96f64.to_bits()));
    }

    #[test]
    fn quantiles_of_tables() {
        assert!((normal_quantile(0.975) - 1.959_964).abs() < 1e-6);
        for (degrees, expected) in [(1.0, 12.706_2), (4.0, 2.776_45), (30.0, 2.042_27)] {
            assert!((students_half_width(degrees) - expected).abs() < 1e-3);
        }
    }
}
