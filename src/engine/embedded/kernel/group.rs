// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Many frames through the layers at once: frames lie in the lanes, each weight is broadcast. No lane
//! is padding, whatever the width of a layer. A column, of features or of outputs, is G vectors with
//! one value per frame.

use super::packed::{PackedCodec, PackedLayer};
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

/// One layer's sums and bias, without the maps after it.
pub(super) fn dense<S: Sizes, const G: usize>(
    s: S,
    layer: &PackedLayer<S::V>,
    codec: Option<&FrameCodecs<'_, S::V>>,
    x: &[[S::V; G]],
    to: &mut [[S::V; G]],
) {
    let tiles = Tiles { s, layer, x, adds_bias: codec.is_none() };
    let mut first = 0;
    if S::OUTPUTS >= TILES[0] {
        first = tiles.of::<{ TILES[0] }>(to, first);
    }
    first = tiles.of::<{ TILES[1] }>(to, first);
    tiles.of::<{ TILES[2] }>(to, first);
    if let Some(codec) = codec {
        s.enable(AddCodec { s, codec, bias: S::flat(&layer.bias), to });
    }
}

/// A layer and its inputs.
struct Tiles<'a, S: Lanes, const G: usize> {
    s: S,
    layer: &'a PackedLayer<S::V>,
    x: &'a [[S::V; G]],
    /// Not where the codecs' terms are added first.
    adds_bias: bool,
}

impl<S: Lanes, const G: usize> Tiles<'_, S, G> {
    /// The outputs from `first` on that make up whole tiles of R; returns the next output.
    #[inline(always)]
    fn of<const R: usize>(&self, to: &mut [[S::V; G]], first: usize) -> usize {
        let Self { s, layer, x, adds_bias } = *self;
        let end = first + (layer.n_outputs - first) / R * R;
        let w = layer.tiles[first * layer.n_inputs..end * layer.n_inputs].as_chunks::<R>().0;
        let bias = S::flat(&layer.bias)[first..end].as_chunks::<R>().0;
        let to = to[first..end].as_chunks_mut::<R>().0;
        for ((w, bias), to) in w.chunks_exact(layer.n_inputs).zip(bias).zip(to) {
            s.enable(Products { s, w, x, bias: adds_bias.then_some(bias), to });
        }
        end
    }
}

/// The inputs' products with R weights each, summed in order. A task of its own, and a small one:
/// all sums have to stay in registers.
struct Products<'a, S: Lanes, const R: usize, const G: usize> {
    s: S,
    w: &'a [[f32; R]],
    x: &'a [[S::V; G]],
    bias: Option<&'a [f32; R]>,
    to: &'a mut [[S::V; G]; R],
}

impl<S: Lanes, const R: usize, const G: usize> Task for Products<'_, S, R, G> {
    #[inline(always)]
    fn run(self) {
        let Self { s, w, x, bias, to } = self;
        let mut sums = [[s.zero(); G]; R];
        let mut rows = x.iter().zip(w);
        // A layer has inputs; the first product needs no sum to be added to.
        if let Some((x, w)) = rows.next() {
            for r in 0..R {
                for g in 0..G {
                    sums[r][g] = s.mul(x[g], s.splat(w[r]));
                }
            }
        }
        for (x, w) in rows {
            for r in 0..R {
                let w = s.splat(w[r]);
                for g in 0..G {
                    sums[r][g] = s.fma(x[g], w, sums[r][g]);
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
        *to = sums;
    }
}

/// The codecs of the frames: `WIDTH * G` ids, or fewer.
pub(super) struct FrameCodecs<'a, V> {
    pub(super) packed: &'a PackedCodec<V>,
    pub(super) ids: &'a [i32],
}

/// Adds the codecs' terms to the sums, then the bias.
struct AddCodec<'a, S: Lanes, const G: usize> {
    s: S,
    codec: &'a FrameCodecs<'a, S::V>,
    bias: &'a [f32],
    to: &'a mut [[S::V; G]],
}

impl<S: Lanes, const G: usize> Task for AddCodec<'_, S, G> {
    #[inline(always)]
    fn run(self) {
        let Self { s, codec: FrameCodecs { packed, ids }, bias, to } = self;
        let mut indices = [s.index(&[]); G];
        for (index, ids) in indices.iter_mut().zip(ids.chunks(S::WIDTH)) {
            *index = s.index(ids);
        }
        let mut factors = [s.zero(); G];
        for term in 0..packed.n_terms {
            for g in 0..G {
                let table = &packed.factors_by_id[term * packed.row..][..packed.row];
                factors[g] = s.lookup(table, indices[g]);
            }
            let weights =
                packed.weights_by_id[term * to.len() * packed.row..].chunks_exact(packed.row);
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
