// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The rule that decides what may be released.

use anyhow::{Result, ensure};

use super::record::JudgedCard;
use crate::evaluate::Scheme;
use crate::evaluation::{BLIND, Condition, Evaluation, MODEL, Within, elsewhere, in_sample};
use crate::statistics::Lift;

/// Fewest contents with primary clips.
pub const MIN_CONTENTS: usize = 10;
/// Fewest primary clips.
pub const MIN_CLIPS: usize = 200;
/// Fewest networks of an ensemble.
pub const MIN_MEMBERS: usize = 3;
/// Fewest laboratories.
pub const MIN_LABORATORIES: usize = 2;
/// Fewest draws of the bootstrap.
pub const MIN_DRAWS: usize = 1000;
/// Fewest draws of shuffled codec labels.
pub const MIN_SHUFFLES: usize = 3;
/// Least lift in PLCC.
pub const MIN_LIFT: f64 = 0.005;
/// What the lower end of the difference to VMAF within tests must exceed, if VMAF's logistic was fitted to each test.
pub const MIN_WITHIN: f64 = -0.005;
/// Least difference to VMAF in PLCC on a laboratory that was left out.
pub const MIN_LABORATORY: f64 = -0.01;
/// Points of RMSE that the worst content may be worse than VMAF's.
pub const MAX_WORST_CONTENT: f64 = 4.0;
/// Least coverage of 95 % intervals on what was left out.
pub const MIN_COVERAGE: f64 = 0.90;
/// Points that a codec-blind model's codec bias may be larger than VMAF's.
pub const MAX_CODEC_BIAS: f64 = 1.0;

/// The conditions on `card`, each with what `evaluation` measured.
pub(super) fn decide(card: &JudgedCard, evaluation: &Evaluation) -> Result<Vec<Condition>> {
    ensure!(
        card.training.protocol_sha256 == evaluation.protocol_sha256,
        "{} was trained by protocol {}, the evaluation judges {}",
        card.id,
        card.training.protocol_sha256,
        evaluation.protocol_sha256
    );
    let mut conditions = evidence(evaluation);
    conditions.extend(against_vmaf(evaluation));
    conditions.extend(coverage(evaluation));
    conditions.extend(codec(evaluation, card.codec_aware));
    conditions.extend(evaluation.checks.iter().map(Condition::judged_again));
    Ok(conditions)
}

/// `release` if every condition holds.
pub(super) fn status(conditions: &[Condition]) -> &'static str {
    if conditions.iter().any(Condition::is_bounded) && conditions.iter().all(|c| c.passed) {
        "release"
    } else {
        "experimental"
    }
}

/// Enough to judge by.
fn evidence(evaluation: &Evaluation) -> Vec<Condition> {
    let evidence = &evaluation.evidence;
    [
        ("contents", evidence.primary_contents, MIN_CONTENTS),
        ("rated clips of a known codec", evidence.primary_clips, MIN_CLIPS),
        ("networks", evidence.members, MIN_MEMBERS),
        ("laboratories", evidence.laboratories.len(), MIN_LABORATORIES),
        ("draws of contents", evidence.draws, MIN_DRAWS),
    ]
    .map(|(what, have, least)| Condition::reported(what, have as f64).at_least(least as f64))
    .into()
}

/// Nobody needs a model that VMAF beats.
fn against_vmaf(evaluation: &Evaluation) -> Vec<Condition> {
    let vmaf = &evaluation.baseline;
    let (fitted_elsewhere, fitted_here) = (elsewhere(vmaf), in_sample(vmaf));
    let difference = |other: &str| -> Option<Lift> {
        Some(evaluation.differences.get(other)?.get(&Scheme::Content)?.plcc_within)
    };
    // A logistic that was fitted elsewhere may harm VMAF: the better of the two counts.
    let both = difference(vmaf).zip(difference(&fitted_elsewhere));
    let own = difference(&fitted_here);
    let mut conditions = vec![
        Condition::reported(
            format!(
                "PLCC within tests minus that of {vmaf}, as it is or by a logistic fitted on the other contents"
            ),
            both.map(|(raw, fitted)| raw.value.min(fitted.value)),
        )
        .at_least(MIN_LIFT),
        Condition::reported(
            "lower end of that difference's 95 % interval",
            both.map(|(raw, fitted)| raw.low.min(fitted.low)),
        )
        .above(0.0),
        Condition::reported(
            format!("lower end of the difference to {vmaf}, logistic fitted to each test"),
            own.map(|own| own.low),
        )
        .above(MIN_WITHIN),
    ];
    let within = |predictor: &str, laboratory: &str| -> Option<Within> {
        let figures = evaluation.predictors.get(predictor)?.schemes.get(&Scheme::Laboratory)?;
        figures.units.get(laboratory).copied()
    };
    for laboratory in evaluation.evidence.laboratories.keys() {
        let plcc = |predictor: &str| within(predictor, laboratory).map(|within| within.plcc);
        let other = plcc(vmaf).zip(plcc(&fitted_elsewhere)).map(|(raw, fitted)| raw.max(fitted));
        let difference = plcc(MODEL).zip(other).map(|(model, other)| model - other);
        let what =
            format!("PLCC within tests minus that of {vmaf}, the same way, {laboratory} left out");
        conditions.push(Condition::reported(what, difference).at_least(MIN_LABORATORY));
    }
    let worst = |predictor: &str| {
        let figures = evaluation.predictors.get(predictor)?.schemes.get(&Scheme::Content)?;
        Some(figures.worst_content.rmse)
    };
    let difference = worst(MODEL).zip(worst(&fitted_elsewhere)).map(|(model, other)| model - other);
    conditions.push(
        Condition::reported(
            format!("RMSE of the worst content minus that of {vmaf}, logistic fitted on the other contents"),
            difference,
        )
        .at_most(MAX_WORST_CONTENT),
    );
    conditions
}

