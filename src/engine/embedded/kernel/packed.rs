// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A plan laid out for the vectors of one instruction set.

use std::ops::Range;

use super::super::plan::{CodecTerms, Layer, Map, Plan, Step};
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
    Erf,
    Gelu { divides: bool },
}

/// A step over columns of memory.
pub(super) enum PackedStep<V> {
    Layer(Box<PackedLayer<V>>),
    Map {
        columns: Range<usize>,
        map: PackedMap<V>,
    },
    /// Adds as many columns from `from` on.
    Add {
        columns: Range<usize>,
        from: usize,
    },
}

/// Columns that sums run over, one after the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) first: usize,
    pub(super) n: usize,
}

/// Outputs of one frame that are summed together.
pub(super) struct Panel<V> {
    /// The first of its vectors.
    pub(super) first: usize,
    pub(super) spans: Vec<Span>,
    pub(super) weights: PanelWeights<V>,
}

/// Weights of `WIDTH * J` outputs, one row of J vectors per column of the spans.
pub(super) enum PanelWeights<V> {
    One(Vec<[V; 1]>),
    Two(Vec<[V; 2]>),
    Three(Vec<[V; 3]>),
    Four(Vec<[V; 4]>),
}

/// Outputs of frames in lanes that are summed together: as many as `TILES` says.
pub(super) struct Tile {
    pub(super) n_spans: usize,
}

/// A dense layer.
pub(super) struct PackedLayer<V> {
    pub(super) n_outputs: usize,
    /// The column of the first output.
    pub(super) to: usize,
    /// Vectors per row of outputs.
    pub(super) stride: usize,
    /// The weights for one frame.
    pub(super) panels: Vec<Panel<V>>,
    /// For frames in lanes, from the first output to the last.
    pub(super) tiles: Vec<Tile>,
    /// Those of all tiles.
    pub(super) spans: Vec<Span>,
    /// Those of all tiles: a row of the tile's outputs per column of its spans.
    pub(super) weights: Vec<f32>,
    pub(super) bias: Vec<V>,
    pub(super) reads_codec: bool,
    /// What the codec block adds to the sums, if there is anything to add.
    pub(super) codec: Option<PackedCodec<V>>,
}

/// What the codec block adds to a layer's sums: per id some terms of factor times weight.
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

fn pack_map<S: Lanes>(s: S, map: &Map) -> PackedMap<S::V> {
    match map {
        Map::Add(c) => PackedMap::Add(pack_row(s, c, 0.0)),
        Map::Sub(c) => PackedMap::Sub(pack_row(s, c, 0.0)),
        Map::SubFrom(c) => PackedMap::SubFrom(pack_row(s, c, 0.0)),
        Map::Mul(c) => PackedMap::Mul(pack_row(s, c, 1.0)),
        Map::Div(c) => PackedMap::Div(pack_row(s, c, 1.0)),
        Map::Clamp { min, max } => PackedMap::Clamp { min: s.splat(*min), max: s.splat(*max) },
        Map::Relu => PackedMap::Relu,
        Map::Erf => PackedMap::Erf,
        Map::Gelu { divides } => PackedMap::Gelu { divides: *divides },
    }
}

pub(super) fn pack_step<S: Sizes>(s: S, plan: &Plan, step: &Step) -> PackedStep<S::V> {
    match step {
        Step::Layer(layer) => PackedStep::Layer(Box::new(pack_layer(s, plan, layer))),
        Step::Map { slot, map } => {
            PackedStep::Map { columns: plan.slots[*slot].clone(), map: pack_map(s, map) }
        }
        Step::Add { slot, first, from } => {
            let (start, from) = (plan.slots[*slot].start + first, plan.slots[*from].clone());
            PackedStep::Add { columns: start..start + from.len(), from: from.start }
        }
    }
}

/// A layer's weights with the columns of memory that they are for.
struct Rows<'a> {
    layer: &'a Layer,
    /// Per row of weights.
    columns: Vec<usize>,
    is_finite: Vec<bool>,
}

impl<'a> Rows<'a> {
    /// Rows that no output of a tile needs are left out where that many follow each other: the sums
    /// of fewer take less time than the end of a loop.
    const FEWEST_LEFT_OUT: usize = 4;

    fn new(plan: &Plan, layer: &'a Layer) -> Self {
        let (mut columns, mut is_finite) = (Vec::new(), Vec::new());
        for input in &layer.inputs {
            columns.extend(plan.slots[input.slot].clone());
            is_finite.resize(columns.len(), input.is_finite);
        }
        Self { layer, columns, is_finite }
    }

    fn weights(&self, row: usize) -> &'a [f32] {
        &self.layer.weights[row * self.layer.n_outputs..][..self.layer.n_outputs]
    }

    /// The rows that some outputs need, in order: not those whose weights are all 0. An ensemble's
    /// networks are blocks of a layer, with zeros between them. Adding a zero changes no sum (but for
    /// the sign of a sum that is 0).
    fn needed(&self, outputs: Range<usize>) -> Vec<Range<usize>> {
        let is_needed = |row: usize| {
            !self.is_finite[row] || self.weights(row)[outputs.clone()].iter().any(|w| *w != 0.0)
        };
        let mut ranges: Vec<Range<usize>> = Vec::new();
        for row in (0..self.columns.len()).filter(|&row| is_needed(row)) {
            match ranges.last_mut() {
                Some(last) if row - last.end < Self::FEWEST_LEFT_OUT => last.end = row + 1,
                _ => ranges.push(row..row + 1),
            }
        }
        ranges
    }

    /// The columns of some ranges of rows.
    fn spans(&self, ranges: &[Range<usize>]) -> Vec<Span> {
        let mut spans: Vec<Span> = Vec::new();
        for row in ranges.iter().cloned().flatten() {
            let column = self.columns[row];
            match spans.last_mut() {
                Some(last) if last.first + last.n == column => last.n += 1,
                _ => spans.push(Span { first: column, n: 1 }),
            }
        }
        spans
    }
}

