// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Constants of a graph, and the nodes that only compute constants from constants.

use std::rc::Rc;

use super::compile::{At, Attributes};
use crate::error::{Result, bail, err};
use crate::onnx::{Tensor, TensorData};

/// What the folded constants and the plan of a graph may hold together: more than any graph of the family, and
/// little enough that a hostile one exhausts nothing.
const MAX_ELEMENTS: usize = 1 << 25;

/// What a layer or a map counts at least: its own memory apart from its constants.
const MIN_OF_PLAN: usize = 1 << 10;

/// A constant tensor, shared by the nodes that read it.
pub(super) type Constant = Rc<Tensor>;

/// Counts the elements that folding makes and that the plan holds.
#[derive(Default)]
pub(super) struct Budget(usize);

impl Budget {
    /// Counts a layer or a map with that many constants.
    pub(super) fn spend_on_plan(&mut self, elements: usize) -> Result<()> {
        self.spend(&[elements.max(MIN_OF_PLAN)]).map(|_| ())
    }

    fn spend(&mut self, dims: &[usize]) -> Result<usize> {
        let count = product(dims);
        let total = count.and_then(|n| self.0.checked_add(n.max(1)));
        match (count, total) {
            (Some(count), Some(total)) if total <= MAX_ELEMENTS => {
                self.0 = total;
                Ok(count)
            }
            _ => bail!(Unsupported, "constants of more than {MAX_ELEMENTS} elements"),
        }
    }
}

fn product(dims: &[usize]) -> Option<usize> {
    dims.iter().try_fold(1_usize, |n, &d| n.checked_mul(d))
}

/// The one element of a constant, where it has one.
pub(super) fn scalar(c: &Tensor) -> Option<f32> {
    match c.as_f32() {
        Some([x]) => Some(*x),
        _ => None,
    }
}

pub(super) fn floats<'a>(at: &At<'_>, c: &'a Tensor) -> Result<&'a [f32]> {
    c.as_f32().ok_or_else(|| match c.data {
        TensorData::Other(t) => err!(Unsupported, "{at}: constant of element type {t}, not FLOAT"),
        _ => err!(Unsupported, "{at}: constant of integers where FLOAT was expected"),
    })
}

pub(super) fn integers<'a>(at: &At<'_>, c: &'a Tensor) -> Result<&'a [i64]> {
    c.as_i64().ok_or_else(|| err!(Malformed, "{at}: INT64 expected"))
}

/// The value of a Constant node.
pub(super) fn of_node(at: &At<'_>, attributes: &Attributes<'_>) -> Result<Tensor> {
    let scalar = |data| Tensor { dims: vec![], data };
    let vector = |n, data| Tensor { dims: vec![n], data };
    let a = attributes.only()?;
    match a.name.as_deref().unwrap_or("") {
        "value" => match &a.t {
            Some(t) => Tensor::from_proto(t).map_err(|e| e.of(at)),
            None => bail!(Malformed, "{at}: attribute 'value' holds no tensor"),
        },
        "value_float" => Ok(scalar(TensorData::F32(vec![a.f.unwrap_or(0.0)]))),
        "value_int" => Ok(scalar(TensorData::I64(vec![a.i.unwrap_or(0)]))),
        "value_floats" => Ok(vector(a.floats.len(), TensorData::F32(a.floats.clone()))),
        "value_ints" => Ok(vector(a.ints.len(), TensorData::I64(a.ints.clone()))),
        other => bail!(Unsupported, "{at}: attribute '{other}' is not supported"),
    }
}

