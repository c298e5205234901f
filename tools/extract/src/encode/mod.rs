// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Encodes, through ffmpeg, so that the same input gives the same frames.

mod encoder;

use std::path::Path;

use serde::Serialize;
use vmaf_fr_files::parent;
use vmaf_fr_measure::Error;
use vmaf_fr_measure::command::ffmpeg;
use vmaf_fr_measure::facts::Facts;
use vmaf_fr_measure::process::{self, Progress};
use vmaf_fr_measure::video::{PixelFormat, Storage, Subsampling, Video};

pub(crate) use encoder::Encoder;

/// One way to make the distorted side. Serialised, it is part of the cache's key.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(crate) struct Encode {
    pub(crate) encoder: Encoder,
    pub(crate) preset: String,
    pub(crate) crf: f64,
    /// Encoded height; `None`: the source's.
    pub(crate) height: Option<u32>,
    /// So many frames from the start; `None`: all.
    pub(crate) frames: Option<u64>,
    /// The very options, so that a change of them in this file is another key.
    arguments: Vec<String>,
}

impl Encode {
    pub(crate) fn new(encoder: Encoder, preset: &str, crf: f64, height: Option<u32>) -> Self {
        Self {
            encoder,
            preset: preset.to_owned(),
            crf,
            height,
            frames: None,
            arguments: encoder.arguments(preset, crf),
        }
    }

    /// The clip that [`Encode::run`] makes of `reference`. It is known beforehand, so it need not be probed: an ffprobe
    /// older than a codec would not know its sample format.
    pub(crate) fn encoded(&self, reference: &Video, path: &Path) -> Video {
        let height = self.height.unwrap_or(reference.height);
        let width = if height == reference.height {
            reference.width
        } else {
            let exact = u64::from(reference.width) * u64::from(height);
            let pairs = (exact + u64::from(reference.height)) / (2 * u64::from(reference.height));
            2 * pairs.max(1) as u32
        };
        let format = reference
            .format()
            .unwrap_or(PixelFormat { subsampling: Subsampling::S420, bit_depth: 8 });
        let format = match self.encoder {
            // It takes nothing else; 8-bit sources are widened, not dithered.
            Encoder::Vvenc => PixelFormat { subsampling: Subsampling::S420, bit_depth: 10 },
            Encoder::SvtAv1 => {
                PixelFormat { subsampling: Subsampling::S420, bit_depth: format.bit_depth.min(10) }
            }
            _ => format,
        };
        let n_frames = match (self.frames, reference.n_frames) {
            (Some(limit), Some(n)) => Some(limit.min(n)),
            (_, n) => n,
        };
        Video {
            path: path.to_owned(),
            storage: Storage::Container,
            width,
            height,
            pix_fmt: Some(format.ffmpeg_name()),
            frame_rate: reference.frame_rate,
            n_frames,
            codec_name: self.encoder.name().to_owned(),
            facts: Facts::default(),
        }
    }

    /// Makes `encoded`: every frame of the reference once, whatever its timestamps say.
    pub(crate) fn run(
        &self,
        program: &Path,
        reference: &Video,
        encoded: &Video,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), Error> {
        let arguments = ffmpeg::encode(reference, encoded, self.frames, &self.arguments)?;
        process::ffmpeg(program, parent(&encoded.path), &arguments, encoded.n_frames, progress)?;
        Ok(())
    }
}
