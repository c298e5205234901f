// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Ladders: encodes of one content by one codec, each better than the one below in every feature that rises with quality.
//!
//! No rating orders them, and no bitrate either: tables have none in common.

use super::design::Design;
use super::shape::rises;
use crate::corpus::Corpus;
use crate::evaluation::Condition;

/// Points by which a score may be out of order before the pair counts as one.
const SLACK: f64 = 0.5;
/// Points of VMAF that two rungs differ by at least.
const STEP: f64 = 1.0;
/// Share of pairs that may be out of order.
pub const MAX_INVERSIONS: f64 = 0.01;

/// Encodes of one content, test and codec.
pub(super) struct Ladder {
    /// Clips, the worse first; every pair of the ladder in which one is better in every feature.
    pub(super) rungs: Vec<(usize, usize)>,
}

/// The ladders of a corpus. `vmaf` has the score of each clip.
pub(super) fn find(corpus: &Corpus, design: &Design, vmaf: &[f64]) -> Vec<Ladder> {
    let rising: Vec<usize> = (0..corpus.feature_names.len())
        .filter(|&column| rises(&corpus.feature_names[column]))
        .collect();
    let means: Vec<Vec<f64>> = corpus
        .clips
        .iter()
        .map(|clip| {
            let count = clip.frames.len() as f64;
            let mean = |column: usize| {
                let frames = clip.frames.clone().map(|f| f64::from(corpus.frame(f)[column]));
                frames.sum::<f64>() / count
            };
            rising.iter().map(|&column| mean(column)).collect()
        })
        .collect();
    let better = |a: usize, b: usize| {
        vmaf[b] >= vmaf[a] + STEP
            // A feature that one of them lacks decides nothing.
            && means[a].iter().zip(&means[b]).all(|(a, b)| a <= b || a.is_nan() || b.is_nan())
    };
    let mut ladders = Vec::new();
    for cell in design.cells(0..design.clips()).into_values() {
        for codec in 0..=design.codec.iter().copied().max().unwrap_or(0) {
            let clips: Vec<usize> =
                cell.iter().copied().filter(|&i| design.codec[i] == codec).collect();
            let rungs: Vec<(usize, usize)> = clips
                .iter()
                .flat_map(|&a| clips.iter().map(move |&b| (a, b)))
                .filter(|&(a, b)| a != b && !design.unknown[a] && better(a, b))
                .collect();
            if !rungs.is_empty() {
                ladders.push(Ladder { rungs });
            }
        }
    }
    ladders
}

/// Share of pairs whose predictions are out of order.
pub(super) fn condition(ladders: &[Ladder], predicted: &[f64]) -> Condition {
    let pairs: Vec<(usize, usize)> = ladders
        .iter()
        .flat_map(|ladder| ladder.rungs.iter().copied())
        .filter(|&(a, b)| !predicted[a].is_nan() && !predicted[b].is_nan())
        .collect();
    let what = format!(
        "share of {} pairs of encodes, one better in every feature, that are out of order",
        pairs.len()
    );
    if pairs.is_empty() {
        return Condition::reported(what, None);
    }
    let wrong = pairs.iter().filter(|&&(a, b)| predicted[b] < predicted[a] - SLACK).count();
    Condition::reported(what, wrong as f64 / pairs.len() as f64).at_most(MAX_INVERSIONS)
}
