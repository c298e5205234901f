// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A fitted network as ONNX and card, read back by both engines before it is kept.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail, ensure};
use prost::Message as _;
use serde::Serialize;
use serde_json::Value;
use vmaf_fr_v2::catalogue::Vocabulary;
use vmaf_fr_v2::onnx::proto::tensor_shape_proto::{Dimension, dimension::Value as Size};
use vmaf_fr_v2::onnx::proto::{
    AttributeProto, FLOAT, GraphProto, INT64, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};
use vmaf_fr_v2::{Config, EngineChoice, Score, Scorer};

use crate::artifact::{json_bytes, sha256_hex};
use crate::fit::LOGVAR_SHIFT;
use crate::network::{Layer, Weights};
use crate::samples::{CAP, CLIP_SIGMA, Statistics, is_capped};

/// Version of the default operator set that graphs use.
pub const OPSET: i64 = 17;
/// Worst difference between the two engines, and to the training's own network, in points.
const TOLERANCE: f64 = 1e-4;
/// The training's erf is another than the engines'.
const TRAINING_TOLERANCE: f64 = 1e-3;

/// The graph, serialised: scores on 0..100, all weights inside.
pub fn onnx_bytes(weights: &Weights) -> Vec<u8> {
    let architecture = &weights.architecture;
    let mut graph = GraphProto { name: Some("fr_regressor".into()), ..GraphProto::default() };
    graph.input.push(value("features", &[None, Some(architecture.features)]));
    let mut x = "features".to_owned();
    if architecture.codecs > 0 {
        graph.input.push(value("codec_onehot", &[None, Some(architecture.codecs)]));
        let axis = int_attribute("axis", -1);
        graph.node.push(node("Concat", &["features", "codec_onehot"], "x", vec![axis]));
        x = "x".into();
    }
    for (name, number) in [("sqrt2", std::f32::consts::SQRT_2), ("one", 1.0), ("half", 0.5)] {
        graph.initializer.push(floats(name, &[], &[number]));
    }
    let last = weights.layers.len() - 1;
    for (index, layer) in weights.layers.iter().enumerate() {
        let layer = if index == last { on_score_scale(layer) } else { layer.clone() };
        let (weight, bias) = (format!("net.{index}.weight"), format!("net.{index}.bias"));
        let shape = [layer.bias.len() as i64, layer.inputs as i64];
        graph.initializer.push(floats(&weight, &shape, &layer.weight));
        graph.initializer.push(floats(&bias, &shape[..1], &layer.bias));
        let out = match (index == last, architecture.outputs) {
            (true, 2) => "score_logvar".to_owned(),
            _ => format!("lin{index}"),
        };
        graph.node.push(node(
            "Gemm",
            &[&x, &weight, &bias],
            &out,
            vec![int_attribute("transB", 1)],
        ));
        if index == last {
            break;
        }
        // x/2 * (1 + erf(x / sqrt 2)): Gelu is an operator of its own only since opset 20.
        let name = |step: &str| format!("{step}{index}");
        graph.node.push(node("Div", &[&out, "sqrt2"], &name("div"), vec![]));
        graph.node.push(node("Erf", &[&name("div")], &name("erf"), vec![]));
        graph.node.push(node("Add", &[&name("erf"), "one"], &name("add"), vec![]));
        graph.node.push(node("Mul", &[&out, &name("add")], &name("mul"), vec![]));
        graph.node.push(node("Mul", &[&name("mul"), "half"], &name("gelu"), vec![]));
        x = name("gelu");
    }
    if architecture.outputs == 2 {
        graph.output.push(value("score_logvar", &[None, Some(2)]));
    } else {
        graph.initializer.push(TensorProto {
            name: Some("axes".into()),
            dims: vec![1],
            data_type: Some(INT64),
            raw_data: Some(1i64.to_le_bytes().to_vec()),
            ..TensorProto::default()
        });
        graph.node.push(node("Squeeze", &[&format!("lin{last}"), "axes"], "score", vec![]));
        graph.output.push(value("score", &[None]));
    }
    ModelProto {
        ir_version: Some(8),
        producer_name: Some("vmaf-fr train".into()),
        producer_version: Some(env!("CARGO_PKG_VERSION").into()),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto {
            domain: Some(String::new()),
            version: Some(OPSET),
        }],
        ..ModelProto::default()
    }
    .encode_to_vec()
}

/// Training sees targets divided by 100; hosts see points.
fn on_score_scale(layer: &Layer) -> Layer {
    let mut scaled = layer.clone();
    scaled.weight[..layer.inputs].iter_mut().for_each(|w| *w *= 100.0);
    scaled.bias[0] *= 100.0;
    if let Some(logvar) = scaled.bias.get_mut(1) {
        *logvar += LOGVAR_SHIFT as f32;
    }
    scaled
}

