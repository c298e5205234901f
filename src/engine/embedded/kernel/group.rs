// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Many frames through a layer at once: frames lie in the lanes, each weight is broadcast. No lane
//! is padding, whatever the width of a layer. A column, of features or of outputs, is G vectors with
//! one value per frame.

use super::packed::{PackedCodec, PackedLayer, Span, Tile};
use super::sizes::{Sizes, TILES};
use crate::simd::{Lanes, Task};

/// Transposes rows to columns; lanes beyond the rows get 0.
pub(super) struct Transpose<'a, S: Lanes, const G: usize> {
    pub(super) s: S,
    /// Row-major, at most `WIDTH * G` rows.
    pub(super) rows: &'a [f32],
    pub(super) width: usize,
    pub(super) to: &'a mut [[S::V; G]],
}

impl<S: Lanes, const G: usize> Task for Transpose<'_, S, G> {
    #[inline(always)]
    fn run(self) {
        let Self { s, rows, width, to } = self;
        let frames = S::WIDTH * G;
        let to = S::flat_mut(to.as_flattened_mut());
        let mut frame = 0;
        while width >= 8 && rows.len() >= (frame + 8) * width {
            for column in (0..width).step_by(8) {
                // The last ones overlap those before where the width is no multiple of eight.
                let column = column.min(width - 8);
                let from = &rows[frame * width + column..];
                s.transpose8(from, width, &mut to[column * frames + frame..], frames);
            }
            frame += 8;
        }
        for column in 0..width {
            for frame in frame..frames {
                let x = rows.get(frame * width + column);
                to[column * frames + frame] = x.copied().unwrap_or(0.0);
            }
        }
    }
}

/// One layer's sums and bias.
pub(super) fn dense<S: Sizes, const G: usize>(
    s: S,
    layer: &PackedLayer<S::V>,
    ids: &[i32],
    memory: &mut [[S::V; G]],
) {
    let PackedLayer { tiles, spans, weights, .. } = layer;
    let mut remaining = Remaining { layer, tiles, spans, weights, output: 0 };
    if S::OUTPUTS >= TILES[0] {
        remaining.sum::<S, { TILES[0] }, G>(s, memory);
    }
    remaining.sum::<S, { TILES[1] }, G>(s, memory);
    remaining.sum::<S, { TILES[2] }, G>(s, memory);
    if let Some(codec) = &layer.codec {
        let to = &mut memory[layer.to..][..layer.n_outputs];
        s.enable(AddCodec { s, codec, ids, bias: S::flat(&layer.bias), to });
    }
}

/// What is left to do of a layer.
struct Remaining<'a, V> {
    layer: &'a PackedLayer<V>,
    tiles: &'a [Tile],
    spans: &'a [Span],
    weights: &'a [f32],
    /// The next output.
    output: usize,
}

impl<V> Remaining<'_, V> {
    /// Sums the whole tiles of R outputs.
    #[inline(always)]
    fn sum<S: Lanes<V = V>, const R: usize, const G: usize>(
        &mut self,
        s: S,
        memory: &mut [[V; G]],
    ) {
        let (tiles, spans, weights);
        (tiles, self.tiles) = self.tiles.split_at((self.layer.n_outputs - self.output) / R);
        let n_spans = tiles.iter().map(|tile| tile.n_spans).sum();
        (spans, self.spans) = self.spans.split_at(n_spans);
        let n_columns: usize = spans.iter().map(|span| span.n).sum();
        (weights, self.weights) = self.weights.split_at(n_columns * R);
        s.enable(Sums {
            s,
            tiles,
            spans,
            weights: weights.as_chunks::<R>().0,
            bias: S::flat(&self.layer.bias)[self.output..].as_chunks::<R>().0,
            // Where codecs' terms come, the bias comes after them.
            adds_bias: self.layer.codec.is_none(),
            memory,
            to: self.layer.to + self.output,
        });
        self.output += tiles.len() * R;
    }
}

/// The sums of tiles of R outputs.
struct Sums<'a, S: Lanes, const R: usize, const G: usize> {
    s: S,
    tiles: &'a [Tile],
    spans: &'a [Span],
    weights: &'a [[f32; R]],
    bias: &'a [[f32; R]],
    adds_bias: bool,
    memory: &'a mut [[S::V; G]],
    to: usize,
}

impl<S: Lanes, const R: usize, const G: usize> Task for Sums<'_, S, R, G> {
    #[inline(always)]
    fn run(self) {
        let Self { s, tiles, mut spans, mut weights, bias, adds_bias, memory, mut to } = self;
        for (tile, bias) in tiles.iter().zip(bias) {
            let mut sums = [[s.zero(); G]; R];
            let own;
            (own, spans) = spans.split_at(tile.n_spans);
            // The first one has a loop of its own: within one loop over all of them, the sums of the
            // portable vectors do not stay in registers.
            if let Some((first, more)) = own.split_first() {
                sums = plus_products(s, sums, &memory[first.first..][..first.n], &mut weights);
                for span in more {
                    sums = plus_products(s, sums, &memory[span.first..][..span.n], &mut weights);
                }
            }
            if adds_bias {
                for r in 0..R {
                    for g in 0..G {
                        sums[r][g] = s.add(sums[r][g], s.splat(bias[r]));
                    }
                }
            }
            memory[to..][..R].copy_from_slice(&sums);
            to += R;
        }
    }
}

/// Adds the columns' products with R weights each, in order; takes those weights off the front.
#[inline(always)]
fn plus_products<S: Lanes, const R: usize, const G: usize>(
    s: S,
    mut sums: [[S::V; G]; R],
    x: &[[S::V; G]],
    weights: &mut &[[f32; R]],
) -> [[S::V; G]; R] {
    let (w, rest) = weights.split_at(x.len());
    *weights = rest;
    for (x, w) in x.iter().zip(w) {
        for r in 0..R {
            let w = s.splat(w[r]);
            for g in 0..G {
                sums[r][g] = s.fma(x[g], w, sums[r][g]);
            }
        }
    }
    sums
}

/// Adds the codecs' terms to the sums, then the bias.
struct AddCodec<'a, S: Lanes, const G: usize> {
    s: S,
    codec: &'a PackedCodec<S::V>,
    /// Those of the frames: `WIDTH * G`, or fewer.
    ids: &'a [i32],
    bias: &'a [f32],
    to: &'a mut [[S::V; G]],
}

impl<S: Lanes, const G: usize> Task for AddCodec<'_, S, G> {
    #[inline(always)]
    fn run(self) {
        let Self { s, codec, ids, bias, to } = self;
        let mut indices = [s.index(&[]); G];
        for (index, ids) in indices.iter_mut().zip(ids.chunks(S::WIDTH)) {
            *index = s.index(ids);
        }
        let mut factors = [s.zero(); G];
        for term in 0..codec.n_terms {
            for g in 0..G {
                let table = &codec.factors_by_id[term * codec.row..][..codec.row];
                factors[g] = s.lookup(table, indices[g]);
            }
            let weights =
                codec.weights_by_id[term * to.len() * codec.row..].chunks_exact(codec.row);
            for (sums, w) in to.iter_mut().zip(weights) {
                for g in 0..G {
                    sums[g] = s.fma(factors[g], s.lookup(w, indices[g]), sums[g]);
                }
            }
        }
        for (sums, &bias) in to.iter_mut().zip(bias) {
            for g in 0..G {
                sums[g] = s.add(sums[g], s.splat(bias));
            }
        }
    }
}
