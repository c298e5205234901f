// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The protocol of a model: what an evaluation judges and a training follows.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::{Deserialize, Serialize};
use vmaf_fr_files::sha256_hex;

use crate::output::json_bytes;
use crate::recipe::Recipe;

/// Everything that decides a model.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Protocol {
    /// Version of the program.
    pub program: String,
    /// How the model is fitted.
    pub recipe: Recipe,
    /// The tables, in the order of their laboratories.
    pub corpora: Vec<CorpusRecord>,
    /// sha256 of each VMAF model's file: the teacher, and those that the model is compared with.
    pub vmaf_models: BTreeMap<String, String>,
}

/// A table of a corpus.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CorpusRecord {
    /// The laboratory.
    pub laboratory: String,
    /// Name of the file.
    pub file: String,
    /// sha256 of it.
    pub sha256: String,
    /// Rows in it.
    pub rows: usize,
}

impl Protocol {
    /// Names of the tables' files.
    pub fn corpus_files(&self) -> String {
        self.corpora.iter().map(|corpus| corpus.file.as_str()).collect::<Vec<_>>().join(", ")
    }

    /// sha256 of its JSON.
    pub fn fingerprint(&self) -> Result<String> {
        Ok(sha256_hex(&json_bytes(self)?))
    }
}
