// SPDX-License-Identifier: BSD-2-Clause-Patent
//! One open model: checked frames in, scores with their uncertainty out.

mod score;
mod widening;

use std::mem::MaybeUninit;
use std::sync::Arc;

pub use score::{Score, Z95};

use crate::batch::{Batch, Input};
use crate::catalogue::Vocabulary;
use crate::config::{Config, EngineChoice, LogLevel};
use crate::engine::{self, Engine, Engines};
use crate::error::{Result, bail, err};
use crate::model::card::Card;
use crate::model::{self, CodecTable};
use score::{Estimate, Finish, of_members, of_score_and_logvar};
use widening::Widening;

/// What an open model is.
#[derive(Debug, Clone, PartialEq)]
pub struct Info {
    /// Name of the model.
    pub id: String,
    /// The engine that runs it.
    pub engine: EngineChoice,
    /// Name and version of that engine.
    pub engine_version: String,
    /// `release` or `experimental`.
    pub status: String,
    /// Number of features per frame.
    pub n_features: usize,
    /// Number of codecs in the vocabulary; 0 for a codec-blind model.
    pub n_codecs: usize,
    /// Whether the graph takes the codec.
    pub codec_aware: bool,
    /// Whether scores come with a standard deviation.
    pub has_variance: bool,
    /// Number of graphs: more than 1 for an ensemble.
    pub n_members: usize,
    /// Version of the codec vocabulary; 0 where the card pins none.
    pub codec_vocab_version: i32,
    /// Lowest and highest score.
    pub score_range: [f64; 2],
}

struct Member {
    engine: Box<dyn Engine>,
    output_width: usize,
}

/// An open model.
///
/// ```
/// use vmaf_fr_v2::{Config, Score, Scorer};
///
/// let mut model = Scorer::open(None, &Config::default())?;
/// let features = vec![0.9; 2 * model.feature_names().len()]; // two frames
/// let mut scores = [Score::NONE; 2];
/// model.score(&features, None, &mut scores)?;
/// assert!((0.0..=100.0).contains(&scores[1].score));
/// # Ok::<(), vmaf_fr_v2::Error>(())
/// ```
pub struct Scorer {
    card: Card,
    info: Info,
    input: Arc<Input>,
    codec: CodecTable,
    members: Vec<Member>,
    finish: Finish,
    /// `None` where nothing widens intervals.
    widening: Option<Widening>,
    /// What the graphs gave for the frames of a call, member by member: scores are made of it once all frames are
    /// through, so that a call that fails writes none.
    outputs: Vec<f32>,
}

/// Frames whose outputs have their memory from the start: calls of up to so many allocate nothing.
const PREPARED: usize = 1024;

impl std::fmt::Debug for Scorer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scorer").field("info", &self.info).finish_non_exhaustive()
    }
}

impl Scorer {
    /// Opens a model: `None` is the registry's default, `builtin:ID` or the bare `ID` a built-in one, else the path of
    /// an `.onnx` file or of a card.
    pub fn open(model: Option<&str>, config: &Config) -> Result<Self> {
        Self::open_logged(model, config, &|_, _| {})
    }

    /// Opens a model and says how: `log` gets the level and one line.
    pub fn open_logged(
        model: Option<&str>,
        config: &Config,
        log: &dyn Fn(LogLevel, &str),
    ) -> Result<Self> {
        #[cfg(feature = "fault-injection")]
        if model == Some("builtin:__panic") {
            panic!("fault injection");
        }
        let result = Self::from_bound(model::open(model, config.allow_unpinned)?, config, log);
        if let Ok(scorer) = &result {
            let Info { id, status, engine_version, .. } = &scorer.info;
            log(LogLevel::Info, &format!("opened {id} ({status}) with {engine_version}"));
        }
        result
    }

    fn from_bound(
        bound: model::Bound,
        config: &Config,
        log: &dyn Fn(LogLevel, &str),
    ) -> Result<Self> {
        let Engines { all, choice, version } =
            engine::build(&bound.graphs, bound.set, config, log)?;
        let model::Bound { id, status, card, input, codec, graphs, set } = bound;
        let mut members = Vec::with_capacity(all.len());
        for (graph, mut engine) in graphs.iter().zip(all) {
            if input.codec_aware() {
                engine.set_codec_table(codec.rows()).map_err(|e| e.of(&graph.name))?;
            }
            members.push(Member { engine, output_width: graph.graph.output_width });
        }
        let vocabulary = input.codec_aware().then(|| codec.vocabulary());
        let [low, high] = card.score_range.unwrap_or([0.0, 100.0]);
        let info = Info {
            id,
            engine: choice,
            engine_version: version,
            status,
            n_features: input.width(),
            n_codecs: vocabulary.map_or(0, |v| v.names().len()),
            codec_aware: vocabulary.is_some(),
            has_variance: members.len() > 1
                || members.iter().any(|m| m.output_width == 2)
                || card.calibration.is_some(),
            n_members: members.len(),
            codec_vocab_version: vocabulary.map_or(0, Vocabulary::version),
            score_range: [low, high],
        };
        let everywhere = [f64::NEG_INFINITY, f64::INFINITY];
        Ok(Self {
            outputs: vec![0.0; PREPARED * members.iter().map(|m| m.output_width).sum::<usize>()],
            finish: Finish {
                clip: if config.disable_clip { everywhere } else { [low, high] },
                conformal_scale: card.conformal_scale.unwrap_or(1.0),
                calibration: card.calibration,
            },
            // The statistics of all members are the card's, or it has no domain.
            widening: Widening::of_card(&card, || graphs[0].statistics.standardizer(set), PREPARED),
            info,
            card,
            input: Arc::new(input),
            codec,
            members,
        })
    }

