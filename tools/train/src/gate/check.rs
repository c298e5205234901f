// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Checks a registry against the gate results that back it.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use vmaf_fr_files::{parent, sha256_hex};

use super::record::{GateResult, Registry, graphs, parse_card, read_file};
use super::rule::{decide, status};
use crate::evaluation;

/// Refuses a registry that no gate result backs: every hash is computed, every decision taken again.
pub fn check_registry(path: &Path) -> Result<()> {
    let folder = parent(path);
    let registry: Registry = serde_json::from_slice(&read_file(path)?)
        .with_context(|| format!("registry {}", path.display()))?;
    let mut default = None;
    for entry in &registry.models {
        let id = &entry.id;
        ensure!(
            !entry.card.contains(['/', '\\']),
            "{id}: card {:?} is outside the registry's folder",
            entry.card
        );
        let card_path = folder.join(&entry.card);
        let bytes = read_file(&card_path)?;
        let sha256 = sha256_hex(&bytes);
        ensure!(
            sha256 == entry.sha256,
            "{id}: the card has sha256 {sha256}, the registry pins {}",
            entry.sha256
        );
        let card = parse_card(&bytes, &card_path)?;
        ensure!(&card.id == id, "{id}: the card is of {:?}", card.id);
        let graphs_sha256 = graphs(&card, folder)?;

        let result = folder.join("gate").join(format!("{id}.json"));
        let verdict: GateResult = serde_json::from_slice(
            &read_file(&result).with_context(|| format!("{id}: no gate result"))?,
        )
        .with_context(|| format!("gate result {}", result.display()))?;
        ensure!(
            verdict.card_sha256 == sha256,
            "{id}: the gate judged another card, {}",
            verdict.card_sha256
        );
        ensure!(verdict.graphs_sha256 == graphs_sha256, "{id}: the gate judged other graphs");
        ensure!(
            !verdict.evaluation.contains(['/', '\\']),
            "{id}: evaluation outside the gate's folder"
        );
        let (evaluation, evaluation_sha256) =
            evaluation::read(&folder.join("gate").join(&verdict.evaluation))?;
        ensure!(
            evaluation_sha256 == verdict.evaluation_sha256,
            "{id}: the evaluation is not the one that the gate read"
        );
        let decided = status(&decide(&card, &evaluation)?);
        ensure!(
            decided == verdict.status && decided == entry.status,
            "{id}: the registry says {}, the gate result {}, the evaluation {decided}",
            entry.status,
            verdict.status
        );
        if id == &registry.default {
            default = Some(entry);
        }
    }
    let default = default
        .with_context(|| format!("the default {:?} is none of the models", registry.default))?;
    ensure!(default.status == "release", "the default {:?} is {}", default.id, default.status);
    Ok(())
}
