// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What a score must do whatever the ratings say: rise with every input that rises with quality, be high for identical
//! pictures, and not jump by motion alone.
//!
//! All of it is measured on the model of all clips, at real frames of the corpus.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result};
use serde::{Deserialize, Serialize};
use vmaf_fr_v2::catalogue::{VOCABULARY_1, feature};

use super::ladder::Ladder;
use crate::corpus::Corpus;
use crate::evaluation::Condition;
use crate::model::Model;
use crate::recipe::Recipe;
use crate::statistics::quantile;

/// Frames that grids are laid around.
const FRAMES: usize = 256;
/// Values on a grid.
const STEPS: usize = 25;
/// What single precision may lower a score by, in points.
const ROUNDING: f64 = 1e-3;
/// Motion of identical pictures.
const MOTIONS: usize = 31;
/// What a cut multiplies motion2 by, which is the smaller of the steps into and out of a frame: measured at the cut of
/// `samples/two-scenes-x265-crf34.json`, 10 to 40.
const CUT_MOTION2: f32 = 4.0;
/// motion at a cut, the step into it: 40 to 80 there.
const CUT_MOTION: f32 = 60.0;

/// Lowest score of identical pictures, whether or not the optional features were measured.
pub const MIN_IDENTICAL: f64 = 95.0;
/// Points that motion alone may add at a cut, in 95 of 100 frames.
pub const MAX_CUT_JUMP: f64 = 20.0;
/// Points that a score may lose on the way to a better encode.
pub const MAX_LADDER_DROP: f64 = 0.5;

/// Whether a feature rises with quality: all that tell of a difference do. Motion does not, and CAMBI counts artefacts.
pub(super) fn rises(name: &str) -> bool {
    !name.starts_with("motion") && name != "cambi"
}

/// What was measured of the model of all clips.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Shape {
    /// Lowest score of identical pictures, at any motion and codec.
    identical: f64,
    /// The same without the optional features; none if there are none.
    identical_incomplete: Option<f64>,
    /// Largest fall of a score along a rising feature, by feature; 0 if it never falls.
    falls: BTreeMap<String, f64>,
    /// Largest fall on the way from an encode's frame to that of a better one, motion kept; none without ladders.
    ladder_fall: Option<f64>,
    /// What motion alone adds at a cut: 95 % point over frames.
    cut_jump: Option<f64>,
}

/// Rows of a model's features, and their codecs.
struct Frames<'a> {
    model: &'a Model,
    width: usize,
    rows: Vec<f32>,
    codec: Vec<usize>,
}

impl<'a> Frames<'a> {
    /// Evenly over the corpus; only frames that have every feature, if there are such.
    fn real(model: &'a Model, corpus: &Corpus, codec: &[usize]) -> Result<Self> {
        let columns = columns(model, corpus)?;
        let frames: Vec<(usize, usize)> = corpus
            .clips
            .iter()
            .enumerate()
            .flat_map(|(clip, of)| of.frames.clone().map(move |frame| (clip, frame)))
            .collect();
        let whole: Vec<(usize, usize)> = frames
            .iter()
            .copied()
            .filter(|&(_, frame)| columns.iter().all(|&c| !corpus.frame(frame)[c].is_nan()))
            .collect();
        let frames = if whole.is_empty() { frames } else { whole };
        let step = frames.len().div_ceil(FRAMES).max(1);
        let mut rows = Vec::new();
        let mut codecs = Vec::new();
        for &(clip, frame) in frames.iter().step_by(step) {
            rows.extend(columns.iter().map(|&column| corpus.frame(frame)[column]));
            codecs.push(codec[clip]);
        }
        Ok(Self { model, width: columns.len(), rows, codec: codecs })
    }

    fn len(&self) -> usize {
        self.codec.len()
    }

