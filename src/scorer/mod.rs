// SPDX-License-Identifier: BSD-2-Clause-Patent
//! One open model: raw features and codec ids in, scores with their uncertainty out.

mod model;

use std::path::PathBuf;
use std::sync::Arc;

use crate::card::Card;
use crate::codec::CodecTable;
use crate::engine::{Batch, Engine};
use crate::error::{Result, bail, err};

/// Frames that are scored before any of their scores is given out.
const BATCH: usize = 1024;
/// Lowest log-variance that is believed.
const MIN_LOGVAR: f64 = -6.0;
/// Half width of the 95 % interval in standard deviations.
const Z95: f64 = 1.959_964;

/// Which engine runs the graph.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EngineChoice {
    /// ONNX Runtime where one is found, else embedded.
    #[default]
    Auto,
    /// ONNX Runtime, loaded at run time.
    OnnxRuntime,
    /// The library's own engine for graphs of the `FRRegressor` family.
    Embedded,
}

/// How much a log message matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum LogLevel {
    /// Something failed.
    Error = 1,
    /// Works, but not as asked for.
    Warning = 2,
    /// What was opened, and how.
    Info = 3,
}

/// Receives messages while a model is opened.
pub type Logger = Arc<dyn Fn(LogLevel, &str) + Send + Sync>;

/// How to open a model.
#[derive(Clone, Default)]
pub struct Config {
    /// Which engine runs the graph.
    pub engine: EngineChoice,
    /// libonnxruntime to load; `None`: `$VMAF_FR_V2_ONNXRUNTIME`, else the system's.
    pub onnxruntime_path: Option<PathBuf>,
    /// ONNX Runtime's intra-op threads; 0 means 1.
    pub n_threads: u32,
    /// Do not clip scores to the card's `score_range`.
    pub disable_clip: bool,
    /// Accept a model whose card has no sha256, or which has no card.
    pub allow_unpinned: bool,
    /// Receives messages.
    pub log: Option<Logger>,
}

/// The score of one frame.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[repr(C)]
pub struct Score {
    /// On the model's scale, clipped to its range.
    pub score: f64,
    /// Standard deviation of that score; NaN where the model has none.
    pub stddev: f64,
    /// Lower end of the 95 % interval; NaN likewise.
    pub ci95_low: f64,
    /// Upper end of the 95 % interval; NaN likewise.
    pub ci95_high: f64,
}

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
pub struct Scorer {
    card: Card,
    info: Info,
    codec: CodecTable,
    members: Vec<Member>,
    /// Bounds on scores; infinite where they are not clipped.
    clip: [f64; 2],
    conformal_scale: f64,
    /// Id of the codec `unknown`, where the vocabulary has it.
    unknown: Option<i32>,
    scratch: Scratch,
}

/// Memory for one batch, made at open: scoring up to `BATCH` frames allocates nothing.
struct Scratch {
    /// What the graphs gave for the batch, member by member.
    out: Vec<f32>,
    /// As many ids of `unknown` as a batch has frames.
    unknown_ids: Vec<i32>,
    /// Scores of calls of more than a batch, until all of them are known.
    staged: Vec<Score>,
}

impl Scratch {
    fn new(members: &[Member], unknown: Option<i32>) -> Self {
        Self {
            out: vec![0.0; members.iter().map(|m| m.output_width * BATCH).sum()],
            unknown_ids: vec![unknown.unwrap_or(0); BATCH],
            staged: Vec::new(),
        }
    }
}

impl std::fmt::Debug for Scorer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Scorer").field("info", &self.info).finish_non_exhaustive()
    }
}

impl Scorer {
    /// Opens a model: `None` is the built-in release model, `builtin:ID` a built-in one, else the path of an
    /// `.onnx` file or of a card.
    pub fn open(model: Option<&str>, config: &Config) -> Result<Self> {
        model::open(model, config)
    }