/// Folds a node whose inputs are all constants; `None` where the operator is not one that folds.
pub(super) fn fold(
    at: &At<'_>,
    attributes: &Attributes<'_>,
    opset: i64,
    inputs: &[Option<Constant>],
    budget: &mut Budget,
) -> Result<Option<Constant>> {
    let Some(Some(x)) = inputs.first() else {
        return Ok(None);
    };
    let second = inputs.get(1).and_then(Option::as_ref);
    let listed = |x: &Tensor, output_rank_from: usize| -> Result<Vec<usize>> {
        axes(at, attributes, opset, second.map(Rc::as_ref), x.dims.len() + output_rank_from)
    };
    let reshaped = |dims: Vec<usize>, budget: &mut Budget| -> Result<Option<Constant>> {
        budget.spend(&dims).map_err(|e| e.of(at))?;
        Ok(Some(Rc::new(Tensor { dims, data: x.data.clone() })))
    };
    match at.op {
        "Identity" | "Dropout" => Ok(Some(Rc::clone(x))),
        "Cast" => {
            floats(at, x)?;
            attributes.cast_to_float()?;
            Ok(Some(Rc::clone(x)))
        }
        "Transpose" => transpose(at, attributes, x, budget).map(Some),
        "Squeeze" => {
            let mut axes = listed(x, 0)?;
            if axes.is_empty() {
                axes = (0..x.dims.len()).filter(|&i| x.dims[i] == 1).collect();
            }
            if let Some(&a) = axes.iter().find(|&&a| x.dims[a] != 1) {
                bail!(Malformed, "{at}: axis {a} of shape {:?} is not 1", x.dims);
            }
            let dims = x.dims.iter().enumerate().filter(|(i, _)| !axes.contains(i));
            reshaped(dims.map(|(_, &d)| d).collect(), budget)
        }
        "Unsqueeze" => {
            let n = second
                .map_or(attributes.ints("axes").len(), |a| product(&a.dims).unwrap_or(usize::MAX));
            if n > MAX_RANK {
                bail!(Malformed, "{at}: {n} axes");
            }
            let mut axes = listed(x, n)?;
            axes.sort_unstable();
            let mut dims = x.dims.clone();
            for a in axes {
                if a > dims.len() {
                    bail!(Malformed, "{at}: axis {a} is out of range");
                }
                dims.insert(a, 1);
            }
            reshaped(dims, budget)
        }
        "Flatten" => {
            let rank = x.dims.len() as i64;
            let axis = attributes.int("axis").unwrap_or(1);
            let first = if axis < 0 { axis.saturating_add(rank) } else { axis };
            if !(0..=rank).contains(&first) {
                bail!(Malformed, "{at}: axis {axis} of a tensor of rank {rank}");
            }
            let (a, b) = x.dims.split_at(first as usize);
            let (Some(rows), Some(columns)) = (product(a), product(b)) else {
                bail!(Malformed, "{at}: shape {:?} is too large", x.dims);
            };
            reshaped(vec![rows, columns], budget)
        }
        "Reshape" => {
            let Some(shape) = second else {
                bail!(Unsupported, "{at}: without an input 'shape'");
            };
            let shape = integers(at, shape)?;
            reshaped(reshape(at, attributes, &x.dims, shape)?, budget)
        }
        "Sqrt" | "Neg" | "Reciprocal" => {
            budget.spend(&x.dims).map_err(|e| e.of(at))?;
            let f = match at.op {
                "Sqrt" => f32::sqrt,
                "Neg" => |v: f32| -v,
                _ => |v: f32| 1.0 / v,
            };
            let data = TensorData::F32(floats(at, x)?.iter().map(|&v| f(v)).collect());
            Ok(Some(Rc::new(Tensor { dims: x.dims.clone(), data })))
        }
        "Add" | "Sub" | "Mul" | "Div" => {
            let Some(y) = second else {
                bail!(Malformed, "{at}: one input where two were expected");
            };
            let f = match at.op {
                "Add" => |a: f32, b: f32| a + b,
                "Sub" => |a: f32, b: f32| a - b,
                "Mul" => |a: f32, b: f32| a * b,
                _ => |a: f32, b: f32| a / b,
            };
            elementwise(at, x, y, f, budget).map(Some)
        }
        "Concat" => concat(at, attributes, inputs, budget).map(Some),
        _ => Ok(None),
    }
}

/// Ranks above this are not of this family, and would make work quadratic.
const MAX_RANK: usize = 8;

/// The axes of Squeeze and Unsqueeze, from the input or (before opset 13) the attribute, checked
/// and counted from the front of a shape of `rank`.
pub(super) fn axes(
    at: &At<'_>,
    attributes: &Attributes<'_>,
    opset: i64,
    input: Option<&Tensor>,
    rank: usize,
) -> Result<Vec<usize>> {
    let given: &[i64] = match input {
        Some(t) if opset >= 13 => integers(at, t)?,
        _ => attributes.ints("axes"),
    };
    if rank > MAX_RANK || given.len() > rank {
        bail!(Malformed, "{at}: {} axes for a tensor of rank {rank}", given.len());
    }
    let mut axes = Vec::with_capacity(given.len());
    for &axis in given {
        let from_front = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
        match usize::try_from(from_front) {
            Ok(a) if a < rank && !axes.contains(&a) => axes.push(a),
            _ => bail!(Malformed, "{at}: axis {axis} is out of range or there twice"),
        }
    }
    Ok(axes)
}