    /// Scores `scores.len()` frames. `features`: one row of raw libvmaf values per frame, in the order of
    /// [`feature_names`](Self::feature_names). `codec_ids`: one per frame; `None` means unknown for every frame; a
    /// codec-blind model ignores them.
    ///
    /// `scores` is written only if every frame could be scored.
    ///
    /// # Errors
    /// `Argument`: slices whose lengths do not fit together. `ImpossibleValue`: a value that its feature cannot have,
    /// with [`frame`](crate::Error::frame) and [`feature`](crate::Error::feature). `OutOfVocabulary`: a codec id.
    /// `OutOfMemory`, `Failed`: the engine.
    pub fn score(
        &mut self,
        features: &[f32],
        codec_ids: Option<&[i32]>,
        scores: &mut [Score],
    ) -> Result<()> {
        let input = Arc::clone(&self.input);
        let batch = input.batch(features, codec_ids, scores.len())?;
        // SAFETY: the same memory; `score_batch` writes whole scores only, so it stays initialised.
        let scores = unsafe { &mut *(&raw mut *scores as *mut [MaybeUninit<Score>]) };
        self.score_batch(&batch, scores)
    }

    /// What frames are checked against before they are scored.
    pub(crate) fn input(&self) -> &Arc<Input> {
        &self.input
    }

    /// Scores checked frames into as many scores; writes all of them or, on failure, none.
    pub(crate) fn score_batch(
        &mut self,
        batch: &Batch<'_>,
        scores: &mut [MaybeUninit<Score>],
    ) -> Result<()> {
        let n = batch.len();
        self.run_members(batch)?;
        let members = self.members.len();
        // All members have the same width.
        let width = self.members.first().map_or(1, |m| m.output_width);
        let finish = &self.finish;
        let factors = match &mut self.widening {
            // Without a deviation there is no interval to widen.
            Some(widening) if self.info.has_variance => Some(widening.factors(batch)?),
            _ => None,
        };
        let outputs = &self.outputs[..n * width * members];
        if members > 1 {
            let of_frame = |i: usize| outputs[i * width..].iter().step_by(n * width);
            let estimates = (0..n).map(|i| of_members(of_frame(i).map(|&v| f64::from(v))));
            write(finish, estimates, factors, scores);
        } else if width == 2 {
            let (rows, _) = outputs.as_chunks::<2>();
            let estimates = rows.iter().map(|row| of_score_and_logvar(*row));
            write(finish, estimates, factors, scores);
        } else if finish.calibration.is_some() {
            let estimates = outputs.iter().map(|&score| (f64::from(score), f64::NAN));
            write(finish, estimates, factors, scores);
        } else {
            for (to, &score) in scores.iter_mut().zip(outputs) {
                to.write(finish.of_score(score));
            }
        }
        Ok(())
    }

    /// Fills `outputs`: member by member, frame by frame.
    fn run_members(&mut self, batch: &Batch<'_>) -> Result<()> {
        let n = batch.len();
        // Grows with the largest call, and is then written over.
        let values = self
            .members
            .iter()
            .try_fold(0_usize, |all, m| all.checked_add(n.checked_mul(m.output_width)?))
            .unwrap_or(usize::MAX);
        if values > self.outputs.len() {
            self.outputs
                .try_reserve_exact(values - self.outputs.len())
                .map_err(|_| err!(OutOfMemory, "no memory for the outputs of {n} frames"))?;
            self.outputs.resize(values, 0.0);
        }
        let mut left = &mut self.outputs[..values];
        for Member { engine, output_width } in &mut self.members {
            let (out, rest) = left.split_at_mut(n * *output_width);
            left = rest;
            let rows = engine.rows_per_run();
            if n <= rows {
                run(engine.as_mut(), batch, out)?;
                continue;
            }
            for (part, out) in batch.runs(rows).zip(out.chunks_mut(rows * *output_width)) {
                run(engine.as_mut(), &part, out)?;
            }
        }
        Ok(())
    }

