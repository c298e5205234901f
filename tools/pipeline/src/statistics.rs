// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Agreement of scores with ratings.
//!
//! Own code where it is a few lines; the nonlinear fit is levenberg-marquardt's.

use anyhow::{Result, ensure};
use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra::storage::Owned;
use nalgebra::{Dyn, OMatrix, OVector, U4, Vector4};
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

/// Two-sided 95 % point of the normal distribution.
pub const Z95: f64 = 1.959_964;

/// Pearson's linear correlation; NaN where either side does not vary.
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

/// Kendall's tau-b, which corrects for ties on either side.
pub fn krocc(x: &[f64], y: &[f64]) -> f64 {
    let (mut concordance, mut untied_x, mut untied_y) = (0i64, 0i64, 0i64);
    for i in 0..x.len() {
        for j in 0..i {
            let a = sign(x[i] - x[j]);
            let b = sign(y[i] - y[j]);
            concordance += a * b;
            untied_x += a * a;
            untied_y += b * b;
        }
    }
    concordance as f64 / ((untied_x as f64) * (untied_y as f64)).sqrt()
}

fn sign(x: f64) -> i64 {
    i64::from(x > 0.0) - i64::from(x < 0.0)
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
    /// Pearson.
    pub plcc: f64,
    /// Spearman.
    pub srocc: f64,
    /// Kendall's tau-b.
    pub krocc: f64,
    /// On the 0..100 scale.
    pub rmse: f64,
    /// Mean of prediction minus rating.
    pub bias: f64,
}

impl Agreement {
    /// Of `predicted` with `rated`.
    pub fn of(predicted: &[f64], rated: &[f64]) -> Self {
        Self {
            clips: rated.len(),
            plcc: plcc(predicted, rated),
            srocc: srocc(predicted, rated),
            krocc: krocc(predicted, rated),
            rmse: rmse(predicted, rated),
            bias: predicted.iter().zip(rated).map(|(p, r)| p - r).sum::<f64>() / rated.len() as f64,
        }
    }

    /// Member-wise mean, for several seeds on the same clips.
    pub fn mean(all: &[Self]) -> Self {
        let mean = |get: fn(&Self) -> f64| all.iter().map(get).sum::<f64>() / all.len() as f64;
        Self {
            clips: all.first().map_or(0, |a| a.clips),
            plcc: mean(|a| a.plcc),
            srocc: mean(|a| a.srocc),
            krocc: mean(|a| a.krocc),
            rmse: mean(|a| a.rmse),
            bias: mean(|a| a.bias),
        }
    }
}

/// A line, by least squares.
pub fn fit_line(x: &[f64], y: &[f64]) -> impl Fn(f64) -> f64 + use<> {
    let n = x.len() as f64;
    let (mx, my) = (x.iter().sum::<f64>() / n, y.iter().sum::<f64>() / n);
    let xy: f64 = x.iter().zip(y).map(|(a, b)| (a - mx) * (b - my)).sum();
    let xx: f64 = x.iter().map(|a| (a - mx) * (a - mx)).sum();
    let slope = if xx > 0.0 { xy / xx } else { 0.0 };
    move |v| my + slope * (v - mx)
}

/// The monotonic four-parameter logistic of the VQEG reports: b + (a - b) / (1 + exp(-(x - c) / |s|)).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Logistic {
    /// Upper asymptote.
    pub a: f64,
    /// Lower asymptote.
    pub b: f64,
    /// Middle.
    pub c: f64,
    /// Width.
    pub s: f64,
}

impl Logistic {
    /// Value at `x`.
    pub fn at(&self, x: f64) -> f64 {
        self.b + (self.a - self.b) * self.gate(x)
    }

    fn gate(&self, x: f64) -> f64 {
        1.0 / (1.0 + (-(x - self.c) / self.s.abs()).exp())
    }

