// SPDX-License-Identifier: BSD-2-Clause-Patent
//! From the folds' predictions to the result of an evaluation.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use vmaf_fr_v2::catalogue::VOCABULARY_1;

use super::agreement::{
    Comparison, by_test, by_unit, judged, pooled, unknown, within, worst_content,
};
use super::fold::Fold;
use super::interval::Intervals;
use super::ladder::{self, Ladder};
use super::predictor::{HeldOut, Scored};
use super::schemes::{Plan, Scheme};
use super::{Effort, SHUFFLES, Subject, baselines, codec, missing};
use crate::evaluation::{
    BLIND, ClipTable, CodecBias, CodecWorth, Difference, Evaluation, Evidence, Figures, Laboratory,
    MODEL, MissingFeatures, Predictor, in_sample, marks,
};
use crate::statistics::Draws;

/// Seed of the bootstrap.
const SEED: u64 = 95;

/// Everything that was predicted.
struct Predictions<'a> {
    subject: &'a Subject<'a>,
    plan: &'a Plan,
    folds: &'a [Fold],
    draws: Draws,
    by_predictor: BTreeMap<String, HeldOut>,
    /// What multiplies each clip's half width, for the features that it lacks.
    clip_factors: Vec<f64>,
    /// Ones: a predictor that takes no feature lacks none.
    no_factors: Vec<f64>,
}

/// Judges the predictions of all folds.
pub(super) fn summarise(
    subject: &Subject<'_>,
    plan: &Plan,
    folds: &[Fold],
    ladders: &[Ladder],
    effort: Effort<'_>,
) -> Result<(Evaluation, ClipTable)> {
    let mut all = Predictions::of(subject, plan, folds, effort)?;
    let losses = all.losses();
    let optional = subject.optional();
    let factors = missing::factors(&optional, &losses, &missing::combinations(&optional));
    let absent = missing::absent(subject.corpus, &optional);
    all.clip_factors = missing::clip_factors(&absent, &factors);

    let predictors = all.figures()?;
    let baseline = strongest(subject, &predictors)?;
    let whole = folds.iter().find_map(|fold| fold.shape.as_ref());
    let mut checks = whole.context("no fold is of all clips")?.conditions(subject.recipe);
    checks.push(ladder::condition(ladders, all.model().content()));
    let interval = all
        .intervals(MODEL)
        .section(factors)
        .context("no content has two primary clips: an interval of differences cannot be made")?;
    let (kind, format) = marks();
    let evaluation = Evaluation {
        kind,
        format,
        protocol: subject.protocol.clone(),
        protocol_sha256: subject.protocol_sha256.clone(),
        evidence: evidence(subject, effort.draws, all.has_blind()),
        baseline,
        predictors,
        differences: all.differences(),
        codec: all.codec_worth(),
        codec_bias: all.codec_bias(),
        checks,
        interval,
        missing: losses,
    };
    let clips = all.clip_table();
    Ok((evaluation, clips))
}

impl<'a> Predictions<'a> {
    fn of(
        subject: &'a Subject<'a>,
        plan: &'a Plan,
        folds: &'a [Fold],
        effort: Effort<'_>,
    ) -> Result<Self> {
        let clips = subject.design.clips();
        let collect = |get: &dyn Fn(&Fold) -> Option<Scored>| {
            HeldOut::collect(plan, clips, |fit| get(&folds[fit]))
        };
        let mut by_predictor: BTreeMap<String, HeldOut> = BTreeMap::new();
        by_predictor.insert(MODEL.to_owned(), collect(&|fold| Some(fold.model.clone())));
        if folds.iter().any(|fold| fold.blind.is_some()) {
            by_predictor.insert(BLIND.to_owned(), collect(&|fold| fold.blind.clone()));
        }
        for (name, vmaf) in subject.vmaf {
            baselines::add(&mut by_predictor, name, vmaf, &subject.design, plan)?;
        }
        Ok(Self {
            subject,
            plan,
            folds,
            draws: Draws { count: effort.draws, seed: SEED },
            by_predictor,
            clip_factors: vec![1.0; clips],
            no_factors: vec![1.0; clips],
        })
    }

    fn model(&self) -> &HeldOut {
        &self.by_predictor[MODEL]
    }

