// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Many frames through the layers at once: frames lie in the lanes, each weight is broadcast. No
//! lane is padding, whatever the width of a layer. A column is G vectors, one value per frame.

use super::lanes::{Lanes, Task};
use super::packed::{PackedCodec, PackedLayer};

/// Turns rows into columns; lanes beyond the rows get 0.
pub(super) struct Columns<'a, S: Lanes, const G: usize> {
    pub(super) s: S,
    /// Row-major, at most `WIDTH * G` rows.
    pub(super) rows: &'a [f32],
    pub(super) width: usize,
    pub(super) to: &'a mut [[S::V; G]],
}

impl<S: Lanes, const G: usize> Task for Columns<'_, S, G> {
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

/// One layer's sums, without what follows them.
pub(super) fn dense<S: Lanes, const G: usize>(
    s: S,
    layer: &PackedLayer<S::V>,
    codec: Option<&Codec<'_, S, G>>,
    x: &[[S::V; G]],
    to: &mut [[S::V; G]],
) {
    let mut first = 0;
    if S::OUTPUTS >= 8 {
        first = sums_of::<S, 8, G>(s, layer, codec, x, to, first);
    }
    first = sums_of::<S, 4, G>(s, layer, codec, x, to, first);
    sums_of::<S, 1, G>(s, layer, codec, x, to, first);
}

/// The outputs from `first` on that make up whole tiles of R; gives back the next one.
#[inline(always)]
fn sums_of<S: Lanes, const R: usize, const G: usize>(
    s: S,
    layer: &PackedLayer<S::V>,
    codec: Option<&Codec<'_, S, G>>,
    x: &[[S::V; G]],
    to: &mut [[S::V; G]],
    first: usize,
) -> usize {
    let end = first + (layer.n_outputs - first) / R * R;
    if first < end {
        s.enable(Sums::<S, R, G> { s, layer, codec, x, to, first, end });
    }
    end
}

/// The codecs of the frames.
pub(super) struct Codec<'a, S: Lanes, const G: usize> {
    packed: &'a PackedCodec<S::V>,
    ids: [S::Index; G],
}

impl<'a, S: Lanes, const G: usize> Codec<'a, S, G> {
    /// `ids`: at most `WIDTH * G` ids of `packed`.
    pub(super) fn new(s: S, packed: &'a PackedCodec<S::V>, ids: &[i32]) -> Self {
        let ids = std::array::from_fn(|g| {
            let from = (g * S::WIDTH).min(ids.len());
            s.index(&ids[from..ids.len().min(from + S::WIDTH)])
        });
        Self { packed, ids }
    }
}

/// Sums of the outputs from `first` to `end`, R at a time.
struct Sums<'a, S: Lanes, const R: usize, const G: usize> {
    s: S,
    layer: &'a PackedLayer<S::V>,
    codec: Option<&'a Codec<'a, S, G>>,
    x: &'a [[S::V; G]],
    to: &'a mut [[S::V; G]],
    first: usize,
    end: usize,
}

impl<S: Lanes, const R: usize, const G: usize> Task for Sums<'_, S, R, G> {
    #[inline(always)]
    fn run(self) {
        let Self { s, layer, codec, x, to, first, end } = self;
        let in_panel = S::PANEL * S::WIDTH;
        let bias = S::flat(&layer.bias);
        for first in (first..end).step_by(R) {
            let (panel, vectors) = layer.panels[first / in_panel].rows();
            let w = &S::flat(panel)[first % in_panel..];
            let mut sums = products::<S, R, G>(s, w, vectors * S::WIDTH, x);
            if let Some(Codec { packed, ids }) = codec {
                for (term, factors) in packed.factors_by_id.chunks_exact(packed.row).enumerate() {
                    for g in 0..G {
                        let factor = s.lookup(factors, ids[g]);
                        for r in 0..R {
                            let i = ((first + r) * packed.n_terms + term) * packed.row;
                            let w = s.lookup(&packed.weights_by_id[i..i + packed.row], ids[g]);
                            sums[r][g] = s.fma(factor, w, sums[r][g]);
                        }
                    }
                }
            }
            let (bias, to) = (&bias[first..first + R], &mut to[first..first + R]);
            for r in 0..R {
                for g in 0..G {
                    to[r][g] = s.add(sums[r][g], s.splat(bias[r]));
                }
            }
        }
    }
}

/// The inputs' products with R weights each, summed in order. Returned by value, so that the sums
/// stay in registers.
#[inline(always)]
fn products<S: Lanes, const R: usize, const G: usize>(
    s: S,
    w: &[f32],
    stride: usize,
    x: &[[S::V; G]],
) -> [[S::V; G]; R] {
    let mut sums = [[s.zero(); G]; R];
    let rows = x.iter().zip(w.chunks(stride).filter_map(|w| w.first_chunk::<R>()));
    for (k, (x, w)) in rows.enumerate() {
        for r in 0..R {
            let w = s.splat(w[r]);
            for g in 0..G {
                // The first product needs no sum to be added to.
                sums[r][g] = if k == 0 { s.mul(x[g], w) } else { s.fma(x[g], w, sums[r][g]) };
            }
        }
    }
    sums
}
