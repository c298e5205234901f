// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Opens a model: reads card and graphs, holds them against each other, and picks the engine.

use super::{Config, EngineChoice, Info, LogLevel, Member, Scorer, Scratch};
use crate::artifact::{GraphFiles, Location};
use crate::card::{Affine, Card, ExternalPins, Statistic};
use crate::codec::{CodecTable, DEFAULT_PRESET_NORM, EncodeInput, Norm, Vocabulary};
use crate::engine::{Engine, embedded::Embedded};
use crate::error::{ErrorKind, Result, bail, err};
use crate::features::{CANONICAL_FEATURES, Column, FULL_FEATURES, Standardizer};
use crate::onnx::{self, Graph, Names};
use crate::simd::InstructionSet;

/// What one graph of a model is pinned and standardised with.
struct Part {
    onnx: Option<String>,
    sha256: Option<String>,
    external_data_sha256: Option<ExternalPins>,
    mean: Option<Vec<Statistic>>,
    std: Option<Vec<Statistic>>,
}

pub(super) fn open(model: Option<&str>, config: &Config) -> Result<Scorer> {
    #[cfg(feature = "fault-injection")]
    if model == Some("builtin:__panic") {
        panic!("fault injection");
    }
    let location = Location::parse(model)?;
    let name = location.card_name();
    let (mut card, has_card) = match location.read_card()? {
        Some(bytes) => (Card::parse(&bytes).map_err(|e| e.of(&name))?, true),
        None if config.allow_unpinned => (Card::default(), false),
        None => {
            // A model that is not there either is that, rather than one without a card.
            location.graph(None)?;
            bail!(
                NotPinned,
                "{name}: no card, and so no sha256 of the model; the caller may allow that"
            );
        }
    };
    let parts = parts(&card).map_err(|e| e.of(&name))?;
    let mut graphs = Vec::new();
    for part in &parts {
        graphs.push(load(&location, &card, part, config, &name)?);
    }
    let first = &graphs[0].1;
    if !has_card {
        card.feature_order = default_order(first.n_features).map_err(|e| e.of(&name))?;
    }
    check_card(&card, first.n_features).map_err(|e| e.of(&name))?;
    let codec = codec_table(&card, first).map_err(|e| e.of(&name))?;
    let set = InstructionSet::chosen()?;
    let mut members = Vec::new();
    let mut engine = EngineChoice::Embedded;
    let mut engine_version = String::new();
    for (part, (file, graph)) in parts.iter().zip(&graphs) {
        check_alike(first, graph).map_err(|e| e.of(file))?;
        let standardizer = standardizer(&card, part, set).map_err(|e| e.of(&name))?;
        let (mut built, choice, version) =
            build(graph, standardizer, config, set).map_err(|e| e.of(file))?;
        if graph.codec.is_some() {
            built.set_codec_table(codec.rows())?;
        }
        (engine, engine_version) = (choice, version);
        members.push(Member { engine: built, output_width: graph.output_width });
    }
    let [low, high] = card.score_range.unwrap_or([0.0, 100.0]);
    let codec_aware = first.codec.is_some();
    let info = Info {
        id: card.id.clone().unwrap_or_else(|| location.stem()),
        engine,
        engine_version,
        status: match &location {
            Location::Builtin(builtin) => builtin.status.to_owned(),
            _ => card.status.clone().unwrap_or_else(|| "experimental".to_owned()),
        },
        n_features: first.n_features,
        n_codecs: if codec_aware { codec.vocabulary().names().len() } else { 0 },
        codec_aware,
        has_variance: members.len() > 1 || first.output_width == 2,
        n_members: members.len(),
        codec_vocab_version: if codec_aware { codec.vocabulary().version() } else { 0 },
        score_range: [low, high],
    };
    if let Some(log) = &config.log {
        log(
            LogLevel::Info,
            &format!("opened {} ({}) with {}", info.id, info.status, info.engine_version),
        );
    }
    let conformal_scale = card.conformal_scale.unwrap_or(1.0);
    let unknown = codec.vocabulary().id("unknown").ok();
    Ok(Scorer {
        scratch: Scratch::new(&members, unknown),
        unknown,
        card,
        info,
        codec,
        members,
        clip: if config.disable_clip { [f64::NEG_INFINITY, f64::INFINITY] } else { [low, high] },
        conformal_scale,
    })
}