    /// Scores `scores.len()` frames. `features`: one row of raw libvmaf values per frame, in the order of
    /// [`feature_names`](Self::feature_names). `codec_ids`: one per frame; `None` means unknown for every frame.
    ///
    /// `scores` is written only where every frame could be scored.
    pub fn score(
        &mut self,
        features: &[f32],
        codec_ids: Option<&[i32]>,
        scores: &mut [Score],
    ) -> Result<()> {
        let n = scores.len();
        let width = self.info.n_features;
        if n.checked_mul(width) != Some(features.len()) {
            bail!(Argument, "{} feature values are not {n} frames of {width}", features.len());
        }
        if let Some(ids) = codec_ids {
            if ids.len() != n {
                bail!(Argument, "{} codec ids for {n} frames", ids.len());
            }
            self.check_codec_ids(ids)?;
        }
        if codec_ids.is_none() && self.info.codec_aware && self.unknown.is_none() && n > 0 {
            bail!(
                OutOfVocabulary,
                "codec ids are NULL, and the vocabulary {:?} has no 'unknown'",
                self.codec_names()
            );
        }
        if n <= BATCH {
            return self.score_batch(features, codec_ids, 0, scores);
        }
        let mut staged = std::mem::take(&mut self.scratch.staged);
        let result = self.stage(features, codec_ids, n, &mut staged);
        if result.is_ok() {
            scores.copy_from_slice(&staged);
        }
        self.scratch.staged = staged;
        result
    }

    /// Scores any number of frames into `staged`.
    fn stage(
        &mut self,
        features: &[f32],
        codec_ids: Option<&[i32]>,
        n: usize,
        staged: &mut Vec<Score>,
    ) -> Result<()> {
        staged.clear();
        staged.try_reserve_exact(n).map_err(|_| err!(OutOfMemory, "no memory for {n} scores"))?;
        staged.resize(n, Score::default());
        let width = self.info.n_features;
        for (i, scores) in staged.chunks_mut(BATCH).enumerate() {
            let rows = i * BATCH..i * BATCH + scores.len();
            let ids = codec_ids.map(|ids| &ids[rows.clone()]);
            let features = &features[rows.start * width..rows.end * width];
            self.score_batch(features, ids, rows.start, scores)?;
        }
        Ok(())
    }

    fn check_codec_ids(&self, ids: &[i32]) -> Result<()> {
        let n = self.info.n_codecs;
        if !self.info.codec_aware {
            return Ok(());
        }
        for (frame, &id) in ids.iter().enumerate() {
            if !usize::try_from(id).is_ok_and(|id| id < n) {
                bail!(
                    OutOfVocabulary,
                    "frame {frame}: codec id {id} is outside the vocabulary's 0..{n}"
                );
            }
        }
        Ok(())
    }

    /// Refuses what no feature can be: infinity, and NaN where features may not be missing.
    fn check_features(&self, features: &[f32], first_frame: usize) -> Result<()> {
        let may_miss = self.card.missing_features.is_some();
        let is_good = |x: f32| x.is_finite() || (may_miss && x.is_nan());
        if features.iter().fold(true, |good, &x| good & is_good(x)) {
            return Ok(());
        }
        if let Some(i) = features.iter().position(|&x| !is_good(x)) {
            let x = features[i];
            let frame = first_frame + i / self.info.n_features;
            let name = &self.card.feature_order[i % self.info.n_features];
            if x.is_nan() {
                bail!(
                    ImpossibleValue,
                    "frame {frame}: feature '{name}' is NaN, and the card does not allow missing \
                     features"
                );
            }
            bail!(
                ImpossibleValue,
                "frame {frame}: feature '{name}' is {x}, a finite value was expected"
            );
        }
        Ok(())
    }

