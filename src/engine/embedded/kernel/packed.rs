// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A plan laid out for the vectors of one instruction set.

use super::super::plan::{CodecTerms, Layer, Map};
use super::sizes::{Sizes, TILES};
use crate::simd::Lanes;

/// A map with its constants, padded to whole vectors by values that keep the padded lanes finite.
pub(super) enum PackedMap<V> {
    Add(Vec<V>),
    Sub(Vec<V>),
    SubFrom(Vec<V>),
    Mul(Vec<V>),
    Div(Vec<V>),
    Clamp { min: V, max: V },
    Relu,
    Gelu { divides: bool },
}

/// Weights of `WIDTH * J` outputs, one row of J vectors per input.
pub(super) enum Panel<V> {
    One(Vec<[V; 1]>),
    Two(Vec<[V; 2]>),
    Three(Vec<[V; 3]>),
    Four(Vec<[V; 4]>),
}

/// A dense layer and what follows it.
pub(super) struct PackedLayer<V> {
    pub(super) n_inputs: usize,
    pub(super) n_outputs: usize,
    /// Vectors per row of outputs.
    pub(super) stride: usize,
    /// The weights for one frame. Every panel but the last has `Sizes::PANEL` vectors.
    pub(super) panels: Vec<Panel<V>>,
    /// The weights for frames in lanes: per tile of `TILES` outputs one row per input. The tile that
    /// begins with output i lies at i * `n_inputs`.
    pub(super) tiles: Vec<f32>,
    pub(super) bias: Vec<V>,
    pub(super) then: Vec<PackedMap<V>>,
}

/// What the codec block adds to the first layer's sums: per id some terms of factor times weight.
pub(super) struct PackedCodec<V> {
    pub(super) n_terms: usize,
    /// [id][term].
    pub(super) factors: Vec<f32>,
    /// [id][term][vector of outputs].
    pub(super) weights: Vec<V>,
    /// Length of a row to look an id up in: the number of ids, rounded up to whole vectors.
    pub(super) row: usize,
    /// [term][id].
    pub(super) factors_by_id: Vec<f32>,
    /// [term][output][id].
    pub(super) weights_by_id: Vec<f32>,
}

fn pack_row<S: Lanes>(s: S, row: &[f32], pad: f32) -> Vec<S::V> {
    row.chunks(S::WIDTH)
        .map(|chunk| {
            let mut padded = vec![pad; S::WIDTH];
            padded[..chunk.len()].copy_from_slice(chunk);
            s.pack(&padded)
        })
        .collect()
}

pub(super) fn pack_map<S: Lanes>(s: S, map: &Map) -> PackedMap<S::V> {
    match map {
        Map::Add(c) => PackedMap::Add(pack_row(s, c, 0.0)),
        Map::Sub(c) => PackedMap::Sub(pack_row(s, c, 0.0)),
        Map::SubFrom(c) => PackedMap::SubFrom(pack_row(s, c, 0.0)),
        Map::Mul(c) => PackedMap::Mul(pack_row(s, c, 1.0)),
        Map::Div(c) => PackedMap::Div(pack_row(s, c, 1.0)),
        Map::Clamp { min, max } => PackedMap::Clamp { min: s.splat(*min), max: s.splat(*max) },
        Map::Relu => PackedMap::Relu,
        Map::Gelu { divides } => PackedMap::Gelu { divides: *divides },
    }
}

fn pack_panel<S: Lanes, const J: usize>(s: S, layer: &Layer, first: usize) -> Vec<[S::V; J]> {
    layer
        .weights
        .chunks_exact(layer.n_outputs)
        .map(|row| {
            std::array::from_fn(|j| s.pack(row.get(first + j * S::WIDTH..).unwrap_or_default()))
        })
        .collect()
}

fn pack_tiles<S: Sizes>(layer: &Layer) -> Vec<f32> {
    let mut tiles = Vec::with_capacity(layer.weights.len());
    let mut first = 0;
    for size in TILES.into_iter().filter(|&size| size <= S::OUTPUTS) {
        while layer.n_outputs - first >= size {
            for row in layer.weights.chunks_exact(layer.n_outputs) {
                tiles.extend_from_slice(&row[first..first + size]);
            }
            first += size;
        }
    }
    tiles
}

pub(super) fn pack_layer<S: Sizes>(s: S, layer: &Layer) -> PackedLayer<S::V> {
    let stride = layer.n_outputs.div_ceil(S::WIDTH);
    let panels = (0..stride).step_by(S::PANEL).map(|j| {
        let first = j * S::WIDTH;
        match (stride - j).min(S::PANEL) {
            1 => Panel::One(pack_panel(s, layer, first)),
            2 => Panel::Two(pack_panel(s, layer, first)),
            3 => Panel::Three(pack_panel(s, layer, first)),
            _ => Panel::Four(pack_panel(s, layer, first)),
        }
    });
    PackedLayer {
        n_inputs: layer.n_inputs,
        n_outputs: layer.n_outputs,
        stride,
        panels: panels.collect(),
        tiles: pack_tiles::<S>(layer),
        bias: pack_row(s, &layer.bias, 0.0),
        then: layer.then.iter().map(|m| pack_map(s, m)).collect(),
    }
}

pub(super) fn pack_codec<S: Lanes>(s: S, terms: &CodecTerms) -> PackedCodec<S::V> {
    let CodecTerms { n_terms, n_outputs, factors, weights } = terms;
    let n_ids = factors.len().checked_div(*n_terms).unwrap_or(0);
    let row = n_ids.next_multiple_of(S::WIDTH);
    let mut factors_by_id = vec![0.0; n_terms * row];
    let mut weights_by_id = vec![0.0; n_outputs * n_terms * row];
    for id in 0..n_ids {
        for term in 0..*n_terms {
            let i = id * n_terms + term;
            factors_by_id[term * row + id] = factors[i];
            for (output, w) in weights[i * n_outputs..][..*n_outputs].iter().enumerate() {
                weights_by_id[(term * n_outputs + output) * row + id] = *w;
            }
        }
    }
    PackedCodec {
        n_terms: *n_terms,
        factors: factors.clone(),
        weights: weights.chunks_exact(*n_outputs).flat_map(|w| pack_row(s, w, 0.0)).collect(),
        row,
        factors_by_id,
        weights_by_id,
    }
}
