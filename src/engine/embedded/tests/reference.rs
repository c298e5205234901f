// SPDX-License-Identifier: BSD-2-Clause-Patent
//! ONNX semantics in f64, written from the operator definitions, without any of the engine's
//! recognition or folding.

use std::collections::HashMap;

use crate::onnx::{Graph, Node, Tensor, TensorData};

#[derive(Debug, Clone)]
struct Array {
    dims: Vec<usize>,
    data: Vec<f64>,
}

/// Runs a graph on `n` rows.
pub(super) fn run(graph: &Graph, features: &[f32], codec: &[f32], n: usize) -> Vec<f64> {
    let mut values: HashMap<String, Array> = HashMap::new();
    let input = |x: &[f32]| Array {
        dims: vec![n, x.len() / n],
        data: x.iter().map(|&v| f64::from(v)).collect(),
    };
    values.insert(graph.features.clone(), input(features));
    if let Some((name, _)) = &graph.codec {
        values.insert(name.clone(), input(codec));
    }
    for (name, tensor) in &graph.initializers {
        values.insert(name.clone(), array(tensor));
    }
    for node in &graph.nodes {
        let inputs: Vec<Option<&Array>> = node.input.iter().map(|i| values.get(i)).collect();
        let output = evaluate(node, &inputs);
        values.insert(node.output[0].clone(), output);
    }
    let output = &values[&graph.output];
    let dims = if graph.output_is_matrix { vec![n, graph.output_width] } else { vec![n] };
    assert_eq!(output.dims, dims);
    output.data.clone()
}

fn array(t: &Tensor) -> Array {
    let data = match &t.data {
        TensorData::F32(v) => v.iter().map(|&v| f64::from(v)).collect(),
        TensorData::I64(v) => v.iter().map(|&v| v as f64).collect(),
        TensorData::Other(t) => panic!("element type {t}"),
    };
    Array { dims: t.dims.clone(), data }
}

fn broadcast(a: &Array, b: &Array, f: impl Fn(f64, f64) -> f64) -> Array {
    let rank = a.dims.len().max(b.dims.len());
    let pad = |d: &[usize]| [vec![1; rank - d.len()], d.to_vec()].concat();
    let (da, db) = (pad(&a.dims), pad(&b.dims));
    let dims: Vec<usize> = da.iter().zip(&db).map(|(&a, &b)| a.max(b)).collect();
    let count = dims.iter().product();
    let at = |d: &[usize], mut i: usize| {
        let (mut offset, mut step) = (0, 1);
        for k in (0..rank).rev() {
            offset += (i % dims[k]) % d[k] * step;
            i /= dims[k];
            step *= d[k];
        }
        offset
    };
    let data = (0..count).map(|i| f(a.data[at(&da, i)], b.data[at(&db, i)])).collect();
    Array { dims, data }
}

fn matmul(a: &Array, b: &Array) -> Array {
    let (n, k, m) = (a.dims[0], a.dims[1], b.dims[1]);
    assert_eq!(k, b.dims[0]);
    let mut data = vec![0.0; n * m];
    for r in 0..n {
        for j in 0..m {
            data[r * m + j] = (0..k).map(|i| a.data[r * k + i] * b.data[i * m + j]).sum();
        }
    }
    Array { dims: vec![n, m], data }
}

fn transpose(a: &Array) -> Array {
    let (r, c) = (a.dims[0], a.dims[1]);
    let data = (0..c).flat_map(|j| (0..r).map(move |i| (i, j))).map(|(i, j)| a.data[i * c + j]);
    Array { dims: vec![c, r], data: data.collect() }
}

fn evaluate(node: &Node, inputs: &[Option<&Array>]) -> Array {
    let attribute = |name: &str| node.attribute.iter().find(|a| a.name.as_deref() == Some(name));
    let int = |name: &str, default| attribute(name).map_or(default, |a| a.i.unwrap());
    let float = |name: &str, default: f64| attribute(name).map_or(default, |a| a.f.unwrap().into());
    let x = || inputs[0].unwrap();
    let each = |f: &dyn Fn(f64) -> f64| Array {
        dims: x().dims.clone(),
        data: x().data.iter().map(|&v| f(v)).collect(),
    };
    let optional = |i: usize| inputs.get(i).copied().flatten();
    match node.op_type.as_deref().unwrap() {
        "Add" => broadcast(x(), inputs[1].unwrap(), |a, b| a + b),
        "Sub" => broadcast(x(), inputs[1].unwrap(), |a, b| a - b),
        "Mul" => broadcast(x(), inputs[1].unwrap(), |a, b| a * b),
        "Div" => broadcast(x(), inputs[1].unwrap(), |a, b| a / b),
        "Erf" => each(&libm::erf),
        "Neg" => each(&|v| -v),
        "Relu" => each(&|v| v.max(0.0)),
        "Gelu" => each(&|v| v * 0.5 * libm::erfc(-v / std::f64::consts::SQRT_2)),
        "Clip" => {
            let bound = |i: usize, name: &str, default: f64| {
                optional(i).map_or(float(name, default), |t| t.data[0])
            };
            let (min, max) = (bound(1, "min", f64::NEG_INFINITY), bound(2, "max", f64::INFINITY));
            each(&|v| v.max(min).min(max))
        }
        "Identity" | "Dropout" | "Cast" => x().clone(),
        "Transpose" => transpose(x()),
        "Concat" => {
            let n = x().dims[0];
            let parts: Vec<&Array> = inputs.iter().map(|i| i.unwrap()).collect();
            let rows = (0..n).flat_map(|r| {
                parts.iter().flat_map(move |p| p.data[r * p.dims[1]..][..p.dims[1]].to_vec())
            });
            Array { dims: vec![n, parts.iter().map(|p| p.dims[1]).sum()], data: rows.collect() }
        }
        "Constant" => {
            let a = &node.attribute[0];
            match a.name.as_deref().unwrap() {
                "value" => array(&Tensor::from_proto(a.t.as_ref().unwrap()).unwrap()),
                "value_float" => Array { dims: vec![], data: vec![a.f.unwrap().into()] },
                "value_floats" => Array {
                    dims: vec![a.floats.len()],
                    data: a.floats.iter().map(|&v| v.into()).collect(),
                },
                other => panic!("{other}"),
            }
        }
        "MatMul" => matmul(x(), inputs[1].unwrap()),
        "Gemm" => {
            let b = inputs[1].unwrap();
            let b = if int("transB", 0) == 1 { transpose(b) } else { b.clone() };
            let (alpha, beta) = (float("alpha", 1.0), float("beta", 1.0));
            let product = matmul(x(), &b);
            let zero = Array { dims: vec![], data: vec![0.0] };
            broadcast(&product, optional(2).unwrap_or(&zero), |p, c| alpha * p + beta * c)
        }
        "Squeeze" => {
            let n = x().dims[0];
            Array { dims: vec![n], data: x().data.clone() }
        }
        "Flatten" | "Unsqueeze" => {
            let n = x().dims[0];
            Array { dims: vec![n, x().data.len() / n], data: x().data.clone() }
        }
        "Reshape" => {
            let n = x().dims[0];
            let mut dims = vec![n];
            if inputs[1].unwrap().data.len() == 2 {
                dims.push(x().data.len() / n);
            }
            Array { dims, data: x().data.clone() }
        }
        other => panic!("{other}"),
    }
}
