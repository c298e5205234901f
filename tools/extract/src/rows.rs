// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What was measured of a clip.

use anyhow::{Result, ensure};
use vmaf_fr_v2::catalogue::FULL_FEATURES;

/// The measured columns, in the table's order.
pub(crate) fn measured_columns() -> Vec<&'static str> {
    FULL_FEATURES.iter().copied().chain(["vmaf"]).collect()
}

/// A clip's frames: what the cache keeps. NaN if libvmaf has no number.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct FrameRows {
    /// FFmpeg's name of the reference stream's codec.
    pub(crate) reference_codec: String,
    pub(crate) frame_index: Vec<u32>,
    /// Names and values, each as long as `frame_index`.
    pub(crate) columns: Vec<(String, Vec<f32>)>,
}

impl FrameRows {
    /// Refuses rows that are not of all frames from the first; `expected` is how many there are, if that is known.
    pub(crate) fn check_complete(&self, expected: Option<u64>) -> Result<()> {
        let got = self.frame_index.len() as u64;
        let expected = expected.unwrap_or(got);
        ensure!(got == expected, "{got} frames came out of the measurement, expected {expected}");
        let in_order = self.frame_index.iter().zip(0..).all(|(&frame, i)| frame == i);
        ensure!(in_order, "the measurement skipped frames");
        Ok(())
    }
}
