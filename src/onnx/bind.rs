// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Which input is which: roles from the names, checked against the family's shapes.

use std::collections::HashMap;

use super::Names;
use super::graph::Tensor;
use super::proto::tensor_shape_proto::dimension::Value as Size;
use super::proto::type_proto::Value;
use super::proto::{self, GraphProto, ValueInfoProto};
use crate::error::{Result, bail, err};

const FEATURES_NAMES: &[&str] = &["features", "feature", "x", "input"];
const CODEC_NAMES: &[&str] = &["codec_onehot", "codec", "codec_block", "encoder_onehot", "encoder"];

pub(super) struct Roles {
    pub features: String,
    pub n_features: usize,
    pub codec: Option<(String, usize)>,
    pub output: String,
    pub output_width: usize,
    pub output_is_matrix: bool,
}

/// One dimension of a declared shape; `None` is dynamic.
type Dim = Option<usize>;

fn name_of(value: &ValueInfoProto) -> &str {
    value.name.as_deref().unwrap_or("")
}

/// The declared shape of an f32 tensor.
fn float_shape(value: &ValueInfoProto) -> Result<Vec<Dim>> {
    let tensor = value
        .r#type
        .as_ref()
        .and_then(|t| match &t.value {
            Some(Value::TensorType(tensor)) => Some(tensor),
            _ => None,
        })
        .ok_or_else(|| err!(Inconsistent, "not a tensor"))?;
    let elem = tensor.elem_type.unwrap_or(0);
    if elem != proto::FLOAT {
        bail!(Inconsistent, "element type {} where FLOAT was expected", element_type_name(elem));
    }
    let shape = tensor.shape.as_ref().ok_or_else(|| err!(Inconsistent, "no declared shape"))?;
    shape
        .dim
        .iter()
        .map(|d| match d.value {
            None | Some(Size::DimParam(_)) => Ok(None),
            Some(Size::DimValue(v)) => usize::try_from(v)
                .map(Some)
                .map_err(|_| err!(Inconsistent, "negative dimension {v}")),
        })
        .collect()
}

fn element_type_name(elem: i32) -> String {
    match elem {
        proto::INT32 => "INT32".into(),
        proto::INT64 => "INT64".into(),
        proto::DOUBLE => "DOUBLE".into(),
        8 => "STRING".into(),
        10 => "FLOAT16".into(),
        other => other.to_string(),
    }
}

/// The width of an input [N, width] with a dynamic N.
fn input_width(value: &ValueInfoProto) -> Result<usize> {
    match float_shape(value)?.as_slice() {
        [None, Some(width)] if *width > 0 => Ok(*width),
        [Some(n), _] => bail!(Inconsistent, "static batch of {n} where a dynamic one was expected"),
        [None, _] => bail!(Inconsistent, "the width (second dimension) must be a positive number"),
        other => bail!(Inconsistent, "rank {} where [N, width] was expected", other.len()),
    }
}

fn of_input<T>(value: &ValueInfoProto, r: Result<T>) -> Result<T> {
    r.map_err(|e| e.of(format_args!("input '{}'", name_of(value))))
}

pub(super) fn roles(
    graph: &GraphProto,
    initializers: &HashMap<String, Tensor>,
    names: Names<'_>,
) -> Result<Roles> {
    let inputs: Vec<&ValueInfoProto> =
        graph.input.iter().filter(|i| !initializers.contains_key(name_of(i))).collect();
    check_listed("input", inputs.iter().map(|i| name_of(i)), names.inputs)?;
    let (features, codec) = match inputs.as_slice() {
        [only] => (*only, None),
        [a, b] => {
            let features_first = features_come_first(name_of(a), name_of(b), names.inputs)?;
            if features_first { (*a, Some(*b)) } else { (*b, Some(*a)) }
        }
        other => bail!(
            Inconsistent,
            "{} inputs where features, or features and a codec block, were expected",
            other.len()
        ),
    };
    let [output] = graph.output.as_slice() else {
        bail!(Inconsistent, "{} outputs where one was expected", graph.output.len());
    };
    check_listed("output", std::iter::once(name_of(output)), names.outputs)?;
    let (output_width, output_is_matrix) =
        output_width(output).map_err(|e| e.of(format_args!("output '{}'", name_of(output))))?;
    Ok(Roles {
        features: name_of(features).to_owned(),
        n_features: of_input(features, input_width(features))?,
        codec: match codec {
            Some(c) => Some((name_of(c).to_owned(), of_input(c, input_width(c))?)),
            None => None,
        },
        output: name_of(output).to_owned(),
        output_width,
        output_is_matrix,
    })
}

/// Whether the first of two inputs is the features; by known names, else by the card's order.
fn features_come_first(a: &str, b: &str, card: &[String]) -> Result<bool> {
    let known = |name: &str, list: &[&str]| list.iter().any(|k| k.eq_ignore_ascii_case(name));
    let codec = (known(a, CODEC_NAMES), known(b, CODEC_NAMES));
    let features = (known(a, FEATURES_NAMES), known(b, FEATURES_NAMES));
    match (codec, features) {
        ((false, true), (_, false)) | ((false, false), (true, false)) => Ok(true),
        ((true, false), (false, _)) | ((false, false), (false, true)) => Ok(false),
        _ => match card.first() {
            Some(first) => Ok(first == a),
            None => bail!(
                Inconsistent,
                "inputs '{a}' and '{b}': which is the features and which the codec block is not \
                 clear; name them 'features' and 'codec_onehot', or list them in that order in the \
                 card's input_names"
            ),
        },
    }
}

fn check_listed<'a>(
    what: &str,
    graph: impl Iterator<Item = &'a str>,
    card: &[String],
) -> Result<()> {
    let mut graph: Vec<&str> = graph.collect();
    let mut card: Vec<&str> = card.iter().map(String::as_str).collect();
    if card.is_empty() {
        return Ok(());
    }
    let shown = (format!("{card:?}"), format!("{graph:?}"));
    graph.sort_unstable();
    card.sort_unstable();
    if graph != card {
        bail!(
            Inconsistent,
            "{what}_names of the card are {}, the graph's are {}",
            shown.0,
            shown.1
        );
    }
    Ok(())
}

fn output_width(output: &ValueInfoProto) -> Result<(usize, bool)> {
    match float_shape(output)?.as_slice() {
        [None] => Ok((1, false)),
        [None, Some(1)] => Ok((1, true)),
        [None, Some(2)] => Ok((2, true)),
        [Some(n)] | [Some(n), _] => {
            bail!(Inconsistent, "static batch of {n} where a dynamic one was expected")
        }
        other => {
            let shape: Vec<String> =
                other.iter().map(|d| d.map_or("N".into(), |v| v.to_string())).collect();
            bail!(Inconsistent, "shape [{}] where [N] or [N, 2] was expected", shape.join(", "))
        }
    }
}