fn parts(card: &Card) -> Result<Vec<Part>> {
    match card.kind.as_deref() {
        None | Some("fr") => Ok(vec![Part {
            onnx: card.onnx.clone(),
            sha256: card.sha256.clone(),
            external_data_sha256: card.external_data_sha256.clone(),
            mean: card.feature_mean.clone(),
            std: card.feature_std.clone(),
        }]),
        Some("fr_ensemble") => {
            if card.members.len() < 2 {
                bail!(Inconsistent, "members: an ensemble of {} graphs", card.members.len());
            }
            Ok(card
                .members
                .iter()
                .map(|m| Part {
                    onnx: m.onnx.clone(),
                    sha256: m.sha256.clone(),
                    external_data_sha256: m.external_data_sha256.clone(),
                    mean: m.feature_mean.clone().or_else(|| card.feature_mean.clone()),
                    std: m.feature_std.clone().or_else(|| card.feature_std.clone()),
                })
                .collect())
        }
        Some(kind) => bail!(Inconsistent, "kind '{kind}' where 'fr' or 'fr_ensemble' was expected"),
    }
}

fn load(
    location: &Location,
    card: &Card,
    part: &Part,
    config: &Config,
    card_name: &str,
) -> Result<(String, Graph)> {
    let mut files = location.graph(part.onnx.as_deref()).map_err(|e| e.of(card_name))?;
    let file = files.name.clone();
    match part.sha256.as_deref() {
        Some(pin) if pin.eq_ignore_ascii_case(&files.sha256()) => {}
        Some(pin) => bail!(NotPinned, "{file}: sha256 is {}, the card has {pin}", files.sha256()),
        None if config.allow_unpinned => {}
        None => bail!(
            NotPinned,
            "{file}: the card {card_name} has no sha256 of it; the caller may allow that"
        ),
    }
    let names = Names { inputs: &card.input_names, outputs: &card.output_names };
    let bytes = files.take_bytes();
    let graph = onnx::load(bytes, names, &mut |place| files.read_external(place))
        .map_err(|e| e.of(&file))?;
    check_external(&files, part.external_data_sha256.as_ref()).map_err(|e| e.of(&file))?;
    Ok((file, graph))
}

fn check_external(files: &GraphFiles, pins: Option<&ExternalPins>) -> Result<()> {
    for (place, sha256) in files.external_sha256() {
        let pin = match pins {
            None => continue,
            Some(ExternalPins::One(pin)) => pin,
            Some(ExternalPins::ByLocation(pins)) => pins
                .get(place)
                .ok_or_else(|| err!(NotPinned, "external_data_sha256 has no pin of '{place}'"))?,
        };
        if !pin.eq_ignore_ascii_case(&sha256) {
            bail!(NotPinned, "external data '{place}': sha256 is {sha256}, the card has {pin}");
        }
    }
    Ok(())
}

fn default_order(n_features: usize) -> Result<Vec<String>> {
    let names: &[&str] = match n_features {
        22 => &FULL_FEATURES,
        6 => &CANONICAL_FEATURES,
        n => bail!(Inconsistent, "no card to name the graph's {n} features"),
    };
    Ok(names.iter().map(|&n| n.to_owned()).collect())
}

