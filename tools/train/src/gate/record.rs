// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What the gate reads and writes beside the models: the registry, verdicts, and cards as far as it judges them.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use serde::{Deserialize, Serialize};
use vmaf_fr_files::{parent, sha256_hex};

use crate::evaluation::Condition;

/// `models/registry.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Registry {
    /// Model that opens if none is named.
    pub default: String,
    /// Built-in models.
    pub models: Vec<RegistryEntry>,
    /// Models that are no longer built in.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub removed: Vec<RemovedModel>,
}

/// A model that was built in once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RemovedModel {
    /// Its name.
    pub id: String,
    /// The built-in model to use instead.
    pub successor: String,
}

impl Registry {
    /// The default must be a release, unless there is none.
    pub(super) fn check_default(&self) -> Result<()> {
        let default = self
            .models
            .iter()
            .find(|model| model.id == self.default)
            .with_context(|| format!("the default {:?} is none of the models", self.default))?;
        let released = self.models.iter().find(|model| model.status == "release");
        if let (Some(released), false) = (released, default.status == "release") {
            anyhow::bail!(
                "the default {:?} is {}, and {:?} is a release: choose one with --default",
                default.id,
                default.status,
                released.id
            );
        }
        Ok(())
    }
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

/// `models/gate/ID.json`: what was decided of a model, and what from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verdict {
    /// Name of the model.
    pub id: String,
    /// `release` or `experimental`.
    pub status: String,
    /// Conditions that failed: why it is experimental.
    pub reasons: Vec<String>,
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
    pub(super) onnx: String,
    pub(super) sha256: String,
    pub(super) codec_aware: bool,
    pub(super) training: JudgedTraining,
}

#[derive(Debug, Clone, Deserialize)]
pub(super) struct JudgedTraining {
    pub(super) protocol_sha256: String,
}

pub(super) fn read_file(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

pub(super) fn parse_card(bytes: &[u8], path: &Path) -> Result<JudgedCard> {
    serde_json::from_slice(bytes)
        .with_context(|| format!("card {} was not written by train", path.display()))
}

/// sha256 of the card's graph, which must be the one that the card pins.
pub(super) fn graphs(card: &JudgedCard, folder: &Path) -> Result<Vec<String>> {
    let name = &card.onnx;
    ensure!(!name.contains(['/', '\\']), "graph {name:?} is outside the registry's folder");
    let sha256 = sha256_hex(&read_file(&folder.join(name))?);
    ensure!(sha256 == card.sha256, "{name} has sha256 {sha256}, its card pins {}", card.sha256);
    Ok(vec![sha256])
}

/// Name of a card in the registry's folder. A card of the same name elsewhere is another card.
pub(super) fn card_name(card: &Path, registry: &Path) -> Result<String> {
    let whole = |path: &Path| -> Result<PathBuf> {
        path.canonicalize().with_context(|| format!("cannot find {}", path.display()))
    };
    let (card, folder) = (whole(card)?, whole(parent(registry))?);
    ensure!(
        parent(&card) == folder,
        "card {} is not in the registry's folder {}: put the model there first",
        card.display(),
        folder.display()
    );
    let name = card.file_name().and_then(|name| name.to_str());
    Ok(name.with_context(|| format!("{} is not a card", card.display()))?.to_owned())
}
