// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A compiled network, before it is packed for an instruction set.

/// Maps over the columns of a row; constants have one value per column.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Map {
    /// x + c.
    Add(Vec<f32>),
    /// x - c.
    Sub(Vec<f32>),
    /// c - x.
    SubFrom(Vec<f32>),
    /// x * c.
    Mul(Vec<f32>),
    /// x / c.
    Div(Vec<f32>),
    /// max(x, min), then min(x, max): ONNX's Clip.
    Clamp { min: f32, max: f32 },
    /// max(x, 0).
    Relu,
    /// x * (1 + erf(x / sqrt 2)) / 2. Whether x is divided by sqrt 2, or multiplied by its
    /// reciprocal, is a matter of the last bit.
    Gelu { divides: bool },
}

impl Map {
    /// The constants per column, of a map that has any.
    pub(super) fn constants(&self) -> &[f32] {
        match self {
            Self::Add(c) | Self::Sub(c) | Self::SubFrom(c) | Self::Mul(c) | Self::Div(c) => c,
            Self::Clamp { .. } | Self::Relu | Self::Gelu { .. } => &[],
        }
    }

    /// The same map on a range of the columns.
    pub(super) fn columns(&self, range: std::ops::Range<usize>) -> Self {
        let cut = |c: &[f32]| c[range.clone()].to_vec();
        match self {
            Self::Add(c) => Self::Add(cut(c)),
            Self::Sub(c) => Self::Sub(cut(c)),
            Self::SubFrom(c) => Self::SubFrom(cut(c)),
            Self::Mul(c) => Self::Mul(cut(c)),
            Self::Div(c) => Self::Div(cut(c)),
            Self::Clamp { .. } | Self::Relu | Self::Gelu { .. } => self.clone(),
        }
    }
}

/// y = x W + b, then maps over y.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layer {
    pub n_inputs: usize,
    pub n_outputs: usize,
    /// [`n_inputs`][`n_outputs`], row-major.
    pub weights: Vec<f32>,
    pub bias: Vec<f32>,
    pub then: Vec<Map>,
}

/// Features through `feature_maps` into the first layer, whose bias the codec block adds to.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    pub n_features: usize,
    /// Width of the codec block, 0 where the graph has none.
    pub n_codecs: usize,
    pub feature_maps: Vec<Map>,
    pub codec_maps: Vec<Map>,
    /// [`n_codecs`][outputs of the first layer], row-major.
    pub codec_weights: Vec<f32>,
    /// At least one; the inputs of each are the outputs of the one before.
    pub layers: Vec<Layer>,
}

impl Plan {
    /// Width of the first layer's outputs.
    pub(super) fn first_width(&self) -> usize {
        self.layers[0].n_outputs
    }

    /// Width of the last layer's outputs.
    pub(super) fn output_width(&self) -> usize {
        self.layers[self.layers.len() - 1].n_outputs
    }
}

/// Products of the codec block with the first layer's weights that are left for each codec id.
#[derive(Default)]
pub(super) struct CodecTerms {
    /// Per id, the same for all.
    pub n_terms: usize,
    pub n_outputs: usize,
    /// [id][term].
    pub factors: Vec<f32>,
    /// [id][term][output].
    pub weights: Vec<f32>,
}