fn check_card(card: &Card, n_features: usize) -> Result<()> {
    let order = &card.feature_order;
    if order.len() != n_features {
        bail!(
            Inconsistent,
            "feature_order: {} names, the graph takes {n_features} features",
            order.len()
        );
    }
    for (i, name) in order.iter().enumerate() {
        if name.is_empty() || order[..i].contains(name) {
            bail!(Inconsistent, "feature_order: '{name}' is empty or there twice");
        }
    }
    for (name, cap) in &card.feature_cap {
        if !order.contains(name) || !cap.is_finite() {
            bail!(
                Inconsistent,
                "feature_cap: '{name}' is not in feature_order, or {cap} is not finite"
            );
        }
    }
    if let Some([low, high]) = card.score_range
        && !(low < high && low.is_finite() && high.is_finite())
    {
        bail!(Inconsistent, "score_range: [{low}, {high}] is no range");
    }
    if let Some(sigma) = card.feature_clip_sigma
        && !(sigma > 0.0 && sigma.is_finite())
    {
        bail!(Inconsistent, "feature_clip_sigma: {sigma} is not above 0");
    }
    if let Some(scale) = card.conformal_scale
        && !(scale > 0.0 && scale.is_finite())
    {
        bail!(Inconsistent, "conformal_scale: {scale} is not above 0");
    }
    if let Some(missing) = &card.missing_features
        && missing != "mean"
    {
        bail!(Inconsistent, "missing_features: '{missing}' where 'mean' was expected");
    }
    Ok(())
}

fn standardizer(card: &Card, part: &Part, set: InstructionSet) -> Result<Standardizer> {
    let order = &card.feature_order;
    let (mean, std) = match (&part.mean, &part.std) {
        (Some(mean), Some(std)) => {
            (statistics("feature_mean", mean, order)?, statistics("feature_std", std, order)?)
        }
        (None, None) => (vec![0.0; order.len()], vec![1.0; order.len()]),
        (Some(_), None) => bail!(Inconsistent, "feature_mean without feature_std"),
        (None, Some(_)) => bail!(Inconsistent, "feature_std without feature_mean"),
    };
    if let Some(i) = std.iter().position(|&s| s <= 0.0) {
        bail!(Inconsistent, "feature_std[{i}] of '{}': {} is not above 0", order[i], std[i]);
    }
    let missing = card.missing_features.is_some();
    let columns = order.iter().zip(mean).zip(std).map(|((name, mean), std)| {
        let cap = card.feature_cap.get(name).copied().unwrap_or(f64::INFINITY);
        Column { mean, std, cap, missing }
    });
    let sigma = card.feature_clip_sigma.unwrap_or(f64::INFINITY);
    Ok(Standardizer::new(columns.collect(), sigma, set))
}

fn statistics(field: &str, values: &[Statistic], order: &[String]) -> Result<Vec<f64>> {
    if values.len() != order.len() {
        bail!(Inconsistent, "{field}: {} numbers for {} features", values.len(), order.len());
    }
    if let Some(i) = values.iter().position(|v| !v.0.is_finite()) {
        bail!(Inconsistent, "{field}[{i}] of '{}': {} is not finite", order[i], values[i].0);
    }
    Ok(values.iter().map(|v| v.0).collect())
}

fn codec_table(card: &Card, graph: &Graph) -> Result<CodecTable> {
    let Some((input, width)) = &graph.codec else {
        if card.codec_aware == Some(true) {
            bail!(Inconsistent, "codec_aware: true, but the graph has no codec input");
        }
        return Ok(CodecTable::new(Vocabulary::v1(), Vec::new()));
    };
    if card.codec_aware == Some(false) {
        bail!(Inconsistent, "codec_aware: false, but the graph has the codec input '{input}'");
    }
    let vocabulary = match &card.codec_vocab {
        Some(names) => Vocabulary::new(names.clone(), card.codec_vocab_version)?,
        None => Vocabulary::v1(),
    };
    let inputs = encode_inputs(card, vocabulary.names().len())?;
    let n = vocabulary.names().len() + inputs.len();
    if n != *width {
        bail!(
            Inconsistent,
            "codec block of {n} columns ({} codecs and {} more), the graph's input '{input}' has {width}",
            vocabulary.names().len(),
            inputs.len()
        );
    }
    Ok(CodecTable::new(vocabulary, inputs))
}

