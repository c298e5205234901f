// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Quantiles of a sample.
//!
//! Own code: statrs interpolates by another rule (Hyndman and Fan's type 8), which would change the digits of every evaluation.

/// Quantile of sorted values, linear between neighbours; NaN for none.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let position = q * last as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64)
}

/// Median of some values.
pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    quantile(&values, 0.5)
}
