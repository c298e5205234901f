// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What is not of the family, or not a network at all, is an error that names the node.

use super::build::{self, Build, int};
use super::family::random_graph;
use super::skips::random_ensemble;
use super::{Random, compile, run};
use crate::ErrorKind;
use crate::onnx::{Graph, TensorData};
use crate::simd::InstructionSet;

fn refused(graph: &Graph) -> (ErrorKind, String) {
    match compile(graph, InstructionSet::Portable) {
        Ok(_) => panic!("compiled"),
        Err(e) => (e.kind(), e.message().to_owned()),
    }
}

/// A layer of 4 outputs over 3 features, then what `body` adds, then a layer of 1 output.
fn between(opset: i64, body: impl FnOnce(&mut Build, &str) -> String) -> Graph {
    let mut b = Build::new(3, 0, opset);
    let x = b.gemm("features", 3, 4, vec![0.5; 12], vec![0.0; 4]);
    let y = body(&mut b, &x);
    let out = b.gemm(&y, 4, 1, vec![1.0; 4], vec![0.0]);
    b.finish(&out, 1, true)
}

#[test]
fn operators_outside_the_family_are_named() {
    for op in ["Sigmoid", "Tanh", "Softmax", "Exp", "Sqrt", "LayerNormalization", "Pow", "Abs"] {
        let (kind, message) = refused(&between(17, |b, x| b.op(op, &[x], vec![])));
        assert_eq!(kind, ErrorKind::Unsupported, "{message}");
        assert!(message.contains(&format!("({op})")), "{message}");
    }
}

#[test]
fn supported_operators_used_otherwise_say_how() {
    let cases: Vec<(Graph, &str)> = vec![
        (
            between(20, |b, x| b.op("Gelu", &[x], vec![build::string("approximate", "tanh")])),
            "tanh",
        ),
        (
            between(17, |b, x| {
                let y = b.op("Erf", &[x], vec![]);
                b.op("Mul", &[x, &y], vec![])
            }),
            "GELU",
        ),
        (between(17, |b, x| b.op("Mul", &[x, x], vec![])), "within GELU"),
        (
            between(17, |b, x| {
                let y = b.op("Relu", &[x], vec![]);
                b.op("Add", &[x, &y], vec![])
            }),
            "within GELU",
        ),
        (
            between(17, |b, x| {
                let _ = b.op("Relu", &[x], vec![]);
                let c = b.f32(&[2, 4], vec![1.0; 8]);
                b.op("Add", &[x, &c], vec![])
            }),
            "batch dimension",
        ),
        (between(17, |b, x| b.op("Cast", &[x], vec![int("to", 11)])), "not FLOAT"),
        (
            between(17, |b, x| {
                let w = b.f32(&[4, 4], vec![1.0; 16]);
                b.op("Gemm", &[x, &w], vec![int("transA", 1)])
            }),
            "transA",
        ),
        (
            between(17, |b, x| {
                let w = b.f32(&[4, 4], vec![1.0; 16]);
                b.op("MatMul", &[&w, x], vec![])
            }),
            "constant as first input",
        ),
        (
            between(17, |b, x| {
                let one = b.scalar(1.0, 0);
                b.op("Div", &[&one, x], vec![])
            }),
            "division by a value",
        ),
        (
            between(17, |b, x| {
                let c = b.f32(&[], vec![f32::NAN]);
                b.op("Clip", &[x, &c], vec![])
            }),
            "NaN",
        ),
        (
            between(17, |b, x| {
                let c = b.f32(&[4], vec![1.0, f32::INFINITY, 1.0, 2.0]);
                b.op("Add", &[x, &c], vec![])
            }),
            "not finite",
        ),
        (between(6, |_, x| x.to_owned()), "operator set 6"),
    ];
    for (graph, words) in cases {
        let (kind, message) = refused(&graph);
        assert_eq!(kind, ErrorKind::Unsupported, "{message}");
        assert!(message.contains(words), "'{message}' does not say '{words}'");
    }
}

