// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `gate`: no negative releases.
//!
//! The rule, on the primary clips of an evaluation of the model's own protocol:
//!
//! | model | `release` needs |
//! |---|---|
//! | codec-aware | PLCC lift over codec-blind >= 0.005, its interval above 0, and above the shuffled control (interval above 0) |
//! | codec-blind | PLCC lift over VMAF (one scale, logistic) >= 0.005, its interval above 0; within datasets not below it |
//! | with variance | besides, coverage of its 95 % interval within 93..97 % |
//! | ensemble | besides, PLCC lift over a single network, its interval above 0 |
//!
//! A model that fails stays `experimental`. The gate writes its result beside the registry with the hashes of card, graphs
//! and evaluation, and keeps the evaluation, so that [`check_registry`] can decide again.

mod check;
mod record;
mod rule;

use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use serde_json::{Value, json};
use vmaf_fr_files::{parent, sha256_hex};

use crate::evaluation;
use crate::output::{json_bytes, write_file, write_json};
pub use check::check_registry;
pub use record::{Condition, GateResult, Registry, RegistryEntry};
use record::{graphs, parse_card, read_file};
pub use rule::{COVERAGE, MIN_LIFT};
use rule::{decide, status};

/// Decides a model's status from an evaluation and records it in the registry
#[derive(Debug, Clone, Args)]
pub struct GateArgs {
    /// Cards of the models to judge, in the registry's folder
    #[arg(required = true)]
    cards: Vec<PathBuf>,
    /// Result of `evaluate` with the models' own data and recipe
    #[arg(long)]
    evaluation: PathBuf,
    /// Registry to update, or to create
    #[arg(long)]
    registry: PathBuf,
    /// Make this model the default; it must be a release
    #[arg(long)]
    default: Option<String>,
}

/// Runs the subcommand.
pub fn run(args: &GateArgs) -> Result<()> {
    let (evaluation, evaluation_sha256) = evaluation::read(&args.evaluation)?;
    let folder = parent(&args.registry);
    let mut registry = match std::fs::read(&args.registry) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .with_context(|| format!("registry {}", args.registry.display()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Registry { default: String::new(), models: Vec::new() }
        }
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", args.registry.display()));
        }
    };
    let kept = format!("evaluation-{}.json", &evaluation_sha256[..12]);
    let mut verdicts = Vec::new();
    for path in &args.cards {
        let name = path
            .file_name()
            .and_then(|n| n.to_str())
            .with_context(|| format!("{} is not a card", path.display()))?;
        let path = folder.join(name);
        let bytes = read_file(&path)?;
        let card = parse_card(&bytes, &path)?;
        let graphs_sha256 = graphs(&card, folder)?;
        let checks = decide(&card, &evaluation)?;
        let status = status(&checks).to_owned();

        // The card says what was decided and why, in front of everything that explains it.
        let mut value: serde_json::Map<String, Value> = serde_json::from_slice(&bytes)?;
        value.insert("status".into(), json!(status));
        value.insert(
            "gate".into(),
            json!({ "evaluation_sha256": evaluation_sha256, "checks": checks }),
        );
        let bytes = json_bytes(&value)?;
        let verdict = GateResult {
            id: card.id.clone(),
            status: status.clone(),
            card_sha256: sha256_hex(&bytes),
            graphs_sha256,
            evaluation: kept.clone(),
            evaluation_sha256: evaluation_sha256.clone(),
            checks,
        };
        let entry = RegistryEntry {
            id: card.id,
            card: name.to_owned(),
            sha256: verdict.card_sha256.clone(),
            status,
        };
        match registry.models.iter_mut().find(|m| m.id == entry.id) {
            Some(old) => *old = entry,
            None => registry.models.push(entry),
        }
        verdicts.push((path, bytes, verdict));
    }
    if let Some(id) = &args.default {
        registry.default.clone_from(id);
    }
    let Some(default) = registry.models.iter().find(|m| m.id == registry.default) else {
        bail!(
            "the registry's default {:?} is none of its models; choose one with --default",
            registry.default
        );
    };
    ensure!(
        default.status == "release",
        "the default {:?} would not be a release: its gate failed",
        default.id
    );

    write_file(&folder.join("gate").join(&kept), &read_file(&args.evaluation)?)?;
    for (path, card, verdict) in &verdicts {
        write_json(&folder.join("gate").join(format!("{}.json", verdict.id)), verdict)?;
        write_file(path, card)?;
    }
    write_json(&args.registry, &registry)?;
    for (_, _, verdict) in &verdicts {
        println!("{}: {}", verdict.id, verdict.status);
        for check in &verdict.checks {
            let mark = if check.passed { "pass" } else { "FAIL" };
            let upper = check.at_most.map(|most| format!(", at most {most}")).unwrap_or_default();
            println!(
                "  {mark}  {}: {:+.4} (at least {}{upper})",
                check.what, check.measured, check.at_least
            );
        }
    }
    Ok(())
}
