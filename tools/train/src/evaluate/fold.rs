// SPDX-License-Identifier: BSD-2-Clause-Patent
//! One fold: the recipe's ensemble is fitted to the training clips and predicts the others; with a codec input, its controls
//! as well.

use std::collections::BTreeMap;

use anyhow::Result;
use rand::SeedableRng as _;
use rand::seq::SliceRandom as _;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::ladder::Ladder;
use super::missing::{combinations, set_name};
use super::predictor::Scored;
use super::schemes::PlannedFit;
use super::shape::{self, Shape};
use super::{SHUFFLES, Subject};
use crate::fit::Pretrained;
use crate::model::Model;
use crate::recipe::{CodecInput, Recipe};

/// Predictions of a fold's clips, in its order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Fold {
    pub(super) model: Scored,
    /// With optional features hidden, by their names.
    pub(super) hidden: BTreeMap<String, Vec<f64>>,
    /// Of the recipe without codec, for one that has it.
    pub(super) blind: Option<Scored>,
    /// With shuffled codec labels, by draw.
    pub(super) shuffled: Vec<Vec<f64>>,
    /// Of the model of all clips.
    pub(super) shape: Option<Shape>,
}

/// Fits and predicts.
pub(super) fn run(subject: &Subject<'_>, planned: &PlannedFit, ladders: &[Ladder]) -> Result<Fold> {
    let (recipe, codec) = (subject.recipe, subject.codec);
    let quiet = || ();
    let pretrained =
        Pretrained::fit(subject.corpus, subject.teacher, recipe, &planned.train, &quiet)?;
    let model = pretrained.refit(recipe, codec, &quiet)?.model;
    let score = |model: &Model, codec: &[usize], missing: &[&str]| -> Result<Scored> {
        let scored = model.score_clips(subject.corpus, &planned.clips, codec, missing)?;
        Ok(Scored {
            score: scored.iter().map(|clip| clip.score).collect(),
            factor: scored.iter().map(|clip| clip.factor).collect(),
        })
    };
    let mut fold = Fold {
        model: score(&model, codec, &[])?,
        hidden: BTreeMap::new(),
        blind: None,
        shuffled: Vec::new(),
        shape: None,
    };
    if planned.whole {
        fold.shape =
            Some(shape::measure(&model, subject.corpus, codec, &subject.optional(), ladders)?);
        return Ok(fold);
    }
    if planned.controls {
        for set in combinations(&subject.optional()) {
            let missing: Vec<&str> = set.iter().map(String::as_str).collect();
            fold.hidden.insert(set_name(&set), score(&model, codec, &missing)?.score);
        }
    }
    if recipe.codec == CodecInput::None {
        return Ok(fold);
    }
    let blind = Recipe { codec: CodecInput::None, ..recipe.clone() };
    fold.blind = Some(score(&pretrained.refit(&blind, codec, &quiet)?.model, codec, &[])?);
    if planned.controls {
        for draw in 0..SHUFFLES as u64 {
            let labels = shuffled(subject, draw);
            let model = pretrained.refit(recipe, &labels, &quiet)?.model;
            fold.shuffled.push(score(&model, &labels, &[])?.score);
        }
    }
    Ok(fold)
}

/// The known codecs of each content in each test in another order: as many of each there, on other clips.
fn shuffled(subject: &Subject<'_>, draw: u64) -> Vec<usize> {
    let known = |&i: &usize| subject.codec[i] != subject.unknown;
    let mut shuffled = subject.codec.to_vec();
    let cells = subject.design.cells((0..shuffled.len()).filter(known));
    for (stream, cell) in cells.into_values().enumerate() {
        let mut labels: Vec<usize> = cell.iter().map(|&i| subject.codec[i]).collect();
        let mut rng = ChaCha8Rng::seed_from_u64(draw);
        rng.set_stream(stream as u64 + 1);
        labels.shuffle(&mut rng);
        for (i, label) in cell.into_iter().zip(labels) {
            shuffled[i] = label;
        }
    }
    shuffled
}
