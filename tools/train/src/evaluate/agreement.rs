// SPDX-License-Identifier: BSD-2-Clause-Patent
//! How predictors agree with ratings: within tests, over all tests, by unit, and the differences between two of them.

use std::collections::BTreeMap;

use super::design::{Design, MIN_TEST_CLIPS};
use super::schemes::{Plan, Scheme};
use crate::evaluation::{ContentError, Difference, Within};
use crate::statistics::{Agreement, Draws, Lift, Pairing, rmse};

/// Ratings and predictions of some clips.
fn agreement(design: &Design, predicted: &[f64], clips: &[usize]) -> Agreement {
    let at = |values: &[f64]| clips.iter().map(|&i| values[i]).collect::<Vec<_>>();
    Agreement::of(&at(predicted), &at(&design.rated))
}

/// The clips that a predictor is judged on: those of `clips` that it has predicted.
fn predicted_clips(predicted: &[f64], clips: Vec<usize>) -> Vec<usize> {
    clips.into_iter().filter(|&i| !predicted[i].is_nan()).collect()
}

/// Primary clips that were predicted.
pub(super) fn judged(design: &Design, predicted: &[f64]) -> Vec<usize> {
    predicted_clips(predicted, design.primary_clips())
}

/// All primary clips together.
pub(super) fn pooled(design: &Design, predicted: &[f64]) -> Agreement {
    agreement(design, predicted, &judged(design, predicted))
}

/// Rated clips of an unknown codec, if there are enough.
pub(super) fn unknown(design: &Design, predicted: &[f64]) -> Option<Agreement> {
    let clips = (0..design.clips()).filter(|&i| design.unknown[i] && design.is_rated(i)).collect();
    let clips = predicted_clips(predicted, clips);
    (clips.len() >= MIN_TEST_CLIPS).then(|| agreement(design, predicted, &clips))
}

/// Of each judged test, and of each test that is apart.
pub(super) fn by_test(design: &Design, predicted: &[f64]) -> BTreeMap<String, Agreement> {
    let judged = design.judged_tests();
    (0..design.test.len())
        .filter(|&test| judged.contains(&test) || design.apart[test])
        .filter_map(|test| {
            let clips = design
                .test
                .clips(test)
                .into_iter()
                .filter(|&i| design.is_rated(i) && (design.primary[i] || design.apart[test]))
                .collect();
            let clips = predicted_clips(predicted, clips);
            (clips.len() >= MIN_TEST_CLIPS)
                .then(|| (design.test.names[test].clone(), agreement(design, predicted, &clips)))
        })
        .collect()
}

/// Mean over the judged tests that have one of `clips`.
pub(super) fn within(design: &Design, predicted: &[f64], clips: &[usize]) -> Option<Within> {
    let tests: Vec<Agreement> = design
        .judged_tests()
        .into_iter()
        .filter_map(|test| {
            let own: Vec<usize> = clips
                .iter()
                .copied()
                .filter(|&i| design.test.of[i] == test && !predicted[i].is_nan())
                .collect();
            (own.len() >= MIN_TEST_CLIPS).then(|| agreement(design, predicted, &own))
        })
        .collect();
    let mean = |get: fn(&Agreement) -> f64| tests.iter().map(get).sum::<f64>() / tests.len() as f64;
    (!tests.is_empty()).then(|| Within {
        tests: tests.len(),
        plcc: mean(|a| a.plcc),
        srocc: mean(|a| a.srocc),
        rmse: mean(|a| a.rmse),
    })
}

/// Of each unit that a scheme leaves out, within tests.
pub(super) fn by_unit(
    design: &Design,
    plan: &Plan,
    scheme: Scheme,
    predicted: &[f64],
) -> BTreeMap<String, Within> {
    plan.units[&scheme]
        .iter()
        .filter_map(|unit| {
            let primary: Vec<usize> =
                unit.clips.iter().copied().filter(|&i| design.primary[i]).collect();
            Some((unit.name.clone(), within(design, predicted, &primary)?))
        })
        .collect()
}

/// The content whose primary clips are predicted worst.
pub(super) fn worst_content(design: &Design, predicted: &[f64]) -> Option<ContentError> {
    let mut contents: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for clip in judged(design, predicted) {
        contents.entry(design.content.of[clip]).or_default().push(clip);
    }
    contents
        .into_iter()
        .map(|(content, clips)| {
            let at = |values: &[f64]| clips.iter().map(|&i| values[i]).collect::<Vec<_>>();
            ContentError {
                content: design.content.names[content].clone(),
                rmse: rmse(&at(predicted), &at(&design.rated)),
            }
        })
        .max_by(|a, b| a.rmse.total_cmp(&b.rmse))
}

/// Clips of two predictors, ready for draws.
struct Compared {
    /// Group of each clip.
    group: Vec<usize>,
    first: Pairing,
    second: Pairing,
}

