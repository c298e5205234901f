// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What reports call each predictor, in their order.

use crate::evaluation::{BLIND, Evaluation, MODEL, elsewhere, in_sample};
use crate::statistics::Lift;

/// Predictors in the order of a report: the model, its control, then each VMAF model, the baseline first.
pub(super) fn order(evaluation: &Evaluation) -> Vec<String> {
    let mut names = vec![MODEL.to_owned(), BLIND.to_owned()];
    for vmaf in [&evaluation.baseline].into_iter().chain(evaluation.protocol.vmaf_models.keys()) {
        for name in [in_sample(vmaf), elsewhere(vmaf), vmaf.clone()] {
            if !names.contains(&name) {
                names.push(name);
            }
        }
    }
    names.retain(|name| evaluation.predictors.contains_key(name));
    names
}

/// What a predictor is, in words.
pub(super) fn label(name: &str) -> String {
    match name {
        MODEL => "the recipe's model".to_owned(),
        BLIND => "the same recipe without codec".to_owned(),
        other => match other.split_once("+4pl") {
            Some((vmaf, "")) => format!("{vmaf}, logistic fitted elsewhere"),
            Some((vmaf, _)) => format!("{vmaf}, logistic fitted to each test"),
            None => format!("{other} as it is"),
        },
    }
}

/// A difference and its interval.
pub(super) fn lift_text(lift: &Lift) -> String {
    format!("{:+.4} [{:+.4}, {:+.4}]", lift.value, lift.low, lift.high)
}
