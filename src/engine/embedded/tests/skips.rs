// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Ensembles of erf networks merged into one graph, whose layers read the inputs again: against f64,
//! and against ONNX Runtime to the last bit.
//!
//! ONNX Runtime is what `VMAF_FR_TEST_ONNXRUNTIME` names; without it that test skips. Where
//! `VMAF_FR_TEST_SAME_BITS` is set, every value has to agree to the last bit, for the kernels that
//! fuse multiply-adds as ONNX Runtime does.

use super::build::{self, Build};
use super::family::{Case, case};
use super::{Random, compile, instruction_sets, reference, run};
use crate::engine::Engine;
use crate::onnx::Graph;

/// `n` networks of `units` each, side by side: their weights from the units of the layer before are
/// blocks, with zeros between them.
#[derive(Clone, Copy)]
struct Ensemble {
    n: usize,
    units: usize,
}

impl Ensemble {
    fn width(self) -> usize {
        self.n * self.units
    }

    /// [units before][units of all networks].
    fn blocks(self, r: &mut Random) -> Vec<f32> {
        let width = self.width();
        let mut w = r.normals(width * width, 1.0 / (self.units as f64).sqrt());
        for (i, w) in w.iter_mut().enumerate() {
            if i / width / self.units != i % width / self.units {
                *w = 0.0;
            }
        }
        w
    }
}

/// A layer as the exporter writes it, of weights [inputs][outputs].
fn gemm(b: &mut Build, r: &mut Random, x: &str, w: &[f32], n_outputs: usize) -> String {
    let n_inputs = w.len() / n_outputs;
    let bias = r.normals(n_outputs, 0.5);
    if r.chance(30) {
        return b.gemm(x, n_inputs, n_outputs, w.to_vec(), bias);
    }
    let transposed =
        (0..n_outputs).flat_map(|j| (0..n_inputs).map(move |i| w[i * n_outputs + j])).collect();
    let w = b.f32(&[n_outputs, n_inputs], transposed);
    let bias = b.f32(&[n_outputs], bias);
    b.op("Gemm", &[x, &w, &bias], vec![build::int("transB", 1)])
}

/// Weights from the inputs to `n_outputs`.
fn from_inputs(r: &mut Random, n_inputs: usize, n_outputs: usize) -> Vec<f32> {
    r.normals(n_inputs * n_outputs, 1.0 / (n_inputs as f64).sqrt())
}

/// erf of a layer, perhaps with factors before and after.
fn erf(b: &mut Build, r: &mut Random, x: &str) -> String {
    let mut x = x.to_owned();
    let form = r.below(5);
    match r.below(6) {
        0 => {
            let c = b.scalar(std::f32::consts::FRAC_1_SQRT_2, form);
            x = b.op("Mul", &[&x, &c], vec![]);
        }
        1 => {
            let c = b.scalar(1.7, form);
            x = b.op("Div", &[&x, &c], vec![]);
        }
        _ => {}
    }
    x = b.op("Erf", &[&x], vec![]);
    match r.below(6) {
        0 => {
            let c = b.scalar(0.3, form);
            x = b.op("Mul", &[&c, &x], vec![]);
            let c = b.scalar(0.7, form);
            x = b.op("Add", &[&x, &c], vec![]);
        }
        1 => {
            let c = b.scalar(1.0, form);
            x = b.op("Add", &[&x, &c], vec![]);
            let c = b.scalar(1.1, form);
            x = b.op("Mul", &[&x, &c], vec![]);
        }
        2 => x = b.op("Neg", &[&x], vec![]),
        _ => {}
    }
    x
}

/// Points from the network's own scale.
fn points(b: &mut Build, r: &mut Random, x: &str, width: usize) -> String {
    if r.chance(30) {
        return x.to_owned();
    }
    let (scale, shift) = if width == 1 {
        (b.scalar(25.0, r.below(5)), b.scalar(55.0, r.below(5)))
    } else {
        (b.f32(&[2], vec![25.0, 1.0]), b.f32(&[2], vec![55.0, -2.0]))
    };
    let scaled = b.op("Mul", &[x, &scale], vec![]);
    b.op("Add", &[&scaled, &shift], vec![])
}

