// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Refuses every model that holds more than a plain graph of harmless operators.

use std::collections::HashSet;

use super::proto::{GraphProto, ModelProto, NodeProto};
use crate::error::{Result, bail, err};

/// Operators of the default domain that a regressor may use: stateless, deterministic, without
/// subgraphs, and with outputs no larger than their inputs and constants allow.
const ALLOWED: &[&str] = &[
    "Abs",
    "Add",
    "BatchNormalization",
    "Cast",
    "Ceil",
    "Celu",
    "Clip",
    "Concat",
    "Constant",
    "Div",
    "Dropout",
    "Elu",
    "Erf",
    "Exp",
    "Flatten",
    "Floor",
    "Gather",
    "Gelu",
    "Gemm",
    "HardSigmoid",
    "HardSwish",
    "Identity",
    "LayerNormalization",
    "LeakyRelu",
    "Log",
    "MatMul",
    "Max",
    "Min",
    "Mish",
    "Mul",
    "Neg",
    "PRelu",
    "Pow",
    "Reciprocal",
    "ReduceMax",
    "ReduceMean",
    "ReduceMin",
    "ReduceSum",
    "Relu",
    "Reshape",
    "Round",
    "Selu",
    "Shape",
    "Sigmoid",
    "Sign",
    "Slice",
    "Softmax",
    "Softplus",
    "Softsign",
    "Split",
    "Sqrt",
    "Squeeze",
    "Sub",
    "Sum",
    "Tanh",
    "Transpose",
    "Unsqueeze",
];

/// How an error names a node: its name where it has one, else its first output.
pub(crate) fn node_label(node: &NodeProto) -> String {
    let op = node.op_type.as_deref().unwrap_or("");
    match node.name.as_deref() {
        Some(name) if !name.is_empty() => format!("node '{name}' ({op})"),
        _ => format!("node of output '{}' ({op})", node.output.first().map_or("", String::as_str)),
    }
}

fn is_default_domain(domain: Option<&str>) -> bool {
    matches!(domain, None | Some("" | "ai.onnx"))
}

/// Checks the whole model and returns the version of the default operator set.
pub(super) fn check(model: &ModelProto) -> Result<i64> {
    let graph = model
        .graph
        .as_ref()
        .ok_or_else(|| err!(Malformed, "not an ONNX model: it has no graph"))?;
    if let Some(function) = model.functions.first() {
        bail!(
            Forbidden,
            "local function '{}' is not allowed",
            function.name.as_deref().unwrap_or("")
        );
    }
    if !model.training_info.is_empty() {
        bail!(Forbidden, "training information is not allowed in a model to score with");
    }
    if !graph.sparse_initializer.is_empty() {
        bail!(Forbidden, "sparse initialisers are not allowed");
    }
    for node in &graph.node {
        check_node(node)?;
    }
    check_names(graph)?;
    model
        .opset_import
        .iter()
        .find(|o| is_default_domain(o.domain.as_deref()))
        .and_then(|o| o.version)
        .ok_or_else(|| err!(Malformed, "the model imports no default operator set"))
}

fn check_node(node: &NodeProto) -> Result<()> {
    let label = node_label(node);
    if !is_default_domain(node.domain.as_deref()) {
        bail!(
            Forbidden,
            "{label}: operator domain '{}' is not allowed, only the default one",
            node.domain.as_deref().unwrap_or("")
        );
    }
    let op = node.op_type.as_deref().ok_or_else(|| err!(Malformed, "{label}: no operator type"))?;
    for a in &node.attribute {
        let name = a.name.as_deref().unwrap_or("");
        if a.g.is_some() || !a.graphs.is_empty() {
            bail!(Forbidden, "{label}: attribute '{name}' holds a subgraph, which is not allowed");
        }
        if a.sparse_tensor.is_some() || !a.sparse_tensors.is_empty() {
            bail!(
                Forbidden,
                "{label}: attribute '{name}' holds a sparse tensor, which is not allowed"
            );
        }
        if a.ref_attr_name.as_deref().is_some_and(|r| !r.is_empty()) {
            bail!(
                Forbidden,
                "{label}: attribute '{name}' refers to a local function's, which is not allowed"
            );
        }
    }
    if !ALLOWED.contains(&op) {
        bail!(Forbidden, "{label}: operator '{op}' is not allowed");
    }
    Ok(())
}

/// Every value is defined once, before it is used; the outputs are defined.
fn check_names(graph: &GraphProto) -> Result<()> {
    let mut defined: HashSet<&str> = HashSet::new();
    for t in &graph.initializer {
        let name = t.name.as_deref().unwrap_or("");
        if name.is_empty() || !defined.insert(name) {
            bail!(Malformed, "initialiser '{name}' has no name or is there twice");
        }
    }
    let mut inputs = HashSet::new();
    for i in &graph.input {
        let name = i.name.as_deref().unwrap_or("");
        // An input of an initialiser's name is that initialiser's default (ONNX IR 3).
        if name.is_empty() || !inputs.insert(name) {
            bail!(Malformed, "input '{name}' has no name or is there twice");
        }
        defined.insert(name);
    }
    for node in &graph.node {
        for input in node.input.iter().filter(|n| !n.is_empty()) {
            if !defined.contains(input.as_str()) {
                bail!(Malformed, "{}: input '{input}' is not defined before it", node_label(node));
            }
        }
        for output in node.output.iter().filter(|n| !n.is_empty()) {
            if !defined.insert(output) {
                bail!(Malformed, "{}: output '{output}' is defined twice", node_label(node));
            }
        }
    }
    for o in &graph.output {
        let name = o.name.as_deref().unwrap_or("");
        if !defined.contains(name) {
            bail!(Malformed, "output '{name}' is not defined by any node");
        }
    }
    Ok(())
}
