// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The members of a model as one network: side by side, and their mean at the end.

use anyhow::{Result, ensure};
use vmaf_fr_v2::catalogue::VOCABULARY_1;

use crate::model::Model;
use crate::network::Network;
use crate::recipe::{CENTRE, SPREAD};

/// One layer of a graph.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct GraphLayer {
    pub(super) inputs: usize,
    /// One row of `inputs` per output.
    pub(super) weight: Vec<f32>,
    pub(super) bias: Vec<f32>,
}

/// A graph's layers: hidden ones, each followed by erf, then the output, in points.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Merged {
    pub(super) features: usize,
    /// Codecs of the one-hot that follows the features; 0 if there is none.
    pub(super) codecs: usize,
    pub(super) hidden: Vec<GraphLayer>,
    pub(super) output: GraphLayer,
    /// Whether the output also takes the inputs, after the last hidden layer.
    pub(super) skip: bool,
}

/// Merges the members of `model`.
///
/// # Errors
/// The members differ in shape; the codec's inputs are not those of vocabulary 1.
pub(super) fn merged(model: &Model) -> Result<Merged> {
    let shape = &model.members[0].shape;
    ensure!(model.members.iter().all(|m| m.shape == *shape), "members differ in shape");
    let codecs = model.codec.rows.len();
    ensure!(
        codecs == 0 || codecs == VOCABULARY_1.len(),
        "{codecs} codec inputs, expected the {} of the vocabulary",
        VOCABULARY_1.len()
    );
    let inputs = shape.features + codecs;
    let layers = shape.layers();
    let members = model.members.len();
    let last = layers.len() - 1;

    let mut hidden: Vec<GraphLayer> = Vec::new();
    for (index, layer) in layers[..last].iter().enumerate() {
        let width = if index == 0 { inputs } else { members * layer.inputs };
        let mut merged = GraphLayer { inputs: width, weight: Vec::new(), bias: Vec::new() };
        for (place, member) in model.members.iter().enumerate() {
            for row in member.numbers[layer.weight..layer.bias].chunks_exact(layer.inputs) {
                let start = merged.weight.len();
                merged.weight.resize(start + width, 0.0);
                let own = if index == 0 { 0 } else { place * layer.inputs };
                let row = if index == 0 { with_one_hot(model, row) } else { row.to_vec() };
                merged.weight[start + own..start + own + row.len()].copy_from_slice(&row);
            }
            merged.bias.extend(&member.numbers[layer.bias..layer.bias + layer.outputs]);
        }
        hidden.push(merged);
    }

    let part = SPREAD / members as f64;
    let sum = |of: &dyn Fn(&Network) -> f32| -> f64 {
        model.members.iter().map(|member| f64::from(of(member))).sum()
    };
    let layer = layers[last];
    let mut weight: Vec<f32> = model
        .members
        .iter()
        .flat_map(|member| &member.numbers[layer.weight..layer.bias])
        .map(|&w| (part * f64::from(w)) as f32)
        .collect();
    if let Some(skip) = shape.skip() {
        let row: Vec<f32> = (0..shape.inputs())
            .map(|i| (part * sum(&|member| member.numbers[skip + i])) as f32)
            .collect();
        weight.extend(with_one_hot(model, &row));
    }
    let bias = (CENTRE + part * sum(&|member| member.numbers[layer.bias])) as f32;
    let output = GraphLayer { inputs: weight.len(), weight, bias: vec![bias] };
    Ok(Merged { features: shape.features, codecs, hidden, output, skip: shape.skip })
}

/// Weights of features and codec inputs as weights of features and a one-hot of codecs.
fn with_one_hot(model: &Model, row: &[f32]) -> Vec<f32> {
    let (features, codec) = row.split_at(row.len() - model.codec.width());
    let of_codec = |inputs: &Vec<f32>| {
        inputs.iter().zip(codec).map(|(&x, &w)| f64::from(x) * f64::from(w)).sum::<f64>() as f32
    };
    features.iter().copied().chain(model.codec.rows.iter().map(of_codec)).collect()
}