/// A random merged ensemble with one or two outputs.
pub(super) fn random_ensemble(r: &mut Random) -> Graph {
    let n_features = [6, 8, 1 + r.below(22)][r.below(3)];
    let n_codecs = if r.chance(50) { 1 + r.below(8) } else { 0 };
    let mut b = Build::new(n_features, n_codecs, 17);
    let join = |b: &mut Build, parts: &[&str]| b.op("Concat", parts, vec![build::int("axis", 1)]);
    let mut x = "features".to_owned();
    if n_codecs > 0 {
        x = join(&mut b, &[&x, "codec"]);
    }
    let n_inputs = n_features + n_codecs;
    let networks = Ensemble { n: 1 + r.below(6), units: [4, 8, 12, 16, 24, 31][r.below(6)] };
    let width = networks.width();
    let w = from_inputs(r, n_inputs, width);
    let mut h = gemm(&mut b, r, &x, &w, width);
    h = erf(&mut b, r, &h);
    for _ in 0..r.below(3) {
        let mut w = networks.blocks(r);
        let mut all = h.clone();
        if r.chance(60) && width + n_inputs <= 256 {
            all = join(&mut b, &[&h, &x]);
            w.extend(from_inputs(r, n_inputs, width));
        }
        h = gemm(&mut b, r, &all, &w, width);
        h = erf(&mut b, r, &h);
    }
    let outputs = 1 + r.below(2);
    let mut w = r.normals(width * outputs, 0.4);
    let mut out = match r.below(4) {
        0 => gemm(&mut b, r, &h, &w, outputs),
        1 => {
            let skip = from_inputs(r, n_inputs, outputs);
            let (a, c) = (gemm(&mut b, r, &h, &w, outputs), gemm(&mut b, r, &x, &skip, outputs));
            if r.chance(50) {
                b.op("Add", &[&a, &c], vec![])
            } else {
                b.op("Add", &[&c, &a], vec![])
            }
        }
        _ => {
            let all = join(&mut b, &[&h, &x]);
            w.extend(from_inputs(r, n_inputs, outputs));
            gemm(&mut b, r, &all, &w, outputs)
        }
    };
    if outputs == 2 {
        out = points(&mut b, r, &out, 2);
        return b.finish_serialised(&out, 2, true);
    }
    let scaled_first = r.chance(50);
    if scaled_first {
        out = points(&mut b, r, &out, 1);
    }
    out = if r.chance(70) {
        let axes = b.i64(&[1]);
        b.op("Squeeze", &[&out, &axes], vec![])
    } else {
        let shape = b.i64(&[-1]);
        b.op("Reshape", &[&out, &shape], vec![])
    };
    if !scaled_first {
        out = points(&mut b, r, &out, 1);
    }
    b.finish_serialised(&out, 1, false)
}

fn bits(values: &[f32]) -> Vec<u32> {
    values.iter().map(|x| x.to_bits()).collect()
}

#[test]
fn merged_ensembles_match_f64_however_many_frames_come_together() {
    let mut r = Random(21);
    for round in 0..150 {
        let graph = random_ensemble(&mut r);
        let n = 1 + r.below(60);
        let Case { z, table, ids, codec } = case(&mut r, &graph, n);
        let expected = reference::run(&graph, &z, &codec, n);
        let scale = expected.iter().fold(1.0_f64, |a, &v| a.max(v.abs()));
        for set in instruction_sets() {
            let mut engine = compile(&graph, set)
                .unwrap_or_else(|e| panic!("round {round}: {e}\n{:#?}", graph.nodes));
            if !table.is_empty() {
                engine.set_codec_table(&table).unwrap();
            }
            let out = run(&mut engine, &graph, &z, &ids);
            for (i, (&got, &want)) in out.iter().zip(&expected).enumerate() {
                assert!(
                    (f64::from(got) - want).abs() < 1e-5 * scale,
                    "round {round}, {}, value {i}: {got} where {want} was expected\n{:#?}",
                    set.name(),
                    graph.nodes
                );
            }
            let one_by_one: Vec<f32> = (0..n)
                .flat_map(|i| {
                    let ids = ids.get(i..=i).unwrap_or_default();
                    run(&mut engine, &graph, &z[i * graph.n_features..][..graph.n_features], ids)
                })
                .collect();
            assert_eq!(bits(&out), bits(&one_by_one), "round {round}, {}", set.name());
        }
    }
}