/// What reads a value again in a way that the engine has no place for.
#[test]
fn branches_that_need_a_copy_or_another_sum_say_so() {
    let concat = |b: &mut Build, parts: &[&str]| b.op("Concat", parts, vec![int("axis", 1)]);
    let cases: Vec<(Graph, &str)> = vec![
        (
            {
                let mut b = Build::new(3, 0, 17);
                let h = b.gemm("features", 3, 4, vec![0.5; 12], vec![0.0; 4]);
                let e = b.op("Erf", &[&h], vec![]);
                let joined = concat(&mut b, &[&e, &h]);
                let out = b.gemm(&joined, 8, 1, vec![1.0; 8], vec![0.0]);
                b.finish(&out, 1, true)
            },
            "before another node changed it",
        ),
        (
            {
                let mut b = Build::new(3, 0, 17);
                let joined = concat(&mut b, &["features", "features"]);
                let out = b.gemm(&joined, 6, 1, vec![1.0; 6], vec![0.0]);
                b.finish(&out, 1, true)
            },
            "the same columns twice",
        ),
        (
            {
                let mut b = Build::new(3, 0, 17);
                let joined = concat(&mut b, &["features"]);
                b.finish(&joined, 1, true)
            },
            "no layer on the way",
        ),
        (
            {
                let mut b = Build::new(3, 3, 17);
                let sum = b.op("Add", &["features", "codec"], vec![]);
                let out = b.gemm(&sum, 3, 1, vec![1.0; 3], vec![0.0]);
                b.finish(&out, 1, true)
            },
            "none is a layer's",
        ),
        (
            {
                let mut b = Build::new(3, 3, 17);
                let h = b.gemm("features", 3, 3, vec![0.5; 9], vec![0.0; 3]);
                let sum = b.op("Add", &[&h, "codec"], vec![]);
                let out = b.gemm(&sum, 3, 1, vec![1.0; 3], vec![0.0]);
                b.finish(&out, 1, true)
            },
            "the codec block",
        ),
        (
            {
                let mut b = Build::new(3, 3, 17);
                let h = b.gemm("features", 3, 3, vec![0.5; 9], vec![0.0; 3]);
                let c = b.gemm("codec", 3, 3, vec![0.5; 9], vec![0.0; 3]);
                let out = b.op("Add", &[&h, &c], vec![]);
                b.finish(&out, 1, true)
            },
            "the codec block alone",
        ),
        (
            {
                let mut b = Build::new(3, 0, 17);
                let h = b.gemm("features", 3, 1, vec![0.5; 3], vec![0.0]);
                let g = b.gemm("features", 3, 1, vec![0.25; 3], vec![0.0]);
                let out = b.op("Mul", &[&h, &g], vec![]);
                b.finish(&out, 1, true)
            },
            "the sum of two layers",
        ),
        (
            {
                let mut b = Build::new(3, 0, 17);
                let layers: Vec<String> =
                    (0..70).map(|_| b.gemm("features", 3, 1, vec![0.5; 3], vec![0.0])).collect();
                let layers: Vec<&str> = layers.iter().map(String::as_str).collect();
                let joined = concat(&mut b, &layers);
                let out = b.gemm(&joined, 70, 1, vec![1.0; 70], vec![0.0]);
                b.finish(&out, 1, true)
            },
            "70 values",
        ),
    ];
    for (graph, words) in cases {
        let (kind, message) = refused(&graph);
        assert_eq!(kind, ErrorKind::Unsupported, "{message}");
        assert!(message.contains(words), "'{message}' does not say '{words}'");
    }
}

#[test]
fn a_residual_branch_is_refused() {
    let graph = between(17, |b, x| {
        let half = b.scalar(0.5, 0);
        let shifted = b.op("Add", &[x, &half], vec![]);
        let relu = b.op("Relu", &[x], vec![]);
        b.op("Add", &[&shifted, &relu], vec![])
    });
    assert_eq!(refused(&graph).0, ErrorKind::Unsupported);
}

#[test]
fn shapes_that_do_not_fit_are_malformed() {
    let cases = vec![
        between(17, |b, x| b.gemm(x, 5, 4, vec![1.0; 20], vec![0.0; 4])),
        between(17, |b, x| {
            let (w, bias) = (b.f32(&[4, 4], vec![1.0; 16]), b.f32(&[3], vec![0.0; 3]));
            b.op("Gemm", &[x, &w, &bias], vec![])
        }),
        between(17, |b, x| {
            let c = b.f32(&[3], vec![1.0; 3]);
            b.op("Mul", &[x, &c], vec![])
        }),
        between(17, |b, x| {
            let w = b.f32(&[4], vec![1.0; 4]);
            b.op("Gemm", &[x, &w], vec![])
        }),
        between(17, |b, x| {
            let axes = b.i64(&[1]);
            b.op("Squeeze", &[x, &axes], vec![])
        }),
        between(17, |b, x| {
            let axes = b.i64(&[9]);
            b.op("Squeeze", &[x, &axes], vec![])
        }),
    ];
    for graph in cases {
        let (kind, message) = refused(&graph);
        assert_eq!(kind, ErrorKind::Malformed, "{message}");
        assert!(message.contains("node 'n"), "{message}");
    }
}

#[test]
fn an_output_unlike_the_declared_one_is_a_disagreement() {
    let mut b = Build::new(3, 0, 17);
    let x = b.gemm("features", 3, 2, vec![0.5; 6], vec![0.0; 2]);
    let (kind, message) = refused(&b.finish(&x, 1, false));
    assert_eq!(kind, ErrorKind::Inconsistent, "{message}");
}

