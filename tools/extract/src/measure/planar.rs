// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Y4M files for libvmaf's own program, which decodes nothing.

use std::path::Path;

use anyhow::{Context as _, Result};
use vmaf_fr_files::parent;
use vmaf_fr_measure::command::ffmpeg::decode_y4m;
use vmaf_fr_measure::process;
use vmaf_fr_measure::video::{Storage, Video, common_format};

use crate::cache::ScratchFolder;

/// Decodes both sides into Y4M files for `vmaf`: of the reference's geometry and chroma, at the deeper of both sample
/// depths, of as many frames as the distorted side has.
pub(super) fn planar_pair(
    ffmpeg: &Path,
    reference: &Video,
    distorted: &Video,
    scratch: &ScratchFolder,
) -> Result<(Video, Video)> {
    let format = common_format(reference, distorted).with_context(|| {
        let name = reference.pix_fmt.as_deref().unwrap_or("unknown");
        format!("libvmaf does not take the reference's pixel format, {name}")
    })?;
    let like = Video {
        storage: Storage::Y4m,
        pix_fmt: Some(format.ffmpeg_name()),
        n_frames: distorted.n_frames,
        ..reference.clone()
    };
    let decoded = |video: &Video, name: &str| -> Result<Video> {
        let output = Video { path: scratch.path().join(name), ..like.clone() };
        let arguments = decode_y4m(video, &output)?;
        let folder = parent(&output.path);
        process::ffmpeg(ffmpeg, folder, &arguments, output.n_frames, &mut |_| {})?;
        Ok(output)
    };
    Ok((decoded(reference, "reference.y4m")?, decoded(distorted, "distorted.y4m")?))
}