    fn has_blind(&self) -> bool {
        self.by_predictor.contains_key(BLIND)
    }

    /// What folds with a content left out say of each clip; NaN if they say nothing.
    fn of_content_folds(&self, get: impl Fn(&Fold) -> Option<&Vec<f64>>) -> Vec<f64> {
        let mut all = vec![f64::NAN; self.subject.design.clips()];
        for unit in &self.plan.units[&Scheme::Content] {
            let Some(scores) = get(&self.folds[unit.fit]) else { continue };
            for (&clip, &score) in self.plan.fits[unit.fit].clips.iter().zip(scores) {
                if unit.clips.binary_search(&clip).is_ok() {
                    all[clip] = score;
                }
            }
        }
        all
    }

    fn losses(&self) -> BTreeMap<String, MissingFeatures> {
        let optional = self.subject.optional();
        let sets = missing::combinations(&optional);
        let hidden: BTreeMap<String, Vec<f64>> = sets
            .iter()
            .map(|set| {
                let name = missing::set_name(set);
                let scores = self.of_content_folds(|fold| fold.hidden.get(&name));
                (name, scores)
            })
            .collect();
        let absent = missing::absent(self.subject.corpus, &optional);
        missing::losses(&self.subject.design, &absent, self.model().content(), &hidden, &sets)
    }

    fn intervals(&self, predictor: &str) -> Intervals<'_> {
        let fitted = predictor == MODEL || predictor == BLIND;
        Intervals::new(
            &self.subject.design,
            self.plan,
            &self.by_predictor[predictor],
            if fitted { &self.clip_factors } else { &self.no_factors },
            self.subject.recipe.score_range,
        )
    }

    fn figures(&self) -> Result<BTreeMap<String, Predictor>> {
        self.by_predictor
            .keys()
            .map(|name| {
                let schemes = Scheme::ALL
                    .into_iter()
                    .filter(|scheme| !self.plan.units[scheme].is_empty())
                    .map(|scheme| {
                        let figures = self.scheme_figures(name, scheme).with_context(|| {
                            format!("{name}: nothing to judge with {}", scheme.label())
                        })?;
                        Ok((scheme, figures))
                    })
                    .collect::<Result<_>>()?;
                Ok((name.clone(), Predictor { schemes }))
            })
            .collect()
    }

    fn scheme_figures(&self, predictor: &str, scheme: Scheme) -> Option<Figures> {
        let design = &self.subject.design;
        let predicted = &self.by_predictor[predictor].units[&scheme].score;
        Some(Figures {
            within: within(design, predicted, &judged(design, predicted))?,
            pooled: pooled(design, predicted),
            unknown: unknown(design, predicted),
            tests: by_test(design, predicted),
            units: if scheme == Scheme::Content {
                BTreeMap::new()
            } else {
                by_unit(design, self.plan, scheme, predicted)
            },
            worst_content: worst_content(design, predicted)?,
            interval: self.intervals(predictor).coverage(scheme)?,
        })
    }

    fn differences(&self) -> BTreeMap<String, BTreeMap<Scheme, Difference>> {
        let design = &self.subject.design;
        let clips = design.primary_clips();
        self.by_predictor
            .iter()
            .filter(|(name, _)| *name != MODEL)
            .map(|(name, other)| {
                let of_scheme = |scheme: Scheme| -> Option<(Scheme, Difference)> {
                    let first = &self.model().units[&scheme].score;
                    let second = &other.units[&scheme].score;
                    let comparison = Comparison::new(design, first, second, &clips, self.draws);
                    Some((scheme, comparison.difference()?))
                };
                (name.clone(), Scheme::ALL.into_iter().filter_map(of_scheme).collect())
            })
            .collect()
    }

    fn codec_worth(&self) -> Option<BTreeMap<String, CodecWorth>> {
        let blind = self.by_predictor.get(BLIND)?.content();
        let controls: Vec<Vec<f64>> = (0..SHUFFLES)
            .map(|draw| self.of_content_folds(|fold| fold.shuffled.get(draw)))
            .collect();
        let controls: Vec<&[f64]> = controls.iter().map(Vec::as_slice).collect();
        let aware = self.model().content();
        Some(codec::worth(&self.subject.design, aware, blind, &controls, self.draws))
    }

    fn codec_bias(&self) -> BTreeMap<String, BTreeMap<String, CodecBias>> {
        // VMAF as it is has another slope than ratings, and one that was fitted to the ratings has seen them.
        let judged = |name: &str| name == MODEL || name == BLIND || name.ends_with("+4pl");
        self.by_predictor
            .iter()
            .filter(|(name, _)| judged(name))
            .map(|(name, held_out)| {
                let bias = codec::bias(&self.subject.design, held_out.content(), self.draws);
                (name.clone(), bias)
            })
            .collect()
    }

    fn clip_table(&self) -> ClipTable {
        let clips = &self.subject.corpus.clips;
        let codecs = self.subject.codec.iter();
        ClipTable {
            laboratory: clips.iter().map(|clip| clip.laboratory.clone()).collect(),
            dataset: clips.iter().map(|clip| clip.dataset.clone()).collect(),
            content: clips.iter().map(|clip| clip.content.clone()).collect(),
            clip: clips.iter().map(|clip| clip.name.clone()).collect(),
            codec: codecs.map(|&codec| VOCABULARY_1[codec].to_owned()).collect(),
            primary: self.subject.design.primary.clone(),
            rated: present(&self.subject.design.rated),
            predicted: self
                .by_predictor
                .iter()
                .map(|(name, held_out)| (name.clone(), present(held_out.content())))
                .collect(),
            model: self
                .model()
                .units
                .iter()
                .filter(|(scheme, _)| **scheme != Scheme::Content)
                .map(|(&scheme, scored)| (scheme, present(&scored.score)))
                .collect(),
            half_width: present(&self.intervals(MODEL).halves(Scheme::Content)),
        }
    }
}