    /// Least squares, by Levenberg-Marquardt from the usual starting point.
    pub fn fit(x: &[f64], y: &[f64]) -> Result<Self> {
        ensure!(x.len() >= 5, "a four-parameter logistic needs five clips, got {}", x.len());
        let n = x.len() as f64;
        let mean = x.iter().sum::<f64>() / n;
        let std = (x.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>() / n).sqrt();
        ensure!(std > 0.0, "a logistic cannot be fitted to a constant");
        let high = y.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let low = y.iter().copied().fold(f64::INFINITY, f64::min);
        let problem = LogisticProblem { x, y, p: Vector4::new(high, low, mean, std / 4.0) };
        let (solved, report) = LevenbergMarquardt::new().with_patience(200).minimize(problem);
        ensure!(
            solved.p.iter().all(|v| v.is_finite()),
            "the logistic did not converge: {:?}",
            report.termination
        );
        Ok(solved.curve())
    }
}

struct LogisticProblem<'a> {
    x: &'a [f64],
    y: &'a [f64],
    p: Vector4<f64>,
}

impl LogisticProblem<'_> {
    fn curve(&self) -> Logistic {
        Logistic { a: self.p[0], b: self.p[1], c: self.p[2], s: self.p[3] }
    }
}

impl LeastSquaresProblem<f64, Dyn, U4> for LogisticProblem<'_> {
    type ResidualStorage = Owned<f64, Dyn>;
    type JacobianStorage = Owned<f64, Dyn, U4>;
    type ParameterStorage = Owned<f64, U4>;

    fn set_params(&mut self, p: &Vector4<f64>) {
        self.p = *p;
    }

    fn params(&self) -> Vector4<f64> {
        self.p
    }

    fn residuals(&self) -> Option<OVector<f64, Dyn>> {
        let curve = self.curve();
        Some(OVector::<f64, Dyn>::from_iterator(
            self.x.len(),
            self.x.iter().zip(self.y).map(|(x, y)| curve.at(*x) - y),
        ))
    }

    fn jacobian(&self) -> Option<OMatrix<f64, Dyn, U4>> {
        let curve = self.curve();
        let mut jacobian = OMatrix::<f64, Dyn, U4>::zeros(self.x.len());
        for (row, &x) in self.x.iter().enumerate() {
            let g = curve.gate(x);
            let slope = (curve.a - curve.b) * g * (1.0 - g);
            let width = curve.s.abs();
            jacobian[(row, 0)] = g;
            jacobian[(row, 1)] = 1.0 - g;
            jacobian[(row, 2)] = -slope / width;
            jacobian[(row, 3)] = -slope * (x - curve.c) / (width * width) * curve.s.signum();
        }
        Some(jacobian)
    }
}

/// A difference and its bootstrap interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Lift {
    /// On the clips as they are.
    pub value: f64,
    /// 2.5 % point over draws of contents.
    pub low: f64,
    /// 97.5 % point over draws of contents.
    pub high: f64,
}

/// Paired bootstrap over contents of `statistic(first) - statistic(second)`.
///
/// Contents are drawn with replacement, all clips of a content together: clips of one content are no independent
/// evidence. Each side may hold several seeds, whose statistics are averaged within a draw. `statistic` gets the drawn
/// predictions, their ratings, and which clips they are.
pub fn paired_bootstrap(
    first: &[Vec<f64>],
    second: &[Vec<f64>],
    rated: &[f64],
    content: &[usize],
    statistic: impl Fn(&[f64], &[f64], &[usize]) -> f64,
    draws: usize,
    seed: u64,
) -> Lift {
    let contents = content.iter().max().map_or(0, |m| m + 1);
    let mut members = vec![Vec::new(); contents];
    for (clip, &content) in content.iter().enumerate() {
        members[content].push(clip);
    }
    members.retain(|clips| !clips.is_empty());
    let side = |predictions: &[Vec<f64>], clips: &[usize], rated: &[f64]| -> f64 {
        let sum: f64 = predictions
            .iter()
            .map(|p| statistic(&clips.iter().map(|&i| p[i]).collect::<Vec<_>>(), rated, clips))
            .sum();
        sum / predictions.len() as f64
    };
    let difference = |clips: &[usize]| {
        let rated: Vec<f64> = clips.iter().map(|&i| rated[i]).collect();
        side(first, clips, &rated) - side(second, clips, &rated)
    };
    let all: Vec<usize> = (0..rated.len()).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut values: Vec<f64> = (0..draws)
        .map(|_| {
            let clips: Vec<usize> = (0..members.len())
                .flat_map(|_| members[rng.random_range(0..members.len())].iter().copied())
                .collect();
            difference(&clips)
        })
        .filter(|v| !v.is_nan())
        .collect();
    values.sort_by(f64::total_cmp);
    Lift { value: difference(&all), low: quantile(&values, 0.025), high: quantile(&values, 0.975) }
}

