// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Nodes that compute constants from constants.

use std::rc::Rc;

use super::budget::Budget;
use super::constant::{Constant, floats};
use super::node::{Arithmetic, Node, Operator};
use super::shape::{Shape, spread};
use crate::error::{Result, bail, err};
use crate::onnx::{Tensor, TensorData};

/// Folds a node whose inputs are all constants.
///
/// # Errors
/// `Unsupported`: an operator that does not fold. `Malformed`: inputs that do not fit.
pub(super) fn fold(
    node: &Node<'_>,
    inputs: &[Option<Constant>],
    budget: &mut Budget,
) -> Result<Constant> {
    if let Operator::Constant(value) = &node.operator {
        return Ok(Rc::clone(value));
    }
    let unsupported =
        || err!(Unsupported, "{node}: operator '{}' on constants is not supported", node.op_type());
    let Some(Some(x)) = inputs.first() else {
        return Err(unsupported());
    };
    let second = inputs.get(1).and_then(Option::as_ref);
    match &node.operator {
        Operator::Identity | Operator::Dropout => Ok(Rc::clone(x)),
        Operator::Cast => floats(node, x).map(|_| Rc::clone(x)),
        Operator::Transpose { perm } => transpose(node, perm, x, budget),
        Operator::Shaping(shaping) => {
            let second = second.map(Rc::as_ref);
            let dims = Shape::of_constant(x).after(node, *shaping, second)?.sizes();
            budget.spend_on_constant(&dims).map_err(|e| e.of(node))?;
            Ok(Rc::new(Tensor { dims, data: x.data.clone() }))
        }
        Operator::Neg => each(node, x, |v| -v, budget),
        Operator::Sqrt => each(node, x, f32::sqrt, budget),
        Operator::Reciprocal => each(node, x, |v| 1.0 / v, budget),
        Operator::Arithmetic(op) => {
            let Some(y) = second else {
                bail!(Malformed, "{node}: one input where two were expected");
            };
            let f = match op {
                Arithmetic::Add => |a: f32, b: f32| a + b,
                Arithmetic::Sub => |a: f32, b: f32| a - b,
                Arithmetic::Mul => |a: f32, b: f32| a * b,
                Arithmetic::Div => |a: f32, b: f32| a / b,
            };
            pairwise(node, x, y, f, budget)
        }
        Operator::Concat { axis } => concat(node, *axis, x, inputs, budget),
        Operator::Constant(_)
        | Operator::Gemm(_)
        | Operator::MatMul
        | Operator::Erf
        | Operator::Gelu
        | Operator::Relu
        | Operator::Clip { .. } => Err(unsupported()),
    }
}

fn transpose(node: &Node<'_>, perm: &[i64], x: &Constant, budget: &mut Budget) -> Result<Constant> {
    match (x.dims.as_slice(), perm) {
        ([] | [_], _) | ([_, _], [0, 1]) => Ok(Rc::clone(x)),
        (&[rows, columns], [] | [1, 0]) => {
            budget.spend_on_constant(&x.dims).map_err(|e| e.of(node))?;
            let values = floats(node, x)?;
            let data = (0..columns)
                .flat_map(|c| (0..rows).map(move |r| values[r * columns + c]))
                .collect();
            Ok(Rc::new(Tensor { dims: vec![columns, rows], data: TensorData::F32(data) }))
        }
        (dims, _) => {
            bail!(Unsupported, "{node}: of a constant of rank {} by {perm:?}", dims.len())
        }
    }
}

fn each(
    node: &Node<'_>,
    x: &Tensor,
    f: impl Fn(f32) -> f32,
    budget: &mut Budget,
) -> Result<Constant> {
    budget.spend_on_constant(&x.dims).map_err(|e| e.of(node))?;
    let data = TensorData::F32(floats(node, x)?.iter().map(|&v| f(v)).collect());
    Ok(Rc::new(Tensor { dims: x.dims.clone(), data }))
}

fn pairwise(
    node: &Node<'_>,
    x: &Tensor,
    y: &Tensor,
    f: fn(f32, f32) -> f32,
    budget: &mut Budget,
) -> Result<Constant> {
    let dims = Shape::of_constant(x).broadcast(node, &Shape::of_constant(y))?.sizes();
    budget.spend_on_constant(&dims).map_err(|e| e.of(node))?;
    let a = spread(floats(node, x)?, &x.dims, &dims);
    let b = spread(floats(node, y)?, &y.dims, &dims);
    let data = TensorData::F32(a.zip(b).map(|(a, b)| f(a, b)).collect());
    Ok(Rc::new(Tensor { dims, data }))
}

/// Along the first axis: what joining shapes or vectors needs.
fn concat(
    node: &Node<'_>,
    axis: i64,
    first: &Constant,
    inputs: &[Option<Constant>],
    budget: &mut Budget,
) -> Result<Constant> {
    let parts: Vec<&Constant> = inputs.iter().flatten().collect();
    let rank = first.dims.len();
    if rank == 0 || !(axis == 0 || axis == -(rank as i64)) {
        bail!(Unsupported, "{node}: of constants along axis {axis}");
    }
    if parts.iter().any(|p| p.dims.len() != rank || p.dims[1..] != first.dims[1..]) {
        bail!(Malformed, "{node}: shapes do not fit");
    }
    let mut dims = first.dims.clone();
    dims[0] = parts
        .iter()
        .try_fold(0_usize, |n, p| n.checked_add(p.dims[0]))
        .ok_or_else(|| err!(Malformed, "{node}: shapes are too large"))?;
    budget.spend_on_constant(&dims).map_err(|e| e.of(node))?;
    let data = if parts.iter().all(|p| p.as_i64().is_some()) {
        TensorData::I64(parts.iter().filter_map(|p| p.as_i64()).flatten().copied().collect())
    } else {
        let mut data = Vec::new();
        for p in parts {
            data.extend_from_slice(floats(node, p)?);
        }
        TensorData::F32(data)
    };
    Ok(Rc::new(Tensor { dims, data }))
}
