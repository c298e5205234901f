// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A network as an ONNX graph. Nothing else here knows ONNX's messages.

use prost::Message as _;
use vmaf_fr_v2::onnx::proto::tensor_shape_proto::{Dimension, dimension::Value as Size};
use vmaf_fr_v2::onnx::proto::{
    AttributeProto, FLOAT, GraphProto, INT64, ModelProto, NodeProto, OperatorSetIdProto,
    TensorProto, TensorShapeProto, TypeProto, ValueInfoProto, type_proto,
};

use crate::network::{LayerWeights, Weights};
use crate::predict::LOGVAR_SHIFT;

/// Version of the default operator set that graphs use.
pub const OPSET: i64 = 17;

/// The graph, serialised: scores on 0..100, all weights inside.
pub fn onnx_bytes(weights: &Weights) -> Vec<u8> {
    let architecture = &weights.architecture;
    let mut graph = GraphProto { name: Some("fr_regressor".into()), ..GraphProto::default() };
    graph.input.push(value("features", &[None, Some(architecture.features)]));
    let mut x = "features".to_owned();
    if architecture.codecs > 0 {
        graph.input.push(value("codec_onehot", &[None, Some(architecture.codecs)]));
        let axis = int_attribute("axis", -1);
        graph.node.push(node("Concat", &["features", "codec_onehot"], "x", vec![axis]));
        x = "x".into();
    }
    for (name, number) in [("sqrt2", std::f32::consts::SQRT_2), ("one", 1.0), ("half", 0.5)] {
        graph.initializer.push(floats(name, &[], &[number]));
    }
    let last = weights.layers.len() - 1;
    for (index, layer) in weights.layers.iter().enumerate() {
        let layer = if index == last { on_score_scale(layer) } else { layer.clone() };
        let (weight, bias) = (format!("net.{index}.weight"), format!("net.{index}.bias"));
        let shape = [layer.bias.len() as i64, layer.inputs as i64];
        graph.initializer.push(floats(&weight, &shape, &layer.weight));
        graph.initializer.push(floats(&bias, &shape[..1], &layer.bias));
        let out = match (index == last, architecture.outputs) {
            (true, 2) => "score_logvar".to_owned(),
            _ => format!("lin{index}"),
        };
        graph.node.push(node(
            "Gemm",
            &[&x, &weight, &bias],
            &out,
            vec![int_attribute("transB", 1)],
        ));
        if index == last {
            break;
        }
        // x/2 * (1 + erf(x / sqrt 2)): Gelu is an operator of its own only since opset 20.
        let name = |step: &str| format!("{step}{index}");
        graph.node.push(node("Div", &[&out, "sqrt2"], &name("div"), vec![]));
        graph.node.push(node("Erf", &[&name("div")], &name("erf"), vec![]));
        graph.node.push(node("Add", &[&name("erf"), "one"], &name("add"), vec![]));
        graph.node.push(node("Mul", &[&out, &name("add")], &name("mul"), vec![]));
        graph.node.push(node("Mul", &[&name("mul"), "half"], &name("gelu"), vec![]));
        x = name("gelu");
    }
    if architecture.outputs == 2 {
        graph.output.push(value("score_logvar", &[None, Some(2)]));
    } else {
        graph.initializer.push(TensorProto {
            name: Some("axes".into()),
            dims: vec![1],
            data_type: Some(INT64),
            raw_data: Some(1i64.to_le_bytes().to_vec()),
            ..TensorProto::default()
        });
        graph.node.push(node("Squeeze", &[&format!("lin{last}"), "axes"], "score", vec![]));
        graph.output.push(value("score", &[None]));
    }
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

/// Training sees targets divided by 100; hosts see points.
fn on_score_scale(layer: &LayerWeights) -> LayerWeights {
    let mut scaled = layer.clone();
    scaled.weight[..layer.inputs].iter_mut().for_each(|w| *w *= 100.0);
    scaled.bias[0] *= 100.0;
    if let Some(logvar) = scaled.bias.get_mut(1) {
        *logvar += LOGVAR_SHIFT as f32;
    }
    scaled
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
