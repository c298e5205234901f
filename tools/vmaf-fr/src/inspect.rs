// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `vmaf-fr inspect`: what a model is and what can run it.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;
use serde_json::Value;
use vmaf_fr_v2::onnx::{Graph, Tensor};
use vmaf_fr_v2::{Config, EngineChoice, Scorer, model};

use crate::failure::Failure;
use crate::model::EngineArgs;
use crate::output::Output;

/// Show a model's card, its graph, the release gate's verdict and which engines can run it
#[derive(Debug, clap::Args)]
pub struct Args {
    /// An .onnx file with its card beside it, a card, or the id of a built-in model; the built-in default if left out
    #[arg(value_name = "MODEL")]
    model: Option<String>,
    /// Form of the answer
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
    #[command(flatten)]
    engine: EngineArgs,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

/// One graph: a model's only one, or a member of an ensemble.
#[derive(Debug, Serialize)]
struct GraphInfo {
    file: String,
    opset: i64,
    inputs: Vec<Port>,
    outputs: Vec<Port>,
    operators: BTreeMap<String, usize>,
    parameters: usize,
}

#[derive(Debug, Serialize)]
struct Port {
    name: String,
    shape: String,
    role: &'static str,
}

/// What became of opening the model with an engine.
#[derive(Debug, Serialize)]
struct EngineInfo {
    engine: &'static str,
    /// The engine's version if it can run the model, else why it cannot.
    #[serde(flatten)]
    verdict: Verdict,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Version(String),
    Error(String),
}

#[derive(Debug, Serialize)]
struct Inspection {
    model: String,
    status: Option<String>,
    card: Option<Value>,
    graphs: Vec<GraphInfo>,
    engines: Vec<EngineInfo>,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let inspection = inspect(args)?;
    let mut out = Output::create(None)?;
    let written = match args.format {
        Format::Text => text(&mut out, &inspection),
        Format::Json => serde_json::to_writer_pretty(&mut out, &inspection)
            .map_err(Into::into)
            .and_then(|()| writeln!(out)),
    };
    written.map_err(|error| out.failed(&error))?;
    out.commit()?;
    if inspection.engines.iter().any(|engine| matches!(engine.verdict, Verdict::Version(_))) {
        Ok(())
    } else {
        Err(Failure::new(format_args!("no engine can run {}", inspection.model)))
    }
}

fn inspect(args: &Args) -> Result<Inspection, Failure> {
    let read = model::read(args.model.as_deref())?;
    let card = read.card_json().and_then(|json| serde_json::from_slice(json).ok());
    let graphs = read.graphs().iter().map(|(file, graph)| describe(file, graph)).collect();
    let model = args.model.as_deref();
    let mut status = None;
    let engines =
        [("embedded", EngineChoice::Embedded), ("onnxruntime", EngineChoice::OnnxRuntime)].map(
            |(engine, choice)| {
                let config = Config { engine: choice, ..args.engine.config() };
                let verdict = match Scorer::open(model, &config) {
                    Ok(scorer) => {
                        let info = scorer.info();
                        status = Some(info.status);
                        Verdict::Version(info.engine_version)
                    }
                    Err(error) => Verdict::Error(error.to_string()),
                };
                EngineInfo { engine, verdict }
            },
        );
    Ok(Inspection { model: read.name(), status, card, graphs, engines: engines.into() })
}

fn describe(file: &str, graph: &Graph) -> GraphInfo {
    let port = |name: &str, shape: String, role| Port { name: name.to_owned(), shape, role };
    let mut inputs = vec![port(&graph.features, format!("[N, {}]", graph.n_features), "features")];
    if let Some((name, width)) = &graph.codec {
        inputs.push(port(name, format!("[N, {width}]"), "codec block"));
    }
    let shape = if graph.output_is_matrix {
        format!("[N, {}]", graph.output_width)
    } else {
        "[N]".to_owned()
    };
    let role = if graph.output_width == 2 { "score and log-variance" } else { "score" };
    let mut operators = BTreeMap::new();
    for node in &graph.nodes {
        *operators.entry(node.op_type.clone().unwrap_or_default()).or_default() += 1;
    }
    let elements = |tensor: &Tensor| tensor.dims.iter().product::<usize>();
    GraphInfo {
        file: file.to_owned(),
        opset: graph.opset,
        inputs,
        outputs: vec![port(&graph.output, shape, role)],
        operators,
        parameters: graph.initializers.values().map(elements).sum(),
    }
}

fn text(out: &mut Output, inspection: &Inspection) -> io::Result<()> {
    let Inspection { model, status, card, graphs, engines } = inspection;
    writeln!(out, "model      {model}")?;
    writeln!(out, "status     {}", status.as_deref().unwrap_or("unknown"))?;
    if let Some(calibrated) = card.as_ref().and_then(|card| card.get("calibrated")) {
        let said = |name: &str| calibrated[name].as_str().unwrap_or("?");
        let number = |name: &str| calibrated[name].as_u64().unwrap_or(0);
        let (clips, contents) = (number("clips"), number("contents"));
        writeln!(out, "calibrated {} to {clips} clips of {contents} contents", said("from"))?;
    }
    gate(out, card.as_ref().and_then(|card| card.get("gate")))?;
    for graph in graphs {
        writeln!(out, "graph      {} (opset {})", graph.file, graph.opset)?;
        for (kind, ports) in [("input", &graph.inputs), ("output", &graph.outputs)] {
            for port in ports {
                writeln!(out, "  {kind:8} {} f32 {}: {}", port.name, port.shape, port.role)?;
            }
        }
        let operators: Vec<String> =
            graph.operators.iter().map(|(name, n)| format!("{name} {n}")).collect();
        writeln!(out, "  weights  {}", graph.parameters)?;
        writeln!(out, "  nodes    {}", operators.join(", "))?;
    }
    for EngineInfo { engine, verdict } in engines {
        match verdict {
            Verdict::Version(version) => writeln!(out, "engine     {engine}: yes ({version})")?,
            Verdict::Error(error) => writeln!(out, "engine     {engine}: no: {error}")?,
        }
    }
    match card {
        None => writeln!(out, "card       none"),
        Some(card) => {
            writeln!(out, "card")?;
            let Some(members) = card.as_object() else { return writeln!(out, "  {card}") };
            let width = members.keys().map(String::len).max().unwrap_or(0);
            for (name, value) in members {
                writeln!(out, "  {name:width$}  {}", shortened(&value.to_string()))?;
            }
            Ok(())
        }
    }
}

/// The conditions of the release gate, as it left them in the card.
fn gate(out: &mut Output, verdict: Option<&Value>) -> io::Result<()> {
    let Some(verdict) = verdict else {
        return writeln!(out, "gate       no verdict in the card");
    };
    let Some(checks) = verdict["checks"].as_array() else {
        return writeln!(out, "gate       {verdict}");
    };
    let passed = checks.iter().filter(|check| check["passed"] == true).count();
    writeln!(out, "gate       {passed} of {} conditions passed", checks.len())?;
    for check in checks {
        let mark = if check["passed"] == true { "passed" } else { "failed" };
        let what = check["what"].as_str().unwrap_or("?");
        write!(out, "  {mark}   {what}: {} (at least {}", check["measured"], check["at_least"])?;
        match check.get("at_most") {
            Some(at_most) => writeln!(out, ", at most {at_most})")?,
            None => writeln!(out, ")")?,
        }
    }
    Ok(())
}

/// Lists of numbers fill screens; `--format json` has them all.
fn shortened(value: &str) -> String {
    const LENGTH: usize = 120;
    match value.char_indices().nth(LENGTH) {
        None => value.to_owned(),
        Some((cut, _)) => format!("{} ...", &value[..cut]),
    }
}
