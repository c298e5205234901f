// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A fitted model: everything that its graph and its card hold, and what it scores.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use vmaf_fr_v2::Z95;

use crate::corpus::Corpus;
use crate::network::{CodecCode, Network};
use crate::recipe::{CENTRE, Recipe, SPREAD};
use crate::samples::{Domain, Preparation, identical};

/// A fitted model.
#[derive(Debug, Clone, PartialEq)]
pub struct Model {
    /// Name of the model and stem of its files.
    pub id: String,
    /// From raw features to what the networks see.
    pub preparation: Preparation,
    /// How a codec enters the networks.
    pub codec: CodecCode,
    /// Networks; a score is their mean.
    pub members: Vec<Network>,
    /// Where the training data lies.
    pub domain: Option<Domain>,
    /// How wide intervals are. An evaluation measures it.
    pub interval: Interval,
    /// Lowest and highest score.
    pub score_range: [f64; 2],
}

/// How wide a model's 95 % intervals are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interval {
    /// Standard deviation of a score, in points; none: the model has no interval.
    pub stddev: Option<f64>,
    /// Factor on it that gives the interval its coverage.
    pub conformal_scale: f64,
    /// Factor on half widths when this feature is missing, at least 1; 1 if it is not named.
    pub missing: BTreeMap<String, f64>,
    /// Half width of a difference between two encodes of one content, in points.
    pub difference_half_width: Option<f64>,
}

impl Default for Interval {
    fn default() -> Self {
        Self {
            stddev: None,
            conformal_scale: 1.0,
            missing: BTreeMap::new(),
            difference_half_width: None,
        }
    }
}

impl Interval {
    /// What a recipe says, for a model that no evaluation has measured.
    pub fn of_recipe(recipe: &Recipe) -> Self {
        let defaults = &recipe.interval;
        Self {
            stddev: defaults.stddev,
            conformal_scale: 1.0,
            missing: defaults.missing.clone(),
            difference_half_width: defaults.difference_half_width,
        }
    }
}

/// A frame's score with its interval, as the library returns it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct FrameScore {
    /// Inside the model's range.
    pub score: f64,
    /// What multiplies a half width: distance from the training data times the largest factor of a missing feature.
    pub factor: f64,
    /// Half width of the 95 % interval before it is cut to the model's range; NaN if the model has none.
    pub half_width: f64,
    /// Lower end, inside the model's range; NaN if the model has none.
    pub low: f64,
    /// Upper end, inside the model's range; NaN if the model has none.
    pub high: f64,
}

/// A clip's score with its interval, as a host pools it: each field is the mean over the clip's frames.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClipScore {
    /// Mean score.
    pub score: f64,
    /// Mean factor.
    pub factor: f64,
    /// Mean half width; NaN if the model has no interval.
    pub half_width: f64,
    /// Mean lower end; NaN if the model has no interval.
    pub low: f64,
    /// Mean upper end; NaN if the model has no interval.
    pub high: f64,
}

impl Model {
    /// Features, in order.
    pub fn features(&self) -> &[String] {
        self.preparation.names()
    }

    /// Scores some clips of a corpus. `codec` has the codec of every clip of the corpus, and the features `missing` are
    /// taken as missing in all frames.
    ///
    /// # Errors
    /// A required feature is missing; a feature or codec is unknown to the model.
    pub fn score_clips(
        &self,
        corpus: &Corpus,
        clips: &[usize],
        codec: &[usize],
        missing: &[&str],
    ) -> Result<Vec<ClipScore>> {
        ensure!(
            codec.len() == corpus.clips.len(),
            "{} codecs for {} clips",
            codec.len(),
            corpus.clips.len()
        );
        let columns = self.preparation.columns_in(&corpus.feature_names)?;
        let hidden = missing
            .iter()
            .map(|name| {
                self.features()
                    .iter()
                    .position(|have| have == name)
                    .with_context(|| format!("no feature {name:?} in model {}", self.id))
            })
            .collect::<Result<Vec<usize>>>()?;
        let mut rows = Vec::new();
        let mut codecs = Vec::new();
        for &clip in clips {
            for frame in corpus.clips[clip].frames.clone() {
                let start = rows.len();
                let frame = corpus.frame(frame);
                rows.extend(columns.iter().map(|&column| frame[column]));
                for &column in &hidden {
                    rows[start + column] = f32::NAN;
                }
                codecs.push(codec[clip]);
            }
        }
        let frames = self.score_frames(&rows, &codecs)?;
        let mut rest = &frames[..];
        Ok(clips
            .iter()
            .map(|&clip| {
                let (own, others) = rest.split_at(corpus.clips[clip].frames.len());
                rest = others;
                pool(own)
            })
            .collect())
    }

    /// Scores rows of raw features, NaN if missing, of one codec each.
    ///
    /// # Errors
    /// A required feature is missing; a codec is unknown to the model.
    pub fn score_frames(&self, rows: &[f32], codec: &[usize]) -> Result<Vec<FrameScore>> {
        let z = self.preparation.apply(rows).with_context(|| format!("model {}", self.id))?;
        let raw = self.outputs(&z, codec)?;
        let width = self.features().len();
        let [low, high] = self.score_range;
        Ok(raw
            .into_iter()
            .zip(z.chunks_exact(width).zip(rows.chunks_exact(width)))
            .map(|(raw, (z, row))| {
                let factor = self.domain.as_ref().map_or(1.0, |domain| domain.factor(z))
                    * self.missing_factor(row);
                let half_width = match self.interval.stddev {
                    Some(stddev) => Z95 * stddev * self.interval.conformal_scale * factor,
                    None => f64::NAN,
                };
                FrameScore {
                    score: raw.clamp(low, high),
                    factor,
                    half_width,
                    low: (raw - half_width).clamp(low, high),
                    high: (raw + half_width).clamp(low, high),
                }
            })
            .collect())
    }

    /// Scores of rows before they are cut to the model's range.
    ///
    /// # Errors
    /// As [`Self::score_frames`].
    pub fn raw_scores(&self, rows: &[f32], codec: &[usize]) -> Result<Vec<f64>> {
        self.outputs(&self.preparation.apply(rows)?, codec)
    }

    fn outputs(&self, z: &[f32], codec: &[usize]) -> Result<Vec<f64>> {
        let rows = self.codec.append(z, self.features().len(), codec)?;
        let mut sum = vec![0.0; codec.len()];
        for member in &self.members {
            for (sum, out) in sum.iter_mut().zip(member.outputs(&rows)) {
                *sum += f64::from(out);
            }
        }
        let members = self.members.len() as f64;
        Ok(sum.into_iter().map(|sum| CENTRE + SPREAD * sum / members).collect())
    }

    fn missing_factor(&self, row: &[f32]) -> f64 {
        self.features()
            .iter()
            .zip(row)
            .filter(|(_, x)| x.is_nan())
            .filter_map(|(name, _)| self.interval.missing.get(name))
            .fold(1.0, |largest: f64, &factor| largest.max(factor))
    }

    /// Raw features of identical pictures at this motion.
    pub fn identical(&self, motion: f64) -> Vec<f32> {
        identical(self.features(), motion)
    }
}

fn pool(frames: &[FrameScore]) -> ClipScore {
    let mean = |get: fn(&FrameScore) -> f64| {
        frames.iter().map(get).sum::<f64>() / frames.len().max(1) as f64
    };
    ClipScore {
        score: mean(|f| f.score),
        factor: mean(|f| f.factor),
        half_width: mean(|f| f.half_width),
        low: mean(|f| f.low),
        high: mean(|f| f.high),
    }
}
