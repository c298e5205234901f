// SPDX-License-Identifier: BSD-2-Clause-Patent
//! From the folds' predictions to the result of an evaluation.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result, bail};
use vmaf_fr_v2::catalogue::VOCABULARY_1;

use super::agreement::{
    Comparison, by_test, by_unit, judged, pooled, unknown, within, worst_content,
};
use super::design::Design;
use super::fold::Fold;
use super::interval::Intervals;
use super::ladder::{self, Ladder};
use super::predictor::HeldOut;
use super::schemes::{Plan, Scheme};
use super::{Subject, baselines, codec, missing};
use crate::evaluation::{
    BLIND, ClipTable, Difference, Evaluation, Evidence, Figures, Laboratory, MODEL, Predictor,
    in_sample, marks,
};
use crate::statistics::Draws;

/// Seed of the bootstrap.
const SEED: u64 = 95;

/// Judges the predictions of all folds.
pub(super) fn summarise(
    subject: &Subject<'_>,
    plan: &Plan,
    folds: &[Fold],
    ladders: &[Ladder],
    draws: usize,
    shuffles: u64,
) -> Result<(Evaluation, ClipTable)> {
    let design = &subject.design;
    let draws = Draws { count: draws, seed: SEED };
    let range = subject.recipe.score_range;
    let mut predictors: BTreeMap<String, HeldOut> = BTreeMap::new();
    let collect = |get: &dyn Fn(&Fold) -> Option<super::predictor::Scored>| {
        HeldOut::collect(plan, design.clips(), |fit| get(&folds[fit]))
    };
    predictors.insert(MODEL.to_owned(), collect(&|fold| Some(fold.model.clone())));
    let aware = folds.iter().any(|fold| fold.blind.is_some());
    if aware {
        predictors.insert(BLIND.to_owned(), collect(&|fold| fold.blind.clone()));
    }
    for (name, vmaf) in subject.vmaf {
        baselines::add(&mut predictors, name, vmaf, design, plan)?;
    }

    let optional = subject.optional();
    let absent = missing::absent(subject.corpus, &optional);
    let sets = missing::combinations(&optional);
    let with_hidden = |get: &dyn Fn(&Fold) -> Option<&Vec<f64>>| -> Vec<f64> {
        let mut all = vec![f64::NAN; design.clips()];
        for unit in &plan.units[&Scheme::Content] {
            let Some(scores) = get(&folds[unit.fit]) else { continue };
            for (&clip, &score) in plan.fits[unit.fit].clips.iter().zip(scores) {
                if unit.clips.binary_search(&clip).is_ok() {
                    all[clip] = score;
                }
            }
        }
        all
    };
    let hidden: BTreeMap<String, Vec<f64>> = sets
        .iter()
        .map(|set| {
            let name = missing::set_name(set);
            let scores = with_hidden(&|fold| fold.hidden.get(&name));
            (name, scores)
        })
        .collect();
    let losses = missing::losses(design, &absent, predictors[MODEL].content(), &hidden, &sets);
    let factors = missing::factors(&optional, &losses, &sets);
    let clip_factors = missing::clip_factors(&absent, &factors);
    let no_factors = vec![1.0; design.clips()];

    let mut figures: BTreeMap<String, Predictor> = BTreeMap::new();
    for (name, held_out) in &predictors {
        let missing = if name == MODEL || name == BLIND { &clip_factors } else { &no_factors };
        let intervals = Intervals::new(design, plan, held_out, missing, range);
        let schemes = Scheme::ALL
            .into_iter()
            .filter(|scheme| !plan.units[scheme].is_empty())
            .map(|scheme| {
                let figures = scheme_figures(design, plan, held_out, &intervals, scheme)
                    .with_context(|| format!("{name}: nothing to judge with {}", scheme.label()))?;
                Ok((scheme, figures))
            })
            .collect::<Result<_>>()?;
        figures.insert(name.clone(), Predictor { schemes });
    }
    let baseline = strongest(subject, &figures)?;

    let model = &predictors[MODEL];
    let differences = predictors
        .iter()
        .filter(|(name, _)| *name != MODEL)
        .map(|(name, other)| {
            let of_scheme = |scheme: Scheme| -> Option<(Scheme, Difference)> {
                let (first, second) = (&model.units[&scheme].score, &other.units[&scheme].score);
                let clips = design.primary_clips();
                let comparison = Comparison::new(design, first, second, &clips, draws);
                Some((scheme, comparison.difference()?))
            };
            (name.clone(), Scheme::ALL.into_iter().filter_map(of_scheme).collect())
        })
        .collect();

    let codec_worth = aware.then(|| {
        let shuffled: Vec<Vec<f64>> = (0..usize::try_from(shuffles).unwrap_or(0))
            .map(|draw| with_hidden(&|fold| fold.shuffled.get(draw)))
            .collect();
        let shuffled: Vec<&[f64]> = shuffled.iter().map(Vec::as_slice).collect();
        let blind = predictors[BLIND].content();
        codec::worth(design, model.content(), blind, &shuffled, draws)
    });
    let judged_bias = |name: &str| name == MODEL || name == BLIND || name.ends_with("+4pl");
    let codec_bias = predictors
        .iter()
        .filter(|(name, _)| judged_bias(name))
        .map(|(name, held_out)| (name.clone(), codec::bias(design, held_out.content(), draws)))
        .collect();

    let whole = folds.iter().find_map(|fold| fold.shape.as_ref());
    let mut checks = whole.context("no fold is of all clips")?.conditions(subject.recipe);
    checks.push(ladder::condition(ladders, model.content()));

    let intervals = Intervals::new(design, plan, model, &clip_factors, range);
    let interval = intervals
        .section(factors)
        .context("no content has two primary clips: an interval of differences cannot be made")?;
    let (kind, format) = marks();
    let evaluation = Evaluation {
        kind,
        format,
        protocol: subject.protocol.clone(),
        protocol_sha256: subject.protocol_sha256.clone(),
        evidence: evidence(subject, draws.count, shuffles, aware),
        baseline,
        predictors: figures,
        differences,
        codec: codec_worth,
        codec_bias,
        checks,
        interval,
        missing: losses,
    };
    let halves = intervals.halves(Scheme::Content);
    Ok((evaluation, clip_table(subject, &predictors, &halves)))
}

