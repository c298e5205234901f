// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Which clips are held out, and which fits that takes.
//!
//! Held-out clips and training clips never share a content. What is left out is a group of contents, a family of tests,
//! or a laboratory. The interval of a held-out family or laboratory comes from errors on other families, and their fits
//! have not seen it either: those are the inner fits, which leave two units out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::design::Design;

/// What is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scheme {
    /// One content, or group of contents.
    Content,
    /// One family of tests, and its contents in every test.
    Family,
    /// One laboratory.
    Laboratory,
}

impl Scheme {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Content, Self::Family, Self::Laboratory];

    /// In words.
    pub fn label(self) -> &'static str {
        match self {
            Self::Content => "each content left out",
            Self::Family => "each family of tests left out",
            Self::Laboratory => "each laboratory left out",
        }
    }
}

/// Clips that are held out together, and the fit that has not seen them.
#[derive(Debug, Clone)]
pub(super) struct Unit {
    pub(super) name: String,
    pub(super) fit: usize,
    pub(super) clips: Vec<usize>,
}

/// A fit that an evaluation needs.
#[derive(Debug, Clone)]
pub(super) struct PlannedFit {
    /// Unique, and a file name.
    pub(super) name: String,
    /// Clips it trains on.
    pub(super) train: Vec<bool>,
    /// Clips it predicts.
    pub(super) clips: Vec<usize>,
    /// Whether contents are left out: there the controls of a codec input are fitted as well.
    pub(super) controls: bool,
    /// Whether the fit is of all clips: the model itself.
    pub(super) whole: bool,
}

/// Everything to fit and to hold out.
#[derive(Debug, Clone)]
pub(super) struct Plan {
    pub(super) fits: Vec<PlannedFit>,
    /// Empty for a scheme that leaves nothing to train on.
    pub(super) units: BTreeMap<Scheme, Vec<Unit>>,
    /// Of a family or a laboratory: the other families, each predicted by a fit that has seen neither. Fewer than all
    /// where nothing would be left to train on.
    pub(super) inner: BTreeMap<(Scheme, usize), Vec<Unit>>,
}

struct Planner<'a> {
    design: &'a Design,
    fits: Vec<PlannedFit>,
    by_training: BTreeMap<Vec<bool>, usize>,
}

impl Planner<'_> {
    /// The fit to all clips whose groups have no clip in `held_out`; `None` if it would have no two groups to train on.
    fn without(&mut self, name: String, held_out: &[usize], predicted: &[usize]) -> Option<usize> {
        let groups = &self.design.group;
        let mut left_out = vec![false; groups.len()];
        for &clip in held_out {
            left_out[groups.of[clip]] = true;
        }
        let train: Vec<bool> = groups.of.iter().map(|&group| !left_out[group]).collect();
        let mut trained: Vec<usize> = (0..train.len())
            .filter(|&i| train[i] && self.design.is_rated(i))
            .map(|i| self.design.content.of[i])
            .collect();
        trained.sort_unstable();
        trained.dedup();
        if trained.len() < 2 {
            return None;
        }
        let fits = &mut self.fits;
        let fit = *self.by_training.entry(train).or_insert_with_key(|train| {
            fits.push(PlannedFit {
                name,
                train: train.clone(),
                clips: Vec::new(),
                controls: false,
                whole: false,
            });
            fits.len() - 1
        });
        let clips = &mut self.fits[fit].clips;
        clips.extend_from_slice(predicted);
        clips.sort_unstable();
        clips.dedup();
        Some(fit)
    }
}

/// All fits of an evaluation.
pub(super) fn plan(design: &Design) -> Plan {
    let mut planner = Planner { design, fits: Vec::new(), by_training: BTreeMap::new() };
    let mut units = BTreeMap::new();
    for (scheme, grouping, prefix) in [
        (Scheme::Content, &design.group, "content"),
        (Scheme::Family, &design.family, "family"),
        (Scheme::Laboratory, &design.laboratory, "laboratory"),
    ] {
        let of_scheme: Vec<Unit> = (0..grouping.len())
            .filter_map(|index| {
                let clips = grouping.clips(index);
                let fit = planner.without(format!("{prefix}-{index:03}"), &clips, &clips)?;
                planner.fits[fit].controls |= scheme == Scheme::Content;
                Some(Unit { name: grouping.names[index].clone(), fit, clips })
            })
            .collect();
        units.insert(scheme, of_scheme);
    }
    let mut inner = BTreeMap::new();
    for (scheme, grouping, prefix) in [
        (Scheme::Family, &design.family, "family"),
        (Scheme::Laboratory, &design.laboratory, "laboratory"),
    ] {
        for outer in 0..grouping.len() {
            let outside = grouping.clips(outer);
            let others = (0..design.family.len()).filter_map(|family| {
                let clips = design.family.clips(family);
                if clips.iter().any(|&clip| grouping.of[clip] == outer) {
                    return None;
                }
                let both: Vec<usize> = outside.iter().chain(&clips).copied().collect();
                let name = format!("{prefix}-{outer:03}-family-{family:03}");
                let fit = planner.without(name, &both, &clips)?;
                Some(Unit { name: design.family.names[family].clone(), fit, clips })
            });
            inner.insert((scheme, outer), others.collect());
        }
    }
    let whole = PlannedFit {
        name: "whole".to_owned(),
        train: vec![true; design.clips()],
        clips: Vec::new(),
        controls: false,
        whole: true,
    };
    planner.fits.push(whole);
    Plan { fits: planner.fits, units, inner }
}

