// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A compiled network, before it is packed for an instruction set.
//!
//! A row of features goes through steps that read and write columns of a memory. A layer reads any
//! columns that hold values, not only those of the layer before: so inputs may skip layers.

use std::ops::Range;

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
    /// erf(x).
    Erf,
    /// x * (1 + erf(x / sqrt 2)) / 2. Whether x is divided by sqrt 2, or multiplied by its
    /// reciprocal, is a matter of the last bit.
    Gelu { divides: bool },
}

impl Map {
    /// The constants per column, of a map that has any.
    pub(super) fn constants(&self) -> &[f32] {
        match self {
            Self::Add(c) | Self::Sub(c) | Self::SubFrom(c) | Self::Mul(c) | Self::Div(c) => c,
            Self::Clamp { .. } | Self::Relu | Self::Erf | Self::Gelu { .. } => &[],
        }
    }

    /// The same map on a range of the columns.
    pub(super) fn columns(&self, range: Range<usize>) -> Self {
        let cut = |c: &[f32]| c[range.clone()].to_vec();
        match self {
            Self::Add(c) => Self::Add(cut(c)),
            Self::Sub(c) => Self::Sub(cut(c)),
            Self::SubFrom(c) => Self::SubFrom(cut(c)),
            Self::Mul(c) => Self::Mul(cut(c)),
            Self::Div(c) => Self::Div(cut(c)),
            Self::Clamp { .. } | Self::Relu | Self::Erf | Self::Gelu { .. } => self.clone(),
        }
    }
}

/// y = x W + b.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Layer {
    /// What x is made of, apart from the codec block, which comes after them.
    pub inputs: Vec<Input>,
    /// What the codec block adds to the sums.
    pub codec: Option<CodecInput>,
    pub n_outputs: usize,
    /// [columns of all inputs][`n_outputs`], row-major.
    pub weights: Vec<f32>,
    pub bias: Vec<f32>,
    /// The slot of y.
    pub to: usize,
}

/// Columns that a layer reads.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Input {
    pub slot: usize,
    /// Whether they are finite whatever the frame. Then a weight of 0 adds nothing to a sum. (A sum
    /// that overflows both ways is NaN, also after erf, and every score with it.)
    pub is_finite: bool,
}

/// The codec block as a layer reads it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct CodecInput {
    /// How many of the plan's `codec_maps` come before.
    pub n_maps: usize,
    /// [`n_codecs`][`n_outputs`], row-major.
    pub weights: Vec<f32>,
}

/// What happens to a row, in this order.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Step {
    Layer(Layer),
    /// Changes the columns of a slot.
    Map {
        slot: usize,
        map: Map,
    },
    /// Adds the columns of `from` to those of `slot` from column `first` on.
    Add {
        slot: usize,
        first: usize,
        from: usize,
    },
}

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    pub n_features: usize,
    /// Width of the codec block, 0 where the graph has none.
    pub n_codecs: usize,
    pub codec_maps: Vec<Map>,
    pub steps: Vec<Step>,
    /// The columns of each slot. Slots whose values are not needed at the same time share columns.
    pub slots: Vec<Range<usize>>,
    /// How many columns there are, a multiple of `ALIGNMENT`.
    pub n_columns: usize,
    /// The slot that the features are put into.
    pub features: usize,
    /// The slots of the outputs, side by side.
    pub outputs: Vec<usize>,
}

/// Slots begin at multiples of that many columns: the lanes of the widest vector.
pub(super) const ALIGNMENT: usize = 16;

impl Plan {
    pub(super) fn layers(&self) -> impl Iterator<Item = &Layer> {
        self.steps.iter().filter_map(|step| match step {
            Step::Layer(layer) => Some(layer),
            Step::Map { .. } | Step::Add { .. } => None,
        })
    }

    /// The layers that read the codec block, with how they do.
    pub(super) fn codec_inputs(&self) -> impl Iterator<Item = (&Layer, &CodecInput)> {
        self.layers().filter_map(|layer| Some((layer, layer.codec.as_ref()?)))
    }
}

/// Products of the codec block with a layer's weights that are left for each codec id.
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
