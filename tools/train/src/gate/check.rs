// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Decides a registry again from what is kept beside it.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use vmaf_fr_files::{parent, sha256_hex};

use super::record::{Registry, RegistryEntry, Verdict, graphs, parse_card, read_file};
use super::statistics::ensure_same;
use super::{card, verdict};
use crate::evaluation;

/// Refuses a registry that no evaluation backs: every hash is computed, every decision taken again, every statistic
/// compared.
pub fn check_registry(path: &Path) -> Result<()> {
    let folder = parent(path);
    let registry: Registry = serde_json::from_slice(&read_file(path)?)
        .with_context(|| format!("registry {}", path.display()))?;
    for entry in &registry.models {
        check_entry(entry, folder).with_context(|| format!("model {}", entry.id))?;
    }
    registry.check_default()
}

fn check_entry(entry: &RegistryEntry, folder: &Path) -> Result<()> {
    ensure!(
        !entry.card.contains(['/', '\\']),
        "card {:?} is outside the registry's folder",
        entry.card
    );
    let card_path = folder.join(&entry.card);
    let bytes = read_file(&card_path)?;
    let sha256 = sha256_hex(&bytes);
    ensure!(
        sha256 == entry.sha256,
        "the card has sha256 {sha256}, the registry pins {}",
        entry.sha256
    );
    let judged = parse_card(&bytes, &card_path)?;
    ensure!(judged.id == entry.id, "the card is of {:?}", judged.id);
    let graphs_sha256 = graphs(&judged, folder)?;

    let result = folder.join("gate").join(format!("{}.json", entry.id));
    let kept: Verdict = serde_json::from_slice(&read_file(&result).context("no gate result")?)
        .with_context(|| format!("gate result {}", result.display()))?;
    ensure!(
        kept.card_sha256 == sha256,
        "the gate judged another card, {}, not {sha256}",
        kept.card_sha256
    );
    ensure!(
        kept.graphs_sha256 == graphs_sha256,
        "the gate judged other graphs, {:?}, not {graphs_sha256:?}",
        kept.graphs_sha256
    );
    ensure!(!kept.evaluation.contains(['/', '\\']), "evaluation outside the gate's folder");
    let (evaluation, evaluation_sha256) =
        evaluation::read(&folder.join("gate").join(&kept.evaluation))?;
    ensure!(
        evaluation_sha256 == kept.evaluation_sha256,
        "the evaluation has sha256 {evaluation_sha256}, the gate read {}",
        kept.evaluation_sha256
    );
    ensure_same(&bytes, &evaluation, &evaluation_sha256)?;
    let decided = verdict(&judged, &evaluation, &evaluation_sha256, sha256, graphs_sha256)?;
    ensure!(
        decided.status == kept.status && decided.status == entry.status,
        "the registry says {}, the gate result {}, the evaluation {}",
        entry.status,
        kept.status,
        decided.status
    );
    for (now, then) in decided.checks.iter().zip(&kept.checks) {
        ensure!(
            now == then,
            "the gate result has {:?} {} ({}), the evaluation {:?} {} ({})",
            then.what,
            then.value(),
            then.bounds(),
            now.what,
            now.value(),
            now.bounds()
        );
    }
    ensure!(decided == kept, "the gate result is not what the evaluation decides");
    let judged_bytes =
        card::with_verdict(&bytes, &decided.status, &evaluation_sha256, &decided.checks)?;
    ensure!(judged_bytes == bytes, "the card's status or gate section is not the gate's");
    Ok(())
}
