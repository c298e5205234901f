// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Predictions by kind of predictor.

use std::collections::BTreeMap;

use super::fold::Fold;

/// By kind of predictor: one list for each seed, with a prediction for each clip.
pub(super) type Predictions = BTreeMap<String, Vec<Vec<f64>>>;

/// Of the networks, and of their ensembles over seeds.
pub(super) fn of_networks(folds: &[Vec<Fold>], clips: usize) -> Predictions {
    let mut predictions = Predictions::new();
    let mut keep = |name: &str, get: fn(&Fold) -> &[f64]| {
        predictions.insert(name.to_owned(), collect(folds, clips, get))
    };
    keep("codec_blind", |fold| &fold.blind);
    keep("codec_aware", |fold| &fold.aware);
    keep("codec_shuffled", |fold| &fold.shuffled);
    keep("dataset_onehot", |fold| &fold.dataset);
    for kind in ["codec_blind", "codec_aware"] {
        let ensemble = mean_over_seeds(&predictions[kind]);
        predictions.insert(format!("{kind}_ensemble"), vec![ensemble]);
    }
    predictions
}

/// One value of each clip, by seed; NaN for a clip of no fold.
pub(super) fn collect(
    folds: &[Vec<Fold>],
    clips: usize,
    get: impl Fn(&Fold) -> &[f64],
) -> Vec<Vec<f64>> {
    folds
        .iter()
        .map(|seed| {
            let mut all = vec![f64::NAN; clips];
            for fold in seed {
                for (&clip, &value) in fold.clips.iter().zip(get(fold)) {
                    all[clip] = value;
                }
            }
            all
        })
        .collect()
}

/// Of each clip.
pub(super) fn mean_over_seeds(all: &[Vec<f64>]) -> Vec<f64> {
    (0..all[0].len())
        .map(|i| all.iter().map(|seed| seed[i]).sum::<f64>() / all.len() as f64)
        .collect()
}

/// Mean and sample standard deviation over seeds: an ensemble's score and stddev.
pub(super) fn spread(seeds: &[Vec<f64>]) -> (Vec<f64>, Vec<f64>) {
    let mean = mean_over_seeds(seeds);
    let stddev = (0..mean.len())
        .map(|i| {
            let sum: f64 = seeds.iter().map(|seed| (seed[i] - mean[i]).powi(2)).sum();
            (sum / (seeds.len() as f64 - 1.0)).sqrt().max(1e-6)
        })
        .collect();
    (mean, stddev)
}
