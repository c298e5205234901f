// SPDX-License-Identifier: BSD-2-Clause-Patent
//! One frame through the layers: its outputs lie in the lanes, each input is broadcast.

use super::packed::{PackedCodec, PackedLayer, Panel};
use super::sizes::Sizes;
use crate::simd::{Lanes, Task};

/// One layer's sums and bias, without the maps after it.
pub(super) fn dense<S: Sizes>(
    s: S,
    layer: &PackedLayer<S::V>,
    codec: Option<(&PackedCodec<S::V>, usize)>,
    x: &[f32],
    to: &mut [S::V],
) {
    for (p, panel) in layer.panels.iter().enumerate() {
        let first = p * S::PANEL;
        let to = &mut to[first..];
        match panel {
            Panel::One(w) => s.enable(Sums { s, layer, codec, x, w, first, to }),
            Panel::Two(w) => s.enable(Sums { s, layer, codec, x, w, first, to }),
            Panel::Three(w) => s.enable(Sums { s, layer, codec, x, w, first, to }),
            Panel::Four(w) => s.enable(Sums { s, layer, codec, x, w, first, to }),
        }
    }
}

/// The sums of one panel, from vector `first` on.
struct Sums<'a, S: Lanes, const J: usize> {
    s: S,
    layer: &'a PackedLayer<S::V>,
    /// Its terms, and the frame's id.
    codec: Option<(&'a PackedCodec<S::V>, usize)>,
    x: &'a [f32],
    w: &'a [[S::V; J]],
    first: usize,
    to: &'a mut [S::V],
}

impl<S: Lanes, const J: usize> Task for Sums<'_, S, J> {
    #[inline(always)]
    fn run(self) {
        let Self { s, layer, codec, x, w, first, to } = self;
        let mut inputs = x.iter().zip(w);
        // A layer has inputs; its first product needs no sum to be added to.
        let mut sums = [s.zero(); J];
        if let Some((&x, w)) = inputs.next() {
            let x = s.splat(x);
            for j in 0..J {
                sums[j] = s.mul(x, w[j]);
            }
        }
        for (&x, w) in inputs {
            let x = s.splat(x);
            for j in 0..J {
                sums[j] = s.fma(x, w[j], sums[j]);
            }
        }
        if let Some((codec, id)) = codec {
            for term in id * codec.n_terms..(id + 1) * codec.n_terms {
                let factor = s.splat(codec.factors[term]);
                let w = &codec.weights[term * layer.stride + first..][..J];
                for j in 0..J {
                    sums[j] = s.fma(factor, w[j], sums[j]);
                }
            }
        }
        let (bias, to) = (&layer.bias[first..first + J], &mut to[..J]);
        for j in 0..J {
            to[j] = s.add(sums[j], bias[j]);
        }
    }
}
