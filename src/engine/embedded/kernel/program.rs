// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A packed plan and the ways through it.

use super::super::plan::{CodecTerms, Plan};
use super::maps::{Apply, Layout};
use super::packed::{PackedCodec, PackedLayer, PackedMap, pack_codec, pack_layer, pack_map};
use super::sizes::Sizes;
use super::{frame, group};
use crate::simd::Lanes;

/// Vectors of frames that go through the layers together.
const GROUP: usize = 2;

/// A packed plan. `run` neither allocates nor locks nor calls the system.
pub(in super::super) trait Run: Send {
    /// Replaces what the codec block adds to the first layer's sums, by codec id.
    fn set_codec(&mut self, terms: &CodecTerms);

    /// Runs any number of rows; `ids` are valid codec ids, or empty for a codec-blind plan.
    fn run(&mut self, z: &[f32], ids: &[i32], out: &mut [f32]);
}

/// A plan packed for one instruction set, with all the memory that running it takes.
pub(super) struct Program<S: Lanes> {
    lanes: S,
    n_features: usize,
    output_width: usize,
    feature_maps: Vec<PackedMap<S::V>>,
    layers: Vec<PackedLayer<S::V>>,
    codec: Option<PackedCodec<S::V>>,
    /// Inputs and outputs of a layer, in turns.
    front: Vec<S::V>,
    back: Vec<S::V>,
}

impl<S: Sizes> Program<S> {
    pub(super) fn new(s: S, plan: &Plan) -> Self {
        let layers: Vec<_> = plan.layers.iter().map(|l| pack_layer(s, l)).collect();
        let widest = plan.layers.iter().map(|l| l.n_outputs).max().unwrap_or(0);
        let widest = widest.max(plan.n_features);
        Self {
            lanes: s,
            n_features: plan.n_features,
            output_width: plan.output_width(),
            feature_maps: plan.feature_maps.iter().map(|m| pack_map(s, m)).collect(),
            layers,
            codec: None,
            front: vec![s.zero(); widest * GROUP],
            back: vec![s.zero(); widest * GROUP],
        }
    }

    /// Runs one row.
    fn run_frame(&mut self, z: &[f32], id: Option<usize>, out: &mut [f32]) {
        let s = self.lanes;
        let (mut src, mut dst) = (&mut self.front[..], &mut self.back[..]);
        let layout = Layout::Columns;
        if !self.feature_maps.is_empty() {
            let values = &mut src[..z.len().div_ceil(S::WIDTH)];
            let flat = S::flat_mut(values);
            flat[..z.len()].copy_from_slice(z);
            flat[z.len()..].fill(0.0);
            for map in &self.feature_maps {
                s.enable(Apply { s, map, layout, values });
            }
        }
        for (i, layer) in self.layers.iter().enumerate() {
            let is_input = i == 0 && self.feature_maps.is_empty();
            let x = if is_input { z } else { S::flat(src) };
            let codec = self.codec.as_ref().filter(|_| i == 0).zip(id);
            let values = &mut dst[..layer.stride];
            frame::dense(s, layer, codec, &x[..layer.n_inputs], values);
            for map in &layer.then {
                s.enable(Apply { s, map, layout, values });
            }
            std::mem::swap(&mut src, &mut dst);
        }
        for (to, &y) in out.iter_mut().zip(S::flat(src)) {
            *to = y;
        }
    }

    /// Runs as many rows as G vectors have lanes, or fewer.
    fn run_group<const G: usize>(&mut self, z: &[f32], ids: &[i32], out: &mut [f32]) {
        let s = self.lanes;
        let (mut src, _) = self.front.as_chunks_mut::<G>();
        let (mut dst, _) = self.back.as_chunks_mut::<G>();
        let layout = Layout::Frames(G);
        let to = &mut src[..self.n_features];
        s.enable(group::Transpose { s, rows: z, width: self.n_features, to });
        for map in &self.feature_maps {
            let values = src[..self.n_features].as_flattened_mut();
            s.enable(Apply { s, map, layout, values });
        }
        let codec = self.codec.as_ref().map(|packed| group::FrameCodecs { packed, ids });
        for (i, layer) in self.layers.iter().enumerate() {
            let codec = codec.as_ref().filter(|_| i == 0);
            let to = &mut dst[..layer.n_outputs];
            group::dense(s, layer, codec, &src[..layer.n_inputs], to);
            for map in &layer.then {
                s.enable(Apply { s, map, layout, values: to.as_flattened_mut() });
            }
            std::mem::swap(&mut src, &mut dst);
        }
        let width = self.output_width;
        for (j, column) in src[..width].iter().enumerate() {
            for (row, &y) in out.chunks_exact_mut(width).zip(S::flat(column)) {
                row[j] = y;
            }
        }
    }
}

impl<S: Sizes> Run for Program<S> {
    fn set_codec(&mut self, terms: &CodecTerms) {
        self.codec = (terms.n_terms > 0).then(|| pack_codec(self.lanes, terms));
    }

    fn run(&mut self, z: &[f32], ids: &[i32], out: &mut [f32]) {
        let (features, width) = (self.n_features, self.output_width);
        let rows = out.len() / width;
        let mut row = 0;
        while row < rows {
            let left = rows - row;
            let n = if left >= GROUP * S::WIDTH {
                GROUP * S::WIDTH
            } else if left >= S::FEWEST {
                left.min(S::WIDTH)
            } else {
                1
            };
            let z = &z[row * features..(row + n) * features];
            let ids = if ids.is_empty() { ids } else { &ids[row..row + n] };
            let out = &mut out[row * width..(row + n) * width];
            if n > S::WIDTH {
                self.run_group::<GROUP>(z, ids, out);
            } else if n > 1 {
                self.run_group::<1>(z, ids, out);
            } else {
                self.run_frame(z, ids.first().map(|&id| id as usize), out);
            }
            row += n;
        }
    }
}
