// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Reads an ONNX model, refuses what scoring does not need, and binds the roles of its inputs and
//! output. Nothing here runs the graph.

mod bind;
mod graph;
pub mod proto;
mod scan;
mod tensor;

pub use graph::{Graph, Node, Tensor, TensorData};
pub(crate) use scan::node_label;

use prost::Message;

use crate::error::{Result, err};

/// What the card says of the graph's names; empty where it says nothing.
#[derive(Debug, Default, Clone, Copy)]
pub struct Names<'a> {
    /// Input names: features first, then the codec block.
    pub inputs: &'a [String],
    /// The output's name.
    pub outputs: &'a [String],
}

/// Gives the bytes of an external data file by its `location`.
pub type ReadExternal<'a> = &'a mut dyn FnMut(&str) -> Result<std::rc::Rc<[u8]>>;

/// Parses, scans and binds a serialised model.
///
/// # Errors
/// `Malformed`: not ONNX, or a graph that is not well formed. `Forbidden`: an operator, domain, local
/// function, subgraph or path that is not allowed. `Inconsistent`: inputs or output that are not the
/// family's, or other names than `names`. What `read_external` returns.
pub fn load(bytes: Vec<u8>, names: Names<'_>, read_external: ReadExternal<'_>) -> Result<Graph> {
    let mut model = proto::ModelProto::decode(bytes.as_slice())
        .map_err(|e| err!(Malformed, "not an ONNX model: {e}"))?;
    let opset = scan::check(&model)?;
    let inlined = tensor::inline_external(&mut model, read_external)?;
    let bytes = if inlined { model.encode_to_vec() } else { bytes };
    let graph = model.graph.unwrap_or_default();
    let initializers = tensor::initializers(&graph)?;
    let roles = bind::roles(&graph, &initializers, names)?;
    Ok(Graph {
        nodes: graph.node,
        initializers,
        opset,
        features: roles.features,
        n_features: roles.n_features,
        codec: roles.codec,
        output: roles.output,
        output_width: roles.output_width,
        output_is_matrix: roles.output_is_matrix,
        bytes,
    })
}
