// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Many frames through a layer at once: frames lie in the lanes, each weight is broadcast. No lane
//! is padding, whatever the width of a layer. A column, of features or of outputs, is G vectors with
//! one value per frame.

use super::packed::{PackedCodec, PackedLayer, Span};
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
    let mut tiles =
        Tiles { s, layer, n_done: 0, spans: &layer.spans, weights: &layer.weights, to: 0 };
    if S::OUTPUTS >= TILES[0] {
        tiles.sum::<{ TILES[0] }, G>(memory);
    }
    tiles.sum::<{ TILES[1] }, G>(memory);
    tiles.sum::<{ TILES[2] }, G>(memory);
    if let Some(codec) = &layer.codec {
        let to = &mut memory[layer.to..][..layer.n_outputs];
        s.enable(AddCodec { s, codec, ids, bias: S::flat(&layer.bias), to });
    }
}

/// A layer's tiles that are left to do.
struct Tiles<'a, S: Lanes> {
    s: S,
    layer: &'a PackedLayer<S::V>,
    n_done: usize,
    spans: &'a [Span],
    weights: &'a [f32],
    /// The next output.
    to: usize,
}

impl<S: Lanes> Tiles<'_, S> {
    /// Sums the whole tiles of R outputs.
    #[inline(always)]
    fn sum<const R: usize, const G: usize>(&mut self, memory: &mut [[S::V; G]]) {
        let Self { s, layer, .. } = *self;
        // Where there are codecs' terms, they come before the bias.
        let adds_bias = layer.codec.is_none();
        let n = (layer.n_outputs - self.to) / R;
        for tile in &layer.tiles[self.n_done..self.n_done + n] {
            let (spans, weights);
            (spans, self.spans) = self.spans.split_at(tile.n_spans);
            (weights, self.weights) = self.weights.split_at(tile.n_columns * R);
            let bias = S::flat(&layer.bias)[self.to..].first_chunk::<R>().filter(|_| adds_bias);
            let (w, to) = (weights.as_chunks::<R>().0, layer.to + self.to);
            s.enable(Products { s, spans, w, bias, memory, to });
            self.to += R;
        }
        self.n_done += n;
    }
}

/// The columns' products with R weights each, summed in order. A task of its own, and a small one:
/// all sums have to stay in registers.
struct Products<'a, S: Lanes, const R: usize, const G: usize> {
    s: S,
    spans: &'a [Span],
    w: &'a [[f32; R]],
    bias: Option<&'a [f32; R]>,
    memory: &'a mut [[S::V; G]],
    to: usize,
}

impl<S: Lanes, const R: usize, const G: usize> Task for Products<'_, S, R, G> {
    #[inline(always)]
    fn run(self) {
        let Self { s, spans, mut w, bias, memory, to } = self;
        let mut sums = [[s.zero(); G]; R];
        for span in spans {
            let (own, rest) = w.split_at(span.n);
            w = rest;
            for (x, w) in memory[span.first..][..span.n].iter().zip(own) {
                for r in 0..R {
                    let w = s.splat(w[r]);
                    for g in 0..G {
                        sums[r][g] = s.fma(x[g], w, sums[r][g]);
                    }
                }
            }
        }
        if let Some(bias) = bias {
            for r in 0..R {
                for g in 0..G {
                    sums[r][g] = s.add(sums[r][g], s.splat(bias[r]));
                }
            }
        }
        memory[to..][..R].copy_from_slice(&sums);
    }
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