    /// Scores at most `BATCH` frames; writes `scores` only where all of them could be scored.
    fn score_batch(
        &mut self,
        features: &[f32],
        codec_ids: Option<&[i32]>,
        first_frame: usize,
        scores: &mut [Score],
    ) -> Result<()> {
        let n = scores.len();
        let width = self.info.n_features;
        self.check_features(features, first_frame)?;
        let Scratch { out, unknown_ids, .. } = &mut self.scratch;
        let ids = match codec_ids {
            _ if !self.info.codec_aware => &[],
            Some(ids) => ids,
            None => &unknown_ids[..n],
        };
        let mut used = 0;
        for member in &mut self.members {
            let outputs = member.output_width;
            let out = &mut out[used..used + n * outputs];
            used += n * outputs;
            let most = member.engine.rows_per_run().min(BATCH);
            let mut row = 0;
            while row < n {
                let end = (row + most).min(n);
                let batch = Batch {
                    features: &features[row * width..end * width],
                    codec_ids: if ids.is_empty() { ids } else { &ids[row..end] },
                    names: &self.card.feature_order,
                    first_frame: first_frame + row,
                };
                member.engine.run(&batch, &mut out[row * outputs..end * outputs])?;
                row = end;
            }
            // Without an early exit, so that it is a few instructions for many values.
            if out.iter().fold(false, |bad, v| bad | !v.is_finite()) {
                let i = out.iter().position(|v| !v.is_finite()).unwrap_or(0);
                bail!(Failed, "frame {}: the graph gave {}", first_frame + i / outputs, out[i]);
            }
        }
        let out = &self.scratch.out[..used];
        let outputs = self.members.first().map_or(1, |m| m.output_width);
        if self.members.len() > 1 {
            for (i, to) in scores.iter_mut().enumerate() {
                let of_members = out[i * outputs..].iter().step_by(n * outputs);
                let (score, stddev) = mean_and_deviation(of_members.map(|&v| f64::from(v)));
                *to = self.with_interval(score, stddev);
            }
        } else if outputs == 2 {
            for (to, row) in scores.iter_mut().zip(out.chunks_exact(2)) {
                let logvar = f64::from(row[1]).max(MIN_LOGVAR);
                *to = self.with_interval(f64::from(row[0]), (logvar / 2.0).exp());
            }
        } else {
            for (to, &score) in scores.iter_mut().zip(out) {
                *to = self.plain(f64::from(score));
            }
        }
        Ok(())
    }

    /// A score without uncertainty.
    fn plain(&self, score: f64) -> Score {
        let (stddev, low, high) = (f64::NAN, f64::NAN, f64::NAN);
        Score { score: self.clipped(score), stddev, ci95_low: low, ci95_high: high }
    }

    fn with_interval(&self, score: f64, stddev: f64) -> Score {
        let half = Z95 * stddev * self.conformal_scale;
        Score {
            score: self.clipped(score),
            stddev,
            ci95_low: self.clipped(score - half),
            ci95_high: self.clipped(score + half),
        }
    }

    /// NaN stays NaN.
    fn clipped(&self, v: f64) -> f64 {
        let [low, high] = self.clip;
        if v < low {
            low
        } else if v > high {
            high
        } else {
            v
        }
    }

    /// Sets the preset and the quality (crf) of one codec for models whose codec block has them.
    pub fn set_encode(
        &mut self,
        codec_id: i32,
        preset: Option<&str>,
        crf: Option<f64>,
    ) -> Result<()> {
        if !self.info.codec_aware {
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

    /// The id of a codec's or encoder's name.
    pub fn codec_id(&self, name: &str) -> Result<i32> {
        self.codec.vocabulary().id(name)
    }

    /// Names of the features, in order.
    pub fn feature_names(&self) -> &[String] {
        &self.card.feature_order
    }

    /// Names of the codecs, in order of their ids; empty for a codec-blind model.
    pub fn codec_names(&self) -> &[String] {
        if self.info.codec_aware { self.codec.vocabulary().names() } else { &[] }
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

/// Mean and sample standard deviation.
fn mean_and_deviation(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let squares: f64 = values.map(|v| (v - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}
