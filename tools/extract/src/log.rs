// SPDX-License-Identifier: BSD-2-Clause-Patent
//! libvmaf's log of a clip.

use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use vmaf_fr_measure::log::LogReader;
use vmaf_fr_v2::catalogue::FULL_FEATURES;

use crate::rows::{FrameRows, measured_columns};

/// Reads a log. If `complete`, every column must be in every frame, though it may be without a number.
pub(crate) fn read_log(path: &Path, complete: bool) -> Result<FrameRows> {
    let names = measured_columns();
    let file = File::open(path).with_context(|| format!("cannot open {}", path.display()))?;
    let mut reader = LogReader::new(file, &path.display().to_string(), &names);
    let mut row = vec![f64::NAN; names.len()];
    let mut frame_index = Vec::new();
    let mut columns: Vec<(String, Vec<f32>)> =
        names.iter().map(|&name| (name.to_owned(), Vec::new())).collect();
    while let Some(frame) = reader.next_frame(&mut row)? {
        frame_index.push(frame);
        for ((_, values), &value) in columns.iter_mut().zip(&row) {
            values.push(value as f32);
        }
    }
    ensure!(!frame_index.is_empty(), "{}: no frames in it", path.display());
    let presence = reader.presence();
    if complete {
        if let Some((name, absent)) = names.iter().zip(presence).find(|(_, p)| p.absent > 0) {
            bail!("libvmaf left {name} out of {} of {} frames", absent.absent, frame_index.len());
        }
    } else if presence[..FULL_FEATURES.len()].iter().all(|p| p.present == 0) {
        bail!("{}: none of the {} features is in it", path.display(), FULL_FEATURES.len());
    }
    Ok(FrameRows { reference_codec: String::new(), frame_index, columns })
}
