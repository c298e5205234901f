// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What is fitted to: training clips, prepared, with their teacher's scores, ratings and weights.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::{Result, ensure};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use vmaf_fr_v2::catalogue::{UNKNOWN, Vocabulary};

use crate::corpus::{Corpus, TableRecord};
use crate::recipe::{CENTRE, Recipe, SPREAD};
use crate::samples::Preparation;
use crate::samples::identical;

/// Training clips, ready.
pub(super) struct Problem {
    pub(super) preparation: Preparation,
    /// Prepared features of the frames of all training clips, row-major.
    pub(super) z: Vec<f32>,
    /// Codec of each of these frames.
    pub(super) clip_of_frame: Vec<usize>,
    /// Frames that the teacher scores, and the network's output for that score.
    pub(super) taught: Vec<(usize, f32)>,
    pub(super) rated: Vec<RatedSample>,
    /// Prepared features of identical pictures, row-major.
    pub(super) anchors: Vec<f32>,
}

/// A training clip with a rating.
pub(super) struct RatedSample {
    /// Its place in the corpus.
    pub(super) clip: usize,
    /// Its frames in [`Problem::z`].
    pub(super) frames: Range<usize>,
    /// The network's output for its rating.
    pub(super) target: f32,
    /// All weights sum to 1.
    pub(super) weight: f32,
}

/// A stage of a fit, each with random numbers of its own.
#[derive(Debug, Clone, Copy)]
pub(super) enum Stage {
    Start,
    Pretrain,
    Refit,
}

/// The random numbers of a member in a stage.
pub(super) fn generator(recipe: &Recipe, member: usize, stage: Stage) -> ChaCha8Rng {
    let mut rng = ChaCha8Rng::seed_from_u64(recipe.seed);
    rng.set_stream(((member as u64) << 8) | stage as u64);
    rng
}

impl Problem {
    pub(super) fn new(
        corpus: &Corpus,
        teacher: &[f32],
        recipe: &Recipe,
        train: &[bool],
    ) -> Result<Self> {
        ensure!(
            train.len() == corpus.clips.len(),
            "{} training marks for {} clips",
            train.len(),
            corpus.clips.len()
        );
        let frames = corpus.features.len() / corpus.feature_names.len().max(1);
        ensure!(teacher.len() == frames, "{} teacher's scores for {frames} frames", teacher.len());
        let preparation = Preparation::fit(corpus, recipe, train)?;
        let mut problem = Self {
            z: Vec::new(),
            clip_of_frame: Vec::new(),
            taught: Vec::new(),
            rated: Vec::new(),
            anchors: Vec::new(),
            preparation,
        };
        let weights = clip_weights(corpus, recipe, train)?;
        for (index, clip) in corpus.clips.iter().enumerate().filter(|(index, _)| train[*index]) {
            let start = problem.clip_of_frame.len();
            problem.z.extend(problem.preparation.prepare_clip(corpus, clip)?);
            for frame in clip.frames.clone() {
                if teacher[frame].is_finite() {
                    problem
                        .taught
                        .push((problem.clip_of_frame.len(), output(teacher[frame].into())));
                }
                problem.clip_of_frame.push(index);
            }
            if weights[index] > 0.0 {
                problem.rated.push(RatedSample {
                    clip: index,
                    frames: start..problem.clip_of_frame.len(),
                    target: output(clip.target),
                    weight: weights[index] as f32,
                });
            }
        }
        ensure!(
            recipe.pretrain.steps == 0 || !problem.taught.is_empty(),
            "the teacher has no score for any frame of the training clips"
        );
        let first = problem.rated.first().map(|sample| sample.target);
        ensure!(
            problem.rated.iter().any(|sample| Some(sample.target) != first),
            "all rated training clips have the same rating: nothing can be learned from it"
        );
        for &motion in &recipe.anchors.motion {
            let mut row = identical(problem.preparation.names(), motion);
            problem.anchors.extend(problem.preparation.apply(&row)?);
            if recipe.anchors.incomplete {
                for (value, name) in row.iter_mut().zip(problem.preparation.names()) {
                    if recipe.optional.contains_key(name) {
                        *value = f32::NAN;
                    }
                }
                problem.anchors.extend(problem.preparation.apply(&row)?);
            }
        }
        Ok(problem)
    }

    /// Features.
    pub(super) fn width(&self) -> usize {
        self.preparation.names().len()
    }
}

/// A network's output for a score.
pub(super) fn output(score: f64) -> f32 {
    ((score - CENTRE) / SPREAD) as f32
}

/// Weight of every clip: 0 if it has no rating or does not train, and a sum of 1.
fn clip_weights(corpus: &Corpus, recipe: &Recipe, train: &[bool]) -> Result<Vec<f64>> {
    let vocabulary = Vocabulary::v1();
    let unknown = vocabulary.id(UNKNOWN)?;
    let mut weights = corpus
        .clips
        .iter()
        .zip(train)
        .map(|(clip, train)| {
            if !train || clip.target.is_nan() || clip.frames.is_empty() {
                return Ok(0.0);
            }
            let known = vocabulary.id(&clip.codec)? != unknown;
            let codec = if known { 1.0 } else { recipe.weights.unknown_codec };
            let of = |table: &&TableRecord| table.source.name == clip.laboratory;
            Ok(codec * corpus.tables.iter().find(of).map_or(1.0, |table| table.source.weight))
        })
        .collect::<Result<Vec<f64>>>()?;
    let mut by_content = BTreeMap::<&str, f64>::new();
    for (clip, weight) in corpus.clips.iter().zip(&weights) {
        *by_content.entry(&clip.content).or_default() += weight;
    }
    for (clip, weight) in corpus.clips.iter().zip(&mut weights) {
        if *weight > 0.0 {
            *weight /= by_content[clip.content.as_str()].powf(recipe.weights.content_power);
        }
    }
    let total: f64 = weights.iter().sum();
    ensure!(total > 0.0, "no rated clip is left to train on");
    for weight in &mut weights {
        *weight /= total;
    }
    Ok(weights)
}
