// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A scanned graph of the `FRRegressor` family whose inputs and output have their roles.

use std::collections::HashMap;

use super::proto;

/// Tensor data of the element types that the family uses.
#[derive(Debug, Clone, PartialEq)]
pub enum TensorData {
    /// f32, row-major.
    F32(Vec<f32>),
    /// i64, row-major (INT32 tensors are widened).
    I64(Vec<i64>),
    /// Any other element type: no engine of ours computes with it.
    Other(i32),
}

/// An initialiser, external data already read.
#[derive(Debug, Clone, PartialEq)]
pub struct Tensor {
    /// Shape; the product equals the number of elements for `F32` and `I64`.
    pub dims: Vec<usize>,
    /// Elements.
    pub data: TensorData,
}

/// One operator of the default domain.
pub type Node = proto::NodeProto;

/// A checked graph: nodes in topological order, every name defined once, roles bound.
#[derive(Debug)]
pub struct Graph {
    /// Operators, in topological order.
    pub nodes: Vec<Node>,
    /// Constant tensors by name.
    pub initializers: HashMap<String, Tensor>,
    /// Version of the default operator set.
    pub opset: i64,
    /// Name of the features input, f32 [N, `n_features`].
    pub features: String,
    /// Width F of the features input.
    pub n_features: usize,
    /// Name and width C of the codec input, f32 [N, C], if it has one.
    pub codec: Option<(String, usize)>,
    /// Name of the output.
    pub output: String,
    /// 1: score [N] or [N, 1]; 2: score and log-variance [N, 2].
    pub output_width: usize,
    /// Whether the output is [N, W] rather than [N].
    pub output_is_matrix: bool,
    /// The serialised model, external data inlined: what ONNX Runtime gets.
    pub bytes: Vec<u8>,
}