impl Compared {
    fn of(design: &Design, first: &[f64], second: &[f64], clips: &[usize]) -> Self {
        let at = |values: &[f64]| clips.iter().map(|&i| values[i]).collect::<Vec<_>>();
        Self {
            group: clips.iter().map(|&i| design.group.of[i]).collect(),
            first: Pairing::new(at(first), at(&design.rated)),
            second: Pairing::new(at(second), at(&design.rated)),
        }
    }

    fn difference(&self, groups: &[f64], statistic: Statistic) -> Option<f64> {
        let weights: Vec<f64> = self.group.iter().map(|&group| groups[group]).collect();
        Some(statistic(&self.first, &weights)? - statistic(&self.second, &weights)?)
    }
}

type Statistic = fn(&Pairing, &[f64]) -> Option<f64>;

/// Differences of two predictors on the same clips.
pub(super) struct Comparison<'a> {
    design: &'a Design,
    tests: Vec<Compared>,
    all: Compared,
    draws: Draws,
}

impl<'a> Comparison<'a> {
    /// On those of `clips` that both have predicted; in tests of `design` that are judged.
    pub(super) fn new(
        design: &'a Design,
        first: &[f64],
        second: &[f64],
        clips: &[usize],
        draws: Draws,
    ) -> Self {
        let clips: Vec<usize> =
            clips.iter().copied().filter(|&i| !first[i].is_nan() && !second[i].is_nan()).collect();
        let tests = design
            .judged_tests()
            .into_iter()
            .map(|test| {
                clips.iter().copied().filter(|&i| design.test.of[i] == test).collect::<Vec<_>>()
            })
            .filter(|own: &Vec<usize>| own.len() >= MIN_TEST_CLIPS)
            .map(|own| Compared::of(design, first, second, &own))
            .collect();
        Self { design, tests, all: Compared::of(design, first, second, &clips), draws }
    }

    /// Of the mean over tests; a test whose drawn clips do not vary is passed over in that draw.
    pub(super) fn within(&self, statistic: Statistic) -> Option<Lift> {
        self.draws.interval(&self.design.laboratory_of_group, |groups| {
            let each: Vec<f64> =
                self.tests.iter().filter_map(|test| test.difference(groups, statistic)).collect();
            (!each.is_empty()).then(|| each.iter().sum::<f64>() / each.len() as f64)
        })
    }

    fn pooled(&self, statistic: Statistic) -> Option<Lift> {
        self.draws.interval(&self.design.laboratory_of_group, |groups| {
            self.all.difference(groups, statistic)
        })
    }

    /// All of them; `None` if one of the predictors does not vary.
    pub(super) fn difference(&self) -> Option<Difference> {
        Some(Difference {
            plcc_within: self.within(Pairing::plcc)?,
            srocc_within: self.within(Pairing::srocc)?,
            rmse_within: self.within(Pairing::rmse)?,
            plcc: self.pooled(Pairing::plcc)?,
            srocc: self.pooled(Pairing::srocc)?,
            rmse: self.pooled(Pairing::rmse)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::design::tests::clip;
    use super::super::design::{DesignClip, TestChoices};
    use super::*;

    #[test]
    fn what_tells_tests_apart_gains_nothing_within_tests() {
        let mut clips: Vec<DesignClip> = Vec::new();
        for (test, offset) in [("t1", 0.0), ("t2", 50.0)] {
            for content in ["u", "v", "w", "x", "y", "z"] {
                let place = format!("a/{test}/{test}{content}");
                clips.extend((0..10).map(|i| clip(&place, offset + f64::from(i))));
            }
        }
        let design = Design::new(&clips, &TestChoices::default(), 5).unwrap();
        let rated = &design.rated;
        // Ratings of the second test are on another part of the scale: one predictor knows, the other does not.
        let knows: Vec<f64> =
            rated.iter().enumerate().map(|(i, r)| r + (i * 7 % 5) as f64).collect();
        let naive: Vec<f64> =
            knows.iter().zip(&design.test.of).map(|(p, &t)| p - 50.0 * t as f64).collect();
        let all: Vec<usize> = (0..clips.len()).collect();
        let draws = Draws { count: 100, seed: 1 };
        let difference =
            Comparison::new(&design, &knows, &naive, &all, draws).difference().unwrap();
        assert!(difference.plcc.low > 0.1, "{difference:?}");
        assert!(difference.plcc_within.value.abs() < 1e-12);
        assert!(within(&design, &naive, &all).unwrap().plcc > 0.8);
        assert!(pooled(&design, &naive).plcc < 0.5);
        assert_eq!(by_test(&design, &knows).len(), 2);
        let constant = vec![50.0; clips.len()];
        assert!(Comparison::new(&design, &constant, &naive, &all, draws).difference().is_none());
    }
}
