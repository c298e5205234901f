// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Puts a side of the comparison on disk.

use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail, ensure};
use vmaf_fr_files::sha256_copy;
use vmaf_fr_measure::video::Video;

use super::key::ContentKey;
use crate::cache::ScratchFolder;
use crate::instruments::Instruments;
use crate::task::{ExpectedVideo, Material};

/// A side that is on disk.
pub(super) struct OnDisk {
    pub(super) path: PathBuf,
    pub(super) key: ContentKey,
    pub(super) raw: Option<Video>,
}

impl OnDisk {
    pub(super) fn video(&self, instruments: &Instruments) -> Result<Video> {
        match &self.raw {
            Some(video) => Ok(video.clone()),
            None => Ok(instruments.prober.probe(&self.path)?),
        }
    }
}

/// Refuses a video that is not what its name promised.
pub(super) fn check(expected: &ExpectedVideo, video: &Video) -> Result<()> {
    let depth = video.format().map(|f| f.bit_depth);
    ensure!(
        (video.width, video.height, depth)
            == (expected.width, expected.height, Some(expected.bit_depth)),
        "its name says {}x{}, {} bits; the stream is {}x{}, {}",
        expected.width,
        expected.height,
        expected.bit_depth,
        video.width,
        video.height,
        video.pix_fmt.as_deref().unwrap_or("of an unknown pixel format")
    );
    Ok(())
}

/// Puts a side on disk and hashes it.
pub(super) fn on_disk(
    material: &Material,
    instruments: &Instruments,
    scratch: &ScratchFolder,
) -> Result<OnDisk> {
    match material {
        Material::Raw { path, width, height, format, rate } => {
            let video = Video::raw(path, *width, *height, *format, Some(*rate))?;
            let geometry = format!("{width}x{height} {} {rate}", format.ffmpeg_name());
            Ok(OnDisk {
                key: ContentKey { sha256: instruments.hash(path)?, geometry: Some(geometry) },
                path: path.clone(),
                raw: Some(video),
            })
        }
        Material::File(path) => Ok(OnDisk {
            key: ContentKey { sha256: instruments.hash(path)?, geometry: None },
            path: path.clone(),
            raw: None,
        }),
        Material::ZipEntry { archive, name } => {
            let context = || format!("{} in {}", name, archive.display());
            let file = File::open(archive).with_context(context)?;
            let mut archive = zip::ZipArchive::new(file).with_context(context)?;
            let mut entry = archive.by_name(name).with_context(context)?;
            let path = scratch.path().join("reference.mp4");
            let mut output = File::create(&path).with_context(context)?;
            let sha256 = sha256_copy(&mut entry, &mut output).with_context(context)?;
            Ok(OnDisk { key: ContentKey { sha256, geometry: None }, path, raw: None })
        }
        Material::Broken(reason) => bail!("{reason}"),
        Material::None => bail!("there is no file"),
    }
}
