// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What missing features cost: scores with optional features hidden, beside those with all.

use std::collections::BTreeMap;

use super::agreement::within;
use super::design::Design;
use crate::corpus::Corpus;
use crate::evaluation::MissingFeatures;
use crate::statistics::rmse;

/// Optional features up to this number are hidden in every combination; more are hidden one by one, and all together.
const COMBINED: usize = 3;

/// The sets of optional features that are hidden.
pub(super) fn combinations(optional: &[String]) -> Vec<Vec<String>> {
    if optional.is_empty() {
        return Vec::new();
    }
    if optional.len() > COMBINED {
        let mut sets: Vec<Vec<String>> = optional.iter().map(|name| vec![name.clone()]).collect();
        sets.push(optional.to_vec());
        return sets;
    }
    (1..1usize << optional.len())
        .map(|set| {
            let names = optional.iter().enumerate().filter(|(bit, _)| set >> bit & 1 == 1);
            names.map(|(_, name)| name.clone()).collect()
        })
        .collect()
}

/// How a set of hidden features is called.
pub(super) fn set_name(set: &[String]) -> String {
    set.join("+")
}

/// Optional features that each clip lacks in most of its frames.
pub(super) fn absent(corpus: &Corpus, optional: &[String]) -> Vec<Vec<String>> {
    let columns: Vec<(usize, &String)> = optional
        .iter()
        .filter_map(|name| Some((corpus.feature_names.iter().position(|n| n == name)?, name)))
        .collect();
    corpus
        .clips
        .iter()
        .map(|clip| {
            let lacks = |column: usize| {
                let nan = clip.frames.clone().filter(|&f| corpus.frame(f)[column].is_nan()).count();
                2 * nan > clip.frames.len()
            };
            columns
                .iter()
                .filter(|(column, _)| lacks(*column))
                .map(|(_, name)| (*name).clone())
                .collect()
        })
        .collect()
}

/// What each set of hidden features costs on the primary clips that have all of it. `complete` and `hidden` have scores of
/// every clip, each content left out.
pub(super) fn losses(
    design: &Design,
    absent: &[Vec<String>],
    complete: &[f64],
    hidden: &BTreeMap<String, Vec<f64>>,
    sets: &[Vec<String>],
) -> BTreeMap<String, MissingFeatures> {
    sets.iter()
        .filter_map(|set| {
            let scores = hidden.get(&set_name(set))?;
            let clips: Vec<usize> = design
                .primary_clips()
                .into_iter()
                .filter(|&i| set.iter().all(|name| !absent[i].contains(name)))
                .filter(|&i| !complete[i].is_nan() && !scores[i].is_nan())
                .collect();
            let at = |values: &[f64]| clips.iter().map(|&i| values[i]).collect::<Vec<_>>();
            let rated = at(&design.rated);
            let loss = MissingFeatures {
                clips: clips.len(),
                plcc_within: within(design, scores, &clips)?.plcc,
                plcc_within_complete: within(design, complete, &clips)?.plcc,
                rmse: rmse(&at(scores), &rated),
                rmse_complete: rmse(&at(complete), &rated),
                error_ratio: content_error(design, scores, &clips)
                    / content_error(design, complete, &clips),
            };
            loss.error_ratio.is_finite().then(|| (set_name(set), loss))
        })
        .collect()
}

/// Root mean square error, every content in a test the same.
fn content_error(design: &Design, predicted: &[f64], clips: &[usize]) -> f64 {
    let cells = design.cells(clips.iter().copied());
    let squares = cells.values().map(|cell| {
        let sum: f64 = cell.iter().map(|&i| (predicted[i] - design.rated[i]).powi(2)).sum();
        sum / cell.len() as f64
    });
    (squares.sum::<f64>() / cells.len() as f64).sqrt()
}

/// Factor of each optional feature: what hiding it costs, at least 1. A card takes the largest factor of the features that
/// are missing, so that the largest one of a set that costs more than each of its features is raised to what the set costs.
pub(super) fn factors(
    optional: &[String],
    losses: &BTreeMap<String, MissingFeatures>,
    sets: &[Vec<String>],
) -> BTreeMap<String, f64> {
    let mut factors: BTreeMap<String, f64> = optional
        .iter()
        .map(|name| (name.clone(), losses.get(name).map_or(1.0, |loss| loss.error_ratio.max(1.0))))
        .collect();
    for set in sets.iter().filter(|set| set.len() > 1) {
        let Some(loss) = losses.get(&set_name(set)) else { continue };
        let largest = set.iter().max_by(|a, b| factors[*a].total_cmp(&factors[*b]));
        if let Some(factor) = largest.and_then(|name| factors.get_mut(name)) {
            *factor = factor.max(loss.error_ratio);
        }
    }
    factors
}

/// What multiplies each clip's half width for the features that it lacks.
pub(super) fn clip_factors(absent: &[Vec<String>], factors: &BTreeMap<String, f64>) -> Vec<f64> {
    absent
        .iter()
        .map(|names| {
            names.iter().filter_map(|name| factors.get(name)).fold(1.0, |a, &b| f64::max(a, b))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(text: &str) -> Vec<String> {
        text.split_whitespace().map(str::to_owned).collect()
    }

    #[test]
    fn few_features_are_hidden_in_every_combination() {
        let sets = combinations(&names("a b"));
        assert_eq!(sets, [names("a"), names("b"), names("a b")]);
        assert_eq!(combinations(&names("a b c d")).len(), 5);
        assert!(combinations(&[]).is_empty());
    }

    #[test]
    fn the_largest_factor_of_a_set_covers_what_the_set_costs() {
        let loss = |error_ratio: f64| MissingFeatures {
            clips: 10,
            plcc_within: 0.9,
            plcc_within_complete: 0.9,
            rmse: 10.0,
            rmse_complete: 10.0,
            error_ratio,
        };
        let losses = [("a", 1.1), ("b", 0.9), ("a+b", 1.3)]
            .map(|(name, ratio)| (name.to_owned(), loss(ratio)))
            .into();
        let optional = names("a b");
        let factors = factors(&optional, &losses, &combinations(&optional));
        assert_eq!(
            factors.values().map(|f| f.to_bits()).collect::<Vec<_>>(),
            [1.3f64, 1.0].map(f64::to_bits)
        );
        let absent = [names("b"), names("a b"), names("")];
        let bits: Vec<u64> = clip_factors(&absent, &factors).iter().map(|f| f.to_bits()).collect();
        assert_eq!(bits, [1.0f64, 1.3, 1.0].map(f64::to_bits));
    }
}
