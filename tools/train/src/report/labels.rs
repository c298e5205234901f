// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What reports call each predictor, in their order.

use crate::statistics::Lift;

/// Predictors in the order of a report.
pub(super) const ORDER: [&str; 11] = [
    "codec_blind",
    "codec_aware",
    "codec_shuffled",
    "dataset_onehot",
    "codec_blind_ensemble",
    "codec_aware_ensemble",
    "vmaf_logistic",
    "vmaf_logistic_in_sample",
    "vmaf_linear",
    "vmaf",
    "vmaf_as_reported",
];

/// What a predictor is, in words.
pub(super) fn label(name: &str) -> &str {
    match name {
        "codec_blind" => "codec-blind network",
        "codec_aware" => "codec-aware network",
        "codec_shuffled" => "control: codec labels shuffled within datasets",
        "dataset_onehot" => "control: dataset one-hot for codec",
        "codec_blind_ensemble" => "codec-blind, mean of the seeds",
        "codec_aware_ensemble" => "codec-aware, mean of the seeds",
        "vmaf_logistic" => "VMAF, one scale, logistic fitted on the other contents",
        "vmaf_logistic_in_sample" => "VMAF, one scale, logistic fitted on these clips",
        "vmaf_linear" => "VMAF, one scale, line fitted on the other contents",
        "vmaf" => "VMAF, one scale, as it is",
        "vmaf_as_reported" => "VMAF as reported",
        other => other,
    }
}

/// A difference and its interval.
pub(super) fn lift_text(lift: &Lift) -> String {
    format!("{:+.4} [{:+.4}, {:+.4}]", lift.value, lift.low, lift.high)
}
