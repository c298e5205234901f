// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The output layer in closed form: where each stage after the pre-training starts.

use anyhow::Result;

use super::problem::Problem;
use crate::network::Weights;
use crate::predict::predict;

/// Weighted least squares of a clip's rating on its mean score, taken into the output layer.
pub(super) fn refit(problem: &Problem<'_>, weights: &Weights) -> Result<Weights> {
    let scores = predict(weights, problem.samples, &problem.samples.codec, None)?
        .into_iter()
        .map(|p| p.score)
        .collect::<Vec<_>>();
    let used = || {
        (0..scores.len()).filter(|&i| problem.samples.weight[i] > 0.0).map(|i| {
            (
                f64::from(problem.samples.weight[i]),
                scores[i] / 100.0,
                f64::from(problem.samples.target[i]),
            )
        })
    };
    let mean_x: f64 = used().map(|(w, x, _)| w * x).sum();
    let mean_y: f64 = used().map(|(w, _, y)| w * y).sum();
    let covariance: f64 = used().map(|(w, x, y)| w * (x - mean_x) * (y - mean_y)).sum();
    let variance: f64 = used().map(|(w, x, _)| w * (x - mean_x) * (x - mean_x)).sum();
    let slope = if variance > 0.0 { covariance / variance } else { 0.0 };
    let mut refitted = weights.clone();
    if let Some(last) = refitted.layers.last_mut() {
        last.weight.iter_mut().for_each(|w| *w *= slope as f32);
        last.bias[0] = (f64::from(last.bias[0]) * slope + mean_y - slope * mean_x) as f32;
    }
    Ok(refitted)
}

/// Without a teacher: the output starts at the mean rating.
pub(super) fn centred(problem: &Problem<'_>, weights: &Weights) -> Weights {
    let mut centred = weights.clone();
    if let Some(last) = centred.layers.last_mut() {
        last.bias[0] = (0..problem.samples.target.len())
            .filter(|&i| problem.samples.weight[i] > 0.0)
            .map(|i| problem.samples.weight[i] * problem.samples.target[i])
            .sum();
    }
    centred
}

/// The log-variance starts at that of the residuals, everywhere.
pub(super) fn start_variance(problem: &Problem<'_>, weights: &mut Weights) -> Result<()> {
    let scores = predict(weights, problem.samples, &problem.samples.codec, None)?;
    let variance: f64 = problem
        .clips()
        .into_iter()
        .map(|i| {
            f64::from(problem.samples.weight[i])
                * (scores[i].score / 100.0 - f64::from(problem.samples.target[i])).powi(2)
        })
        .sum();
    if let Some(last) = weights.layers.last_mut() {
        last.bias[1] = variance.max(1e-8).ln() as f32;
    }
    Ok(())
}
