// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The protocol of a model: what an evaluation judges and a training follows.

use anyhow::Result;
use serde::{Deserialize, Serialize};
use vmaf_fr_files::sha256_hex;

use crate::corpus::CorpusSource;
use crate::output::json_bytes;
use crate::recipe::Recipe;
use crate::samples::Weighting;
use crate::teacher::Harmonisation;

/// Everything that decides a model apart from its seed and inputs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Protocol {
    /// The tables, in the order of their laboratories.
    #[serde(default)]
    pub corpora: Vec<CorpusRecord>,
    /// How the teacher was brought to one scale, if it was.
    pub harmonisation: Option<Harmonisation>,
    /// Features, in order.
    pub features: Vec<String>,
    /// Frames read of each clip; 0: all.
    pub frames_per_clip: usize,
    /// Datasets left out.
    pub excluded: Vec<String>,
    /// Weights of clips.
    pub weighting: Weighting,
    /// Bounds of a score.
    pub score_range: [f64; 2],
    /// Network and training.
    pub recipe: Recipe,
}

/// A table of a corpus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CorpusRecord {
    /// Laboratory, columns, scale and weight.
    pub source: CorpusSource,
    /// Name of the file.
    pub file: String,
    /// sha256 of it.
    pub sha256: String,
    /// Rows in it.
    pub rows: usize,
    /// Spellings of contents that were counted as one.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<Vec<String>>,
}

impl Protocol {
    /// Names of the tables' files.
    pub fn corpus_files(&self) -> String {
        self.corpora.iter().map(|corpus| corpus.file.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// sha256 of its JSON: two trainings of one protocol differ in seed and codec block only.
    pub fn fingerprint(&self) -> Result<String> {
        Ok(sha256_hex(&json_bytes(self)?))
    }
}
