// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What a corpus lacks for a fit, all of it, before any fit.

use std::collections::{BTreeMap, BTreeSet};

use vmaf_fr_v2::catalogue::CANONICAL_FEATURES;

use super::error::Lack;
use super::{Corpus, RatedClip, same_feature};

pub(super) fn lacks(corpus: &Corpus) -> Vec<Lack> {
    let mut lacks = Vec::new();
    for table in &corpus.tables {
        let (laboratory, target) = (&table.source.name, &table.source.target);
        lacks.extend(target_lack(corpus, laboratory, target));
    }
    let rated: BTreeSet<&str> = corpus
        .clips
        .iter()
        .filter(|clip| !clip.target.is_nan())
        .map(|clip| clip.content.as_str())
        .collect();
    if rated.len() < 2 && !rated.is_empty() {
        lacks.push(Lack::Contents { rated: rated.len() });
    }
    for feature in CANONICAL_FEATURES {
        match corpus.feature_names.iter().position(|name| same_feature(name, feature)) {
            None => lacks.push(Lack::NotTaken { feature: feature.to_owned() }),
            Some(column) => lacks.extend(feature_lacks(corpus, feature, column)),
        }
    }
    lacks
}

/// Of one laboratory's ratings.
fn target_lack(corpus: &Corpus, laboratory: &str, target: &str) -> Option<Lack> {
    let rated: Vec<f64> = corpus
        .clips
        .iter()
        .filter(|clip| clip.laboratory == laboratory && !clip.target.is_nan())
        .map(|clip| clip.target)
        .collect();
    let (laboratory, target) = (laboratory.to_owned(), target.to_owned());
    let Some(&value) = rated.first() else { return Some(Lack::Target { laboratory, target }) };
    // One rating is not constant, only few.
    let constant = rated.len() > 1 && rated.iter().all(|x| x.to_bits() == value.to_bits());
    constant.then_some(Lack::ConstantTarget { laboratory, target, value, clips: rated.len() })
}

/// Of one required feature, by dataset: clips without it in any frame.
fn feature_lacks(corpus: &Corpus, feature: &str, column: usize) -> Vec<Lack> {
    let mut datasets: BTreeMap<(&str, &str), (usize, Vec<&RatedClip>)> = BTreeMap::new();
    for clip in &corpus.clips {
        let (of, without) = datasets.entry((&clip.laboratory, &clip.dataset)).or_default();
        *of += 1;
        if clip.frames.clone().all(|frame| corpus.frame(frame)[column].is_nan()) {
            without.push(clip);
        }
    }
    datasets
        .into_iter()
        .filter_map(|((laboratory, dataset), (of, without))| {
            Some(Lack::Feature {
                laboratory: laboratory.to_owned(),
                dataset: dataset.to_owned(),
                feature: feature.to_owned(),
                clips: without.len(),
                of,
                example: without.first()?.name.clone(),
            })
        })
        .collect()
}
