// SPDX-License-Identifier: BSD-2-Clause-Patent
//! SSIMULACRA2 per frame: a target that is not a function of libvmaf's features.
//!
//! ffmpeg decodes both sides to 16-bit R'G'B' of the reference's size with the BT.709 matrix, which both get alike; the
//! metric takes them with BT.1886's transfer and BT.709's primaries. Its scale ends at 100 (identical) and has no lower end.

use std::io::{BufReader, Read};
use std::path::Path;
use std::process::{ChildStdout, Command};

use anyhow::{Context as _, Result, bail};
use ssimulacra2::{ColorPrimaries, Rgb, TransferCharacteristic, compute_frame_ssimulacra2};
use vmaf_fr_measure::command::ffmpeg::{QUIET, decode_rgb48};
use vmaf_fr_measure::process::{Progress, Running};
use vmaf_fr_measure::video::Video;

/// The table's column.
pub(crate) const COLUMN: &str = "ssimulacra2";
/// Part of the cache's key: the crate's version, and this file's conversion.
pub(crate) const VERSION: &str = "ssimulacra2 0.5 rgb48 bt709 bt1886 bicubic";

/// Scores every frame of `distorted` against the frame of the same number, up to the end of `distorted`.
pub(crate) fn score(
    ffmpeg: &Path,
    reference: &Video,
    distorted: &Video,
    progress: &mut dyn FnMut(Progress),
) -> Result<Vec<f32>> {
    let mut a = DecodedFrames::open(ffmpeg, reference, reference)?;
    let mut b = DecodedFrames::open(ffmpeg, distorted, reference)?;
    let mut scores = Vec::new();
    let mut ended = false;
    while let Some(distorted_frame) = b.next()? {
        let Some(reference_frame) = a.next()? else {
            bail!("the reference ended before the distorted clip, at frame {}", scores.len());
        };
        let score = compute_frame_ssimulacra2(reference_frame, distorted_frame)
            .with_context(|| format!("SSIMULACRA2 of frame {}", scores.len()))?;
        scores.push(score as f32);
        progress(Progress { frames: scores.len() as u64, total: distorted.n_frames });
        ended = distorted.n_frames == Some(scores.len() as u64);
    }
    b.finish()?;
    // Of a longer reference, the rest is not decoded.
    if !ended {
        a.finish()?;
    }
    Ok(scores)
}

/// Frames that ffmpeg decodes.
struct DecodedFrames {
    running: Running,
    pipe: BufReader<ChildStdout>,
    width: usize,
    height: usize,
    buffer: Vec<u8>,
}

impl DecodedFrames {
    fn open(ffmpeg: &Path, video: &Video, like: &Video) -> Result<Self> {
        let (width, height) = (like.width as usize, like.height as usize);
        let mut command = Command::new(ffmpeg);
        command.args(QUIET).args(decode_rgb48(video, like)?);
        let mut running = Running::spawn(ffmpeg, &mut command)?;
        let pipe = running.stdout().context("ffmpeg has no standard output")?;
        Ok(Self {
            running,
            pipe: BufReader::with_capacity(1 << 20, pipe),
            width,
            height,
            buffer: vec![0; width * height * 6],
        })
    }

    /// The next frame, `None` at the end.
    fn next(&mut self) -> Result<Option<Rgb>> {
        let mut filled = 0;
        while filled < self.buffer.len() {
            match self.pipe.read(&mut self.buffer[filled..]).context("cannot read from ffmpeg")? {
                0 if filled == 0 => return Ok(None),
                0 => bail!("ffmpeg ended in the middle of a frame"),
                n => filled += n,
            }
        }
        let sample = |bytes: &[u8]| f32::from(u16::from_le_bytes([bytes[0], bytes[1]])) / 65535.0;
        let pixels = self
            .buffer
            .chunks_exact(6)
            .map(|p| [sample(&p[..2]), sample(&p[2..4]), sample(&p[4..])])
            .collect();
        let transfer = TransferCharacteristic::BT1886;
        let primaries = ColorPrimaries::BT709;
        Rgb::new(pixels, self.width, self.height, transfer, primaries)
            .map(Some)
            .context("SSIMULACRA2 does not take this frame")
    }

    fn finish(self) -> Result<()> {
        drop(self.pipe);
        Ok(self.running.finish()?)
    }
}
