// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Builds graphs for tests.

use std::collections::HashMap;

use prost::Message as _;

use crate::onnx::proto::tensor_shape_proto::{Dimension, dimension::Value as Size};
use crate::onnx::proto::{
    AttributeProto, FLOAT, GraphProto, INT64, ModelProto, OperatorSetIdProto, TensorProto,
    TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};
use crate::onnx::{Graph, Node, Tensor, TensorData};

pub(super) struct Build {
    pub graph: Graph,
    count: usize,
}

pub(super) fn int(name: &str, i: i64) -> AttributeProto {
    AttributeProto { name: Some(name.into()), i: Some(i), r#type: Some(2), ..Default::default() }
}

pub(super) fn float(name: &str, f: f32) -> AttributeProto {
    AttributeProto { name: Some(name.into()), f: Some(f), r#type: Some(1), ..Default::default() }
}

pub(super) fn ints(name: &str, v: &[i64]) -> AttributeProto {
    let ints = v.to_vec();
    AttributeProto { name: Some(name.into()), ints, r#type: Some(7), ..Default::default() }
}

pub(super) fn string(name: &str, s: &str) -> AttributeProto {
    let s = Some(s.as_bytes().to_vec());
    AttributeProto { name: Some(name.into()), s, r#type: Some(3), ..Default::default() }
}

impl Build {
    /// A graph with its inputs; `codec` 0: without a codec block.
    pub(super) fn new(features: usize, codec: usize, opset: i64) -> Self {
        let graph = Graph {
            nodes: vec![],
            initializers: HashMap::new(),
            opset,
            features: "features".into(),
            n_features: features,
            codec: (codec > 0).then(|| ("codec".into(), codec)),
            output: String::new(),
            output_width: 1,
            output_is_matrix: false,
            bytes: vec![],
        };
        Self { graph, count: 0 }
    }

    fn name(&mut self, prefix: &str) -> String {
        self.count += 1;
        format!("{prefix}{}", self.count)
    }

    pub(super) fn op(
        &mut self,
        op: &str,
        inputs: &[&str],
        attribute: Vec<AttributeProto>,
    ) -> String {
        let output = self.name("v");
        let name = self.name("n");
        self.graph.nodes.push(Node {
            input: inputs.iter().map(|&i| i.to_owned()).collect(),
            output: vec![output.clone()],
            name: Some(name),
            op_type: Some(op.into()),
            attribute,
            ..Default::default()
        });
        output
    }

    pub(super) fn f32(&mut self, dims: &[usize], data: Vec<f32>) -> String {
        let name = self.name("c");
        let tensor = Tensor { dims: dims.to_vec(), data: TensorData::F32(data) };
        self.graph.initializers.insert(name.clone(), tensor);
        name
    }

    pub(super) fn i64(&mut self, data: &[i64]) -> String {
        let name = self.name("c");
        let tensor = Tensor { dims: vec![data.len()], data: TensorData::I64(data.to_vec()) };
        self.graph.initializers.insert(name.clone(), tensor);
        name
    }

    /// A scalar, as an initialiser or in one of the forms of a Constant node.
    pub(super) fn scalar(&mut self, value: f32, form: usize) -> String {
        match form % 5 {
            0 => self.f32(&[], vec![value]),
            1 => self.f32(&[1], vec![value]),
            2 => self.op("Constant", &[], vec![float("value_float", value)]),
            3 => self.op(
                "Constant",
                &[],
                vec![AttributeProto {
                    name: Some("value".into()),
                    t: Some(TensorProto {
                        data_type: Some(1),
                        raw_data: Some(value.to_le_bytes().to_vec()),
                        ..Default::default()
                    }),
                    r#type: Some(4),
                    ..Default::default()
                }],
            ),
            _ => self.op(
                "Constant",
                &[],
                vec![AttributeProto {
                    name: Some("value_floats".into()),
                    floats: vec![value],
                    r#type: Some(6),
                    ..Default::default()
                }],
            ),
        }
    }

    /// One dense layer of given weights, [inputs][outputs].
    pub(super) fn gemm(&mut self, x: &str, k: usize, m: usize, w: Vec<f32>, b: Vec<f32>) -> String {
        let w = self.f32(&[k, m], w);
        let b = self.f32(&[m], b);
        self.op("Gemm", &[x, &w, &b], vec![])
    }

    /// Ends the graph; `bytes` get what ONNX Runtime takes.
    pub(super) fn finish_serialised(self, output: &str, width: usize, is_matrix: bool) -> Graph {
        let mut graph = self.finish(output, width, is_matrix);
        graph.bytes = serialised(&graph);
        graph
    }

    pub(super) fn finish(mut self, output: &str, width: usize, is_matrix: bool) -> Graph {
        self.graph.output = output.into();
        self.graph.output_width = width;
        self.graph.output_is_matrix = is_matrix;
        self.graph
    }
}

/// The graph as a model's file.
fn serialised(graph: &Graph) -> Vec<u8> {
    let features = value(&graph.features, &[graph.n_features]);
    let codec = graph.codec.as_ref().map(|(name, width)| value(name, &[*width]));
    let tail: &[usize] = if graph.output_is_matrix { &[graph.output_width] } else { &[] };
    let mut initializer: Vec<TensorProto> =
        graph.initializers.iter().map(|(name, tensor)| tensor_proto(name, tensor)).collect();
    initializer.sort_by(|a, b| a.name.cmp(&b.name));
    let version = OperatorSetIdProto { domain: Some(String::new()), version: Some(graph.opset) };
    let graph = GraphProto {
        name: Some("test".into()),
        node: graph.nodes.clone(),
        initializer,
        input: std::iter::once(features).chain(codec).collect(),
        output: vec![value(&graph.output, tail)],
        ..Default::default()
    };
    ModelProto {
        ir_version: Some(8),
        graph: Some(graph),
        opset_import: vec![version],
        ..Default::default()
    }
    .encode_to_vec()
}

fn tensor_proto(name: &str, tensor: &Tensor) -> TensorProto {
    let (data_type, raw_data) = match &tensor.data {
        TensorData::F32(v) => (FLOAT, v.iter().flat_map(|x| x.to_le_bytes()).collect()),
        TensorData::I64(v) => (INT64, v.iter().flat_map(|x| x.to_le_bytes()).collect()),
        TensorData::Other(t) => panic!("element type {t}"),
    };
    TensorProto {
        name: Some(name.into()),
        dims: tensor.dims.iter().map(|&d| d as i64).collect(),
        data_type: Some(data_type),
        raw_data: Some(raw_data),
        ..Default::default()
    }
}

/// An input or output of FLOAT whose dimensions after the batch's are `tail`.
fn value(name: &str, tail: &[usize]) -> ValueInfoProto {
    let dimension = |value| Dimension { value: Some(value), ..Default::default() };
    let dim = std::iter::once(dimension(Size::DimParam("N".into())))
        .chain(tail.iter().map(|&d| dimension(Size::DimValue(d as i64))))
        .collect();
    let tensor =
        type_proto::Tensor { elem_type: Some(FLOAT), shape: Some(TensorShapeProto { dim }) };
    ValueInfoProto {
        name: Some(name.into()),
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(tensor)),
            ..Default::default()
        }),
        ..Default::default()
    }
}
