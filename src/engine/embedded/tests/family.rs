// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Random graphs of the family, every instruction set, against f64; and that a frame's result is its own.

use super::build::{self, Build};
use super::{Random, compile, input, instruction_sets, reference, run};
use crate::engine::Engine;
use crate::engine::embedded::Embedded;
use crate::features::{Column, Standardizer, Transform};
use crate::onnx::Graph;
use crate::simd::InstructionSet;

/// x (1 + erf(x / sqrt 2)) / 2 in one of the ways exporters and hands write it.
fn gelu(b: &mut Build, r: &mut Random, x: &str) -> String {
    if b.graph.opset >= 20 && r.chance(30) {
        let none = vec![build::string("approximate", "none")];
        return b.op("Gelu", &[x], if r.chance(50) { none } else { vec![] });
    }
    let mut swap = |b: &mut Build, op: &str, p: &str, q: &str| {
        if r.chance(50) { b.op(op, &[p, q], vec![]) } else { b.op(op, &[q, p], vec![]) }
    };
    let form = b.graph.nodes.len();
    let argument = if form.is_multiple_of(2) {
        let c = b.scalar(std::f32::consts::SQRT_2, form);
        b.op("Div", &[x, &c], vec![])
    } else {
        let c = b.scalar(std::f32::consts::FRAC_1_SQRT_2, form);
        swap(b, "Mul", x, &c)
    };
    let erf = b.op("Erf", &[&argument], vec![]);
    let half = b.scalar(0.5, form / 2);
    let one = b.scalar(1.0, form / 3);
    match form % 7 {
        0 => {
            let sum = swap(b, "Add", &erf, &one);
            let product = swap(b, "Mul", x, &sum);
            swap(b, "Mul", &product, &half)
        }
        1 => {
            let sum = swap(b, "Add", &erf, &one);
            let phi = swap(b, "Mul", &sum, &half);
            swap(b, "Mul", x, &phi)
        }
        2 => {
            let sum = swap(b, "Add", &erf, &one);
            let hx = swap(b, "Mul", x, &half);
            swap(b, "Mul", &hx, &sum)
        }
        3 => {
            let half_erf = swap(b, "Mul", &erf, &half);
            let phi = swap(b, "Add", &half_erf, &half);
            swap(b, "Mul", x, &phi)
        }
        4 => {
            let hx = swap(b, "Mul", x, &half);
            let second = swap(b, "Mul", &hx, &erf);
            swap(b, "Add", &second, &hx)
        }
        5 => {
            let two = b.scalar(2.0, form);
            let sum = swap(b, "Add", &erf, &one);
            let product = swap(b, "Mul", x, &sum);
            b.op("Div", &[&product, &two], vec![])
        }
        _ => {
            // 1 - erf(-y) is 1 + erf(y).
            let negative = b.op("Neg", &[&erf], vec![]);
            let sum = b.op("Sub", &[&one, &negative], vec![]);
            let product = swap(b, "Mul", &sum, x);
            swap(b, "Mul", &half, &product)
        }
    }
}

fn dense(b: &mut Build, r: &mut Random, x: &str, k: usize, m: usize) -> String {
    let w = r.normals(k * m, 1.0 / (k as f64).sqrt());
    let bias = r.normals(m, 0.5);
    match r.below(4) {
        0 => {
            let w = b.f32(&[k, m], w);
            let product = b.op("MatMul", &[x, &w], vec![]);
            let bias = if r.chance(50) { b.f32(&[m], bias) } else { b.f32(&[1, m], bias) };
            if r.chance(50) {
                b.op("Add", &[&product, &bias], vec![])
            } else {
                b.op("Add", &[&bias, &product], vec![])
            }
        }
        1 => {
            // Old exporters transpose the weights in the graph.
            let w = b.f32(&[m, k], w);
            let w = b.op("Transpose", &[&w], vec![build::ints("perm", &[1, 0])]);
            b.op("MatMul", &[x, &w], vec![])
        }
        2 => {
            let w = b.f32(&[m, k], w);
            let mut attributes = vec![build::int("transB", 1)];
            if r.chance(50) {
                attributes.extend([build::float("alpha", 0.5), build::float("beta", 2.0)]);
            }
            if r.chance(50) {
                let bias = b.f32(&[m], bias);
                b.op("Gemm", &[x, &w, &bias], attributes)
            } else {
                b.op("Gemm", &[x, &w], attributes)
            }
        }
        _ => b.gemm(x, k, m, w, bias),
    }
}