/// Quantile of sorted values, linear between neighbours; NaN for none.
pub fn quantile(sorted: &[f64], q: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let position = q * last as f64;
    let below = position.floor() as usize;
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (position - below as f64)
}

/// Factor on standard deviations that makes the 95 % normal interval cover 95 % of `residuals`, by split conformal
/// prediction: the ceil((n + 1) * 0.95)-th smallest of |residual| / stddev, over [`Z95`].
pub fn conformal_scale(residuals: &[f64], stddev: &[f64]) -> f64 {
    let mut ratios: Vec<f64> = residuals.iter().zip(stddev).map(|(r, s)| r.abs() / s).collect();
    ratios.sort_by(f64::total_cmp);
    let rank = ((ratios.len() as f64 + 1.0) * 0.95).ceil() as usize;
    ratios.get(rank.clamp(1, ratios.len().max(1)) - 1).map_or(f64::NAN, |r| r / Z95)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(a: f64, b: f64) {
        assert!((a - b).abs() < 1e-9, "{a} is not {b}");
    }

    // Expected values: scipy.stats 1.17 (pearsonr, spearmanr, kendalltau) on the same numbers.
    const X: [f64; 8] = [1.0, 2.0, 2.0, 3.5, 4.0, 4.0, 4.0, 9.0];
    const Y: [f64; 8] = [10.0, 8.0, 12.0, 12.0, 15.0, 11.0, 20.0, 18.0];

    #[test]
    fn correlations_with_ties() {
        close(plcc(&X, &Y), 0.675_105_984_210_231_2);
        close(srocc(&X, &Y), 0.734_791_923_167_569_5);
        close(krocc(&X, &Y), 0.589_255_650_988_789_6);
        assert_eq!(ranks(&X), [1.0, 2.5, 2.5, 4.0, 6.0, 6.0, 6.0, 8.0]);
        assert!(plcc(&X, &[3.0; 8]).is_nan());
    }

    #[test]
    fn logistic_finds_its_own_parameters() {
        let truth = Logistic { a: 92.0, b: 8.0, c: 61.0, s: 11.0 };
        let x: Vec<f64> = (0..60).map(|i| f64::from(i) * 100.0 / 59.0).collect();
        let y: Vec<f64> = x.iter().map(|&v| truth.at(v)).collect();
        let fitted = Logistic::fit(&x, &y).unwrap();
        for v in [0.0, 30.0, 61.0, 99.0] {
            assert!((fitted.at(v) - truth.at(v)).abs() < 1e-6);
        }
        assert!(Logistic::fit(&[50.0; 9], &[1.0; 9]).is_err());
    }

    #[test]
    fn bootstrap_sees_a_difference_and_its_absence() {
        let rated: Vec<f64> = (0..200).map(|i| f64::from(i % 50)).collect();
        let content: Vec<usize> = (0..200).map(|i| i / 20).collect();
        let noisy: Vec<f64> = rated
            .iter()
            .enumerate()
            .map(|(i, r)| r + 40.0 * ((i * 7919 % 101) as f64 / 101.0))
            .collect();
        let lift = paired_bootstrap(
            std::slice::from_ref(&rated),
            std::slice::from_ref(&noisy),
            &rated,
            &content,
            |p, r, _| plcc(p, r),
            500,
            1,
        );
        assert!(lift.low > 0.0 && lift.low <= lift.value && lift.value <= lift.high);
        let none = paired_bootstrap(
            std::slice::from_ref(&noisy),
            std::slice::from_ref(&noisy),
            &rated,
            &content,
            |p, r, _| plcc(p, r),
            500,
            1,
        );
        assert_eq!((none.value, none.low, none.high), (0.0, 0.0, 0.0));
    }

    #[test]
    fn conformal_scale_covers_what_it_promises() {
        let residuals: Vec<f64> = (1..=199).map(f64::from).collect();
        let stddev = vec![10.0; 199];
        let scale = conformal_scale(&residuals, &stddev);
        let covered = residuals.iter().filter(|r| r.abs() <= Z95 * scale * 10.0 + 1e-9).count();
        assert_eq!(covered, 190);
    }
}
