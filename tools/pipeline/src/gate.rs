// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `gate`: no negative releases.
//!
//! The rule, on the primary clips of an evaluation of the model's own protocol:
//!
//! | model | `release` takes |
//! |---|---|
//! | codec-aware | PLCC lift over codec-blind >= 0.005, its interval above 0, and above the shuffled control (interval above 0) |
//! | codec-blind | PLCC lift over VMAF (one scale, logistic) >= 0.005, its interval above 0; within datasets not below it |
//! | with variance | besides, coverage of its 95 % interval within 93..97 % |
//! | ensemble | besides, PLCC lift over a single network, its interval above 0 |
//!
//! Whatever fails stays `experimental`. The gate writes its result beside the registry with the hashes of card, graphs
//! and evaluation, and keeps the evaluation, so that [`check_registry`] can decide again.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::artifact::{json_bytes, sha256_hex, write_atomic, write_json};
use crate::evaluate::{Evaluation, Lifts, read};

/// Least lift in PLCC.
pub const MIN_LIFT: f64 = 0.005;
/// Coverage of a 95 % interval that is good enough.
pub const COVERAGE: [f64; 2] = [0.93, 0.97];

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

/// `models/registry.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Registry {
    /// Model that opens where none is named.
    pub default: String,
    /// Built-in models.
    pub models: Vec<Entry>,
}

/// One model of a registry.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Entry {
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
pub struct Check {
    /// What is measured.
    pub what: String,
    /// Its value.
    pub measured: f64,
    /// Lowest value that passes.
    pub at_least: f64,
    /// Highest value that passes, where there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// Whether it does.
    pub passed: bool,
}

/// `models/gate/ID.json`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
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
    pub checks: Vec<Check>,
}

/// What of a card the gate reads.
#[derive(Debug, Clone, Deserialize)]
struct JudgedCard {
    id: String,
    #[serde(default)]
    onnx: Option<String>,
    #[serde(default)]
    sha256: Option<String>,
    #[serde(default)]
    members: Vec<JudgedMember>,
    codec_aware: bool,
    output_names: Vec<String>,
    training: JudgedTraining,
}

#[derive(Debug, Clone, Deserialize)]
struct JudgedMember {
    onnx: String,
    sha256: String,
}

#[derive(Debug, Clone, Deserialize)]
struct JudgedTraining {
    protocol_sha256: String,
    members: u64,
}

fn at_least(what: &str, measured: f64, bound: f64) -> Check {
    Check {
        what: what.to_owned(),
        measured,
        at_least: bound,
        at_most: None,
        passed: measured >= bound,
    }
}

fn above_zero(what: &str, measured: f64) -> Check {
    Check { passed: measured > 0.0, ..at_least(what, measured, 0.0) }
}

/// The rule.
fn decide(card: &JudgedCard, evaluation: &Evaluation) -> Result<Vec<Check>> {
    ensure!(
        card.training.protocol_sha256 == evaluation.protocol_sha256,
        "{} was trained by protocol {}, the evaluation judges {}",
        card.id,
        card.training.protocol_sha256,
        evaluation.protocol_sha256
    );
    let lifts = |pair: &str| -> Result<&Lifts> {
        evaluation.lifts.get(pair).with_context(|| format!("the evaluation has no {pair:?}"))
    };
    let mut checks = Vec::new();
    let ensemble = !card.members.is_empty();
    let (kind, single) = match (card.codec_aware, ensemble) {
        (true, false) => ("codec_aware", "codec_aware"),
        (true, true) => ("codec_aware_ensemble", "codec_aware"),
        (false, false) => ("codec_blind", "codec_blind"),
        (false, true) => ("codec_blind_ensemble", "codec_blind"),
    };
    if card.codec_aware {
        let lift = lifts("codec_aware - codec_blind")?.plcc;
        let control = lifts("codec_aware - codec_shuffled")?.plcc;
        checks.push(at_least("PLCC lift over the codec-blind network", lift.value, MIN_LIFT));
        checks.push(above_zero("lower end of that lift's 95 % interval", lift.low));
        checks.push(above_zero(
            "lower end of the 95 % interval of the PLCC lift over shuffled codec labels",
            control.low,
        ));
    } else {
        match evaluation.lifts.get(&format!("{kind} - vmaf_logistic")) {
            Some(lift) => {
                checks.push(at_least(
                    "PLCC lift over VMAF on one scale",
                    lift.plcc.value,
                    MIN_LIFT,
                ));
                checks.push(above_zero("lower end of that lift's 95 % interval", lift.plcc.low));
                checks.push(at_least(
                    "mean lift in PLCC within datasets",
                    lift.plcc_within_datasets.value,
                    0.0,
                ));
            }
            None => checks.push(at_least(
                "PLCC lift over VMAF, which the corpus does not have",
                f64::MIN,
                MIN_LIFT,
            )),
        }
    }
    if ensemble {
        ensure!(
            card.training.members == evaluation.seeds,
            "{} has {} members, the evaluation is of {}",
            card.id,
            card.training.members,
            evaluation.seeds
        );
        let lift = lifts(&format!("{kind} - {single}"))?.plcc;
        checks.push(above_zero(
            "lower end of the 95 % interval of the PLCC lift over a single network",
            lift.low,
        ));
    }
    if card.output_names.iter().any(|name| name == "score_logvar") {
        let coverage =
            evaluation.intervals.get(kind).map_or(f64::MIN, |interval| interval.coverage);
        checks.push(Check {
            at_most: Some(COVERAGE[1]),
            passed: (COVERAGE[0]..=COVERAGE[1]).contains(&coverage),
            ..at_least("coverage of the 95 % interval", coverage, COVERAGE[0])
        });
    }
    Ok(checks)
}

fn status(checks: &[Check]) -> &'static str {
    if !checks.is_empty() && checks.iter().all(|check| check.passed) {
        "release"
    } else {
        "experimental"
    }
}

fn folder_of(registry: &Path) -> &Path {
    match registry.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn read_file(path: &Path) -> Result<Vec<u8>> {
    std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

fn parse_card(bytes: &[u8], path: &Path) -> Result<JudgedCard> {
    serde_json::from_slice(bytes)
        .with_context(|| format!("card {} was not written by train", path.display()))
}

/// sha256 of each graph, each checked against the card.
fn graphs(card: &JudgedCard, folder: &Path) -> Result<Vec<String>> {
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

/// Runs the subcommand.
pub fn run(args: &GateArgs) -> Result<()> {
    let (evaluation, evaluation_sha256) = read(&args.evaluation)?;
    let folder = folder_of(&args.registry);
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
        let verdict = Verdict {
            id: card.id.clone(),
            status: status.clone(),
            card_sha256: sha256_hex(&bytes),
            graphs_sha256,
            evaluation: kept.clone(),
            evaluation_sha256: evaluation_sha256.clone(),
            checks,
        };
        let entry = Entry {
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

    write_atomic(&folder.join("gate").join(&kept), &read_file(&args.evaluation)?)?;
    for (path, card, verdict) in &verdicts {
        write_json(&folder.join("gate").join(format!("{}.json", verdict.id)), verdict)?;
        write_atomic(path, card)?;
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

/// Refuses a registry that no gate result backs: every hash is computed, every decision taken again.
pub fn check_registry(path: &Path) -> Result<()> {
    let folder = folder_of(path);
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
        let verdict: Verdict = serde_json::from_slice(
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
        let (evaluation, evaluation_sha256) = read(&folder.join("gate").join(&verdict.evaluation))?;
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
