// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The curve from one scale to another: the logistic of the VQEG reports.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};

/// The monotonic four-parameter logistic of the VQEG reports: b + (a - b) / (1 + exp(-(x - c) / s)).
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Logistic {
    /// Upper asymptote.
    pub a: f64,
    /// Lower asymptote.
    pub b: f64,
    /// Middle.
    pub c: f64,
    /// Width, above 0.
    pub s: f64,
}

impl Logistic {
    /// Value at `x`.
    pub fn at(&self, x: f64) -> f64 {
        self.b + (self.a - self.b) * gate(x, self.c, self.s)
    }

    /// Least squares.
    ///
    /// For a middle and a width the best asymptotes are a linear regression (Golub and Pereyra, "The differentiation of
    /// pseudo-inverses and nonlinear least squares problems whose variables separate", 1973). So the search is over two
    /// parameters: a grid, then ever smaller steps from its best point. A descent from one start ends in local minima, and
    /// a baseline must not be weaker than it is.
    ///
    /// # Errors
    /// Fewer than five clips; `x` that does not vary.
    pub fn fit(x: &[f64], y: &[f64]) -> Result<Self> {
        /// Points of the grid in each direction.
        const GRID: u32 = 24;
        /// Steps are halved until they are this share of the range.
        const FINEST: f64 = 1e-9;
        ensure!(x.len() >= 5, "a four-parameter logistic needs five clips, got {}", x.len());
        let low = x.iter().copied().fold(f64::INFINITY, f64::min);
        let high = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let range = high - low;
        ensure!(range > 0.0, "a logistic cannot be fitted to a constant");

        // The middle from one range below to one above; the width from a step to nearly a line.
        let (middles, widths) =
            ([low - range, high + range], [(range / 100.0).ln(), (range * 2.0).ln()]);
        let at = |[from, to]: [f64; 2], step: u32| {
            from + (to - from) * f64::from(step) / f64::from(GRID)
        };
        let error = |point: [f64; 2]| {
            let curve = asymptotes(x, y, point[0], point[1].exp());
            x.iter().zip(y).map(|(x, y)| (curve.at(*x) - y).powi(2)).sum::<f64>()
        };
        let mut best = [0.0; 2];
        let mut least = f64::INFINITY;
        for point in
            (0..=GRID).flat_map(|m| (0..=GRID).map(move |w| [at(middles, m), at(widths, w)]))
        {
            let sum = error(point);
            if sum < least {
                (best, least) = (point, sum);
            }
        }
        let mut step = 1.0 / f64::from(GRID);
        while step > FINEST {
            let (across, along) = (step * 3.0 * range, step * (widths[1] - widths[0]));
            let neighbours = [
                [1.0, 0.0],
                [-1.0, 0.0],
                [0.0, 1.0],
                [0.0, -1.0],
                [1.0, 1.0],
                [1.0, -1.0],
                [-1.0, 1.0],
                [-1.0, -1.0],
            ];
            let better = neighbours
                .map(|[m, w]| {
                    [
                        (best[0] + m * across).clamp(middles[0], middles[1]),
                        (best[1] + w * along).clamp(widths[0], widths[1]),
                    ]
                })
                .into_iter()
                .map(|point| (error(point), point))
                .min_by(|a, b| a.0.total_cmp(&b.0))
                .filter(|(sum, _)| *sum < least);
            match better {
                Some((sum, point)) => (best, least) = (point, sum),
                None => step /= 2.0,
            }
        }
        Ok(asymptotes(x, y, best[0], best[1].exp()))
    }
}

fn gate(x: f64, c: f64, s: f64) -> f64 {
    1.0 / (1.0 + (-(x - c) / s).exp())
}

/// The best curve of this middle and width; the mean if the best one would fall.
fn asymptotes(x: &[f64], y: &[f64], middle: f64, width: f64) -> Logistic {
    let clips = x.len() as f64;
    let gates = || x.iter().map(|&x| gate(x, middle, width));
    let mean_gate = gates().sum::<f64>() / clips;
    let mean_y = y.iter().sum::<f64>() / clips;
    let (mut squares, mut products) = (0.0, 0.0);
    for (gate, y) in gates().zip(y) {
        squares += (gate - mean_gate) * (gate - mean_gate);
        products += (gate - mean_gate) * (y - mean_y);
    }
    let rise = if squares > 1e-12 { (products / squares).max(0.0) } else { 0.0 };
    let low = mean_y - rise * mean_gate;
    Logistic { a: low + rise, b: low, c: middle, s: width }
}

#[cfg(test)]
mod tests {
    use super::*;

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
    fn a_line_is_nearly_a_logistic_and_a_fall_is_none() {
        let x: Vec<f64> = (0..60).map(f64::from).collect();
        let rising: Vec<f64> = x.iter().map(|v| 10.0 + 0.5 * v).collect();
        let fitted = Logistic::fit(&x, &rising).unwrap();
        assert!(x.iter().all(|&v| (fitted.at(v) - 10.0 - 0.5 * v).abs() < 0.6));
        let falling: Vec<f64> = x.iter().map(|v| 50.0 - v).collect();
        let fitted = Logistic::fit(&x, &falling).unwrap();
        assert!((fitted.at(0.0) - fitted.at(59.0)).abs() < 1e-9);
    }
}
