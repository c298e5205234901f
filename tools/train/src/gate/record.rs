// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What the gate reads and writes beside the models: the registry, gate results, and cards as far as it judges them.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use vmaf_fr_files::sha256_hex;

/// `models/registry.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Registry {
    /// Model that opens if none is named.
    pub default: String,
    /// Built-in models.
    pub models: Vec<RegistryEntry>,
}

/// One model of a registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RegistryEntry {
    /// Name.
    pub id: String,
    /// Card, relative to the registry.
    pub card: String,
    /// sha256 of the card's file.
    pub sha256: String,
    /// `release` or `experimental`.
    pub status: String,
}

/// One condition of the rule.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Condition {
    /// What is measured.
    pub what: String,
    /// Its value.
    pub measured: f64,
    /// Lowest value that passes.
    pub at_least: f64,
    /// Highest value that passes, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// Whether it does.
    pub passed: bool,
}

/// `models/gate/ID.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GateResult {
    /// Name of the model.
    pub id: String,
    /// `release` or `experimental`.
    pub status: String,
    /// sha256 of the card.
    pub card_sha256: String,
    /// sha256 of each graph.
    pub graphs_sha256: Vec<String>,
    /// Kept evaluation, relative to this file.
    pub evaluation: String,
    /// sha256 of it.
    pub evaluation_sha256: String,
    /// The conditions.
    pub checks: Vec<Condition>,
}

/// What of a card the gate reads.
#[derive(Debug, Clone, Deserialize)]
pub(super) struct JudgedCard {
    pub(super) id: String,
    #[serde(default)]
    pub(super) onnx: Option<String>,
    #[serde(default)]
    pub(super) sha256: Option<String>,
    #[serde(default)]
    pub(super) members: Vec<JudgedMember>,
    pub(super) codec_aware: bool,
    pub(super) output_names: Vec<String>,
    pub(super) training: JudgedTraining,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct JudgedMember {
    pub(super) onnx: String,
    pub(super) sha256: String,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct JudgedTraining {
    pub(super) protocol_sha256: String,
    pub(super) members: u64,
}

pub(super) fn read_file(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

pub(super) fn parse_card(bytes: &[u8], path: &Path) -> Result<JudgedCard> {
    serde_json::from_slice(bytes)
        .with_context(|| format!("card {} was not written by train", path.display()))
}

/// sha256 of each graph, each checked against the card.
pub(super) fn graphs(card: &JudgedCard, folder: &Path) -> Result<Vec<String>> {
    let mut pinned: Vec<(&str, &str)> =
        card.members.iter().map(|m| (m.onnx.as_str(), m.sha256.as_str())).collect();
    if pinned.is_empty() {
        let onnx =
            card.onnx.as_deref().with_context(|| format!("card of {} names no graph", card.id))?;
        pinned.push((onnx, card.sha256.as_deref().unwrap_or("")));
    }
    pinned
        .into_iter()
        .map(|(name, pin)| {
            ensure!(!name.contains(['/', '\\']), "graph {name:?} is outside the registry's folder");
            let sha256 = sha256_hex(&read_file(&folder.join(name))?);
            ensure!(sha256 == pin, "{name} has sha256 {sha256}, its card pins {pin:?}");
            Ok(sha256)
        })
        .collect()
}
