// SPDX-License-Identifier: BSD-2-Clause-Patent
//! 95 % intervals of scores, and how they do where nothing of them was known.
//!
//! A score's interval is for a laboratory that was not trained on. There are few laboratories, so that tests stand in for
//! them: the errors are those of each family of tests, predicted by a fit that saw neither it nor its contents. Their
//! [`Components`] give the standard deviation, Student's quantile widens it for as few tests as there are, and a conformal
//! factor widens it further if that does not cover the errors themselves.
//!
//! What an interval covers is judged on units that had no part in it.

use std::collections::BTreeMap;

use vmaf_fr_v2::Z95;

use super::agreement::judged;
use super::design::Design;
use super::predictor::{HeldOut, Scored};
use super::schemes::{Plan, Scheme, Unit};
use crate::evaluation::{ContentCoverage, Coverage, Interval, UnitCoverage};
use crate::statistics::{Components, LEVEL, conformal_width, normal_quantile, students_half_width};

/// An error of a held-out clip, over what multiplies its half width.
pub(super) struct HeldError {
    pub(super) clip: usize,
    pub(super) error: f64,
}

/// The width of an interval, from some errors.
#[derive(Debug, Clone)]
pub(super) struct Width {
    pub(super) components: Components,
    pub(super) students: f64,
    pub(super) conformal: f64,
}

impl Width {
    fn of(design: &Design, errors: &[HeldError]) -> Option<Self> {
        let placed: Vec<(f64, usize, usize)> = errors
            .iter()
            .map(|e| (e.error, design.test.of[e.clip], design.content.of[e.clip]))
            .collect();
        let components = Components::of(&placed)?;
        let students = students_half_width(components.degrees_of_freedom);
        let half = components.stddev() * students;
        let cells = design.cells(errors.iter().map(|e| e.clip));
        let weighted = errors
            .iter()
            .map(|e| (e.error.abs() / half, 1.0 / cells[&design.cell(e.clip)].len() as f64))
            .collect();
        let conformal = conformal_width(weighted, LEVEL)?;
        // Errors of exactly 0 have no width, and no scale.
        let conformal = if conformal.is_finite() { conformal.max(1.0) } else { 1.0 };
        Some(Self { components, students, conformal })
    }

    /// Of a clip whose factor is 1.
    pub(super) fn half(&self) -> f64 {
        self.components.stddev() * self.students * self.conformal
    }
}

/// Everything that intervals of one predictor rest on.
pub(super) struct Intervals<'a> {
    pub(super) design: &'a Design,
    pub(super) plan: &'a Plan,
    pub(super) held_out: &'a HeldOut,
    /// What multiplies a clip's half width besides its distance from the training data: its missing features.
    pub(super) missing: &'a [f64],
    score_range: [f64; 2],
}

impl<'a> Intervals<'a> {
    pub(super) fn new(
        design: &'a Design,
        plan: &'a Plan,
        held_out: &'a HeldOut,
        missing: &'a [f64],
        score_range: [f64; 2],
    ) -> Self {
        Self { design, plan, held_out, missing, score_range }
    }

    fn errors(&self, scored: &Scored, keep: impl Fn(usize) -> bool) -> Vec<HeldError> {
        judged(self.design, &scored.score)
            .into_iter()
            .filter(|&clip| keep(clip))
            .map(|clip| {
                let factor = scored.factor[clip] * self.missing[clip];
                let error = (self.design.rated[clip] - scored.score[clip]) / factor;
                HeldError { clip, error }
            })
            .collect()
    }

    /// Scores of the families, each left out; those of the contents if there is one family only.
    pub(super) fn strangers(&self) -> &Scored {
        let families = &self.held_out.units[&Scheme::Family];
        if families.score.iter().all(|score| score.is_nan()) {
            &self.held_out.units[&Scheme::Content]
        } else {
            families
        }
    }

    /// What a unit's interval may be made of: other units, predicted by fits that have seen neither; where nothing would
    /// be left to fit, other units as they are.
    fn others(&self, scheme: Scheme, index: usize, unit: &Unit) -> Vec<HeldError> {
        if let Some(inner) = self.held_out.inner.get(&(scheme, index)) {
            let errors = self.errors(inner, |_| true);
            if !errors.is_empty() {
                return errors;
            }
        }
        let outside = |clip: usize| unit.clips.binary_search(&clip).is_err();
        let errors = self.errors(self.strangers(), outside);
        if errors.is_empty() {
            return self.errors(&self.held_out.units[&Scheme::Content], outside);
        }
        errors
    }

    /// The width that a card takes.
    pub(super) fn width(&self) -> Option<Width> {
        Width::of(self.design, &self.errors(self.strangers(), |_| true))
    }