/// The shape that Reshape's input asks for.
fn reshape(
    at: &At<'_>,
    attributes: &Attributes<'_>,
    dims: &[usize],
    shape: &[i64],
) -> Result<Vec<usize>> {
    let mismatch = || err!(Malformed, "{at}: shape {dims:?} cannot become {shape:?}");
    if shape.len() > MAX_RANK {
        return Err(mismatch());
    }
    let count = product(dims).ok_or_else(mismatch)?;
    let mut out = Vec::with_capacity(shape.len());
    let mut inferred = None;
    for (i, &d) in shape.iter().enumerate() {
        out.push(match d {
            -1 if inferred.is_none() => {
                inferred = Some(i);
                1
            }
            0 if attributes.int("allowzero").unwrap_or(0) == 0 => {
                *dims.get(i).ok_or_else(mismatch)?
            }
            d => usize::try_from(d).map_err(|_| mismatch())?,
        });
    }
    let known = product(&out).ok_or_else(mismatch)?;
    if let Some(i) = inferred {
        out[i] = count.checked_div(known).ok_or_else(mismatch)?;
    }
    if product(&out) != Some(count) {
        return Err(mismatch());
    }
    Ok(out)
}

fn transpose(
    at: &At<'_>,
    attributes: &Attributes<'_>,
    x: &Constant,
    budget: &mut Budget,
) -> Result<Constant> {
    let rank = x.dims.len();
    let perm = attributes.ints("perm");
    match (rank, perm) {
        (0 | 1, _) | (2, [0, 1]) => Ok(Rc::clone(x)),
        (2, [] | [1, 0]) => {
            budget.spend(&x.dims).map_err(|e| e.of(at))?;
            let (rows, columns) = (x.dims[0], x.dims[1]);
            let values = floats(at, x)?;
            let data = (0..columns)
                .flat_map(|c| (0..rows).map(move |r| values[r * columns + c]))
                .collect();
            Ok(Rc::new(Tensor { dims: vec![columns, rows], data: TensorData::F32(data) }))
        }
        _ => bail!(Unsupported, "{at}: of a constant of rank {rank} by {perm:?}"),
    }
}

/// Multidirectional broadcasting, as ONNX and numpy have it.
fn elementwise(
    at: &At<'_>,
    x: &Tensor,
    y: &Tensor,
    f: fn(f32, f32) -> f32,
    budget: &mut Budget,
) -> Result<Constant> {
    let rank = x.dims.len().max(y.dims.len());
    let dim = |t: &Tensor, i: usize| (i + t.dims.len()).checked_sub(rank).map_or(1, |i| t.dims[i]);
    let mut dims = Vec::with_capacity(rank);
    for i in 0..rank {
        dims.push(match (dim(x, i), dim(y, i)) {
            (a, b) if a == b => a,
            (1, d) | (d, 1) => d,
            _ => bail!(Malformed, "{at}: shapes {:?} and {:?} do not fit", x.dims, y.dims),
        });
    }
    if rank > MAX_RANK {
        bail!(Unsupported, "{at}: constant of rank {rank}");
    }
    let count = budget.spend(&dims).map_err(|e| e.of(at))?;
    let (a, b) = (floats(at, x)?, floats(at, y)?);
    let offset = |t: &Tensor, mut flat: usize| {
        let (mut offset, mut step) = (0, 1);
        for i in (0..rank).rev() {
            let index = flat % dims[i];
            flat /= dims[i];
            let d = dim(t, i);
            if d != 1 {
                offset += index * step;
            }
            step *= d;
        }
        offset
    };
    let data = (0..count).map(|i| f(a[offset(x, i)], b[offset(y, i)])).collect();
    Ok(Rc::new(Tensor { dims, data: TensorData::F32(data) }))
}

/// Along the first axis: what joining shapes or vectors needs.
fn concat(
    at: &At<'_>,
    attributes: &Attributes<'_>,
    inputs: &[Option<Constant>],
    budget: &mut Budget,
) -> Result<Constant> {
    let parts: Vec<&Constant> = inputs.iter().flatten().collect();
    let rank = parts[0].dims.len();
    let axis = attributes.int("axis").unwrap_or(0);
    if rank == 0 || !(axis == 0 || axis == -(rank as i64)) {
        bail!(Unsupported, "{at}: of constants along axis {axis}");
    }
    if parts.iter().any(|p| p.dims.len() != rank || p.dims[1..] != parts[0].dims[1..]) {
        bail!(Malformed, "{at}: shapes do not fit");
    }
    let mut dims = parts[0].dims.clone();
    dims[0] = parts
        .iter()
        .try_fold(0_usize, |n, p| n.checked_add(p.dims[0]))
        .ok_or_else(|| err!(Malformed, "{at}: shapes are too large"))?;
    budget.spend(&dims).map_err(|e| e.of(at))?;
    let data = if parts.iter().all(|p| p.as_i64().is_some()) {
        TensorData::I64(parts.iter().filter_map(|p| p.as_i64()).flatten().copied().collect())
    } else {
        let mut data = Vec::new();
        for p in parts {
            data.extend_from_slice(floats(at, p)?);
        }
        TensorData::F32(data)
    };
    Ok(Rc::new(Tensor { dims, data }))
}
