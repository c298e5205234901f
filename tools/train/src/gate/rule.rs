// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The rule that decides what may be released.

use anyhow::{Context as _, Result, ensure};

use super::record::{Condition, JudgedCard};
use crate::evaluation::{Evaluation, Lifts};

/// Least lift in PLCC.
pub const MIN_LIFT: f64 = 0.005;
/// Coverage of a 95 % interval that is good enough.
pub const COVERAGE: [f64; 2] = [0.93, 0.97];

fn at_least(what: &str, measured: f64, bound: f64) -> Condition {
    Condition {
        what: what.to_owned(),
        measured,
        at_least: bound,
        at_most: None,
        passed: measured >= bound,
    }
}

fn above_zero(what: &str, measured: f64) -> Condition {
    Condition { passed: measured > 0.0, ..at_least(what, measured, 0.0) }
}

/// The conditions on `card`, each with what `evaluation` measured.
pub(super) fn decide(card: &JudgedCard, evaluation: &Evaluation) -> Result<Vec<Condition>> {
    ensure!(
        card.training.protocol_sha256 == evaluation.protocol_sha256,
        "{} was trained by protocol {}, the evaluation judges {}",
        card.id,
        card.training.protocol_sha256,
        evaluation.protocol_sha256
    );
    let lifts = |pair: &str| -> Result<&Lifts> {
        evaluation.lifts.get(pair).with_context(|| format!("the evaluation has no {pair:?}"))
    };
    let mut checks = Vec::new();
    let ensemble = !card.members.is_empty();
    let (kind, single) = match (card.codec_aware, ensemble) {
        (true, false) => ("codec_aware", "codec_aware"),
        (true, true) => ("codec_aware_ensemble", "codec_aware"),
        (false, false) => ("codec_blind", "codec_blind"),
        (false, true) => ("codec_blind_ensemble", "codec_blind"),
    };
    if card.codec_aware {
        let lift = lifts("codec_aware - codec_blind")?.plcc;
        let control = lifts("codec_aware - codec_shuffled")?.plcc;
        checks.push(at_least("PLCC lift over the codec-blind network", lift.value, MIN_LIFT));
        checks.push(above_zero("lower end of that lift's 95 % interval", lift.low));
        checks.push(above_zero(
            "lower end of the 95 % interval of the PLCC lift over shuffled codec labels",
            control.low,
        ));
    } else {
        match evaluation.lifts.get(&format!("{kind} - vmaf_logistic")) {
            Some(lift) => {
                checks.push(at_least(
                    "PLCC lift over VMAF on one scale",
                    lift.plcc.value,
                    MIN_LIFT,
                ));
                checks.push(above_zero("lower end of that lift's 95 % interval", lift.plcc.low));
                checks.push(at_least(
                    "mean lift in PLCC within datasets",
                    lift.plcc_within_datasets.value,
                    0.0,
                ));
            }
            None => checks.push(at_least(
                "PLCC lift over VMAF, which the corpus does not have",
                f64::MIN,
                MIN_LIFT,
            )),
        }
    }
    if ensemble {
        ensure!(
            card.training.members == evaluation.seeds,
            "{} has {} members, the evaluation is of {}",
            card.id,
            card.training.members,
            evaluation.seeds
        );
        let lift = lifts(&format!("{kind} - {single}"))?.plcc;
        checks.push(above_zero(
            "lower end of the 95 % interval of the PLCC lift over a single network",
            lift.low,
        ));
    }
    if card.output_names.iter().any(|name| name == "score_logvar") {
        let coverage =
            evaluation.intervals.get(kind).map_or(f64::MIN, |interval| interval.coverage);
        checks.push(Condition {
            at_most: Some(COVERAGE[1]),
            passed: (COVERAGE[0]..=COVERAGE[1]).contains(&coverage),
            ..at_least("coverage of the 95 % interval", coverage, COVERAGE[0])
        });
    }
    Ok(checks)
}

/// `release` if every condition holds.
pub(super) fn status(checks: &[Condition]) -> &'static str {
    if !checks.is_empty() && checks.iter().all(|check| check.passed) {
        "release"
    } else {
        "experimental"
    }
}
