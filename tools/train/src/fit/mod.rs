// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Fits a model to a corpus, in two stages.
//!
//! 1. *Pre-training* ([`pretrain`]): per frame, on a teacher's score, codec unknown to it. There are hundreds of frames
//!    for every rating, and a network fitted to ratings alone follows contents instead of quality. Clips without a rating
//!    serve it as well.
//! 2. *Refit* ([`refit`]): the output is scaled and shifted to the ratings by least squares; then few steps over all rated
//!    clips, with what tests and contents add to a rating ([`effects`]) fitted along, and identical pictures as anchors.
//!
//! [`problem`] prepares the clips, [`gradient`] differentiates, [`signs`] keeps effects of features to the sign they
//! must have, [`optimiser`] takes the steps at the rates of [`schedule`].
//!
//! Members do not see each other, and each computes in one order: the result depends neither on the number of threads
//! nor on the processor's vectors.

mod effects;
mod gradient;
mod optimiser;
mod pretrain;
mod problem;
mod refit;
mod schedule;
mod signs;

use anyhow::{Result, ensure};
use rayon::prelude::*;
use vmaf_fr_v2::catalogue::Vocabulary;

use effects::EffectLayout;
pub use effects::{ContentEffect, ContentTestEffect, Effects, TestEffect};
use problem::Problem;
use refit::Refitting;
use signs::Signs;

use crate::corpus::Corpus;
use crate::model::{Interval, Model};
use crate::network::{CodecCode, Network, Shape};
use crate::recipe::{CodecInput, Recipe};
use crate::samples::{Domain, Preparation};

/// What a fit gives.
#[derive(Debug, Clone, PartialEq)]
pub struct Fitted {
    /// The model.
    pub model: Model,
    /// What was fitted along and is no part of it.
    pub effects: Effects,
}

/// Called after each step of a member; see [`steps`].
pub type Progress<'a> = &'a (dyn Fn() + Sync);

/// Fits `recipe` to the clips of `corpus` for which `train` holds.
///
/// `teacher` has a score for every frame of the corpus, NaN if it has none; `codec` has the codec of every clip.
///
/// # Errors
/// The data cannot be fitted: no rated clip, a constant rating, a required feature missing.
pub fn fit(
    corpus: &Corpus,
    teacher: &[f32],
    recipe: &Recipe,
    train: &[bool],
    codec: &[usize],
) -> Result<Fitted> {
    Pretrained::fit(corpus, teacher, recipe, train, &|| ())?.refit(recipe, codec, &|| ())
}

/// Steps of a whole fit: calls of [`Progress`] in [`Pretrained::fit`] and in [`Pretrained::refit`].
pub fn steps(recipe: &Recipe) -> usize {
    (recipe.pretrain.steps + recipe.refit.steps) * recipe.network.members
}

/// A fit after its first stage, which does not look at codecs: fits that differ only in those can share it.
pub struct Pretrained<'a> {
    corpus: &'a Corpus,
    problem: Problem,
    train: Vec<bool>,
    members: Vec<Vec<f32>>,
}

impl<'a> Pretrained<'a> {
    /// The first stage of [`fit`].
    ///
    /// # Errors
    /// As [`fit`].
    pub fn fit(
        corpus: &'a Corpus,
        teacher: &[f32],
        recipe: &Recipe,
        train: &[bool],
        progress: Progress<'_>,
    ) -> Result<Self> {
        let problem = Problem::new(corpus, teacher, recipe, train)?;
        let shape = shape(recipe, 0);
        let signs = signs(recipe, &shape, &problem.preparation);
        let members = (0..recipe.network.members)
            .into_par_iter()
            .map(|member| pretrain::pretrain(&problem, recipe, &shape, &signs, member, progress))
            .collect();
        Ok(Self { corpus, problem, train: train.to_vec(), members })
    }

