// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A node as the compiler sees it: its operator with its attributes, read once.

use std::fmt;
use std::rc::Rc;

use super::constant::Constant;
use crate::error::{Result, bail};
use crate::onnx::proto::{self, AttributeProto, NodeProto};
use crate::onnx::{Tensor, TensorData, node_label};

/// The first operator set whose Clip reads its bounds from inputs.
const CLIP_BY_INPUTS: i64 = 11;

/// The first operator set whose Squeeze and Unsqueeze read their axes from an input.
const AXES_BY_INPUT: i64 = 13;

/// A node of a supported operator. Displays as the node that an error is about.
pub(super) struct Node<'g> {
    proto: &'g NodeProto,
    pub operator: Operator<'g>,
    /// Names of the inputs that the operator set defines; empty for one that is left out.
    pub inputs: &'g [String],
}

/// The operators that the engine knows, on constants, on rows or on both.
pub(super) enum Operator<'g> {
    Constant(Constant),
    Identity,
    Dropout,
    /// To FLOAT.
    Cast,
    Transpose {
        perm: &'g [i64],
    },
    Shaping(Shaping<'g>),
    Concat {
        axis: i64,
    },
    Arithmetic(Arithmetic),
    Neg,
    Sqrt,
    Reciprocal,
    Gemm(Gemm),
    MatMul,
    Erf,
    /// Not approximated.
    Gelu,
    Relu,
    /// Bounds of the attributes; none where the operator set has inputs for them.
    Clip {
        min: Option<f32>,
        max: Option<f32>,
    },
}

/// Operators that change nothing but the shape.
#[derive(Clone, Copy)]
pub(super) enum Shaping<'g> {
    /// `axes`: those of the attribute, for want of an input.
    Squeeze {
        axes: &'g [i64],
    },
    Unsqueeze {
        axes: &'g [i64],
    },
    Flatten {
        axis: i64,
    },
    /// Whether a 0 in the new shape copies the dimension of the old one.
    Reshape {
        zero_copies: bool,
    },
}

/// alpha * A * B + beta * C. Without transA.
#[derive(Debug, Clone, Copy)]
pub(super) struct Gemm {
    pub alpha: f32,
    pub beta: f32,
    pub transposes_b: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Arithmetic {
    Add,
    Sub,
    Mul,
    Div,
}

impl fmt::Display for Node<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Label(self.proto).fmt(f)
    }
}

/// Names a node in an error, and costs nothing without one.
struct Label<'g>(&'g NodeProto);

impl fmt::Display for Label<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&node_label(self.0))
    }
}

impl<'g> Node<'g> {
    /// Reads a node of the default domain.
    ///
    /// # Errors
    /// `Unsupported`: an operator or an attribute outside the family.
    pub(super) fn read(proto: &'g NodeProto, opset: i64) -> Result<Self> {
        let label = Label(proto);
        let attributes = Attributes { all: &proto.attribute };
        let operator = operator(&label, op_type(proto), &attributes, opset)?;
        let only_one = match operator {
            Operator::Shaping(Shaping::Squeeze { .. } | Shaping::Unsqueeze { .. }) => {
                opset < AXES_BY_INPUT
            }
            Operator::Clip { .. } => opset < CLIP_BY_INPUTS,
            _ => false,
        };
        let defined = if only_one { proto.input.len().min(1) } else { proto.input.len() };
        Ok(Self { proto, operator, inputs: &proto.input[..defined] })
    }

    /// The operator's name.
    pub(super) fn op_type(&self) -> &'g str {
        op_type(self.proto)
    }

    /// The name of the value that the node makes.
    pub(super) fn output(&self) -> Option<&'g str> {
        self.proto.output.first().map(String::as_str)
    }
}

fn op_type(proto: &NodeProto) -> &str {
    proto.op_type.as_deref().unwrap_or("")
}