fn scheme_figures(
    design: &Design,
    plan: &Plan,
    held_out: &HeldOut,
    intervals: &Intervals<'_>,
    scheme: Scheme,
) -> Option<Figures> {
    let predicted = &held_out.units[&scheme].score;
    Some(Figures {
        within: within(design, predicted, &judged(design, predicted))?,
        pooled: pooled(design, predicted),
        unknown: unknown(design, predicted),
        tests: by_test(design, predicted),
        units: if scheme == Scheme::Content {
            BTreeMap::new()
        } else {
            by_unit(design, plan, scheme, predicted)
        },
        worst_content: worst_content(design, predicted)?,
        interval: intervals.coverage(scheme)?,
    })
}

/// The VMAF model that agrees better within tests, each with a logistic of its own for every test.
fn strongest(subject: &Subject<'_>, figures: &BTreeMap<String, Predictor>) -> Result<String> {
    let agreement = |name: &str| figures[&in_sample(name)].schemes[&Scheme::Content].within.plcc;
    match subject.vmaf.keys().max_by(|a, b| agreement(a).total_cmp(&agreement(b))) {
        Some(name) => Ok(name.clone()),
        None => bail!("no VMAF model to compare with"),
    }
}

fn evidence(subject: &Subject<'_>, draws: usize, shuffles: u64, aware: bool) -> Evidence {
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
    let family_of_test = |test: usize| {
        (0..design.clips())
            .find(|&i| design.test.of[i] == test)
            .map_or(0, |clip| design.family.of[clip])
    };
    let tests = |family: usize| {
        (0..design.test.len())
            .filter(|&test| family_of_test(test) == family)
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
        shuffles: if aware { usize::try_from(shuffles).unwrap_or(usize::MAX) } else { 0 },
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

fn clip_table(
    subject: &Subject<'_>,
    predictors: &BTreeMap<String, HeldOut>,
    halves: &[f64],
) -> ClipTable {
    let clips = &subject.corpus.clips;
    ClipTable {
        laboratory: clips.iter().map(|clip| clip.laboratory.clone()).collect(),
        dataset: clips.iter().map(|clip| clip.dataset.clone()).collect(),
        content: clips.iter().map(|clip| clip.content.clone()).collect(),
        clip: clips.iter().map(|clip| clip.name.clone()).collect(),
        codec: subject.codec.iter().map(|&codec| VOCABULARY_1[codec].to_owned()).collect(),
        primary: subject.design.primary.clone(),
        rated: present(&subject.design.rated),
        predicted: predictors
            .iter()
            .map(|(name, held_out)| (name.clone(), present(held_out.content())))
            .collect(),
        model: predictors[MODEL]
            .units
            .iter()
            .filter(|(scheme, _)| **scheme != Scheme::Content)
            .map(|(&scheme, scored)| (scheme, present(&scored.score)))
            .collect(),
        half_width: present(halves),
    }
}