    /// The second stage of [`fit`]. `recipe` may differ from that of the first one in what concerns the codec, ratings and
    /// anchors.
    ///
    /// # Errors
    /// As [`fit`].
    pub fn refit(
        &self,
        recipe: &Recipe,
        codec: &[usize],
        progress: Progress<'_>,
    ) -> Result<Fitted> {
        let problem = &self.problem;
        ensure!(
            codec.len() == self.corpus.clips.len(),
            "{} codecs for {} clips",
            codec.len(),
            self.corpus.clips.len()
        );
        let code = codec_code(&recipe.codec, codec);
        let shape = shape(recipe, code.width());
        let signs = signs(recipe, &shape, &problem.preparation);
        let layout = EffectLayout::new(self.corpus, &problem.rated);
        let refitting = Refitting::new(problem, recipe, &shape, &signs, &layout, (&code, codec))?;
        let (members, effects): (Vec<_>, Vec<_>) = self
            .members
            .par_iter()
            .enumerate()
            .map(|(index, member)| {
                let start = widened(member, &self::shape(recipe, 0), &shape);
                let (numbers, effects) = refitting.run(start, index, progress);
                (Network { shape: shape.clone(), numbers }, effects)
            })
            .unzip();
        let finite = members.iter().all(|member| member.numbers.iter().all(|x| x.is_finite()));
        ensure!(
            finite,
            "the fit of recipe {} diverges: its learning rates are too high",
            recipe.id
        );
        let domain = recipe
            .domain
            .as_ref()
            .map(|domain| Domain::fit(self.corpus, &problem.preparation, domain, &self.train))
            .transpose()?;
        let model = Model {
            id: recipe.id.clone(),
            preparation: problem.preparation.clone(),
            codec: code,
            members,
            domain,
            interval: Interval::of_recipe(recipe),
            score_range: recipe.score_range,
        };
        Ok(Fitted { model, effects: layout.describe(&effects) })
    }
}

fn shape(recipe: &Recipe, codec: usize) -> Shape {
    Shape {
        features: recipe.features.len(),
        codec,
        hidden: recipe.network.hidden.clone(),
        skip: recipe.network.skip,
    }
}

fn signs(recipe: &Recipe, shape: &Shape, preparation: &Preparation) -> Signs {
    let free: Vec<bool> =
        recipe.features.iter().map(|name| recipe.network.free.contains(name)).collect();
    let known: Vec<bool> = preparation.scales.iter().map(|scale| scale.known).collect();
    Signs::new(shape, &free, &known)
}

/// The same function with more inputs, whose weights are 0.
fn widened(numbers: &[f32], from: &Shape, to: &Shape) -> Vec<f32> {
    let more = to.codec - from.codec;
    let first = from.layers()[0];
    let mut out = Vec::with_capacity(to.len());
    for row in numbers[first.weight..first.bias].chunks_exact(first.inputs) {
        out.extend_from_slice(row);
        out.resize(out.len() + more, 0.0);
    }
    out.extend_from_slice(&numbers[first.bias..]);
    if to.skip {
        out.resize(out.len() + more, 0.0);
    }
    out
}

/// How each codec enters.
fn codec_code(input: &CodecInput, codec: &[usize]) -> CodecCode {
    let vocabulary = Vocabulary::v1();
    let names = vocabulary.names();
    let rows = match input {
        CodecInput::None => Vec::new(),
        CodecInput::OneHot { .. } => {
            // A control may have more kinds than the vocabulary has codecs.
            let n = codec.iter().map(|codec| codec + 1).max().unwrap_or(0).max(names.len());
            (0..n).map(|i| (0..n).map(|j| f32::from(u8::from(i == j))).collect()).collect()
        }
        CodecInput::Contrast { plus, minus, .. } => names
            .iter()
            .map(|name| {
                vec![match (plus.contains(name), minus.contains(name)) {
                    (true, false) => 0.5,
                    (false, true) => -0.5,
                    _ => 0.0,
                }]
            })
            .collect(),
    };
    CodecCode { rows }
}