#[test]
fn zeros_are_multiplied_where_a_sum_may_be_infinite() {
    for is_erf in [false, true] {
        let mut b = Build::new(2, 0, 17);
        let networks = Ensemble { n: 2, units: 16 };
        let w: Vec<f32> = (0..64).map(|i| if i < 32 { 1e38 } else { 0.5 }).collect();
        let mut h = b.gemm("features", 2, 32, w, vec![0.0; 32]);
        if is_erf {
            h = b.op("Erf", &[&h], vec![]);
        }
        let w = networks.blocks(&mut Random(5));
        h = b.gemm(&h, 32, 32, w, vec![0.0; 32]);
        let graph = b.finish(&h, 32, true);
        for set in instruction_sets() {
            let mut engine = compile(&graph, set).unwrap();
            let out = run(&mut engine, &graph, &[1e10; 40], &[]);
            assert!(out.iter().all(|x| x.is_nan() != is_erf), "{}: {out:?}", set.name());
        }
    }
}

#[cfg(feature = "onnxruntime")]
mod same_bits {
    use std::path::PathBuf;

    use super::{
        Case, Engine, Random, bits, case, compile, instruction_sets, random_ensemble, run,
    };
    use crate::engine::embedded::tests::input;
    use crate::engine::onnxruntime::OnnxRuntime;
    use crate::features::Standardizer;
    use crate::onnx::Graph;
    use crate::simd::InstructionSet;

    fn runtime(graph: &Graph, case: &Case, n: usize, path: &std::path::Path) -> Vec<f32> {
        let standardizer = Standardizer::identity(graph.n_features);
        let (mut engine, _) = OnnxRuntime::open(graph, standardizer, Some(path), 1).unwrap();
        if !case.table.is_empty() {
            engine.set_codec_table(&case.table).unwrap();
        }
        let n_codecs = graph.codec.as_ref().map_or(0, |c| case.table.len() / c.1);
        let input = input(graph.n_features, n_codecs);
        let ids = (!case.ids.is_empty()).then_some(case.ids.as_slice());
        let mut out = Vec::new();
        for batch in input.batch(&case.z, ids, n).unwrap().runs(engine.rows_per_run()) {
            let mut of_run = vec![0.0; batch.len() * graph.output_width];
            engine.run(&batch, &mut of_run).unwrap();
            out.extend(of_run);
        }
        out
    }

    fn compare(seed: u64, rounds: usize, rows: usize) {
        let Some(path) = std::env::var_os("VMAF_FR_TEST_ONNXRUNTIME").map(PathBuf::from) else {
            eprintln!("skipped: VMAF_FR_TEST_ONNXRUNTIME names no library");
            return;
        };
        let needs_same = std::env::var_os("VMAF_FR_TEST_SAME_BITS").is_some();
        let mut r = Random(seed);
        let (mut values, mut differ) = (0, 0);
        for round in 0..rounds {
            let graph = random_ensemble(&mut r);
            let n = if r.chance(20) { 1 } else { 1 + r.below(rows) };
            let case = case(&mut r, &graph, n);
            let expected = runtime(&graph, &case, n, &path);
            let scale = expected.iter().fold(1.0_f32, |a, &v| a.max(v.abs()));
            for set in instruction_sets() {
                let mut engine = compile(&graph, set).unwrap();
                if !case.table.is_empty() {
                    engine.set_codec_table(&case.table).unwrap();
                }
                let out = run(&mut engine, &graph, &case.z, &case.ids);
                let worst =
                    out.iter().zip(&expected).fold(0.0_f32, |w, (a, b)| w.max((a - b).abs()));
                assert!(worst < 3e-5 * scale, "round {round}, {}: {worst}", set.name());
                if set == InstructionSet::Portable {
                    continue;
                }
                let (got, want) = (bits(&out), bits(&expected));
                let unlike = got.iter().zip(&want).filter(|(a, b)| a != b).count();
                assert!(
                    unlike == 0 || !needs_same,
                    "round {round}, {}: {unlike} of {} values differ, worst {worst:.2e}\n{:#?}",
                    set.name(),
                    out.len(),
                    graph.nodes
                );
                values += out.len();
                differ += unlike;
            }
        }
        println!("{differ} of {values} values differ in their bits");
    }

    #[test]
    fn merged_ensembles_have_the_bits_of_onnx_runtime() {
        compare(31, 60, 100);
    }

    #[test]
    #[ignore = "a million rows: minutes without optimisation"]
    fn merged_ensembles_have_the_bits_of_onnx_runtime_on_a_million_rows() {
        compare(32, 400, 5000);
    }
}
