// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `gate`: no negative releases.
//!
//! A model is a `release` if an evaluation of its own recipe and data says so:
//!
//! | what | a release needs |
//! |---|---|
//! | evidence | 10 contents, 200 rated clips of known codecs, 3 networks, 2 laboratories, 1000 draws |
//! | lift over VMAF, as it is or by a logistic fitted on the other contents, whichever is better | PLCC within tests +.005, interval above 0 |
//! | the same, the logistic fitted to each test | lower end of the interval above -.005 |
//! | with each laboratory left out | PLCC within tests not more than .01 below VMAF, as in the first line |
//! | worst content | RMSE at most 4 points above VMAF's worst |
//! | coverage of the 95 % interval | .90 with each laboratory left out, and on average over families of tests left out |
//! | shape | identical pictures, rising features, cuts, ladders: the checks of the evaluation |
//! | codec bias at equal score | at most 1 point above VMAF's |
//! | codec-aware | instead: smaller than the codec-blind recipe's; and on every laboratory with several codecs a lift of .005 over it, interval above 0, above every draw of shuffled labels |
//!
//! What fails one of them is `experimental`. The gate writes its verdict beside the registry with the hashes of card,
//! graph and evaluation, and keeps the evaluation, so that [`check_registry`] can decide again.

mod card;
mod check;
mod record;
mod rule;
mod statistics;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use vmaf_fr_files::{parent, sha256_hex};

use crate::evaluation::{self, Condition, Evaluation};
use crate::output::{write_file, write_json};
pub use check::check_registry;
use record::{JudgedCard, card_name, graphs, parse_card, read_file};
pub use record::{Registry, RegistryEntry, RemovedModel, Verdict};
use rule::{decide, status};

/// Decides a model's status from an evaluation and records it in the registry
#[derive(Debug, Clone, Args)]
pub struct GateArgs {
    /// Cards of the models to judge, in the registry's folder
    #[arg(required_unless_present = "check", conflicts_with = "check")]
    cards: Vec<PathBuf>,
    /// Result of `evaluate` with the models' own recipe and data
    #[arg(long, required_unless_present = "check", conflicts_with = "check")]
    evaluation: Option<PathBuf>,
    /// Registry to update, or to create
    #[arg(long)]
    registry: PathBuf,
    /// Make this model the default; it must be a release if there is one
    #[arg(long, conflicts_with = "check")]
    default: Option<String>,
    /// Decide the whole registry again from what is kept, and change nothing
    #[arg(long)]
    check: bool,
}

/// Runs the subcommand.
pub fn run(args: &GateArgs) -> Result<()> {
    let Some(evaluation) = &args.evaluation else {
        check_registry(&args.registry)?;
        println!("{}: every verdict follows from what is kept", args.registry.display());
        return Ok(());
    };
    judge(args, evaluation)
}

/// What is decided of a model.
fn verdict(
    card: &JudgedCard,
    evaluation: &Evaluation,
    evaluation_sha256: &str,
    card_sha256: String,
    graphs_sha256: Vec<String>,
) -> Result<Verdict> {
    let checks = decide(card, evaluation)?;
    Ok(Verdict {
        id: card.id.clone(),
        status: status(&checks).to_owned(),
        reasons: checks.iter().filter(|c| !c.passed).map(|c| c.what.clone()).collect(),
        card_sha256,
        graphs_sha256,
        evaluation: format!("evaluation-{}.json", &evaluation_sha256[..12]),
        evaluation_sha256: evaluation_sha256.to_owned(),
        checks,
    })
}

fn judge(args: &GateArgs, evaluation_path: &Path) -> Result<()> {
    let (evaluation, evaluation_sha256) = evaluation::read(evaluation_path)?;
    let folder = parent(&args.registry);
    let mut registry = match std::fs::read(&args.registry) {
        Ok(bytes) => serde_json::from_slice(&bytes)
            .with_context(|| format!("registry {}", args.registry.display()))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Registry { default: String::new(), models: Vec::new(), removed: Vec::new() }
        }
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", args.registry.display()));
        }
    };
    let mut judged = Vec::new();
    for path in &args.cards {
        let name = card_name(path, &args.registry)?;
        let bytes = read_file(path)?;
        let card = parse_card(&bytes, path)?;
        let graphs_sha256 = graphs(&card, folder)?;
        statistics::ensure_same(&bytes, &evaluation, &evaluation_sha256)
            .with_context(|| format!("card {}", path.display()))?;
        let mut decided =
            verdict(&card, &evaluation, &evaluation_sha256, String::new(), graphs_sha256)?;
        // The card says what was decided and why; its hash is that of the card which says so.
        let bytes =
            card::with_verdict(&bytes, &decided.status, &evaluation_sha256, &decided.checks)?;
        decided.card_sha256 = sha256_hex(&bytes);
        let entry = RegistryEntry {
            id: card.id,
            card: name,
            sha256: decided.card_sha256.clone(),
            status: decided.status.clone(),
        };
        match registry.models.iter_mut().find(|model| model.id == entry.id) {
            Some(old) => *old = entry,
            None => registry.models.push(entry),
        }
        judged.push((path, bytes, decided));
    }
    if let Some(id) = &args.default {
        ensure!(
            registry.models.iter().any(|model| &model.id == id),
            "--default {id:?} is none of the registry's models"
        );
        registry.default.clone_from(id);
    } else if registry.default.is_empty() {
        // A new registry: the first release, or the first model if there is none.
        let models = &registry.models;
        let first = models.iter().find(|model| model.status == "release").or(models.first());
        registry.default = first.map(|model| model.id.clone()).unwrap_or_default();
    }

    for (_, _, verdict) in &judged {
        print!("{}", text(verdict));
    }
    for (path, card, verdict) in &judged {
        let kept = folder.join("gate").join(&verdict.evaluation);
        write_file(&kept, &read_file(evaluation_path)?)?;
        write_json(&folder.join("gate").join(format!("{}.json", verdict.id)), verdict)?;
        write_file(path, card)?;
    }
    write_json(&args.registry, &registry)?;
    registry.check_default()
}

/// A verdict for people.
fn text(verdict: &Verdict) -> String {
    let line = |check: &Condition| {
        let mark = match (check.is_bounded(), check.passed) {
            (false, _) => "    ",
            (true, true) => "pass",
            (true, false) => "FAIL",
        };
        let bounds = check.bounds();
        let bounds = if bounds.is_empty() { bounds } else { format!(" ({bounds})") };
        format!("  {mark}  {}: {}{bounds}\n", check.what, check.value())
    };
    let lines: String = verdict.checks.iter().map(line).collect();
    format!("{}: {}\n{lines}", verdict.id, verdict.status)
}