    /// Scores before they are cut to the range, with the features that `change` sets in each row.
    fn scores(&self, change: impl Fn(&mut [f32])) -> Result<Vec<f64>> {
        let mut rows = self.rows.clone();
        rows.chunks_exact_mut(self.width).for_each(change);
        self.model.raw_scores(&rows, &self.codec)
    }

    /// Lowest and highest value of a feature; `None` if no frame has it.
    fn range(&self, column: usize) -> Option<[f32; 2]> {
        let values =
            || self.rows.iter().skip(column).step_by(self.width).copied().filter(|x| !x.is_nan());
        let low = values().min_by(f32::total_cmp)?;
        let high = values().max_by(f32::total_cmp)?;
        Some([low, high])
    }
}

/// Column in the corpus of each feature of the model.
fn columns(model: &Model, corpus: &Corpus) -> Result<Vec<usize>> {
    model
        .features()
        .iter()
        .map(|name| {
            corpus
                .feature_names
                .iter()
                .position(|have| have == name)
                .with_context(|| format!("the corpus was read without {name}"))
        })
        .collect()
}

/// Measures the model of all clips.
pub(super) fn measure(
    model: &Model,
    corpus: &Corpus,
    codec: &[usize],
    optional: &[String],
    ladders: &[Ladder],
) -> Result<Shape> {
    let frames = Frames::real(model, corpus, codec)?;
    let mut falls = BTreeMap::new();
    for (column, name) in model.features().iter().enumerate().filter(|(_, name)| rises(name)) {
        falls.insert(name.clone(), largest_fall(&frames, column, name)?);
    }
    let hidden: Vec<usize> = model
        .features()
        .iter()
        .enumerate()
        .filter(|(_, name)| optional.contains(name))
        .map(|(column, _)| column)
        .collect();
    Ok(Shape {
        identical: lowest_identical(model, &[])?,
        identical_incomplete: match hidden[..] {
            [] => None,
            ref hidden => Some(lowest_identical(model, hidden)?),
        },
        falls,
        ladder_fall: ladder_fall(model, corpus, codec, ladders)?,
        cut_jump: cut_jump(&frames)?,
    })
}

/// Over a grid from the lowest possible value to the highest that identical pictures or the corpus have, and all other
/// features as they are.
fn largest_fall(frames: &Frames<'_>, column: usize, name: &str) -> Result<f64> {
    let Some([low, high]) = frames.range(column) else { return Ok(0.0) };
    let identical = frames.model.identical(0.0)[column];
    let lowest = feature(name).map_or(low, |feature| (feature.low as f32).max(low - (high - low)));
    let highest = high.max(identical);
    let mut before: Vec<f64> = Vec::new();
    let mut worst: f64 = 0.0;
    for step in 0..=STEPS {
        let value = lowest + (highest - lowest) * step as f32 / STEPS as f32;
        let scores = frames.scores(|row| row[column] = value)?;
        for (before, score) in before.iter().zip(&scores) {
            worst = worst.max(before - score);
        }
        before = scores;
    }
    Ok(worst)
}

fn lowest_identical(model: &Model, hidden: &[usize]) -> Result<f64> {
    let (mut rows, mut codecs) = (Vec::new(), Vec::new());
    for codec in 0..VOCABULARY_1.len() {
        for motion in 0..MOTIONS {
            let mut row = model.identical(motion as f64);
            for &column in hidden {
                row[column] = f32::NAN;
            }
            rows.extend(row);
            codecs.push(codec);
        }
    }
    let scores = model.score_frames(&rows, &codecs)?;
    Ok(scores.iter().map(|frame| frame.score).fold(f64::INFINITY, f64::min))
}