    /// Half width of every held-out clip, by errors of other units; NaN for a clip of none.
    pub(super) fn halves(&self, scheme: Scheme) -> Vec<f64> {
        let mut halves = vec![f64::NAN; self.design.clips()];
        let scored = &self.held_out.units[&scheme];
        for (index, unit) in self.plan.units[&scheme].iter().enumerate() {
            let Some(width) = Width::of(self.design, &self.others(scheme, index, unit)) else {
                continue;
            };
            for &clip in &unit.clips {
                halves[clip] = width.half() * scored.factor[clip] * self.missing[clip];
            }
        }
        halves
    }

    /// How the interval does on what a scheme holds out; `None` if the scheme holds nothing out.
    pub(super) fn coverage(&self, scheme: Scheme) -> Option<Coverage> {
        let design = self.design;
        let halves = self.halves(scheme);
        let scored = &self.held_out.units[&scheme].score;
        let clips: Vec<usize> =
            judged(design, scored).into_iter().filter(|&i| !halves[i].is_nan()).collect();
        if clips.is_empty() {
            return None;
        }
        let error = |clip: usize| (design.rated[clip] - scored[clip]).abs();
        let inside = |clip: usize| error(clip) <= halves[clip];
        let [low, high] = self.score_range;
        let width = |clip: usize| {
            let (score, half) = (scored[clip], halves[clip]);
            (score + half).clamp(low, high) - (score - half).clamp(low, high)
        };
        let mean = |clips: &[usize], value: &dyn Fn(usize) -> f64| {
            clips.iter().map(|&i| value(i)).sum::<f64>() / clips.len() as f64
        };
        let of_clips = |clips: &[usize], inside: &dyn Fn(usize) -> bool| {
            mean(clips, &|i| f64::from(u8::from(inside(i))))
        };
        let of_contents = |clips: &[usize], inside: &dyn Fn(usize) -> bool| {
            let cells = design.cells(clips.iter().copied());
            cells.values().map(|cell| of_clips(cell, inside)).sum::<f64>() / cells.len() as f64
        };
        let unit = |clips: &[usize]| UnitCoverage {
            coverage: of_contents(clips, &inside),
            coverage_of_clips: of_clips(clips, &inside),
            mean_width: mean(clips, &width),
        };
        let mut by_content: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        let mut by_test: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for &clip in &clips {
            by_content.entry(design.content.of[clip]).or_default().push(clip);
            by_test.entry(design.test.of[clip]).or_default().push(clip);
        }
        let worst_content = by_content
            .iter()
            .map(|(&content, clips)| ContentCoverage {
                content: design.content.names[content].clone(),
                coverage: of_clips(clips, &inside),
            })
            .min_by(|a, b| a.coverage.total_cmp(&b.coverage))?;
        let units = self.plan.units[&scheme].iter().filter(|_| scheme != Scheme::Content);
        // Normal quantiles at each level, by the scale that makes the last one right.
        let share = |nominal: f64| normal_quantile(0.5 + nominal / 2.0) / Z95;
        let calibration = if scheme == Scheme::Content {
            (1..10)
                .map(|step| f64::from(step) / 10.0)
                .chain([LEVEL])
                .map(|level| {
                    let inside = |i: usize| error(i) <= share(level) * halves[i];
                    [level, of_contents(&clips, &inside)]
                })
                .collect()
        } else {
            Vec::new()
        };
        Some(Coverage {
            coverage: of_contents(&clips, &inside),
            coverage_of_clips: of_clips(&clips, &inside),
            mean_width: mean(&clips, &width),
            mean_width_uncut: mean(&clips, &|i| 2.0 * halves[i]),
            worst_content,
            tests: by_test
                .iter()
                .map(|(&test, clips)| (design.test.names[test].clone(), unit(clips)))
                .collect(),
            units: units
                .filter_map(|left_out| {
                    let own: Vec<usize> = left_out
                        .clips
                        .iter()
                        .copied()
                        .filter(|clip| clips.binary_search(clip).is_ok())
                        .collect();
                    (!own.is_empty()).then(|| (left_out.name.clone(), unit(&own)))
                })
                .collect(),
            calibration,
        })
    }

    /// The section of a card, with the factors of missing features.
    pub(super) fn section(&self, missing: BTreeMap<String, f64>) -> Option<Interval> {
        let width = self.width()?;
        Some(Interval {
            stddev: width.components.stddev(),
            students_half_width: width.students,
            conformal_factor: width.conformal,
            conformal_scale: width.students * width.conformal / Z95,
            components: width.components,
            missing,
            difference: self.difference()?,
        })
    }