fn noise(b: &mut Build, r: &mut Random, x: String, width: usize) -> String {
    match r.below(8) {
        0 => b.op("Identity", &[&x], vec![]),
        1 => b.op("Dropout", &[&x], vec![]),
        2 => b.op("Cast", &[&x], vec![build::int("to", 1)]),
        3 => {
            let c = b.f32(&[width], r.normals(width, 1.0));
            let op = ["Add", "Sub", "Mul"][r.below(3)];
            if r.chance(50) { b.op(op, &[&x, &c], vec![]) } else { b.op(op, &[&c, &x], vec![]) }
        }
        4 => {
            let c = b.scalar(0.75, r.below(5));
            b.op(["Add", "Sub", "Mul", "Div"][r.below(4)], &[&x, &c], vec![])
        }
        5 if b.graph.opset >= 11 => {
            let (min, max) = (b.f32(&[], vec![-1.5]), b.f32(&[], vec![2.0]));
            let inputs = [vec![x.as_str(), &min, &max], vec![&x, "", &max], vec![&x, &min]];
            b.op("Clip", &inputs[r.below(3)], vec![])
        }
        5 => b.op("Clip", &[&x], vec![build::float("min", -1.5), build::float("max", 2.0)]),
        _ => x,
    }
}

/// A random graph of the family with one or two outputs.
pub(super) fn random_graph(r: &mut Random) -> Graph {
    let features = 1 + r.below(30);
    let codec = if r.chance(60) { 1 + r.below(14) } else { 0 };
    let mut b = Build::new(features, codec, [9, 11, 13, 17, 20][r.below(5)]);
    let mut x = "features".to_owned();
    if r.chance(40) {
        let mean = b.f32(&[features], r.normals(features, 1.0));
        let deviation = r.normals(features, 0.2).iter().map(|v| 1.0 + v.abs()).collect();
        let deviation = b.f32(&[features], deviation);
        x = b.op("Sub", &[&x, &mean], vec![]);
        x = b.op("Div", &[&x, &deviation], vec![]);
    }
    let mut width = features + codec;
    if codec > 0 {
        let pair = if r.chance(70) { [x.as_str(), "codec"] } else { ["codec", x.as_str()] };
        x = b.op("Concat", &pair, vec![build::int("axis", [1, -1][r.below(2)])]);
    }
    x = noise(&mut b, r, x, width);
    let depth = r.below(4);
    for _ in 0..depth {
        let next = [1 + r.below(80), 8 * (1 + r.below(10)), 64][r.below(3)];
        x = dense(&mut b, r, &x, width, next);
        width = next;
        x = noise(&mut b, r, x, width);
        x = if r.chance(85) { gelu(&mut b, r, &x) } else { b.op("Relu", &[&x], vec![]) };
        x = noise(&mut b, r, x, width);
    }
    let out = 1 + r.below(2);
    x = dense(&mut b, r, &x, width, out);
    x = noise(&mut b, r, x, out);
    if out == 2 || r.chance(30) {
        return b.finish(&x, out, true);
    }
    x = match (r.below(4), b.graph.opset >= 13) {
        (0, true) => {
            let axes = b.i64(&[-1]);
            b.op("Squeeze", &[&x, &axes], vec![])
        }
        (0, false) => b.op("Squeeze", &[&x], vec![build::ints("axes", &[1])]),
        (1, _) => {
            let shape = b.i64(&[-1]);
            b.op("Reshape", &[&x, &shape], vec![])
        }
        (2, _) => {
            let shape = b.i64(&[0, 1]);
            let x = b.op("Reshape", &[&x, &shape], vec![]);
            let x = b.op("Flatten", &[&x], vec![]);
            let shape = b.i64(&[-1]);
            b.op("Reshape", &[&x, &shape], vec![])
        }
        _ => return b.finish(&x, 1, true),
    };
    b.finish(&x, 1, false)
}

pub(super) struct Case {
    pub(super) z: Vec<f32>,
    pub(super) table: Vec<f32>,
    pub(super) ids: Vec<i32>,
    /// The table's row of each frame.
    pub(super) codec: Vec<f32>,
}

pub(super) fn case(r: &mut Random, graph: &Graph, n: usize) -> Case {
    let z = r.normals(n * graph.n_features, 1.5);
    let width = graph.codec.as_ref().map_or(0, |c| c.1);
    if width == 0 {
        return Case { z, table: vec![], ids: vec![], codec: vec![] };
    }
    let rows = [1 + r.below(7), 8 + r.below(9), 40][r.below(3)];
    let table = r.normals(rows * width, 1.0);
    let ids: Vec<i32> = (0..n).map(|_| r.below(rows) as i32).collect();
    let codec = ids.iter().flat_map(|&id| table[id as usize * width..][..width].to_vec()).collect();
    Case { z, table, ids, codec }
}