    /// Writes how far each frame is from the training data; NaN where the card does not describe it.
    ///
    /// # Errors
    /// Those of scoring the same frames: the graphs run too, for a frame that they have no finite answer for.
    pub(crate) fn domain_batch(
        &mut self,
        batch: &Batch<'_>,
        distances: &mut [MaybeUninit<f64>],
    ) -> Result<()> {
        self.run_members(batch)?;
        distances.fill(MaybeUninit::new(f64::NAN));
        let Some(widening) = &mut self.widening else { return Ok(()) };
        widening.distances(batch, |frame, distance| {
            distances[frame].write(distance);
        })
    }

    /// How far each frame is from what the model was trained on: 0..1 inside, NaN where the card does not describe it.
    /// `features`: as for [`score`](Self::score), one row per distance.
    ///
    /// # Errors
    /// Those of scoring the same frames; `distances` is then as it was.
    pub fn domain(&mut self, features: &[f32], distances: &mut [f64]) -> Result<()> {
        let input = Arc::clone(&self.input);
        let batch = input.rows(features, distances.len())?;
        // SAFETY: the same memory; `domain_batch` writes whole numbers only, so it stays initialised.
        let distances = unsafe { &mut *(&raw mut *distances as *mut [MaybeUninit<f64>]) };
        self.domain_batch(&batch, distances)
    }

    /// Half the width of the 95 % interval of the difference between two clips of one content, in points; `None` where
    /// the card has none.
    pub fn difference_half_width(&self) -> Option<f64> {
        let slope = self.card.calibration.map_or(1.0, |c| c.slope);
        self.card.difference_interval.map(|d| slope * d.half_width)
    }

    /// Sets the preset and the quality (crf) of one codec for models whose codec block has them.
    ///
    /// # Errors
    /// `Unsupported`: the model takes neither. `OutOfVocabulary`: the id, the preset or the crf.
    pub fn set_encode(
        &mut self,
        codec_id: i32,
        preset: Option<&str>,
        crf: Option<f64>,
    ) -> Result<()> {
        if !self.input.codec_aware() {
            bail!(Unsupported, "the model does not take the codec, nor its preset or crf");
        }
        let mut codec = self.codec.clone();
        codec.set_encode(codec_id, preset, crf)?;
        for member in &mut self.members {
            member.engine.set_codec_table(codec.rows())?;
        }
        self.codec = codec;
        Ok(())
    }

    /// The names of codecs and their ids; vocabulary 1 for a codec-blind model, which ignores them.
    pub fn vocabulary(&self) -> &Vocabulary {
        self.codec.vocabulary()
    }

    /// The id of a codec's or encoder's name.
    ///
    /// # Errors
    /// `OutOfVocabulary`: neither the name nor `unknown` is in the vocabulary.
    pub fn codec_id(&self, name: &str) -> Result<i32> {
        self.vocabulary().id(name)
    }

    /// Names of the features, in order.
    pub fn feature_names(&self) -> &[String] {
        &self.card.feature_order
    }

    /// Whether feature `i` is needed (0), may be missing (NaN) but is worth measuring (1), or is used only if it is
    /// there anyway (2); `None` past the end.
    pub fn feature_optional(&self, i: usize) -> Option<i32> {
        self.card.feature_order.get(i).map(|name| self.card.optional(name))
    }

    /// Names of the codecs, in order of their ids; empty for a codec-blind model.
    pub fn codec_names(&self) -> &[String] {
        if self.input.codec_aware() { self.vocabulary().names() } else { &[] }
    }

    /// The model's card.
    pub fn card(&self) -> &Card {
        &self.card
    }

    /// What the model is.
    pub fn info(&self) -> Info {
        self.info.clone()
    }
}

/// Writes the scores of a model that has deviations.
#[inline]
fn write(
    finish: &Finish,
    estimates: impl Iterator<Item = Estimate>,
    factors: Option<&[f64]>,
    scores: &mut [MaybeUninit<Score>],
) {
    let frames = scores.iter_mut().zip(estimates);
    match factors {
        None if finish.calibration.is_none() => frames.for_each(|(to, estimate)| {
            to.write(finish.of_estimate(estimate));
        }),
        None => frames.for_each(|(to, estimate)| {
            to.write(finish.calibrated(estimate, 1.0));
        }),
        Some(factors) => frames.zip(factors).for_each(|((to, estimate), &factor)| {
            to.write(finish.calibrated(estimate, factor));
        }),
    }
}

/// Runs one engine on as many frames as it takes at a time.
fn run(engine: &mut dyn Engine, batch: &Batch<'_>, out: &mut [f32]) -> Result<()> {
    engine.run(batch, out)?;
    // Without an early exit, so that it is a few instructions for many values.
    if out.iter().fold(false, |bad, v| bad | !v.is_finite()) {
        let i = out.iter().position(|v| !v.is_finite()).unwrap_or(0);
        let frame = batch.frame(i / (out.len() / batch.len()));
        bail!(Failed, "frame {frame}: the graph gave {}", out[i]);
    }
    Ok(())
}