fn value(name: &str, dims: &[Option<usize>]) -> ValueInfoProto {
    let dim = dims.iter().map(|dim| Dimension {
        value: Some(match dim {
            Some(n) => Size::DimValue(*n as i64),
            None => Size::DimParam("batch".into()),
        }),
        ..Dimension::default()
    });
    let shape = Some(TensorShapeProto { dim: dim.collect() });
    let tensor = type_proto::Tensor { elem_type: Some(FLOAT), shape };
    ValueInfoProto {
        name: Some(name.into()),
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(tensor)),
            ..TypeProto::default()
        }),
        ..ValueInfoProto::default()
    }
}

fn floats(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    TensorProto {
        name: Some(name.into()),
        dims: dims.to_vec(),
        data_type: Some(FLOAT),
        raw_data: Some(values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        ..TensorProto::default()
    }
}

fn node(op: &str, inputs: &[&str], output: &str, attribute: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        op_type: Some(op.into()),
        name: Some(format!("{op}_{output}")),
        input: inputs.iter().map(|&i| i.to_owned()).collect(),
        output: vec![output.to_owned()],
        attribute,
        ..NodeProto::default()
    }
}

fn int_attribute(name: &str, i: i64) -> AttributeProto {
    const INT: i32 = 2;
    AttributeProto {
        name: Some(name.into()),
        i: Some(i),
        r#type: Some(INT),
        ..AttributeProto::default()
    }
}

/// A card, members in the order in which they are written.
#[derive(Debug, Clone, Serialize)]
pub struct CardOut {
    id: String,
    kind: &'static str,
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    onnx: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    members: Vec<MemberOut>,
    opset: i64,
    input_names: Vec<&'static str>,
    output_names: Vec<&'static str>,
    feature_order: Vec<String>,
    feature_mean: Vec<f64>,
    feature_std: Vec<f64>,
    feature_cap: std::collections::BTreeMap<String, f64>,
    feature_clip_sigma: f64,
    missing_features: &'static str,
    codec_aware: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    codec_vocab: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    codec_vocab_version: Option<i32>,
    score_range: [f64; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    conformal_scale: Option<f64>,
    training: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provenance: Option<Value>,
}

#[derive(Debug, Clone, Serialize)]
struct MemberOut {
    onnx: String,
    sha256: String,
}

/// What a card says besides what the network itself says.
#[derive(Debug, Clone)]
pub struct Description {
    /// Name of the model and stem of its files.
    pub id: String,
    /// Bounds of a score.
    pub score_range: [f64; 2],
    /// Factor on the standard deviation in the interval.
    pub conformal_scale: Option<f64>,
    /// Data, recipe, seed.
    pub training: Value,
    /// Of an evaluation of the same protocol.
    pub metrics: Option<Value>,
    /// Whose data it was, how to cite them, under which licence.
    pub provenance: Option<Value>,
}

/// Files of a model: name and bytes, the card last.
pub fn files(
    networks: &[Weights],
    statistics: &Statistics,
    description: Description,
) -> Result<Vec<(String, Vec<u8>)>> {
    let first = networks.first().context("no network to export")?;
    ensure!(
        networks.iter().all(|n| n.architecture == first.architecture),
        "members of an ensemble differ in shape"
    );
    let architecture = &first.architecture;
    let vocabulary = Vocabulary::v1();
    let aware = architecture.codecs > 0;
    ensure!(
        !aware || architecture.codecs == vocabulary.names().len(),
        "a codec block of {} does not fit the vocabulary of {}",
        architecture.codecs,
        vocabulary.names().len()
    );
    let single = networks.len() == 1;
    let mut out = Vec::new();
    let mut members = Vec::new();
    for (index, network) in networks.iter().enumerate() {
        let name = if single {
            format!("{}.onnx", description.id)
        } else {
            format!("{}_m{index}.onnx", description.id)
        };
        let bytes = onnx_bytes(network);
        members.push(MemberOut { onnx: name.clone(), sha256: sha256_hex(&bytes) });
        out.push((name, bytes));
    }
    let card = CardOut {
        kind: if single { "fr" } else { "fr_ensemble" },
        // Only the gate says otherwise.
        status: "experimental",
        onnx: single.then(|| members[0].onnx.clone()),
        sha256: single.then(|| members[0].sha256.clone()),
        members: if single { Vec::new() } else { members },
        opset: OPSET,
        input_names: if aware { vec!["features", "codec_onehot"] } else { vec!["features"] },
        output_names: vec![if architecture.outputs == 2 { "score_logvar" } else { "score" }],
        feature_order: statistics.names.clone(),
        feature_mean: statistics.mean.clone(),
        feature_std: statistics.std.clone(),
        feature_cap: statistics
            .names
            .iter()
            .filter(|n| is_capped(n))
            .map(|n| (n.clone(), CAP))
            .collect(),
        feature_clip_sigma: CLIP_SIGMA,
        missing_features: "mean",
        codec_aware: aware,
        codec_vocab: aware.then(|| vocabulary.names().to_vec()),
        codec_vocab_version: aware.then(|| vocabulary.version()),
        score_range: description.score_range,
        conformal_scale: description.conformal_scale,
        training: description.training,
        metrics: description.metrics,
        provenance: description.provenance,
        id: description.id.clone(),
    };
    out.push((format!("{}.json", description.id), json_bytes(&card)?));
    Ok(out)
}

/// Real rows, and what the network under training made of them.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Raw features, row-major, NaN where missing.
    pub features: Vec<f32>,
    /// Codec of each row.
    pub codec: Vec<i32>,
    /// Mean over the members of the training's own scores, not clipped.
    pub expected: Vec<f64>,
}