/// The VMAF model that agrees better within tests, each with a logistic of its own for every test.
fn strongest(subject: &Subject<'_>, figures: &BTreeMap<String, Predictor>) -> Result<String> {
    let agreement = |name: &str| figures[&in_sample(name)].schemes[&Scheme::Content].within.plcc;
    match subject.vmaf.keys().max_by(|a, b| agreement(a).total_cmp(&agreement(b))) {
        Some(name) => Ok(name.clone()),
        None => bail!("no VMAF model to compare with"),
    }
}

fn evidence(subject: &Subject<'_>, draws: usize, aware: bool) -> Evidence {
    let design = &subject.design;
    let primary = design.primary_clips();
    let contents = |clips: &[usize]| {
        clips.iter().map(|&i| design.content.of[i]).collect::<BTreeSet<_>>().len()
    };
    let laboratory = |index: usize| {
        let clips: Vec<usize> =
            primary.iter().copied().filter(|&i| design.laboratory.of[i] == index).collect();
        let mut codecs: BTreeMap<String, usize> = BTreeMap::new();
        for &clip in &clips {
            *codecs.entry(VOCABULARY_1[design.codec[clip]].to_owned()).or_default() += 1;
        }
        Laboratory { clips: clips.len(), contents: contents(&clips), codecs }
    };
    let family_of_test = design.test.within(&design.family);
    let tests = |family: usize| {
        (0..design.test.len())
            .filter(|&test| family_of_test[test] == family)
            .map(|test| design.test.names[test].clone())
            .collect()
    };
    let judged = design.judged_tests();
    let named = |keep: &dyn Fn(usize) -> bool| -> Vec<String> {
        (0..design.test.len())
            .filter(|&test| keep(test))
            .map(|test| design.test.names[test].clone())
            .collect()
    };
    Evidence {
        clips: design.clips(),
        primary_clips: primary.len(),
        primary_contents: contents(&primary),
        groups: design.group.len(),
        members: subject.recipe.network.members,
        draws,
        shuffles: if aware { SHUFFLES } else { 0 },
        laboratories: (0..design.laboratory.len())
            .map(|index| (design.laboratory.names[index].clone(), laboratory(index)))
            .collect(),
        families: (0..design.family.len())
            .map(|family| (design.family.names[family].clone(), tests(family)))
            .collect(),
        apart: named(&|test| design.apart[test]),
        too_small: named(&|test| !design.apart[test] && !judged.contains(&test)),
    }
}

/// `None` for NaN.
fn present(values: &[f64]) -> Vec<Option<f64>> {
    values.iter().map(|&value| (!value.is_nan()).then_some(value)).collect()
}
