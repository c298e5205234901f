// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Constant tensors: where their bytes are, and what they say.

use std::collections::HashMap;
use std::rc::Rc;

use super::graph::{Tensor, TensorData};
use super::proto::{self, GraphProto, ModelProto, TensorProto};
use super::{ReadExternal, scan};
use crate::error::{Result, bail, err};

/// Replaces references to external data by the bytes; true where there was any.
pub(super) fn inline_external(model: &mut ModelProto, read: ReadExternal<'_>) -> Result<bool> {
    let Some(graph) = model.graph.as_mut() else {
        return Ok(false);
    };
    for node in &graph.node {
        for a in &node.attribute {
            if a.t.iter().chain(&a.tensors).any(is_external) {
                bail!(
                    Forbidden,
                    "{}: external data in an attribute is not allowed",
                    scan::node_label(node)
                );
            }
        }
    }
    let mut inlined = false;
    for t in graph.initializer.iter_mut().filter(|t| is_external(t)) {
        let name = t.name.clone().unwrap_or_default();
        inline(t, read).map_err(|e| e.of(format_args!("initialiser '{name}'")))?;
        inlined = true;
    }
    Ok(inlined)
}

fn is_external(t: &TensorProto) -> bool {
    t.data_location == Some(proto::EXTERNAL) || !t.external_data.is_empty()
}

fn inline(t: &mut TensorProto, read: ReadExternal<'_>) -> Result<()> {
    let (mut location, mut offset, mut length) = (None, 0_usize, None);
    for entry in &t.external_data {
        let value = entry.value.as_deref().unwrap_or("");
        let number = || {
            value
                .parse::<usize>()
                .map_err(|_| err!(Malformed, "external data: '{value}' is not a number of bytes"))
        };
        match entry.key.as_deref() {
            Some("location") => location = Some(value),
            Some("offset") => offset = number()?,
            Some("length") => length = Some(number()?),
            // A checksum is a hint to tools; the card's pin is what counts.
            _ => {}
        }
    }
    let location = location.ok_or_else(|| err!(Malformed, "external data without a location"))?;
    let file: Rc<[u8]> = read(location)?;
    let length = match length {
        Some(length) => length,
        None => byte_size(t)?,
    };
    let bytes =
        offset.checked_add(length).and_then(|end| file.get(offset..end)).ok_or_else(|| {
            err!(
                Malformed,
                "external data '{location}' has {} bytes, {length} at offset {offset} expected",
                file.len()
            )
        })?;
    t.raw_data = Some(bytes.to_vec());
    t.external_data.clear();
    t.data_location = None;
    Ok(())
}

fn element_size(data_type: i32) -> Option<usize> {
    match data_type {
        2 | 3 | 9 => Some(1),
        4 | 5 | 10 | 16 => Some(2),
        proto::FLOAT | proto::INT32 | 12 => Some(4),
        proto::INT64 | proto::DOUBLE | 13 => Some(8),
        _ => None,
    }
}

fn byte_size(t: &TensorProto) -> Result<usize> {
    let data_type = t.data_type.unwrap_or(0);
    element_size(data_type)
        .zip(element_count(&shape(t)?))
        .and_then(|(size, count)| size.checked_mul(count))
        .ok_or_else(|| err!(Malformed, "size of element type {data_type} is not known"))
}

fn shape(t: &TensorProto) -> Result<Vec<usize>> {
    t.dims
        .iter()
        .map(|&d| usize::try_from(d).map_err(|_| err!(Malformed, "negative dimension {d}")))
        .collect()
}

fn element_count(dims: &[usize]) -> Option<usize> {
    dims.iter().try_fold(1_usize, |n, &d| n.checked_mul(d))
}

pub(super) fn initializers(graph: &GraphProto) -> Result<HashMap<String, Tensor>> {
    graph
        .initializer
        .iter()
        .map(|t| {
            let name = t.name.clone().unwrap_or_default();
            match Tensor::from_proto(t) {
                Ok(tensor) => Ok((name, tensor)),
                Err(e) => Err(e.of(format_args!("initialiser '{name}'"))),
            }
        })
        .collect()
}

impl Tensor {
    /// Reads a tensor whose data is in the message itself.
    pub fn from_proto(t: &TensorProto) -> Result<Self> {
        let dims = shape(t)?;
        let count =
            element_count(&dims).ok_or_else(|| err!(Malformed, "shape {dims:?} is too large"))?;
        let data_type = t.data_type.unwrap_or(0);
        let raw = t.raw_data.as_deref();
        let data = match data_type {
            proto::FLOAT => TensorData::F32(match raw {
                Some(raw) => words(raw, f32::from_le_bytes)?,
                None => t.float_data.clone(),
            }),
            proto::INT64 => TensorData::I64(match raw {
                Some(raw) => words(raw, i64::from_le_bytes)?,
                None => t.int64_data.clone(),
            }),
            proto::INT32 => TensorData::I64(match raw {
                Some(raw) => words(raw, |b| i64::from(i32::from_le_bytes(b)))?,
                None => t.int32_data.iter().map(|&v| i64::from(v)).collect(),
            }),
            other => return Ok(Self { dims, data: TensorData::Other(other) }),
        };
        let found = match &data {
            TensorData::F32(v) => v.len(),
            TensorData::I64(v) => v.len(),
            TensorData::Other(_) => count,
        };
        if found != count {
            bail!(Malformed, "shape {dims:?} needs {count} elements, {found} found");
        }
        Ok(Self { dims, data })
    }

    /// The elements where they are f32.
    pub fn as_f32(&self) -> Option<&[f32]> {
        match &self.data {
            TensorData::F32(v) => Some(v),
            _ => None,
        }
    }

    /// The elements where they are integers.
    pub fn as_i64(&self) -> Option<&[i64]> {
        match &self.data {
            TensorData::I64(v) => Some(v),
            _ => None,
        }
    }
}

fn words<const N: usize, T>(raw: &[u8], read: impl Fn([u8; N]) -> T) -> Result<Vec<T>> {
    let (words, rest) = raw.as_chunks::<N>();
    if !rest.is_empty() {
        bail!(Malformed, "{} bytes of raw data are no multiple of {N}", raw.len());
    }
    Ok(words.iter().map(|&w| read(w)).collect())
}
