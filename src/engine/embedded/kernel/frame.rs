// SPDX-License-Identifier: BSD-2-Clause-Patent
//! One frame through a layer: its outputs lie in the lanes, each input is broadcast.

use super::packed::{PackedCodec, PackedLayer, PanelWeights, Span};
use super::sizes::Sizes;
use crate::simd::{Lanes, Task};

/// One layer's sums and bias. `memory`: a column per lane.
pub(super) fn dense<S: Sizes>(
    s: S,
    layer: &PackedLayer<S::V>,
    id: Option<usize>,
    memory: &mut [S::V],
) {
    let codec = layer.codec.as_ref().zip(id);
    for panel in &layer.panels {
        let (first, spans) = (panel.first, panel.spans.as_slice());
        match &panel.weights {
            PanelWeights::One(w) => s.enable(Sums { s, layer, codec, spans, w, first, memory }),
            PanelWeights::Two(w) => s.enable(Sums { s, layer, codec, spans, w, first, memory }),
            PanelWeights::Three(w) => s.enable(Sums { s, layer, codec, spans, w, first, memory }),
            PanelWeights::Four(w) => s.enable(Sums { s, layer, codec, spans, w, first, memory }),
        }
    }
}

/// The sums of one panel, from vector `first` on.
struct Sums<'a, S: Lanes, const J: usize> {
    s: S,
    layer: &'a PackedLayer<S::V>,
    /// Its terms, and the frame's id.
    codec: Option<(&'a PackedCodec<S::V>, usize)>,
    spans: &'a [Span],
    w: &'a [[S::V; J]],
    first: usize,
    memory: &'a mut [S::V],
}

impl<S: Lanes, const J: usize> Task for Sums<'_, S, J> {
    #[inline(always)]
    fn run(self) {
        let Self { s, layer, codec, spans, mut w, first, memory } = self;
        let mut sums = [s.zero(); J];
        if let Some((span, more)) = spans.split_first() {
            let x = S::flat(memory);
            let own;
            (own, w) = w.split_at(span.n);
            sums = plus_products(s, sums, &x[span.first..][..span.n], own);
            for span in more {
                let own;
                (own, w) = w.split_at(span.n);
                sums = plus_products(s, sums, &x[span.first..][..span.n], own);
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
        let bias = &layer.bias[first..first + J];
        let to = &mut memory[layer.to / S::WIDTH + first..][..J];
        for j in 0..J {
            to[j] = s.add(sums[j], bias[j]);
        }
    }
}

#[inline(always)]
fn plus_products<S: Lanes, const J: usize>(
    s: S,
    mut sums: [S::V; J],
    x: &[f32],
    w: &[[S::V; J]],
) -> [S::V; J] {
    for (&x, w) in x.iter().zip(w) {
        let x = s.splat(x);
        for j in 0..J {
            sums[j] = s.fma(x, w[j], sums[j]);
        }
    }
    sums
}
