// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Constants of a graph, and what nodes ask of them.

use std::fmt::Display;
use std::rc::Rc;

use crate::error::{Result, err};
use crate::onnx::{Tensor, TensorData};

/// A constant tensor, shared by the nodes that read it.
pub(super) type Constant = Rc<Tensor>;

/// The one element of a constant that has only one.
pub(super) fn scalar(c: &Tensor) -> Option<f32> {
    match c.as_f32() {
        Some([x]) => Some(*x),
        _ => None,
    }
}

pub(super) fn floats<'a>(at: &dyn Display, c: &'a Tensor) -> Result<&'a [f32]> {
    c.as_f32().ok_or_else(|| match c.data {
        TensorData::Other(t) => err!(Unsupported, "{at}: constant of element type {t}, not FLOAT"),
        _ => err!(Unsupported, "{at}: constant of integers where FLOAT was expected"),
    })
}

pub(super) fn integers<'a>(at: &dyn Display, c: &'a Tensor) -> Result<&'a [i64]> {
    c.as_i64().ok_or_else(|| err!(Malformed, "{at}: INT64 expected"))
}