fn count(ranges: &[Range<usize>]) -> usize {
    ranges.iter().map(ExactSizeIterator::len).sum()
}

fn pack_panels<S: Sizes>(s: S, rows: &Rows<'_>) -> Vec<Panel<S::V>> {
    let n_outputs = rows.layer.n_outputs;
    let needed = |first: usize, n: usize| {
        rows.needed(first * S::WIDTH..((first + n) * S::WIDTH).min(n_outputs))
    };
    // A row of a panel takes a broadcast and a multiply-add per vector.
    let cost = |ranges: &[Range<usize>], n: usize| count(ranges) * (n + 1);
    let (stride, mut first) = (n_outputs.div_ceil(S::WIDTH), 0);
    let mut panels = Vec::new();
    while first < stride {
        let (mut n, mut ranges) = (1, needed(first, 1));
        while n < S::PANEL && first + n < stride {
            let together = needed(first, n + 1);
            let next = needed(first + n, 1);
            if cost(&together, n + 1) > cost(&ranges, n) + cost(&next, 1) {
                break;
            }
            (n, ranges) = (n + 1, together);
        }
        let weights = match n {
            1 => PanelWeights::One(pack_panel(s, rows, &ranges, first)),
            2 => PanelWeights::Two(pack_panel(s, rows, &ranges, first)),
            3 => PanelWeights::Three(pack_panel(s, rows, &ranges, first)),
            _ => PanelWeights::Four(pack_panel(s, rows, &ranges, first)),
        };
        panels.push(Panel { first, spans: rows.spans(&ranges), weights });
        first += n;
    }
    panels
}

fn pack_panel<S: Lanes, const J: usize>(
    s: S,
    rows: &Rows<'_>,
    ranges: &[Range<usize>],
    first: usize,
) -> Vec<[S::V; J]> {
    let row = |row: usize| {
        let outputs = &rows.weights(row)[first * S::WIDTH..];
        std::array::from_fn(|j| s.pack(outputs.get(j * S::WIDTH..).unwrap_or_default()))
    };
    ranges.iter().cloned().flatten().map(row).collect()
}

fn pack_layer<S: Sizes>(s: S, plan: &Plan, layer: &Layer) -> PackedLayer<S::V> {
    let rows = Rows::new(plan, layer);
    let n_outputs = layer.n_outputs;
    let (mut tiles, mut spans, mut weights) = (Vec::new(), Vec::new(), Vec::new());
    let mut first = 0;
    for size in TILES.into_iter().filter(|&size| size <= S::OUTPUTS) {
        while n_outputs - first >= size {
            let ranges = rows.needed(first..first + size);
            for row in ranges.iter().cloned().flatten() {
                weights.extend_from_slice(&rows.weights(row)[first..first + size]);
            }
            let own = rows.spans(&ranges);
            tiles.push(Tile { n_spans: own.len() });
            spans.extend(own);
            first += size;
        }
    }
    PackedLayer {
        n_outputs,
        to: plan.slots[layer.to].start,
        stride: n_outputs.div_ceil(S::WIDTH),
        panels: pack_panels(s, &rows),
        tiles,
        spans,
        weights,
        bias: pack_row(s, &layer.bias, 0.0),
        reads_codec: layer.codec.is_some(),
        codec: None,
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

#[cfg(test)]
mod tests {
    use super::super::super::plan::Input;
    use super::*;
    use crate::simd::Portable;

    /// Two networks of 16 units and 8 inputs that skip the layer before, 32 outputs.
    fn layer(is_finite: bool) -> (Plan, Layer) {
        let mut weights = vec![1.0; 40 * 32];
        for row in 0..32 {
            for output in (0..32).filter(|output| output / 16 != row / 16) {
                weights[row * 32 + output] = 0.0;
            }
        }
        let layer = Layer {
            inputs: vec![Input { slot: 1, is_finite }, Input { slot: 0, is_finite: true }],
            codec: None,
            n_outputs: 32,
            weights,
            bias: vec![0.0; 32],
            to: 2,
        };
        let plan = Plan {
            n_features: 8,
            n_codecs: 0,
            codec_maps: vec![],
            steps: vec![],
            slots: vec![0..8, 16..48, 48..80],
            n_columns: 80,
            features: 0,
            outputs: vec![2],
        };
        (plan, layer)
    }

    #[test]
    fn blocks_of_zeros_are_left_out() {
        let (plan, layer) = layer(true);
        let packed = pack_layer(Portable, &plan, &layer);
        // 24 of 40 columns for each output.
        assert_eq!(packed.weights.len(), 24 * 32);
        let span = |first, n| Span { first, n };
        assert_eq!(packed.spans[..2], [span(16, 16), span(0, 8)]);
        assert_eq!(packed.spans[14..], [span(32, 16), span(0, 8)]);
        let panels: Vec<_> = packed.panels.iter().map(|p| (p.first, p.spans.clone())).collect();
        assert_eq!(panels[0], (0, vec![span(16, 16), span(0, 8)]));
        assert_eq!(panels[1], (2, vec![span(32, 16), span(0, 8)]));
        assert_eq!(panels.len(), 2);
    }

    #[test]
    fn zeros_stay_where_a_column_may_be_infinite() {
        let (plan, layer) = layer(false);
        let packed = pack_layer(Portable, &plan, &layer);
        assert_eq!(packed.weights.len(), 40 * 32);
    }
}