#[test]
fn small_files_cannot_ask_for_much_memory() {
    // Two vectors whose product would have 10^12 elements.
    let mut b = Build::new(3, 0, 17);
    let n = 1_000_000;
    let (a, c) = (b.f32(&[n, 1], vec![1.0; n]), b.f32(&[1, n], vec![1.0; n]));
    let product = b.op("Mul", &[&a, &c], vec![]);
    let x = b.op("Add", &["features", &product], vec![]);
    let (kind, message) = refused(&b.finish(&x, 1, true));
    assert_eq!(kind, ErrorKind::Unsupported, "{message}");

    // One matrix in very many layers.
    let mut b = Build::new(512, 0, 17);
    let w = b.f32(&[512, 512], vec![0.0; 512 * 512]);
    let mut x = "features".to_owned();
    for _ in 0..4000 {
        x = b.op("MatMul", &[&x, &w], vec![]);
    }
    let (kind, message) = refused(&b.finish(&x, 1, true));
    assert_eq!(kind, ErrorKind::Unsupported, "{message}");
    assert!(message.contains("elements"), "{message}");
}

#[test]
fn small_files_cannot_ask_for_much_time() {
    // A wide layer, and factors without end.
    for wide_constant in [false, true] {
        let mut b = Build::new(1000, 0, 17);
        let mut x = b.gemm("features", 1000, 2000, vec![0.5; 2_000_000], vec![0.0; 2000]);
        let c = if wide_constant {
            b.f32(&[2000], (0..2000).map(|i| 1.0 + i as f32 * 1e-9).collect())
        } else {
            b.scalar(1.5, 0)
        };
        for i in 0..50_000 {
            x = b.op(if i % 2 == 0 { "Add" } else { "Mul" }, &[&x, &c], vec![]);
        }
        let (kind, message) = refused(&b.finish(&x, 1, true));
        assert_eq!(kind, ErrorKind::Unsupported, "{message}");
    }
}

/// Damages a graph in one place.
fn damage(r: &mut Random, graph: &mut Graph) {
    let nodes = graph.nodes.len();
    let node = r.below(nodes);
    match r.below(9) {
        0 => {
            graph.nodes.remove(node);
        }
        1 => {
            let other = graph.nodes[r.below(nodes)].output[0].clone();
            let inputs = &mut graph.nodes[node].input;
            match inputs.len() {
                0 => inputs.push(other),
                n => inputs[r.below(n)] = other,
            }
        }
        2 => {
            let ops = ["Add", "Mul", "Gemm", "Concat", "Squeeze", "Reshape", "Erf", "Transpose"];
            graph.nodes[node].op_type = Some(ops[r.below(ops.len())].into());
        }
        3 => {
            graph.nodes[node].input.pop();
        }
        4 => graph.nodes[node].input.insert(0, String::new()),
        5 => {
            let mut names: Vec<&String> = graph.initializers.keys().collect();
            names.sort();
            if let Some(name) = (!names.is_empty()).then(|| names[r.below(names.len())].clone())
                && let Some(t) = graph.initializers.get_mut(&name)
            {
                let count = match &t.data {
                    TensorData::F32(v) => v.len(),
                    TensorData::I64(v) => v.len(),
                    TensorData::Other(_) => 0,
                };
                t.dims =
                    [vec![count], vec![count, 1], vec![1, count], vec![1; 9]][r.below(4)].clone();
                if t.dims.len() == 9 {
                    t.data = TensorData::F32(vec![0.0]);
                }
            }
        }
        6 => {
            for t in graph.initializers.values_mut() {
                if let TensorData::I64(v) = &mut t.data {
                    for v in v {
                        *v = [i64::MIN, -2, 0, 7, i64::MAX][r.below(5)];
                    }
                }
            }
        }
        7 => {
            for a in &mut graph.nodes[node].attribute {
                a.i = a.i.map(|_| [i64::MIN, -3, 0, 5, i64::MAX][r.below(5)]);
                a.ints.iter_mut().for_each(|v| *v = [i64::MIN, 1, 0, i64::MAX][r.below(4)]);
                a.f = a.f.map(|_| f32::NAN);
                a.t = None;
            }
        }
        _ => {
            graph.n_features = 1 + r.below(100);
            graph.output_width = 1 + r.below(2);
        }
    }
}

#[test]
fn damaged_graphs_are_errors_or_run() {
    use crate::engine::Engine;
    let mut r = Random(4);
    let mut refused = 0;
    for round in 0..4000 {
        let mut graph = if round % 4 == 0 { random_ensemble(&mut r) } else { random_graph(&mut r) };
        for _ in 0..=r.below(3) {
            if !graph.nodes.is_empty() {
                damage(&mut r, &mut graph);
            }
        }
        let Ok(mut engine) = compile(&graph, InstructionSet::Portable) else {
            refused += 1;
            continue;
        };
        let ids = if let Some((_, width)) = &graph.codec {
            engine.set_codec_table(&vec![0.5; *width]).unwrap();
            vec![0; 7]
        } else {
            vec![]
        };
        run(&mut engine, &graph, &vec![0.25; 7 * graph.n_features], &ids);
    }
    assert!(refused > 1000, "{refused}");
}
