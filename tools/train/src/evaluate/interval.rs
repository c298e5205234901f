// SPDX-License-Identifier: BSD-2-Clause-Patent
//! How the 95 % intervals of the codec-blind networks do on the primary clips.

use std::collections::BTreeMap;

use vmaf_fr_v2::Z95;

use super::fold::Fold;
use super::predictions::{Predictions, collect, spread};
use super::test_set::TestSet;
use crate::evaluation::Interval;
use crate::statistics::{conformal_scale, normal_quantile};

/// By kind of predictor: with the network's own standard deviation; with several seeds, also with one width for all
/// clips, and with the spread of the ensemble.
pub(super) fn intervals(
    set: &TestSet,
    folds: &[Vec<Fold>],
    predictions: &Predictions,
    range: [f64; 2],
) -> BTreeMap<String, Interval> {
    let seeds = &predictions["codec_blind"];
    let clips = set.rated.len();
    let stddev = collect(folds, clips, |fold| &fold.stddev);
    let mut intervals = BTreeMap::new();
    intervals.insert("codec_blind".to_owned(), interval(set, seeds, &stddev, range));
    if seeds.len() > 1 {
        let constant: Vec<Vec<f64>> = vec![vec![1.0; clips]; seeds.len()];
        let (mean, spread) = spread(seeds);
        intervals.insert(
            "codec_blind_constant_width".to_owned(),
            interval(set, seeds, &constant, range),
        );
        intervals
            .insert("codec_blind_ensemble".to_owned(), interval(set, &[mean], &[spread], range));
    }
    intervals
}

fn interval(
    set: &TestSet,
    predicted: &[Vec<f64>],
    stddev: &[Vec<f64>],
    [low, high]: [f64; 2],
) -> Interval {
    let TestSet { rated, primary, content, .. } = set;
    let contents = content.iter().max().map_or(0, |m| m + 1);
    let residual = |seed: usize, i: usize| rated[i] - predicted[seed][i];
    let pairs: Vec<(usize, usize)> =
        (0..predicted.len()).flat_map(|seed| primary.iter().map(move |&i| (seed, i))).collect();
    let scale_of = |keep: &dyn Fn(usize) -> bool| {
        let kept: Vec<&(usize, usize)> = pairs.iter().filter(|(_, i)| keep(*i)).collect();
        let r: Vec<f64> = kept.iter().map(|(seed, i)| residual(*seed, *i)).collect();
        let s: Vec<f64> = kept.iter().map(|(seed, i)| stddev[*seed][*i]).collect();
        conformal_scale(&r, &s)
    };
    let scales: Vec<f64> = (0..contents).map(|c| scale_of(&|i| content[i] != c)).collect();
    let n = pairs.len() as f64;
    let share = |inside: &dyn Fn(usize, usize) -> bool| {
        pairs.iter().filter(|(s, i)| inside(*s, *i)).count() as f64 / n
    };
    let half = |seed: usize, i: usize| Z95 * scales[content[i]] * stddev[seed][i];
    let width = |seed: usize, i: usize| {
        let (p, h) = (predicted[seed][i], half(seed, i));
        (p + h).clamp(low, high) - (p - h).clamp(low, high)
    };
    // Calibration: normal quantiles at each nominal level, with the card's single scale left out of the content's own.
    let calibration = (1..20)
        .map(|step| {
            let nominal = f64::from(step) * 0.05;
            let z = normal_quantile(0.5 + nominal / 2.0);
            [nominal, share(&|s, i| residual(s, i).abs() <= z * scales[content[i]] * stddev[s][i])]
        })
        .collect();
    Interval {
        coverage_unscaled: share(&|s, i| residual(s, i).abs() <= Z95 * stddev[s][i]),
        coverage: share(&|s, i| residual(s, i).abs() <= half(s, i)),
        mean_width: pairs.iter().map(|(s, i)| width(*s, *i)).sum::<f64>() / n,
        mean_width_unclipped: pairs.iter().map(|(s, i)| 2.0 * half(*s, *i)).sum::<f64>() / n,
        conformal_scale: scale_of(&|_| true),
        calibration,
    }
}
