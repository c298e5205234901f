// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The curve from one scale to another: the logistic of the VQEG reports.

use anyhow::{Result, ensure};
use levenberg_marquardt::{LeastSquaresProblem, LevenbergMarquardt};
use nalgebra::storage::Owned;
use nalgebra::{Dyn, OMatrix, OVector, U4, Vector4};
use serde::{Deserialize, Serialize};

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
}
