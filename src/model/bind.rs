// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Last step of opening: card and graphs held against each other, every role bound.

use super::card::{Affine, Card};
use super::codec_block::{CodecTable, DEFAULT_PRESET_NORM, EncodeInput, Norm};
use super::read::Read;
use super::source::Source;
use super::statistics::Statistics;
use crate::batch::{Input, InputColumn};
use crate::catalogue::{CANONICAL_FEATURES, FULL_FEATURES, Vocabulary};
use crate::error::{Result, bail};
use crate::features::Transform;
use crate::onnx::Graph;
use crate::simd::InstructionSet;

/// A model that is ready for an engine.
pub(crate) struct Bound {
    pub(crate) id: String,
    /// `release` or `experimental`.
    pub(crate) status: String,
    pub(crate) card: Card,
    pub(crate) input: Input,
    pub(crate) codec: CodecTable,
    /// One, or the members of an ensemble; all of the same widths.
    pub(crate) graphs: Vec<BoundGraph>,
    /// What checks, standardises and runs.
    pub(crate) set: InstructionSet,
}

/// A graph and the statistics of its features.
pub(crate) struct BoundGraph {
    /// How errors name it.
    pub(crate) name: String,
    pub(crate) graph: Graph,
    pub(crate) statistics: Statistics,
}

impl Read {
    /// Holds card and graphs against each other.
    ///
    /// # Errors
    /// `Inconsistent` names what disagrees, what was expected and what is there.
    pub(crate) fn bind(self) -> Result<Bound> {
        let Self { source, card, graphs, .. } = self;
        let name = source.card_name();
        let first = &graphs[0].1;
        let card = match card {
            Some(card) => card,
            None => Card {
                feature_order: default_order(first.n_features).map_err(|e| e.of(&name))?,
                ..Card::default()
            },
        };
        card.check(first.n_features).map_err(|e| e.of(&name))?;
        let codec = codec_table(&card, first).map_err(|e| e.of(&name))?;
        let parts = card.parts().map_err(|e| e.of(&name))?;
        for (file, graph) in &graphs {
            check_alike(first, graph).map_err(|e| e.of(file))?;
        }
        let set = InstructionSet::chosen()?;
        let input = input(&card, first, codec.vocabulary(), set).map_err(|e| e.of(&name))?;
        let mut bound = Vec::with_capacity(graphs.len());
        for (part, (file, graph)) in parts.iter().zip(graphs) {
            let statistics = Statistics::of_part(&card, part).map_err(|e| e.of(&name))?;
            bound.push(BoundGraph { name: file, graph, statistics });
        }
        Ok(Bound {
            id: card.id.clone().unwrap_or_else(|| source.stem()),
            status: match &source {
                Source::Builtin(builtin) => builtin.status.to_owned(),
                _ => card.status.clone().unwrap_or_else(|| "experimental".to_owned()),
            },
            card,
            input,
            codec,
            graphs: bound,
            set,
        })
    }
}

fn input(
    card: &Card,
    graph: &Graph,
    vocabulary: &Vocabulary,
    set: InstructionSet,
) -> Result<Input> {
    let mut columns = Vec::with_capacity(card.feature_order.len());
    for name in &card.feature_order {
        columns.push(InputColumn {
            name: name.clone(),
            range: card.feature_range.get(name).copied(),
            above_minus_1: card.transform(name)? == Transform::Log1p,
            may_be_missing: card.optional(name) != 0,
        });
    }
    let vocabulary = graph.codec.is_some().then(|| vocabulary.clone());
    Ok(Input::new(columns, vocabulary, set))
}

fn default_order(n_features: usize) -> Result<Vec<String>> {
    let names: &[&str] = match n_features {
        22 => &FULL_FEATURES,
        6 => &CANONICAL_FEATURES,
        n => bail!(Inconsistent, "no card to name the graph's {n} features"),
    };
    Ok(names.iter().map(|&n| n.to_owned()).collect())
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
            bail!(
                Inconsistent,
                "{field}: expected a finite scale other than 0 and a finite offset, got {} and {}",
                a.scale,
                a.offset
            );
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
