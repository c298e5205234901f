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
    /// x * (1 + erf(x / sqrt 2)) / 2.
    Gelu,
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
            Self::Clip { .. } | Self::Relu | Self::Gelu => self.clone(),
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

    /// What the first layer adds to the sum over the features, for each row of a codec table: the
    /// block is constant per codec, so its products with the weights are too. They stay apart, and
    /// the bias comes last, so that sums round as those of one long matrix product do.
    pub(super) fn codec_addends(&self, table: &[f32]) -> Addends {
        let width = self.first_width();
        let mut blocks: Vec<Vec<(usize, f32)>> = Vec::new();
        for block in table.chunks_exact(self.n_codecs.max(1)) {
            let mut block = block.to_vec();
            for map in &self.codec_maps {
                apply(map, &mut block);
            }
            blocks.push(block.into_iter().enumerate().filter(|(_, x)| *x != 0.0).collect());
        }
        let n_terms = blocks.iter().map(Vec::len).max().unwrap_or(0);
        let mut values = Vec::with_capacity(blocks.len() * (n_terms + 1) * width);
        for block in blocks {
            for &(i, x) in &block {
                values.extend(self.codec_weights[i * width..][..width].iter().map(|w| x * w));
            }
            values.resize(values.len() + (n_terms - block.len()) * width, 0.0);
            values.extend_from_slice(&self.layers[0].bias);
        }
        Addends { per_row: n_terms + 1, values }
    }
}

/// Vectors of the first layer's width, `per_row` of them for each codec id.
pub(super) struct Addends {
    pub per_row: usize,
    pub values: Vec<f32>,
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
            Map::Gelu => super::kernel::gelu(*x),
        };
    }
}
