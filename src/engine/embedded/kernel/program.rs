// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A packed plan and the ways through it.

use std::ops::Range;

use super::super::plan::{ALIGNMENT, CodecTerms, Plan};
use super::maps::{AddColumns, Apply, Layout};
use super::packed::{PackedStep, pack_codec, pack_step};
use super::sizes::Sizes;
use super::{frame, group};
use crate::simd::Lanes;

/// Vectors of frames that go through the layers together.
const GROUP: usize = 2;

/// A packed plan. `run` neither allocates nor locks nor calls the system.
pub(in super::super) trait Run: Send {
    /// Replaces what the codec block adds to sums, by codec id, for each layer that reads it.
    fn set_codec(&mut self, terms: &[CodecTerms]);

    /// Runs any number of rows; `ids` are valid codec ids, or empty for a codec-blind plan.
    fn run(&mut self, z: &[f32], ids: &[i32], out: &mut [f32]);
}

/// A plan packed for one instruction set, with all the memory that running it takes.
pub(super) struct Program<S: Lanes> {
    lanes: S,
    features: Range<usize>,
    steps: Vec<PackedStep<S::V>>,
    /// The columns of the outputs.
    outputs: Vec<usize>,
    n_columns: usize,
    /// The values of the columns: of one frame in the lanes, or G vectors of frames per column.
    memory: Vec<S::V>,
}

impl<S: Sizes> Program<S> {
    pub(super) fn new(s: S, plan: &Plan) -> Self {
        const { assert!(ALIGNMENT.is_multiple_of(S::WIDTH)) };
        Self {
            lanes: s,
            features: plan.slots[plan.features].clone(),
            steps: plan.steps.iter().map(|step| pack_step(s, plan, step)).collect(),
            outputs: plan.outputs.iter().flat_map(|&slot| plan.slots[slot].clone()).collect(),
            n_columns: plan.n_columns,
            memory: vec![s.zero(); plan.n_columns * GROUP],
        }
    }

    /// Runs one row.
    fn run_frame(&mut self, z: &[f32], id: Option<usize>, out: &mut [f32]) {
        let s = self.lanes;
        let memory = &mut self.memory[..self.n_columns / S::WIDTH];
        let vectors =
            |columns: &Range<usize>| columns.start / S::WIDTH..columns.end.div_ceil(S::WIDTH);
        // Lanes beyond the features keep whatever they have; nothing reads them.
        for (to, &z) in S::flat_mut(&mut memory[vectors(&self.features)]).iter_mut().zip(z) {
            *to = z;
        }
        for step in &self.steps {
            match step {
                PackedStep::Layer(layer) => frame::dense(s, layer, id, memory),
                PackedStep::Map { columns, map } => {
                    let values = &mut memory[vectors(columns)];
                    s.enable(Apply { s, map, layout: Layout::Columns, values });
                }
                PackedStep::Add { columns, from } => {
                    let values = S::flat_mut(memory);
                    for (i, column) in columns.clone().enumerate() {
                        values[column] += values[from + i];
                    }
                }
            }
        }
        for (to, &column) in out.iter_mut().zip(&self.outputs) {
            *to = S::flat(memory)[column];
        }
    }

    /// Runs as many rows as G vectors have lanes, or fewer.
    fn run_group<const G: usize>(&mut self, z: &[f32], ids: &[i32], out: &mut [f32]) {
        let s = self.lanes;
        let (memory, _) = self.memory[..self.n_columns * G].as_chunks_mut::<G>();
        let layout = Layout::Frames(G);
        let (width, to) = (self.features.len(), &mut memory[self.features.clone()]);
        s.enable(group::Transpose { s, rows: z, width, to });
        for step in &self.steps {
            match step {
                PackedStep::Layer(layer) => group::dense(s, layer, ids, memory),
                PackedStep::Map { columns, map } => {
                    let values = memory[columns.clone()].as_flattened_mut();
                    s.enable(Apply { s, map, layout, values });
                }
                PackedStep::Add { columns, from } => {
                    let memory = memory.as_flattened_mut();
                    let (to, from, n) = (columns.start * G, from * G, columns.len() * G);
                    s.enable(AddColumns { s, memory, to, from, n });
                }
            }
        }
        let width = self.outputs.len();
        for (j, &column) in self.outputs.iter().enumerate() {
            for (row, &y) in out.chunks_exact_mut(width).zip(S::flat(&memory[column])) {
                row[j] = y;
            }
        }
    }
}

impl<S: Sizes> Run for Program<S> {
    fn set_codec(&mut self, terms: &[CodecTerms]) {
        let layers = self.steps.iter_mut().filter_map(|step| match step {
            PackedStep::Layer(layer) if layer.reads_codec => Some(layer),
            _ => None,
        });
        for (layer, terms) in layers.zip(terms) {
            layer.codec = (terms.n_terms > 0).then(|| pack_codec(self.lanes, terms));
        }
    }

    fn run(&mut self, z: &[f32], ids: &[i32], out: &mut [f32]) {
        let (features, width) = (self.features.len(), self.outputs.len());
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
