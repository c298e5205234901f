// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Standardised samples of a corpus, and the statistics that standardised them.

use anyhow::{Result, ensure};
use serde::{Deserialize, Serialize};
use vmaf_fr_v2::catalogue::Vocabulary;

use crate::corpus::Corpus;

/// Bound on |z| of every standardised feature.
pub const CLIP_SIGMA: f64 = 6.0;
/// Upper bound on features that reach an arbitrary constant for identical frames.
pub const CAP: f64 = 60.0;

/// Whether a feature is capped at [`CAP`]: the PSNR family and CIEDE2000.
pub fn is_capped(name: &str) -> bool {
    name.starts_with("psnr") || name == "ciede2000"
}

/// Per-feature mean and standard deviation over the frames of the clips trained on, missing values left out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FeatureStatistics {
    /// Features, in the model's order.
    pub names: Vec<String>,
    /// Means of the capped values.
    pub mean: Vec<f64>,
    /// Standard deviations of the capped values; 1 if a feature does not vary or is never there.
    pub std: Vec<f64>,
}

impl FeatureStatistics {
    /// Over the frames of the clips for which `use_clip` holds.
    pub fn of(corpus: &Corpus, use_clip: impl Fn(usize) -> bool) -> Self {
        let names = corpus.feature_names.clone();
        let (mut mean, mut std) = (Vec::new(), Vec::new());
        for (column, name) in names.iter().enumerate() {
            // Two passes in f64: the naive sum of squares loses digits on features near 1.
            let values = || {
                corpus.clips.iter().enumerate().filter(|(i, _)| use_clip(*i)).flat_map(
                    |(_, clip)| {
                        clip.frames
                            .clone()
                            .map(|frame| raw(corpus.frame(frame)[column], name))
                            .filter(|x| !x.is_nan())
                    },
                )
            };
            let n = values().count().max(1) as f64;
            let m = values().sum::<f64>() / n;
            let s = (values().map(|x| (x - m) * (x - m)).sum::<f64>() / n).sqrt();
            mean.push(m);
            std.push(if s > 1e-9 { s } else { 1.0 });
        }
        Self { names, mean, std }
    }

    /// Standardises one feature as the library does: cap, subtract, divide in f64, clip; 0 if missing.
    pub fn standardise(&self, column: usize, value: f32) -> f32 {
        let x = raw(value, &self.names[column]);
        if x.is_nan() {
            return 0.0;
        }
        ((x - self.mean[column]) / self.std[column]).clamp(-CLIP_SIGMA, CLIP_SIGMA) as f32
    }
}

fn raw(value: f32, name: &str) -> f64 {
    let x = f64::from(value);
    if is_capped(name) && x > CAP { CAP } else { x }
}

/// What a network is fitted to: every clip of a corpus, with its weight (0: held out).
#[derive(Debug, Clone)]
pub struct Samples {
    /// Standardised features, row-major.
    pub z: Vec<f32>,
    /// Features of a row.
    pub width: usize,
    /// Frames of each clip.
    pub frames: Vec<std::ops::Range<usize>>,
    /// Codec of each clip, an index into the codec block.
    pub codec: Vec<usize>,
    /// Target of each clip, divided by 100; NaN if it has none.
    pub target: Vec<f32>,
    /// Teacher's score of each frame, divided by 100; empty without a teacher.
    pub teacher: Vec<f32>,
    /// Weight of each clip in the fit; weights sum to 1.
    pub weight: Vec<f32>,
}

/// How much each clip counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Weighting {
    /// Weight of clips whose codec is `unknown`, relative to the others.
    pub unknown_codec: f64,
    /// A content's clips are divided by their number to this power: 0 counts clips, 1 counts contents.
    pub content_power: f64,
    /// Weight of a dataset's clips, 1 if it is not named.
    pub datasets: std::collections::BTreeMap<String, f64>,
}

impl Default for Weighting {
    fn default() -> Self {
        Self { unknown_codec: 0.3, content_power: 1.0, datasets: std::collections::BTreeMap::new() }
    }
}

/// Id in vocabulary 1 of each clip's codec.
pub fn codec_ids(corpus: &Corpus) -> Result<Vec<usize>> {
    let vocabulary = Vocabulary::v1();
    corpus.clips.iter().map(|clip| Ok(usize::try_from(vocabulary.id(&clip.codec)?)?)).collect()
}

impl Samples {
    /// Standardises `corpus`; clips for which `held_out` holds, and clips without a target, get weight 0.
    pub fn new(
        corpus: &Corpus,
        teacher: &[f32],
        codec: &[usize],
        unknown: usize,
        weighting: &Weighting,
        held_out: impl Fn(usize) -> bool,
    ) -> Result<(Self, FeatureStatistics)> {
        let statistics = FeatureStatistics::of(corpus, |clip| !held_out(clip));
        let width = corpus.feature_names.len();
        let z = corpus
            .features
            .iter()
            .enumerate()
            .map(|(i, &x)| statistics.standardise(i % width, x))
            .collect();
        let used = |i: usize| !held_out(i) && !corpus.clips[i].target.is_nan();
        let raw_weight = |i: usize| {
            let clip = &corpus.clips[i];
            let dataset = weighting.datasets.get(&clip.dataset).copied().unwrap_or(1.0);
            dataset * if codec[i] == unknown { weighting.unknown_codec } else { 1.0 }
        };
        let mut per_content = std::collections::BTreeMap::<&str, f64>::new();
        for (i, clip) in corpus.clips.iter().enumerate() {
            if used(i) {
                *per_content.entry(&clip.content).or_default() += raw_weight(i);
            }
        }
        let mut weight: Vec<f64> = corpus
            .clips
            .iter()
            .enumerate()
            .map(|(i, clip)| match per_content.get(clip.content.as_str()) {
                Some(&total) if used(i) && total > 0.0 => {
                    raw_weight(i) / total.powf(weighting.content_power)
                }
                _ => 0.0,
            })
            .collect();
        let total: f64 = weight.iter().sum();
        ensure!(total > 0.0, "no clip with a target is left to train on");
        for w in &mut weight {
            *w /= total;
        }
        let samples = Self {
            z,
            width,
            frames: corpus.clips.iter().map(|clip| clip.frames.clone()).collect(),
            codec: codec.to_vec(),
            target: corpus.clips.iter().map(|clip| (clip.target / 100.0) as f32).collect(),
            teacher: teacher.iter().map(|t| t / 100.0).collect(),
            weight: weight.into_iter().map(|w| w as f32).collect(),
        };
        Ok((samples, statistics))
    }

    /// The given clips alone, in that order, for prediction.
    #[must_use]
    pub fn only(&self, clips: &[usize]) -> Self {
        let mut part = Self {
            z: Vec::new(),
            width: self.width,
            frames: Vec::new(),
            codec: clips.iter().map(|&i| self.codec[i]).collect(),
            target: clips.iter().map(|&i| self.target[i]).collect(),
            teacher: Vec::new(),
            weight: vec![0.0; clips.len()],
        };
        for &clip in clips {
            let range = self.frames[clip].clone();
            let start = part.z.len() / self.width;
            part.z.extend_from_slice(&self.z[range.start * self.width..range.end * self.width]);
            part.frames.push(start..start + range.len());
        }
        part
    }

    /// Standardised features of one frame.
    pub fn row(&self, frame: usize) -> &[f32] {
        &self.z[frame * self.width..(frame + 1) * self.width]
    }
}
