// SPDX-License-Identifier: BSD-2-Clause-Patent
//! How well each predictor agrees with ratings: over all clips, by dataset, by codec, and with one feature missing.

use std::collections::BTreeMap;

use super::fold::Fold;
use super::predictions::collect;
use super::test_set::TestSet;
use crate::data::Data;
use crate::evaluation::{Figures, MissingFeature};
use crate::statistics::{Agreement, plcc, rmse};

/// Of one predictor; `seeds` holds its predictions by seed.
pub(super) fn figures(data: &Data, set: &TestSet, seeds: &[Vec<f64>]) -> Figures {
    let agreement = |clips: &[usize]| {
        let y: Vec<f64> = clips.iter().map(|&i| set.rated[i]).collect();
        let each: Vec<Agreement> = seeds
            .iter()
            .map(|seed| Agreement::of(&clips.iter().map(|&i| seed[i]).collect::<Vec<_>>(), &y))
            .collect();
        (Agreement::mean(&each), each)
    };
    let group = |clips: &[usize], key: &dyn Fn(usize) -> String| {
        let mut groups: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for &i in clips {
            groups.entry(key(i)).or_default().push(i);
        }
        groups
            .into_iter()
            .filter(|(_, clips)| clips.len() > 2)
            .map(|(name, clips)| (name, agreement(&clips).0))
            .collect()
    };
    let (pooled, each) = agreement(&set.primary);
    let mean = pooled.plcc;
    let stddev = if each.len() > 1 {
        (each.iter().map(|a| (a.plcc - mean).powi(2)).sum::<f64>() / (each.len() - 1) as f64).sqrt()
    } else {
        0.0
    };
    Figures {
        primary: pooled,
        all: agreement(&set.known).0,
        plcc_seed_stddev: stddev,
        datasets: group(&set.primary, &|i| data.corpus.clips[i].dataset.clone()),
        codecs: group(&set.known, &|i| data.corpus.clips[i].codec.clone()),
    }
}

/// Of the codec-blind network on the primary clips, by the feature that is missing.
pub(super) fn missing_features(
    data: &Data,
    set: &TestSet,
    folds: &[Vec<Fold>],
) -> BTreeMap<String, MissingFeature> {
    let rated = set.at_primary(&set.rated);
    let clips = set.rated.len();
    data.corpus
        .feature_names
        .iter()
        .map(|name| {
            let seeds: Vec<Vec<f64>> = collect(folds, clips, |fold| &fold.missing[name])
                .iter()
                .map(|seed| set.at_primary(seed))
                .collect();
            let count = seeds.len() as f64;
            let missing = MissingFeature {
                plcc: seeds.iter().map(|p| plcc(p, &rated)).sum::<f64>() / count,
                rmse: seeds.iter().map(|p| rmse(p, &rated)).sum::<f64>() / count,
            };
            (name.clone(), missing)
        })
        .collect()
}
