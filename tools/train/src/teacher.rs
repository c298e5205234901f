// SPDX-License-Identifier: BSD-2-Clause-Patent
//! One teacher for every dataset.
//!
//! Reports of different libvmaf versions and models put the same features on different VMAF scales. VMAF is a function
//! of the canonical six features of a frame: a small network learns it from the datasets whose scale is wanted, and
//! re-scores all frames. No rating enters, so that it may see every content.

use std::collections::BTreeSet;

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use vmaf_fr_v2::catalogue::CANONICAL_FEATURES;

use crate::corpus::Corpus;
use crate::fit::Fit;
use crate::predict::predict_frames;
use crate::recipe::Recipe;
use crate::samples::{Samples, Weighting};
use crate::statistics::{plcc, rmse};

/// How well the re-scoring reproduces the teacher on the datasets it was taken from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Harmonisation {
    /// Datasets whose scale all frames were brought to.
    pub reference_datasets: Vec<String>,
    /// Per frame, on those datasets, points of VMAF.
    pub rmse: f64,
    /// Per frame, on those datasets.
    pub plcc: f64,
}

/// The teacher's score of every frame of `corpus` on the scale that it has in `reference`.
pub fn harmonise(
    corpus: &Corpus,
    reference: &[String],
    seed: u64,
) -> Result<(Vec<f32>, Harmonisation)> {
    let known: BTreeSet<&str> = corpus.clips.iter().map(|clip| clip.dataset.as_str()).collect();
    for name in reference {
        ensure!(
            known.contains(name.as_str()),
            "no dataset {name:?} in the corpus; it has {known:?}"
        );
    }
    let columns: Vec<usize> = CANONICAL_FEATURES
        .iter()
        .map(|name| {
            corpus.feature_names.iter().position(|n| n == name).ok_or_else(|| {
                anyhow::anyhow!("feature {name:?} is needed to bring the teacher to one scale, and is not selected")
            })
        })
        .collect::<Result<_>>()?;
    let frames = corpus.teacher.len();
    let mut six = Corpus {
        feature_names: CANONICAL_FEATURES.iter().map(|&n| n.to_owned()).collect(),
        clips: corpus.clips.clone(),
        features: (0..frames)
            .flat_map(|f| columns.iter().map(move |&c| corpus.frame(f)[c]))
            .collect(),
        // VMAF is cut off at 0 and 100; a network learns what lies between and is cut off the same way.
        teacher: corpus
            .teacher
            .iter()
            .map(|&t| if t > 0.0 && t < 100.0 { t } else { f32::NAN })
            .collect(),
        rows: corpus.rows,
        tables: Vec::new(),
    };
    // The stage used is the one that ignores ratings; it needs clips with some.
    six.clips.iter_mut().for_each(|clip| clip.target = 50.0);
    let held_out = |i: usize| !reference.contains(&corpus.clips[i].dataset);
    let codec = vec![0; six.clips.len()];
    let weighting = Weighting { content_power: 0.0, ..Weighting::default() };
    let (samples, _) = Samples::new(&six, &six.teacher, &codec, usize::MAX, &weighting, held_out)?;
    let recipe = Recipe {
        hidden: 32,
        pretrain_epochs: 150,
        pretrain_batch: 256,
        feature_dropout_pretrain: 0.0,
        ..Recipe::default()
    };
    let fit = Fit::new(&samples, &recipe, 0, false, seed)?;
    let weights = fit.pretrained_weights()?;
    let rescored: Vec<f32> = predict_frames(&weights, &samples, &codec)?
        .into_iter()
        .map(|out| (out[0] * 100.0).clamp(0.0, 100.0))
        .collect();
    let (mut mine, mut theirs) = (Vec::new(), Vec::new());
    for (i, clip) in corpus.clips.iter().enumerate() {
        if !held_out(i) {
            for f in clip.frames.clone().filter(|&f| !corpus.teacher[f].is_nan()) {
                mine.push(f64::from(rescored[f]));
                theirs.push(f64::from(corpus.teacher[f]));
            }
        }
    }
    let report = Harmonisation {
        reference_datasets: reference.to_vec(),
        rmse: rmse(&mine, &theirs),
        plcc: plcc(&mine, &theirs),
    };
    Ok((rescored, report))
}
