// SPDX-License-Identifier: BSD-2-Clause-Patent
//! One fold: a content is held out, networks are fitted to all others and predict its clips.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use crate::data::Data;
use crate::fit::Fit;
use crate::predict::{Prediction, predict};
use crate::samples::Samples;

/// Predictions of a content's clips with one seed, by networks that have not seen the content.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Fold {
    pub(super) clips: Vec<usize>,
    pub(super) blind: Vec<f64>,
    pub(super) stddev: Vec<f64>,
    pub(super) aware: Vec<f64>,
    pub(super) shuffled: Vec<f64>,
    pub(super) dataset: Vec<f64>,
    /// Of the codec-blind network, by missing feature.
    pub(super) missing: BTreeMap<String, Vec<f64>>,
}

/// Fits and predicts with `content` held out.
pub(super) fn hold_out(data: &Data, seed: u64, content: &str) -> Result<Fold> {
    let corpus = &data.corpus;
    let held_out = |i: usize| corpus.clips[i].content == content;
    let (samples, _) = Samples::new(
        corpus,
        &data.teacher,
        &data.codec,
        data.unknown,
        &data.protocol.weighting,
        held_out,
    )?;
    let recipe = &data.protocol.recipe;
    let codecs = data.unknown + 1;
    let clips: Vec<usize> = (0..corpus.clips.len()).filter(|&i| held_out(i)).collect();
    let range = Some(data.protocol.score_range);
    let held = samples.only(&clips);
    let pick =
        |all: &[Prediction], get: fn(&Prediction) -> f64| all.iter().map(get).collect::<Vec<f64>>();

    let blind_fit = Fit::new(&samples, recipe, 0, true, seed)?;
    let pretrained = blind_fit.pretrain()?;
    let blind_weights = blind_fit.finish(pretrained.clone())?;
    let blind = predict(&blind_weights, &held, &held.codec, range)?;
    let mut missing = BTreeMap::new();
    for (column, name) in corpus.feature_names.iter().enumerate() {
        let mut without = held.clone();
        without.z.iter_mut().skip(column).step_by(held.width).for_each(|z| *z = 0.0);
        missing.insert(
            name.clone(),
            pick(&predict(&blind_weights, &without, &held.codec, range)?, |p| p.score),
        );
    }

    let with_block = |codec: &[usize], width: usize| -> Result<Vec<f64>> {
        let labelled = Samples { codec: codec.to_vec(), ..samples.clone() };
        let weights =
            Fit::new(&labelled, recipe, width, false, seed)?.finish(pretrained.clone())?;
        let labels: Vec<usize> = clips.iter().map(|&i| codec[i]).collect();
        Ok(pick(&predict(&weights, &held, &labels, range)?, |p| p.score))
    };
    let datasets = dataset_ids(data);
    let kinds = datasets.iter().max().map_or(1, |m| m + 1);
    Ok(Fold {
        blind: pick(&blind, |p| p.score),
        stddev: pick(&blind, |p| p.stddev),
        aware: with_block(&data.codec, codecs)?,
        shuffled: with_block(&shuffled_within_datasets(&data.codec, &datasets, seed), codecs)?,
        dataset: with_block(&datasets, kinds)?,
        missing,
        clips,
    })
}

/// Dataset of each clip as a number.
pub(super) fn dataset_ids(data: &Data) -> Vec<usize> {
    let names: BTreeSet<&str> =
        data.corpus.clips.iter().map(|clip| clip.dataset.as_str()).collect();
    let ids: BTreeMap<&str, usize> =
        names.into_iter().enumerate().map(|(i, name)| (name, i)).collect();
    data.corpus.clips.iter().map(|clip| ids[clip.dataset.as_str()]).collect()
}

/// The labels of each dataset in another order: as many of each codec there, on other clips.
fn shuffled_within_datasets(codec: &[usize], datasets: &[usize], seed: u64) -> Vec<usize> {
    let mut shuffled = codec.to_vec();
    for dataset in 0..=datasets.iter().copied().max().unwrap_or(0) {
        let members: Vec<usize> = (0..codec.len()).filter(|&i| datasets[i] == dataset).collect();
        let mut labels: Vec<usize> = members.iter().map(|&i| codec[i]).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        rng.set_stream(dataset as u64 + 1);
        labels.shuffle(&mut rng);
        for (&i, label) in members.iter().zip(labels) {
            shuffled[i] = label;
        }
    }
    shuffled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shuffling_keeps_each_datasets_labels() {
        let codec = [0, 1, 2, 0, 1, 5, 5, 3, 3, 4];
        let datasets = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1];
        let shuffled = shuffled_within_datasets(&codec, &datasets, 3);
        assert_ne!(shuffled, codec);
        for dataset in 0..2 {
            let of = |labels: &[usize]| {
                let mut v: Vec<usize> = labels
                    .iter()
                    .zip(datasets)
                    .filter(|(_, d)| *d == dataset)
                    .map(|(l, _)| *l)
                    .collect();
                v.sort_unstable();
                v
            };
            assert_eq!(of(&codec), of(&shuffled));
        }
    }
}
