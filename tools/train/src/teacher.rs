// SPDX-License-Identifier: BSD-2-Clause-Patent
//! libvmaf's own models, evaluated from a frame's features: one teacher for every corpus, whichever model its reports
//! were made with.
//!
//! A model is a support vector regression in a JSON file of libvmaf's source (`model/vmaf_4k_v0.6.1.json`).

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use rayon::prelude::*;
use serde::Deserialize;
use vmaf_fr_files::sha256_hex;
use vmaf_fr_v2::catalogue::FEATURES;

use crate::corpus::Corpus;

/// One of libvmaf's models.
#[derive(Debug, Clone, PartialEq)]
pub struct Teacher {
    /// Stem of its file.
    pub name: String,
    /// sha256 of its file.
    pub sha256: String,
    features: Vec<String>,
    /// Slope and intercept of the score, then of each feature.
    scales: Vec<[f64; 2]>,
    gamma: f64,
    rho: f64,
    coefficients: Vec<f64>,
    /// Support vectors, row-major.
    vectors: Vec<f64>,
    clip: [f64; 2],
}

#[derive(Deserialize)]
struct ModelFile {
    model_dict: ModelDict,
}

#[derive(Deserialize)]
struct ModelDict {
    model_type: String,
    norm_type: String,
    feature_names: Vec<String>,
    slopes: Vec<f64>,
    intercepts: Vec<f64>,
    score_clip: Option<[f64; 2]>,
    feature_opts_dicts: Option<Vec<serde_json::Map<String, serde_json::Value>>>,
    model: String,
}

impl Teacher {
    /// Reads a model file.
    ///
    /// # Errors
    /// The file cannot be read, is not such a model, or is of a kind that this does not evaluate.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Self::parse(&bytes, name).with_context(|| format!("VMAF model {}", path.display()))
    }

    fn parse(bytes: &[u8], name: String) -> Result<Self> {
        let file: ModelFile = serde_json::from_slice(bytes).context("is not a model of libvmaf")?;
        let dict = file.model_dict;
        ensure!(
            dict.model_type == "LIBSVMNUSVR" && dict.norm_type == "linear_rescale",
            "is a {} with {}, expected a LIBSVMNUSVR with linear_rescale",
            dict.model_type,
            dict.norm_type
        );
        ensure!(
            dict.feature_opts_dicts.iter().flatten().all(serde_json::Map::is_empty),
            "takes features measured with options, which logs and tables do not have"
        );
        let features = dict
            .feature_names
            .iter()
            .map(|key| {
                // As in the log, or as in libvmaf's feature collector.
                FEATURES
                    .iter()
                    .find(|f| {
                        f.log_names.contains(&key.as_str())
                            || f.collector_keys.contains(&key.as_str())
                    })
                    .map(|f| f.name.to_owned())
                    .with_context(|| format!("feature {key:?} is not known"))
            })
            .collect::<Result<Vec<_>>>()?;
        let n = features.len() + 1;
        ensure!(
            dict.slopes.len() == n && dict.intercepts.len() == n,
            "{} slopes and {} intercepts, expected {n}",
            dict.slopes.len(),
            dict.intercepts.len()
        );
        let scales = dict.slopes.iter().zip(dict.intercepts).map(|(&s, i)| [s, i]).collect();
        let mut teacher = Self {
            name,
            sha256: sha256_hex(bytes),
            features,
            scales,
            gamma: f64::NAN,
            rho: f64::NAN,
            coefficients: Vec::new(),
            vectors: Vec::new(),
            clip: dict.score_clip.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]),
        };
        teacher.read_machine(&dict.model)?;
        Ok(teacher)
    }

    /// Reads libsvm's text: a header, then one support vector a line.
    fn read_machine(&mut self, text: &str) -> Result<()> {
        let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
        for line in lines.by_ref() {
            let (key, value) = line.split_once(' ').unwrap_or((line, ""));
            let number = || value.parse().with_context(|| format!("{key} is {value:?}"));
            match key {
                "SV" => break,
                "kernel_type" => ensure!(value == "rbf", "kernel_type is {value}, expected rbf"),
                "gamma" => self.gamma = number()?,
                "rho" => self.rho = number()?,
                _ => {}
            }
        }
        let width = self.features.len();
        for line in lines {
            let mut parts = line.split_whitespace();
            let number = |text: &str| -> Result<f64> {
                text.parse().with_context(|| format!("support vector {line:?}"))
            };
            self.coefficients.push(number(parts.next().unwrap_or_default())?);
            let start = self.vectors.len();
            self.vectors.resize(start + width, 0.0);
            for part in parts {
                let place = part
                    .split_once(':')
                    .and_then(|(index, value)| Some((index.parse::<usize>().ok()?, value)));
                match place {
                    Some((index, value)) if (1..=width).contains(&index) => {
                        self.vectors[start + index - 1] = number(value)?;
                    }
                    _ => bail!("support vector {line:?} is malformed"),
                }
            }
        }
        ensure!(
            self.gamma.is_finite() && self.rho.is_finite() && !self.coefficients.is_empty(),
            "has no gamma, rho or support vectors"
        );
        Ok(())
    }

    /// Features that it needs.
    pub fn features(&self) -> &[String] {
        &self.features
    }

    /// The score of one frame from the features in the order of [`Self::features`]; NaN if one is missing.
    pub fn score(&self, features: &[f32]) -> f64 {
        let x: Vec<f64> = features
            .iter()
            .zip(&self.scales[1..])
            .map(|(&x, [slope, intercept])| f64::from(x) * slope + intercept)
            .collect();
        let sum: f64 = self
            .vectors
            .chunks_exact(x.len())
            .zip(&self.coefficients)
            .map(|(vector, coefficient)| {
                let distance: f64 = vector.iter().zip(&x).map(|(a, b)| (a - b) * (a - b)).sum();
                coefficient * (-self.gamma * distance).exp()
            })
            .sum();
        let [slope, intercept] = self.scales[0];
        let score = (sum - self.rho - intercept) / slope;
        score.clamp(self.clip[0], self.clip[1])
    }

    /// The score of every frame of a corpus; NaN if the frame lacks one of the features.
    ///
    /// # Errors
    /// The corpus was read without one of the features.
    pub fn scores(&self, corpus: &Corpus) -> Result<Vec<f32>> {
        let columns = self
            .features
            .iter()
            .map(|name| {
                corpus.feature_names.iter().position(|have| have == name).with_context(|| {
                    format!("VMAF model {} needs feature {name}, which is not read", self.name)
                })
            })
            .collect::<Result<Vec<usize>>>()?;
        let frames = corpus.features.len() / corpus.feature_names.len().max(1);
        Ok((0..frames)
            .into_par_iter()
            .map(|frame| {
                let frame = corpus.frame(frame);
                let features: Vec<f32> = columns.iter().map(|&column| frame[column]).collect();
                self.score(&features) as f32
            })
            .collect())
    }
}
