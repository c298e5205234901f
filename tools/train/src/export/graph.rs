// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A merged network as an ONNX graph. Nothing else here knows ONNX's messages.

use prost::Message as _;
use vmaf_fr_v2::onnx::proto::tensor_shape_proto::{Dimension, dimension::Value as Size};
use vmaf_fr_v2::onnx::proto::{
    AttributeProto, FLOAT, GraphProto, INT64, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};

use super::merge::{GraphLayer, Merged};

/// Version of the default operator set that graphs use.
pub const OPSET: i64 = 17;

/// The graph, serialised: scores in points, all weights inside.
pub(super) fn onnx_bytes(network: &Merged) -> Vec<u8> {
    let mut graph = GraphProto { name: Some("fr_regressor".into()), ..GraphProto::default() };
    graph.input.push(value("features", &[None, Some(network.features)]));
    let mut inputs = "features";
    if network.codecs > 0 {
        graph.input.push(value("codec_onehot", &[None, Some(network.codecs)]));
        inputs = "inputs";
        graph.node.push(concat(["features", "codec_onehot"], inputs));
    }
    let mut x = inputs.to_owned();
    for (index, layer) in network.hidden.iter().enumerate() {
        let (sum, unit) = (format!("lin{index}"), format!("erf{index}"));
        dense(&mut graph, layer, index, &x, &sum);
        graph.node.push(node("Erf", &[&sum], &unit, vec![]));
        x = unit;
    }
    if network.skip {
        graph.node.push(concat([&x, inputs], "units_and_inputs"));
        "units_and_inputs".clone_into(&mut x);
    }
    dense(&mut graph, &network.output, network.hidden.len(), &x, "points");
    graph.initializer.push(TensorProto {
        name: Some("axes".into()),
        dims: vec![1],
        data_type: Some(INT64),
        raw_data: Some(1i64.to_le_bytes().to_vec()),
        ..TensorProto::default()
    });
    graph.node.push(node("Squeeze", &["points", "axes"], "score", vec![]));
    graph.output.push(value("score", &[None]));
    ModelProto {
        ir_version: Some(8),
        producer_name: Some("vmaf-fr train".into()),
        producer_version: Some(env!("CARGO_PKG_VERSION").into()),
        graph: Some(graph),
        opset_import: vec![OperatorSetIdProto {
            domain: Some(String::new()),
            version: Some(OPSET),
        }],
        ..ModelProto::default()
    }
    .encode_to_vec()
}

fn dense(graph: &mut GraphProto, layer: &GraphLayer, index: usize, input: &str, output: &str) {
    let (weight, bias) = (format!("net.{index}.weight"), format!("net.{index}.bias"));
    let shape = [layer.bias.len() as i64, layer.inputs as i64];
    graph.initializer.push(floats(&weight, &shape, &layer.weight));
    graph.initializer.push(floats(&bias, &shape[..1], &layer.bias));
    let transposed = vec![int_attribute("transB", 1)];
    graph.node.push(node("Gemm", &[input, &weight, &bias], output, transposed));
}

fn concat(inputs: [&str; 2], output: &str) -> NodeProto {
    node("Concat", &inputs, output, vec![int_attribute("axis", -1)])
}

fn value(name: &str, dims: &[Option<usize>]) -> ValueInfoProto {
    let dim = dims.iter().map(|dim| Dimension {
        value: Some(match dim {
            Some(n) => Size::DimValue(*n as i64),
            None => Size::DimParam("batch".into()),
        }),
        ..Dimension::default()
    });
    let shape = Some(TensorShapeProto { dim: dim.collect() });
    let tensor = type_proto::Tensor { elem_type: Some(FLOAT), shape };
    ValueInfoProto {
        name: Some(name.into()),
        r#type: Some(TypeProto {
            value: Some(type_proto::Value::TensorType(tensor)),
            ..TypeProto::default()
        }),
        ..ValueInfoProto::default()
    }
}

fn floats(name: &str, dims: &[i64], values: &[f32]) -> TensorProto {
    TensorProto {
        name: Some(name.into()),
        dims: dims.to_vec(),
        data_type: Some(FLOAT),
        raw_data: Some(values.iter().flat_map(|v| v.to_le_bytes()).collect()),
        ..TensorProto::default()
    }
}

fn node(op: &str, inputs: &[&str], output: &str, attribute: Vec<AttributeProto>) -> NodeProto {
    NodeProto {
        op_type: Some(op.into()),
        name: Some(format!("{op}_{output}")),
        input: inputs.iter().map(|&i| i.to_owned()).collect(),
        output: vec![output.to_owned()],
        attribute,
        ..NodeProto::default()
    }
}

fn int_attribute(name: &str, i: i64) -> AttributeProto {
    const INT: i32 = 2;
    AttributeProto {
        name: Some(name.into()),
        i: Some(i),
        r#type: Some(INT),
        ..AttributeProto::default()
    }
}
