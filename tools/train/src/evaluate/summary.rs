// SPDX-License-Identifier: BSD-2-Clause-Patent
//! From the folds' predictions to the result of an evaluation.

use anyhow::Result;

use super::baselines::add_vmaf;
use super::figures::{figures, missing_features};
use super::fold::Fold;
use super::interval::intervals;
use super::lifts::lifts;
use super::predictions::{Predictions, mean_over_seeds, of_networks};
use super::test_set::TestSet;
use crate::data::Data;
use crate::evaluation::{ClipTable, Evaluation};

/// Judges the predictions of all folds.
pub(super) fn summarise(
    data: &Data,
    folds: &[Vec<Fold>],
    draws: usize,
    protocol_sha256: String,
) -> Result<(Evaluation, ClipTable)> {
    let set = TestSet::of(data)?;
    let mut predictions = of_networks(folds, data.corpus.clips.len());
    add_vmaf(data, &set, &mut predictions)?;
    let evaluation = Evaluation {
        kind: "vmaf_fr_evaluation".to_owned(),
        format: 1,
        protocol: data.protocol.clone(),
        protocol_sha256,
        scheme: "leave-one-content-out".to_owned(),
        contents: set.contents,
        seeds: folds.len() as u64,
        draws,
        primary: "rated clips of a known codec, all datasets pooled".to_owned(),
        predictors: predictions
            .iter()
            .map(|(name, seeds)| (name.clone(), figures(data, &set, seeds)))
            .collect(),
        lifts: lifts(&set, &predictions, draws),
        intervals: intervals(&set, folds, &predictions, data.protocol.score_range),
        missing: missing_features(data, &set, folds),
    };
    Ok((evaluation, clip_table(data, &set, &predictions)))
}

fn clip_table(data: &Data, set: &TestSet, predictions: &Predictions) -> ClipTable {
    let clips = &data.corpus.clips;
    ClipTable {
        dataset: clips.iter().map(|clip| clip.dataset.clone()).collect(),
        content: clips.iter().map(|clip| clip.content.clone()).collect(),
        clip: clips.iter().map(|clip| clip.name.clone()).collect(),
        codec: clips.iter().map(|clip| clip.codec.clone()).collect(),
        primary: (0..clips.len()).map(|i| set.primary.contains(&i)).collect(),
        rated: set.rated.clone(),
        predicted: predictions
            .iter()
            .map(|(name, seeds)| (name.clone(), mean_over_seeds(seeds)))
            .collect(),
    }
}
