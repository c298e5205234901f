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
    /// max(x, min), then min(x, max), as ONNX's Clip.
    Clip { min: f32, max: f32 },
    /// max(x, 0).
    Relu,
    /// x * (1 + erf(x / sqrt 2)) / 2. Whether x is divided by sqrt 2, or multiplied by its
    /// reciprocal, is a matter of the last bit.
    Gelu { divides: bool },
}

impl Map {
    /// The same map on a range of the columns.
    pub(super) fn columns(&self, range: std::ops::Range<usize>) -> Self {
        let cut = |c: &[f32]| c[range.clone()].to_vec();
        match self {
            Self::Add(c) => Self::Add(cut(c)),
            Self::Sub(c) => Self::Sub(cut(c)),
            Self::SubFrom(c) => Self::SubFrom(cut(c)),
            Self::Mul(c) => Self::Mul(cut(c)),
            Self::Div(c) => Self::Div(cut(c)),
            Self::Clip { .. } | Self::Relu | Self::Gelu { .. } => self.clone(),
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

    /// What the codec block adds to the sums over the features, for each row of a codec table: the
    /// columns that are not 0, most of a one-hot being left out.
    pub(super) fn codec_terms(&self, table: &[f32]) -> CodecTerms {
        let n_outputs = self.first_width();
        let mut blocks: Vec<Vec<(usize, f32)>> = Vec::new();
        for block in table.chunks_exact(self.n_codecs.max(1)) {
            let mut block = block.to_vec();
            for map in &self.codec_maps {
                apply(map, &mut block);
            }
            blocks.push(block.into_iter().enumerate().filter(|(_, x)| *x != 0.0).collect());
        }
        let n_terms = blocks.iter().map(Vec::len).max().unwrap_or(0);
        let mut terms = CodecTerms { n_terms, n_outputs, ..CodecTerms::default() };
        for block in blocks {
            for &(column, x) in &block {
                terms.factors.push(x);
                terms
                    .weights
                    .extend_from_slice(&self.codec_weights[column * n_outputs..][..n_outputs]);
            }
            let missing = n_terms - block.len();
            terms.factors.resize(terms.factors.len() + missing, 0.0);
            terms.weights.resize(terms.weights.len() + missing * n_outputs, 0.0);
        }
        terms
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

/// A map on one short row, in f32 as the graph has it. Not for speed.
fn apply(map: &Map, row: &mut [f32]) {
    for (i, x) in row.iter_mut().enumerate() {
        *x = match map {
            Map::Add(c) => *x + c[i],
            Map::Sub(c) => *x - c[i],
            Map::SubFrom(c) => c[i] - *x,
            Map::Mul(c) => *x * c[i],
            Map::Div(c) => *x / c[i],
            Map::Clip { min, max } => x.max(*min).min(*max),
            Map::Relu => x.max(0.0),
            Map::Gelu { divides } => super::kernel::gelu(*x, *divides),
        };
    }
}