/// Worst absolute differences found by [`verify`], in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Between the engines.
    pub engines: f64,
    /// Between the embedded engine and the training's network.
    pub training: f64,
}

/// Writes the files into `folder`, but only after both engines have read them back and agree on `probe`.
pub fn keep(
    folder: &Path,
    files: &[(String, Vec<u8>)],
    probe: &Probe,
    onnxruntime: Option<&Path>,
) -> Result<Difference> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let trial = tempfile::Builder::new()
        .prefix(".vmaf-fr-")
        .tempdir_in(folder)
        .with_context(|| format!("cannot create a temporary folder in {}", folder.display()))?;
    for (name, bytes) in files {
        crate::artifact::write_atomic(&trial.path().join(name), bytes)?;
    }
    let (card, _) = files.last().context("no files to keep")?;
    let difference = verify(&trial.path().join(card), probe, onnxruntime)?;
    // Graphs first: a card that pins a graph which is not there yet is refused, a graph without a card never scores.
    for (name, _) in files {
        std::fs::rename(trial.path().join(name), folder.join(name))
            .with_context(|| format!("cannot write {}", folder.join(name).display()))?;
    }
    Ok(difference)
}

/// Scores `probe` with both engines.
pub fn verify(card: &Path, probe: &Probe, onnxruntime: Option<&Path>) -> Result<Difference> {
    let embedded = score(card, EngineChoice::Embedded, None, probe).context("embedded engine")?;
    let runtime = score(card, EngineChoice::OnnxRuntime, onnxruntime.map(Path::to_path_buf), probe)
        .context(
            "ONNX Runtime (point --onnxruntime or VMAF_FR_V2_ONNXRUNTIME at a libonnxruntime)",
        )?;
    let worst = |other: &mut dyn Iterator<Item = f64>| {
        embedded
            .iter()
            .zip(other)
            .map(|(a, b)| (a.score - b).abs())
            .fold(0.0, |a: f64, b| if b.is_nan() { f64::NAN } else { a.max(b) })
    };
    let deviation = embedded
        .iter()
        .zip(&runtime)
        .map(|(a, b)| (a.stddev - b.stddev).abs())
        .filter(|d| !d.is_nan())
        .fold(0.0, f64::max);
    let difference = Difference {
        engines: worst(&mut runtime.iter().map(|s| s.score)).max(deviation),
        training: worst(&mut probe.expected.iter().copied()),
    };
    if difference.engines.is_nan() || difference.engines > TOLERANCE {
        bail!(
            "the engines differ by {} points on real rows, expected at most {TOLERANCE}",
            difference.engines
        );
    }
    if difference.training.is_nan() || difference.training > TRAINING_TOLERANCE {
        bail!(
            "the exported model differs from the trained one by {} points, expected at most {TRAINING_TOLERANCE}",
            difference.training
        );
    }
    Ok(difference)
}

fn score(
    card: &Path,
    engine: EngineChoice,
    onnxruntime_path: Option<PathBuf>,
    probe: &Probe,
) -> Result<Vec<Score>> {
    let config = Config { engine, onnxruntime_path, disable_clip: true, ..Config::default() };
    let path = card.to_str().context("path is not UTF-8")?;
    let mut model = Scorer::open(Some(path), &config)?;
    let empty =
        Score { score: f64::NAN, stddev: f64::NAN, ci95_low: f64::NAN, ci95_high: f64::NAN };
    let mut scores = vec![empty; probe.codec.len()];
    model.score(&probe.features, Some(&probe.codec), &mut scores)?;
    Ok(scores)
}
