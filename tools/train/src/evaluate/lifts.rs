// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Differences between predictors on the primary clips, with intervals from a paired bootstrap over contents.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::predictions::Predictions;
use super::test_set::TestSet;
use crate::evaluation::Lifts;
use crate::statistics::{paired_bootstrap, plcc, rmse, srocc};

/// Seed of the bootstrap.
const SEED: u64 = 95;

const PAIRS: [(&str, &str); 6] = [
    ("codec_aware", "codec_blind"),
    ("codec_aware", "codec_shuffled"),
    ("codec_shuffled", "codec_blind"),
    ("dataset_onehot", "codec_blind"),
    ("codec_blind_ensemble", "codec_blind"),
    ("codec_aware_ensemble", "codec_aware"),
];

/// If the corpus has VMAF.
const PAIRS_WITH_VMAF: [(&str, &str); 4] = [
    ("codec_blind", "vmaf_logistic"),
    ("codec_aware", "vmaf_logistic"),
    ("codec_blind_ensemble", "vmaf_logistic"),
    ("codec_blind", "vmaf_logistic_in_sample"),
];

/// Of drawn predictions, their ratings, and which clips they are.
type ClipStatistic<'a> = dyn Fn(&[f64], &[f64], &[usize]) -> f64 + 'a;

/// All differences, named `first - second`.
pub(super) fn lifts(
    set: &TestSet,
    predictions: &Predictions,
    draws: usize,
) -> BTreeMap<String, Lifts> {
    let mut pairs = PAIRS.to_vec();
    if predictions.contains_key("vmaf_logistic") {
        pairs.extend(PAIRS_WITH_VMAF);
    }
    pairs
        .par_iter()
        .map(|(first, second)| {
            (format!("{first} - {second}"), lift(set, predictions, first, second, draws))
        })
        .collect()
}

fn lift(
    set: &TestSet,
    predictions: &Predictions,
    first: &str,
    second: &str,
    draws: usize,
) -> Lifts {
    let at = |all: &[Vec<f64>]| -> Vec<Vec<f64>> {
        all.iter().map(|seed| set.at_primary(seed)).collect()
    };
    let (first, second) = (at(&predictions[first]), at(&predictions[second]));
    let rated = set.at_primary(&set.rated);
    let content = set.at_primary(&set.content);
    let dataset = set.at_primary(&set.dataset);
    let boot = |statistic: &ClipStatistic<'_>| {
        paired_bootstrap(&first, &second, &rated, &content, statistic, draws, SEED)
    };
    Lifts {
        plcc: boot(&|p, r, _| plcc(p, r)),
        srocc: boot(&|p, r, _| srocc(p, r)),
        rmse: boot(&|p, r, _| rmse(p, r)),
        plcc_within_datasets: boot(&|p, r, clips| within(p, r, clips, &dataset)),
    }
}

/// Mean over datasets of the PLCC within a dataset.
fn within(predicted: &[f64], rated: &[f64], clips: &[usize], dataset: &[usize]) -> f64 {
    let mut groups: BTreeMap<usize, (Vec<f64>, Vec<f64>)> = BTreeMap::new();
    for ((&p, &r), &clip) in predicted.iter().zip(rated).zip(clips) {
        let group = groups.entry(dataset[clip]).or_default();
        group.0.push(p);
        group.1.push(r);
    }
    let values: Vec<f64> =
        groups.values().map(|(p, r)| plcc(p, r)).filter(|v| !v.is_nan()).collect();
    values.iter().sum::<f64>() / values.len() as f64
}