/// On straight ways between frames of two encodes, from the worse to the better one, with the motion of the first.
fn ladder_fall(
    model: &Model,
    corpus: &Corpus,
    codec: &[usize],
    ladders: &[Ladder],
) -> Result<Option<f64>> {
    const POINTS: usize = 9;
    let columns = columns(model, corpus)?;
    let (mut rows, mut codecs) = (Vec::new(), Vec::new());
    for ladder in ladders {
        for &(worse, better) in &ladder.rungs {
            let (worse_clip, better_clip) = (&corpus.clips[worse], &corpus.clips[better]);
            if worse_clip.frames.len() != better_clip.frames.len() {
                continue;
            }
            let middle = worse_clip.frames.len() / 2;
            let from = corpus.frame(worse_clip.frames.start + middle);
            let to = corpus.frame(better_clip.frames.start + middle);
            let rising = |&column: &usize| {
                let name = &corpus.feature_names[column];
                !rises(name) || from[column] <= to[column] || from[column].is_nan()
            };
            if !columns.iter().all(rising) {
                continue;
            }
            for point in 0..POINTS {
                let share = point as f32 / (POINTS - 1) as f32;
                rows.extend(columns.iter().map(|&column| {
                    if rises(&corpus.feature_names[column]) {
                        from[column] + (to[column] - from[column]) * share
                    } else {
                        from[column]
                    }
                }));
                codecs.push(codec[worse]);
            }
        }
    }
    if codecs.is_empty() {
        return Ok(None);
    }
    let scores = model.raw_scores(&rows, &codecs)?;
    let fall = |way: &[f64]| {
        let mut highest = f64::NEG_INFINITY;
        way.iter().fold(0.0, |fall: f64, &score| {
            highest = highest.max(score);
            fall.max(highest - score)
        })
    };
    Ok(Some(scores.chunks_exact(POINTS).map(fall).fold(0.0, f64::max)))
}

/// What a cut adds to the score of a frame that is like its neighbours otherwise; `None` for a model without motion.
fn cut_jump(frames: &Frames<'_>) -> Result<Option<f64>> {
    let names = frames.model.features();
    let of = |wanted: &str| names.iter().position(|name| name == wanted);
    let (motion, motion2) = (of("motion"), of("motion2"));
    if (motion, motion2) == (None, None) || frames.len() == 0 {
        return Ok(None);
    }
    let usual = frames.scores(|_| ())?;
    let cut = frames.scores(|row| {
        if let Some(column) = motion {
            row[column] = row[column].max(CUT_MOTION);
        }
        if let Some(column) = motion2 {
            row[column] *= CUT_MOTION2;
        }
    })?;
    let mut jumps: Vec<f64> = cut.iter().zip(&usual).map(|(cut, usual)| cut - usual).collect();
    jumps.sort_by(f64::total_cmp);
    Ok(Some(quantile(&jumps, 0.95)))
}

impl Shape {
    /// What was measured, and what it has to be.
    pub(super) fn conditions(&self, recipe: &Recipe) -> Vec<Condition> {
        let mut conditions = vec![
            Condition::reported(
                "lowest score of identical pictures at motion 0 to 30",
                self.identical,
            )
            .at_least(MIN_IDENTICAL),
        ];
        if let Some(score) = self.identical_incomplete {
            let what = "lowest score of identical pictures without the optional features";
            conditions.push(Condition::reported(what, score).at_least(MIN_IDENTICAL));
        }
        for (name, &fall) in &self.falls {
            let what = format!("largest fall of a score as {name} rises, in points");
            let fall = Condition::reported(what, fall);
            let free = recipe.network.free.contains(name);
            conditions.push(if free { fall } else { fall.at_most(ROUNDING) });
        }
        let what = "largest fall of a score on the way to an encode that is better in every feature, in points";
        conditions.push(match self.ladder_fall {
            Some(fall) => Condition::reported(what, fall).at_most(MAX_LADDER_DROP),
            None => Condition::reported(format!("{what} (the corpus has no such encodes)"), None),
        });
        if let Some(jump) = self.cut_jump {
            let what = "what motion alone adds at a cut, 95 % of frames, in points";
            conditions.push(Condition::reported(what, jump).at_most(MAX_CUT_JUMP));
        }
        conditions
    }
}
