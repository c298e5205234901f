// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Layers from `Gemm` and `MatMul`.

use super::budget::Budget;
use super::constant::floats;
use super::node::{Gemm, Node};
use super::shape::Shape;
use super::steps::MAX_WIDTH;
use crate::error::{Result, bail, err};
use crate::onnx::Tensor;

/// y = x W + b, whatever x is made of.
pub(super) struct Dense {
    pub n_outputs: usize,
    /// [inputs][`n_outputs`], row-major.
    pub weights: Vec<f32>,
    pub bias: Vec<f32>,
}

impl Gemm {
    /// The layer over rows of shape `x`, and the shape of its outputs.
    pub(super) fn dense(
        self,
        node: &Node<'_>,
        x: &Shape,
        b: Option<&Tensor>,
        c: Option<&Tensor>,
        budget: &mut Budget,
    ) -> Result<(Dense, Shape)> {
        let b = given(node, b)?;
        let &[rows, columns] = b.dims.as_slice() else {
            bail!(
                Malformed,
                "{node}: weights of shape {:?} where two dimensions were expected",
                b.dims
            );
        };
        let (n_inputs, n_outputs) =
            if self.transposes_b { (columns, rows) } else { (rows, columns) };
        check(node, x, n_inputs, n_outputs, budget)?;
        let values = floats(node, b)?;
        let times = |v: f32, factor: f32| (f64::from(v) * f64::from(factor)) as f32;
        let weights: Vec<f32> = if self.transposes_b {
            (0..n_inputs)
                .flat_map(|i| (0..n_outputs).map(move |j| values[j * n_inputs + i]))
                .map(|v| times(v, self.alpha))
                .collect()
        } else {
            values.iter().map(|&v| times(v, self.alpha)).collect()
        };
        let shape = Shape::of_rows(&[n_outputs]);
        let bias = match c {
            None => vec![0.0; n_outputs],
            Some(c) => {
                shape.columns_of(node, c)?.into_iter().map(|v| times(v, self.beta)).collect()
            }
        };
        Ok((Dense { n_outputs, weights, bias }, shape))
    }
}

/// The layer of a `MatMul` over rows of shape `x`, and the shape of its outputs.
pub(super) fn matmul(
    node: &Node<'_>,
    x: &Shape,
    b: Option<&Tensor>,
    budget: &mut Budget,
) -> Result<(Dense, Shape)> {
    let b = given(node, b)?;
    let (n_inputs, n_outputs, tail) = match b.dims.as_slice() {
        &[k, m] => (k, m, vec![m]),
        &[k] => (k, 1, vec![]),
        dims => bail!(Unsupported, "{node}: weights of shape {dims:?}"),
    };
    check(node, x, n_inputs, n_outputs, budget)?;
    let weights = floats(node, b)?.to_vec();
    let bias = vec![0.0; n_outputs];
    Ok((Dense { n_outputs, weights, bias }, Shape::of_rows(&tail)))
}

fn given<'t>(node: &Node<'_>, weights: Option<&'t Tensor>) -> Result<&'t Tensor> {
    weights.ok_or_else(|| err!(Unsupported, "{node}: weights that are not constant"))
}

/// Checks that weights fit the rows and the budget.
fn check(
    node: &Node<'_>,
    x: &Shape,
    n_inputs: usize,
    n_outputs: usize,
    budget: &mut Budget,
) -> Result<()> {
    if *x != Shape::of_rows(&[n_inputs]) {
        bail!(Malformed, "{node}: inputs {x} and weights of {n_inputs} by {n_outputs} do not fit");
    }
    if n_inputs == 0 || n_outputs == 0 || n_outputs > MAX_WIDTH {
        bail!(
            Unsupported,
            "{node}: {n_outputs} outputs; the embedded engine takes 1 to {MAX_WIDTH}"
        );
    }
    budget.spend_on_plan(n_inputs.saturating_mul(n_outputs)).map_err(|e| e.of(node))
}
