// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What is left to do of the codec block when a graph runs: computed once per codec table.

use super::kernel::{erf, gelu};
use super::plan::{CodecTerms, Map, Plan};

/// What the codec block adds to the sums of each layer that reads it, for each row of a codec table:
/// the columns that are not 0, most of a one-hot being left out.
pub(super) fn of_table(plan: &Plan, table: &[f32]) -> Vec<CodecTerms> {
    plan.codec_inputs()
        .map(|(layer, codec)| {
            let maps = &plan.codec_maps[..codec.n_maps];
            terms(table, plan.n_codecs, maps, &codec.weights, layer.n_outputs)
        })
        .collect()
}

fn terms(
    table: &[f32],
    n_codecs: usize,
    maps: &[Map],
    weights: &[f32],
    n_outputs: usize,
) -> CodecTerms {
    let mut blocks: Vec<Vec<(usize, f32)>> = Vec::new();
    for block in table.chunks_exact(n_codecs) {
        let mut block = block.to_vec();
        for map in maps {
            apply(map, &mut block);
        }
        blocks.push(block.into_iter().enumerate().filter(|(_, x)| *x != 0.0).collect());
    }
    let n_terms = blocks.iter().map(Vec::len).max().unwrap_or(0);
    let mut terms = CodecTerms { n_terms, n_outputs, ..CodecTerms::default() };
    for block in blocks {
        for &(column, x) in &block {
            terms.factors.push(x);
            terms.weights.extend_from_slice(&weights[column * n_outputs..][..n_outputs]);
        }
        let missing = n_terms - block.len();
        terms.factors.resize(terms.factors.len() + missing, 0.0);
        terms.weights.resize(terms.weights.len() + missing * n_outputs, 0.0);
    }
    terms
}

/// A map on one short row, in f32 as the graph has it. Not for speed.
fn apply(map: &Map, row: &mut [f32]) {
    for (i, x) in row.iter_mut().enumerate() {
        *x = match map {
            Map::Add(c) => *x + c[i],
            Map::Sub(c) => *x - c[i],
            Map::SubFrom(c) => c[i] - *x,
            Map::Mul(c) => *x * c[i],
            Map::Div(c) => *x / c[i],
            Map::Clamp { min, max } => x.max(*min).min(*max),
            Map::Relu => x.max(0.0),
            Map::Erf => erf(*x),
            Map::Gelu { divides } => gelu(*x, *divides),
        };
    }
}