fn operator<'g>(
    label: &Label<'_>,
    op_type: &str,
    attributes: &Attributes<'g>,
    opset: i64,
) -> Result<Operator<'g>> {
    let axes = || attributes.ints("axes");
    Ok(match op_type {
        "Constant" => Operator::Constant(Rc::new(constant(label, attributes)?)),
        "Identity" => Operator::Identity,
        "Dropout" => Operator::Dropout,
        "Cast" => match attributes.int("to", 0) {
            to if to == i64::from(proto::FLOAT) => Operator::Cast,
            to => bail!(Unsupported, "{label}: to element type {to}, not FLOAT"),
        },
        "Transpose" => Operator::Transpose { perm: attributes.ints("perm") },
        "Squeeze" => Operator::Shaping(Shaping::Squeeze { axes: axes() }),
        "Unsqueeze" => Operator::Shaping(Shaping::Unsqueeze { axes: axes() }),
        "Flatten" => Operator::Shaping(Shaping::Flatten { axis: attributes.int("axis", 1) }),
        "Reshape" => {
            let zero_copies = attributes.int("allowzero", 0) == 0;
            Operator::Shaping(Shaping::Reshape { zero_copies })
        }
        "Concat" => Operator::Concat { axis: attributes.int("axis", 0) },
        "Add" => Operator::Arithmetic(Arithmetic::Add),
        "Sub" => Operator::Arithmetic(Arithmetic::Sub),
        "Mul" => Operator::Arithmetic(Arithmetic::Mul),
        "Div" => Operator::Arithmetic(Arithmetic::Div),
        "Neg" => Operator::Neg,
        "Sqrt" => Operator::Sqrt,
        "Reciprocal" => Operator::Reciprocal,
        "Gemm" => {
            if attributes.int("transA", 0) != 0 {
                bail!(Unsupported, "{label}: transA = 1");
            }
            Operator::Gemm(Gemm {
                alpha: attributes.float("alpha").unwrap_or(1.0),
                beta: attributes.float("beta").unwrap_or(1.0),
                transposes_b: attributes.int("transB", 0) != 0,
            })
        }
        "MatMul" => Operator::MatMul,
        "Erf" => Operator::Erf,
        "Gelu" => match attributes.string("approximate") {
            None | Some(b"none") => Operator::Gelu,
            Some(other) => bail!(
                Unsupported,
                "{label}: approximate '{}' is not supported, only none",
                String::from_utf8_lossy(other)
            ),
        },
        "Relu" => Operator::Relu,
        "Clip" if opset < CLIP_BY_INPUTS => {
            Operator::Clip { min: attributes.float("min"), max: attributes.float("max") }
        }
        "Clip" => Operator::Clip { min: None, max: None },
        other => bail!(Unsupported, "{label}: the embedded engine does not support '{other}'"),
    })
}

/// The value of a Constant node.
fn constant(label: &Label<'_>, attributes: &Attributes<'_>) -> Result<Tensor> {
    let scalar = |data| Tensor { dims: vec![], data };
    let vector = |n, data| Tensor { dims: vec![n], data };
    let [a] = attributes.all else {
        bail!(Malformed, "{label}: {} attributes where one was expected", attributes.all.len());
    };
    match a.name.as_deref().unwrap_or("") {
        "value" => match &a.t {
            Some(t) => Tensor::from_proto(t).map_err(|e| e.of(label)),
            None => bail!(Malformed, "{label}: attribute 'value' holds no tensor"),
        },
        "value_float" => Ok(scalar(TensorData::F32(vec![a.f.unwrap_or(0.0)]))),
        "value_int" => Ok(scalar(TensorData::I64(vec![a.i.unwrap_or(0)]))),
        "value_floats" => Ok(vector(a.floats.len(), TensorData::F32(a.floats.clone()))),
        "value_ints" => Ok(vector(a.ints.len(), TensorData::I64(a.ints.clone()))),
        other => bail!(Unsupported, "{label}: attribute '{other}' is not supported"),
    }
}

/// The attributes of a node.
struct Attributes<'g> {
    all: &'g [AttributeProto],
}

impl<'g> Attributes<'g> {
    fn get(&self, name: &str) -> Option<&'g AttributeProto> {
        self.all.iter().find(|a| a.name.as_deref() == Some(name))
    }

    fn int(&self, name: &str, default: i64) -> i64 {
        self.get(name).map_or(default, |a| a.i.unwrap_or(0))
    }

    fn float(&self, name: &str) -> Option<f32> {
        self.get(name).map(|a| a.f.unwrap_or(0.0))
    }

    fn ints(&self, name: &str) -> &'g [i64] {
        self.get(name).map_or(&[], |a| &a.ints)
    }

    fn string(&self, name: &str) -> Option<&'g [u8]> {
        self.get(name).map(|a| a.s.as_deref().unwrap_or_default())
    }
}