    /// Errors as they are.
    pub(super) fn errors_uncut(
        &self,
        scored: &Scored,
        keep: impl Fn(usize) -> bool,
    ) -> Vec<HeldError> {
        judged(self.design, &scored.score)
            .into_iter()
            .filter(|&clip| keep(clip))
            .map(|clip| HeldError { clip, error: self.design.rated[clip] - scored.score[clip] })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::design::tests::clip;
    use super::super::design::{DesignClip, TestChoices};
    use super::super::schemes::plan;
    use super::*;
    use crate::statistics::synthetic::{Truth, errors};

    const TRUTH: Truth = Truth { test: 7.0, content: 4.0, content_test: 2.0, within: 4.0 };

    /// Every test is a laboratory of its own, and every prediction is 50.
    fn laboratories(tests: usize, seed: u64) -> Design {
        let clips: Vec<DesignClip> = errors(&TRUTH, tests, 4, 6, 1, seed)
            .into_iter()
            .map(|(error, test, content)| clip(&format!("l{test:02}/t/c{content}"), 50.0 + error))
            .collect();
        Design::new(&clips, &TestChoices::default(), 5).unwrap()
    }

    fn judged<T>(design: &Design, look: impl FnOnce(&Intervals<'_>) -> T) -> T {
        let plan = plan(design);
        let held_out = HeldOut::collect(&plan, design.clips(), |fit| {
            let clips = plan.fits[fit].clips.len();
            Some(Scored { score: vec![50.0; clips], factor: vec![1.0; clips] })
        });
        let missing = vec![1.0; design.clips()];
        look(&Intervals::new(design, &plan, &held_out, &missing, [0.0, 100.0]))
    }

    #[test]
    fn intervals_of_many_laboratories_cover_new_ones_and_are_no_wider_than_they_must() {
        let design = laboratories(24, 5);
        let coverage = judged(&design, |i| i.coverage(Scheme::Laboratory)).unwrap();
        assert!((0.91..=0.985).contains(&coverage.coverage), "{}", coverage.coverage);
        let sd = (49.0f64 + 16.0 + 4.0 + 16.0).sqrt();
        let width = coverage.mean_width_uncut;
        assert!((0.85..1.35).contains(&(width / (2.0 * 1.96 * sd))), "{width}");
        assert_eq!(coverage.units.len(), 24);
    }

    #[test]
    fn intervals_of_few_laboratories_are_wide_enough_on_average() {
        let replications = 40;
        let sum: f64 = (0..replications)
            .map(|seed| {
                let design = laboratories(4, 100 + seed);
                judged(&design, |i| i.coverage(Scheme::Family)).unwrap().coverage
            })
            .sum();
        let coverage = sum / replications as f64;
        assert!((0.90..=0.995).contains(&coverage), "{coverage}");
    }

    #[test]
    fn a_units_interval_does_not_see_its_ratings() {
        let design = laboratories(5, 7);
        for scheme in Scheme::ALL {
            let before = judged(&design, |i| i.halves(scheme));
            let unit = match scheme {
                Scheme::Content => design.group.clips(3),
                Scheme::Family => design.family.clips(2),
                Scheme::Laboratory => design.laboratory.clips(2),
            };
            let mut other = design.clone();
            for &i in &unit {
                other.rated[i] += 30.0;
            }
            let after = judged(&other, |i| i.halves(scheme));
            for i in 0..design.clips() {
                let same = before[i].to_bits() == after[i].to_bits();
                assert_eq!(same, unit.contains(&i), "{scheme:?}, clip {i}");
            }
        }
    }

    #[test]
    fn a_difference_is_known_better_than_a_score() {
        let design = laboratories(12, 9);
        let section = judged(&design, |i| i.section(BTreeMap::new())).unwrap();
        let difference = section.difference;
        // Two clips' own errors remain: sqrt 2 x 4.
        assert!((9.0..14.0).contains(&difference.half_width), "{}", difference.half_width);
        assert!(difference.width_over_scores < 0.7, "{}", difference.width_over_scores);
        assert!((0.92..=0.98).contains(&difference.coverage), "{}", difference.coverage);
        assert_eq!(difference.families.len(), 12);
        assert!(section.conformal_scale >= section.students_half_width / Z95 - 1e-12);
    }

    #[test]
    fn a_clip_that_lacks_a_feature_or_is_far_away_gets_a_wider_interval() {
        let design = laboratories(5, 7);
        let plan = plan(&design);
        let held_out = HeldOut::collect(&plan, design.clips(), |fit| {
            let clips = plan.fits[fit].clips.len();
            Some(Scored { score: vec![50.0; clips], factor: vec![2.0; clips] })
        });
        let mut missing = vec![1.0; design.clips()];
        missing[0] = 1.5;
        let intervals = Intervals::new(&design, &plan, &held_out, &missing, [0.0, 100.0]);
        let halves = intervals.halves(Scheme::Laboratory);
        assert!((halves[0] / halves[1] - 1.5).abs() < 1e-12);
    }
}
