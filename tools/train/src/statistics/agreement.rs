// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Agreement of predictions with ratings: correlations and errors.
//!
//! Own code: each is a few lines, statrs has no Spearman coefficient with ties, and an evaluation's bytes are
//! reproducible only if the sums stay in this order.

use serde::{Deserialize, Serialize};

/// Pearson's linear correlation; NaN if either side does not vary.
pub fn plcc(x: &[f64], y: &[f64]) -> f64 {
    let n = x.len() as f64;
    let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let (mut xy, mut xx, mut yy) = (0.0, 0.0, 0.0);
    for (a, b) in x.iter().zip(y) {
        xy += (a - mx) * (b - my);
        xx += (a - mx) * (a - mx);
        yy += (b - my) * (b - my);
    }
    xy / (xx * yy).sqrt()
}

/// Ranks from 1, ties sharing their mean rank.
pub fn ranks(x: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..x.len()).collect();
    order.sort_by(|&a, &b| x[a].total_cmp(&x[b]));
    let mut ranks = vec![0.0; x.len()];
    let mut start = 0;
    while start < order.len() {
        let mut end = start + 1;
        while end < order.len() && x[order[end]].total_cmp(&x[order[start]]).is_eq() {
            end += 1;
        }
        for &i in &order[start..end] {
            ranks[i] = (start + 1 + end) as f64 / 2.0;
        }
        start = end;
    }
    ranks
}

/// Spearman's rank correlation, ties by mean rank.
pub fn srocc(x: &[f64], y: &[f64]) -> f64 {
    plcc(&ranks(x), &ranks(y))
}

/// Root of the mean squared difference.
pub fn rmse(x: &[f64], y: &[f64]) -> f64 {
    (x.iter().zip(y).map(|(a, b)| (a - b) * (a - b)).sum::<f64>() / x.len() as f64).sqrt()
}

/// Agreement of predictions with ratings.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Agreement {
    /// Clips.
    pub clips: usize,
    /// Pearson; 0 for predictions that do not vary.
    pub plcc: f64,
    /// Spearman; 0 for predictions that do not vary.
    pub srocc: f64,
    /// On the 0..100 scale.
    pub rmse: f64,
    /// Mean of prediction minus rating.
    pub bias: f64,
}

impl Agreement {
    /// Of `predicted` with `rated`, of at least one clip.
    pub fn of(predicted: &[f64], rated: &[f64]) -> Self {
        Self {
            clips: rated.len(),
            plcc: defined(plcc(predicted, rated)),
            srocc: defined(srocc(predicted, rated)),
            rmse: rmse(predicted, rated),
            bias: predicted.iter().zip(rated).map(|(p, r)| p - r).sum::<f64>() / rated.len() as f64,
        }
    }
}

/// What does not vary agrees with nothing.
fn defined(correlation: f64) -> f64 {
    if correlation.is_nan() { 0.0 } else { correlation }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-9, "{a} is not {b}");
    }

    // Expected values: scipy.stats 1.17 (pearsonr, spearmanr) on the same numbers.
    const X: [f64; 8] = [1.0, 2.0, 2.0, 3.5, 4.0, 4.0, 4.0, 9.0];
    const Y: [f64; 8] = [10.0, 8.0, 12.0, 12.0, 15.0, 11.0, 20.0, 18.0];

    #[test]
    fn correlations_with_ties() {
        close(plcc(&X, &Y), 0.675_105_984_210_231_2);
        close(srocc(&X, &Y), 0.734_791_923_167_569_5);
        assert_eq!(ranks(&X), [1.0, 2.5, 2.5, 4.0, 6.0, 6.0, 6.0, 8.0]);
        assert!(plcc(&X, &[3.0; 8]).is_nan());
        assert_eq!(Agreement::of(&[3.0; 8], &Y).plcc.to_bits(), 0.0f64.to_bits());
    }
}
