// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The engine against graphs evaluated in f64, node by node.

mod accuracy;
mod build;
mod family;
mod reference;
mod refuse;
mod shared_models;
mod skips;

use super::Embedded;
use crate::batch::{Input, InputColumn};
use crate::catalogue::Vocabulary;
use crate::engine::Engine;
use crate::features::Standardizer;
use crate::onnx::Graph;
use crate::simd::InstructionSet;

/// A small generator of reproducible numbers (splitmix64).
pub(super) struct Random(pub u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to n - 1.
    fn below(&mut self, n: usize) -> usize {
        (self.next() % n as u64) as usize
    }

    fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    /// Uniform in 0..1.
    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Standard normal.
    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }

    fn normals(&mut self, n: usize, deviation: f64) -> Vec<f32> {
        (0..n).map(|_| (self.normal() * deviation) as f32).collect()
    }
}

/// The instruction sets that this machine can test.
fn instruction_sets() -> Vec<InstructionSet> {
    InstructionSet::available().collect()
}

/// Compiles a graph whose features are standardised already.
fn compile(graph: &Graph, set: InstructionSet) -> crate::Result<Embedded> {
    Embedded::compile(graph, Standardizer::identity(graph.n_features), set)
}

/// What an engine of any graph takes: columns of no feature that the catalogue knows.
fn input(n_features: usize, n_codecs: usize) -> Input {
    let column = |i| InputColumn {
        name: format!("f{i}"),
        range: None,
        above_minus_1: false,
        may_be_missing: false,
    };
    let names = || (0..n_codecs).map(|i| format!("c{i}")).collect();
    let codecs = (n_codecs > 0).then(|| Vocabulary::new(names(), None).unwrap());
    Input::new((0..n_features).map(column).collect(), codecs, InstructionSet::Portable)
}

/// Runs any number of rows; the outputs.
fn run(engine: &mut Embedded, graph: &Graph, z: &[f32], ids: &[i32]) -> Vec<f32> {
    let n_codecs = ids.iter().max().map_or(0, |&id| usize::try_from(id).unwrap() + 1);
    let input = input(graph.n_features, n_codecs);
    let rows = z.len() / graph.n_features;
    let ids = (!ids.is_empty()).then_some(ids);
    let mut out = Vec::new();
    for batch in input.batch(z, ids, rows).unwrap().runs(engine.rows_per_run()) {
        let mut of_run = vec![0.0; batch.len() * graph.output_width];
        engine.run(&batch, &mut of_run).unwrap();
        out.extend(of_run);
    }
    out
}