/// An interval that does not cover is worse than none.
fn coverage(evaluation: &Evaluation) -> Vec<Condition> {
    let of = |scheme: Scheme| {
        let figures = evaluation.predictors.get(MODEL)?.schemes.get(&scheme)?;
        Some(&figures.interval)
    };
    let mut conditions = Vec::new();
    for laboratory in evaluation.evidence.laboratories.keys() {
        let unit = of(Scheme::Laboratory).and_then(|interval| interval.units.get(laboratory));
        let what = format!("coverage of the 95 % interval, {laboratory} left out");
        let coverage = unit.map(|unit| unit.coverage.min(unit.coverage_of_clips));
        conditions.push(Condition::reported(what, coverage).at_least(MIN_COVERAGE));
    }
    let families: Vec<(&String, f64)> = of(Scheme::Family)
        .map(|interval| interval.units.iter().map(|(name, unit)| (name, unit.coverage)).collect())
        .unwrap_or_default();
    let mean = families.iter().map(|(_, coverage)| coverage).sum::<f64>() / families.len() as f64;
    conditions.push(
        Condition::reported(
            "mean coverage over families of tests left out",
            (!families.is_empty()).then_some(mean),
        )
        .at_least(MIN_COVERAGE),
    );
    for (name, coverage) in families {
        conditions.push(Condition::reported(format!("of it: {name}"), coverage));
    }
    let difference = &evaluation.interval.difference;
    conditions.extend([
        Condition::reported(
            "coverage of the interval of a difference, families of tests left out",
            difference.coverage,
        ),
        Condition::reported(
            "width of a difference's interval over that of a score's",
            difference.width_over_scores,
        ),
    ]);
    conditions
}

/// A codec input has to help on every laboratory that can tell; and no model may prefer a codec more than VMAF does.
fn codec(evaluation: &Evaluation, codec_aware: bool) -> Vec<Condition> {
    let mean_bias = |predictor: &str| {
        let laboratories = evaluation.codec_bias.get(predictor)?;
        let sum: f64 = laboratories.values().map(|bias| bias.size).sum();
        (!laboratories.is_empty()).then(|| sum / laboratories.len() as f64)
    };
    let difference = |other: &str| mean_bias(MODEL).zip(mean_bias(other)).map(|(m, o)| m - o);
    let what = |other: &str| {
        format!(
            "codec bias at equal score minus that of {other}, mean over laboratories, in points"
        )
    };
    if !codec_aware {
        let vmaf = elsewhere(&evaluation.baseline);
        let condition = Condition::reported(what(&evaluation.baseline), difference(&vmaf));
        // Without two codecs in a laboratory nothing can be preferred, and nothing measured.
        return vec![match condition.measured {
            Some(_) => condition.at_most(MAX_CODEC_BIAS),
            None => condition,
        }];
    }
    let mut conditions = vec![
        Condition::reported("draws of shuffled codec labels", evaluation.evidence.shuffles as f64)
            .at_least(MIN_SHUFFLES as f64),
        Condition::reported(what("the codec-blind recipe"), difference(BLIND)).below(0.0),
    ];
    let worth = evaluation.codec.clone().unwrap_or_default();
    conditions.push(
        Condition::reported("laboratories with several codecs", worth.len() as f64).at_least(1.0),
    );
    for (laboratory, worth) in worth {
        let shuffled = worth.shuffled.iter().copied().max_by(f64::total_cmp);
        conditions.extend([
            Condition::reported(
                format!("{laboratory}: PLCC lift over the codec-blind recipe"),
                worth.lift.value,
            )
            .at_least(MIN_LIFT),
            Condition::reported(
                format!("{laboratory}: lower end of that lift's 95 % interval"),
                worth.lift.low,
            )
            .above(0.0),
            Condition::reported(
                format!("{laboratory}: that lift minus the largest one of shuffled labels"),
                shuffled.map(|shuffled| worth.lift.value - shuffled),
            )
            .above(0.0),
        ]);
    }
    conditions
}
