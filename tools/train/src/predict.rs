// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What a network predicts for samples, as a host would pool it.

use anyhow::Result;
use candle_core::{Device, Tensor};

use crate::network::{Network, Weights};
use crate::samples::Samples;

/// Floor of the log-variance on the 0..100 scale.
pub const LOGVAR_FLOOR: f64 = -6.0;
/// Added to a log-variance of targets divided by 100 to bring it to the 0..100 scale: 2 ln 100.
pub const LOGVAR_SHIFT: f64 = 9.210_340_371_976_184;

/// A clip's score and standard deviation on the 0..100 scale, as a host pools them: the means over its frames.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prediction {
    /// Mean of the frames' scores.
    pub score: f64,
    /// Mean of the frames' standard deviations; NaN without a second output.
    pub stddev: f64,
}

/// Predicts every clip of `samples` with the given codec labels; `range` bounds each frame's score, as the library does.
pub fn predict(
    weights: &Weights,
    samples: &Samples,
    codec: &[usize],
    range: Option<[f64; 2]>,
) -> Result<Vec<Prediction>> {
    let frames = predict_frames(weights, samples, codec)?;
    let two = weights.architecture.outputs == 2;
    let [low, high] = range.unwrap_or([f64::NEG_INFINITY, f64::INFINITY]);
    Ok(samples
        .frames
        .iter()
        .map(|range| {
            let n = range.len().max(1) as f64;
            let out = &frames[range.clone()];
            let score =
                out.iter().map(|f| (f64::from(f[0]) * 100.0).clamp(low, high)).sum::<f64>() / n;
            let stddev = if two {
                out.iter()
                    .map(|f| ((f64::from(f[1]) + LOGVAR_SHIFT).max(LOGVAR_FLOOR) / 2.0).exp())
                    .sum::<f64>()
                    / n
            } else {
                f64::NAN
            };
            Prediction { score, stddev }
        })
        .collect())
}

/// Raw outputs of every frame, on the scale of targets divided by 100.
pub fn predict_frames(
    weights: &Weights,
    samples: &Samples,
    codec: &[usize],
) -> Result<Vec<Vec<f32>>> {
    let codecs = weights.architecture.codecs;
    let rows = samples.z.len() / samples.width;
    let width = samples.width + codecs;
    let mut data = vec![0.0f32; rows * width];
    for (clip, frames) in samples.frames.iter().enumerate() {
        for frame in frames.clone() {
            let row = &mut data[frame * width..(frame + 1) * width];
            row[..samples.width].copy_from_slice(samples.row(frame));
            if codecs > 0 {
                row[samples.width + codec[clip]] = 1.0;
            }
        }
    }
    let network = Network::new(weights)?;
    let rows = Tensor::from_vec(data, (rows, width), &Device::Cpu)?;
    Ok(network.forward(&rows, None)?.detach().to_vec2::<f32>()?)
}