#[test]
fn random_graphs_match_f64() {
    let mut r = Random(1);
    let mut worst = 0.0_f64;
    for round in 0..400 {
        let graph = random_graph(&mut r);
        let n = 1 + r.below(60);
        let c = case(&mut r, &graph, n);
        let expected = reference::run(&graph, &c.z, &c.codec, n);
        let scale = expected.iter().fold(1.0_f64, |a, &v| a.max(v.abs()));
        for set in instruction_sets() {
            let mut engine = compile(&graph, set)
                .unwrap_or_else(|e| panic!("round {round}: {e}\n{:#?}", graph.nodes));
            if !c.table.is_empty() {
                engine.set_codec_table(&c.table).unwrap();
            }
            let out = run(&mut engine, &graph, &c.z, &c.ids);
            for (i, (&got, &want)) in out.iter().zip(&expected).enumerate() {
                let difference = (f64::from(got) - want).abs() / scale;
                worst = worst.max(difference);
                assert!(
                    difference < 1e-5,
                    "round {round}, {}, value {i}: {got} where {want} was expected\n{:#?}",
                    set.name(),
                    graph.nodes
                );
            }
        }
    }
    println!("worst difference to f64, relative to the largest output: {worst:.2e}");
}

#[test]
fn a_frame_does_not_depend_on_its_batch() {
    let mut r = Random(2);
    for _ in 0..40 {
        let graph = random_graph(&mut r);
        let n = 1 + r.below(120);
        let c = case(&mut r, &graph, n);
        let f = graph.n_features;
        for set in instruction_sets() {
            let mut engine = compile(&graph, set).unwrap();
            if !c.table.is_empty() {
                engine.set_codec_table(&c.table).unwrap();
            }
            let whole = run(&mut engine, &graph, &c.z, &c.ids);
            let mut parts = Vec::new();
            let mut row = 0;
            while row < n {
                let m = if r.chance(40) { 1 } else { 1 + r.below(n - row) };
                let ids = if c.ids.is_empty() { &[][..] } else { &c.ids[row..row + m] };
                parts.extend(run(&mut engine, &graph, &c.z[row * f..(row + m) * f], ids));
                row += m;
            }
            let bits = |v: &[f32]| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&whole), bits(&parts), "{}", set.name());
        }
    }
}

#[test]
fn codec_tables_are_checked() {
    let mut r = Random(3);
    let mut b = Build::new(3, 2, 17);
    let x = b.op("Concat", &["features", "codec"], vec![build::int("axis", 1)]);
    let x = b.gemm(&x, 5, 1, r.normals(5, 1.0), vec![0.0]);
    let graph = b.finish(&x, 1, true);
    let mut engine = compile(&graph, InstructionSet::Portable).unwrap();
    assert!(engine.set_codec_table(&[0.0; 3]).is_err(), "no whole rows");
    assert!(engine.set_codec_table(&[]).is_err(), "no rows");
    engine.set_codec_table(&[1.0, 0.0, 0.0, 1.0]).unwrap();
    let both = [0, 1].map(|id| run(&mut engine, &graph, &[0.0; 3], &[id]));
    assert_ne!(both[0], both[1], "the id's row");
    let e = engine.set_codec_table(&vec![0.0; 2 << 25]).unwrap_err();
    assert_eq!(e.kind(), crate::ErrorKind::Unsupported, "{e}");
    assert_eq!(run(&mut engine, &graph, &[0.0; 3], &[1]), both[1], "the table before");
}

#[test]
fn a_value_too_far_out_names_frame_and_feature() {
    let mut b = Build::new(3, 0, 17);
    let x = b.gemm("features", 3, 1, vec![1.0; 3], vec![0.0]);
    let graph = b.finish(&x, 1, true);
    for set in instruction_sets() {
        let column = Column {
            mean: 0.5,
            std: 1e-6,
            cap: f64::INFINITY,
            transform: Transform::None,
            missing: false,
        };
        let standardizer = Standardizer::new(vec![column; 3], f64::INFINITY, set);
        let mut engine = Embedded::compile(&graph, standardizer, set).unwrap();
        let input = input(3, 0);
        let mut features = vec![1.0; 40 * 3];
        features.extend([1.0, 2.0, 3.0, 4.0, 3e38, 6.0]);
        let batch = input.batch(&features, None, 42).unwrap().runs(40).nth(1).unwrap();
        let e = engine.run(&batch, &mut [0.0; 2]).unwrap_err();
        assert_eq!(e.kind(), crate::ErrorKind::ImpossibleValue);
        assert_eq!((e.frame(), e.feature()), (Some(41), Some("f1")));
        let text = "frame 41: feature 'f1' is 300000000000000000000000000000000000000, too far from \
                    its mean 0.5 (std 0.000001)";
        assert_eq!(e.message(), text);
    }
}