#[cfg(test)]
mod tests {
    use super::super::design::tests::clip;
    use super::super::design::{DesignClip, TestChoices};
    use super::*;

    fn design(places: &[&str], family: &[&str]) -> Design {
        let clips: Vec<DesignClip> = places
            .iter()
            .flat_map(|place| (0..10).map(move |i| clip(place, f64::from(i))))
            .collect();
        let choices = TestChoices {
            families: if family.is_empty() {
                BTreeMap::new()
            } else {
                [("a/family".to_owned(), family.iter().map(|&t| t.to_owned()).collect())].into()
            },
            apart: Vec::new(),
        };
        Design::new(&clips, &choices, 5).unwrap()
    }

    const PLACES: [&str; 7] = ["a/t1/x", "a/t1/y", "a/t2/y", "a/t2/z", "a/t3/w", "b/t/p", "b/t/q"];

    #[test]
    fn held_out_and_trained_clips_share_no_content() {
        let design = design(&PLACES, &["a/t1", "a/t2"]);
        let plan = plan(&design);
        let outer = plan.units.values().flatten();
        for unit in outer.chain(plan.inner.values().flatten()) {
            let fit = &plan.fits[unit.fit];
            let trained: Vec<usize> = (0..design.clips()).filter(|&i| fit.train[i]).collect();
            assert!(!trained.is_empty());
            for &held in &unit.clips {
                assert!(trained.iter().all(|&i| design.content.of[i] != design.content.of[held]));
                assert!(fit.clips.contains(&held));
            }
        }
        let names = |scheme: Scheme| {
            plan.units[&scheme].iter().map(|unit| unit.name.as_str()).collect::<Vec<_>>()
        };
        assert_eq!(names(Scheme::Content).len(), 6);
        assert_eq!(names(Scheme::Family), ["a/family", "a/t3", "b/t"]);
        assert_eq!(names(Scheme::Laboratory), ["a", "b"]);
        // The only family of a laboratory is left out with it, by one fit.
        assert_eq!(plan.units[&Scheme::Family][2].fit, plan.units[&Scheme::Laboratory][1].fit);
        assert_eq!(plan.fits.iter().filter(|fit| fit.whole).count(), 1);
        assert!(plan.fits[plan.units[&Scheme::Content][0].fit].controls);
        assert!(!plan.fits[plan.units[&Scheme::Laboratory][0].fit].controls);
    }

    #[test]
    fn inner_fits_have_seen_neither_unit() {
        let design = design(&PLACES, &[]);
        let plan = plan(&design);
        for ((scheme, outer), others) in &plan.inner {
            let grouping =
                if *scheme == Scheme::Family { &design.family } else { &design.laboratory };
            let contents: Vec<usize> =
                grouping.clips(*outer).iter().map(|&i| design.content.of[i]).collect();
            for unit in others {
                let train = &plan.fits[unit.fit].train;
                assert!(
                    (0..train.len())
                        .all(|i| !train[i] || !contents.contains(&design.content.of[i]))
                );
                assert!(unit.clips.iter().all(|&i| grouping.of[i] != *outer));
            }
        }
        // Without laboratory a, only b is left, and it is what the interval would be judged on.
        assert!(plan.inner[&(Scheme::Laboratory, 0)].is_empty());
        assert!(!plan.inner[&(Scheme::Laboratory, 1)].is_empty());
        // Which of two units is called the outer one makes no second fit.
        let mut trainings: Vec<&Vec<bool>> = plan.fits.iter().map(|fit| &fit.train).collect();
        let fits = trainings.len();
        trainings.sort();
        trainings.dedup();
        assert_eq!(trainings.len(), fits);
    }

    #[test]
    fn one_laboratory_of_one_test_leaves_contents_out_only() {
        let plan = plan(&design(&["a/t/x", "a/t/y", "a/t/z"], &[]));
        let count = |scheme: Scheme| plan.units[&scheme].len();
        assert_eq!(Scheme::ALL.map(count), [3, 0, 0]);
    }
}
