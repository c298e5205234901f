// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Builds graphs for tests.

use std::collections::HashMap;

use crate::onnx::proto::{AttributeProto, TensorProto};
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
                    ..Default::default()
                }],
            ),
            _ => self.op(
                "Constant",
                &[],
                vec![AttributeProto {
                    name: Some("value_floats".into()),
                    floats: vec![value],
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

    pub(super) fn finish(mut self, output: &str, width: usize, is_matrix: bool) -> Graph {
        self.graph.output = output.into();
        self.graph.output_width = width;
        self.graph.output_is_matrix = is_matrix;
        self.graph
    }
}