/// What the block's layout lists after the one-hot.
fn encode_inputs(card: &Card, n_codecs: usize) -> Result<Vec<EncodeInput>> {
    let Some(layout) = &card.codec_block_layout else { return Ok(Vec::new()) };
    let crf_range = card.crf_range()?;
    let affine = |a: Affine, field: &str| {
        if a.scale == 0.0 || !a.scale.is_finite() || !a.offset.is_finite() {
            bail!(Inconsistent, "{field}: scale {} and offset {} do not do", a.scale, a.offset);
        }
        Ok(Norm::Affine { scale: a.scale, offset: a.offset })
    };
    layout
        .iter()
        .skip(n_codecs)
        .map(|column| match column.as_str() {
            "preset_norm" => Ok(EncodeInput::Preset(match (card.codec_preset_norm, crf_range) {
                (Some(a), _) => affine(a, "codec_preset_norm")?,
                (None, Some(_)) => Norm::Neutral,
                (None, None) => DEFAULT_PRESET_NORM,
            })),
            "crf_norm" => Ok(EncodeInput::Crf(match (card.codec_crf_norm, crf_range) {
                (Some(a), _) => affine(a, "codec_crf_norm")?,
                (None, Some((min, max))) => Norm::Within { min, max },
                (None, None) => Norm::Clamped63,
            })),
            other => bail!(
                Inconsistent,
                "codec_block_layout: '{other}' where preset_norm or crf_norm was expected"
            ),
        })
        .collect()
}

fn check_alike(first: &Graph, graph: &Graph) -> Result<()> {
    let width = |g: &Graph| (g.n_features, g.codec.as_ref().map(|c| c.1), g.output_width);
    if width(first) != width(graph) {
        bail!(
            Inconsistent,
            "widths {:?} differ from the first member's {:?}",
            width(graph),
            width(first)
        );
    }
    Ok(())
}

fn build(
    graph: &Graph,
    standardizer: Standardizer,
    config: &Config,
    set: InstructionSet,
) -> Result<(Box<dyn Engine>, EngineChoice, String)> {
    let embedded = |standardizer| -> Result<(Box<dyn Engine>, EngineChoice, String)> {
        let engine = Embedded::compile(graph, standardizer, set)?;
        let version = format!("embedded {} ({})", env!("CARGO_PKG_VERSION"), set.name());
        Ok((Box::new(engine), EngineChoice::Embedded, version))
    };
    match config.engine {
        EngineChoice::Embedded => embedded(standardizer),
        EngineChoice::OnnxRuntime => onnxruntime(graph, standardizer, config),
        EngineChoice::Auto => match onnxruntime(graph, standardizer.clone(), config) {
            Err(e) if e.kind() == ErrorKind::NoEngine => {
                if let Some(log) = &config.log {
                    log(LogLevel::Info, &format!("no ONNX Runtime, the embedded engine runs: {e}"));
                }
                embedded(standardizer)
            }
            other => other,
        },
    }
}

#[cfg(feature = "onnxruntime")]
fn onnxruntime(
    graph: &Graph,
    standardizer: Standardizer,
    config: &Config,
) -> Result<(Box<dyn Engine>, EngineChoice, String)> {
    let (engine, version) = crate::engine::onnxruntime::OnnxRuntime::open(
        graph,
        standardizer,
        config.onnxruntime_path.as_deref(),
        config.n_threads,
    )?;
    Ok((Box::new(engine), EngineChoice::OnnxRuntime, version))
}

#[cfg(not(feature = "onnxruntime"))]
fn onnxruntime(
    _: &Graph,
    _: Standardizer,
    _: &Config,
) -> Result<(Box<dyn Engine>, EngineChoice, String)> {
    bail!(NoEngine, "this library was built without ONNX Runtime")
}
