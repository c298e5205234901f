// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Whether a program can measure a pair of videos.

use vmaf_fr_v2::catalogue::{Extractor, Smallest};

use crate::Error;
use crate::video::{PixelFormat, Storage, Video};

/// Whether `vmaf` reads this pair, and why not.
pub(crate) fn vmaf_reads(reference: &Video, distorted: &Video) -> Result<(), String> {
    for video in [reference, distorted] {
        if video.storage == Storage::Container {
            return Err(format!(
                "{} is neither Y4M nor raw YUV, which is all that vmaf reads",
                video.path.display()
            ));
        }
        if video.format().is_none() {
            return Err(format!(
                "{} has the pixel format {}, which libvmaf does not take",
                video.path.display(),
                video.pix_fmt.as_deref().unwrap_or("unknown")
            ));
        }
    }
    if reference.storage != distorted.storage {
        return Err("vmaf reads two Y4M files or two raw files, not one of each".to_owned());
    }
    let describe = |video: &Video| {
        format!(
            "{}x{} {}",
            video.width,
            video.height,
            video.format().map_or_else(String::new, PixelFormat::ffmpeg_name)
        )
    };
    let (expected, got) = (describe(reference), describe(distorted));
    if expected == got {
        Ok(())
    } else {
        Err(format!(
            "vmaf compares videos of equal geometry and format, and the reference is {expected}, the distorted one {got}"
        ))
    }
}

/// Refuses pictures on which libvmaf fails in the middle, or silently leaves a feature out.
pub(crate) fn check_size(reference: &Video, needed: &[&Extractor]) -> Result<(), Error> {
    let (width, height) = (reference.width, reference.height);
    for extractor in needed {
        let (large_enough, expected) = match extractor.smallest {
            Smallest::Any => continue,
            Smallest::Both(n) => {
                (width.min(height) >= n, format!("{n} samples in both directions"))
            }
            Smallest::Either(n) => {
                (width.max(height) >= n, format!("{n} samples in one direction"))
            }
        };
        if !large_enough {
            return Err(Error::input(
                &reference.path,
                format!(
                    "{} needs at least {expected}, and this video is {width}x{height}",
                    extractor.name
                ),
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn video(storage: Storage, width: u32, pix_fmt: &str) -> Video {
        Video { storage, width, ..Video::small(pix_fmt) }
    }

    #[test]
    fn what_vmaf_reads() {
        let y4m = video(Storage::Y4m, 8, "yuv420p");
        assert_eq!(vmaf_reads(&y4m, &y4m), Ok(()));
        for (other, reason) in [
            (video(Storage::Raw, 8, "yuv420p"), "one of each"),
            (video(Storage::Container, 8, "yuv420p"), "neither Y4M nor raw"),
            (video(Storage::Y4m, 10, "yuv420p"), "8x4 yuv420p, the distorted one 10x4 yuv420p"),
            (video(Storage::Y4m, 8, "yuv420p10le"), "the distorted one 8x4 yuv420p10le"),
            (video(Storage::Y4m, 8, "gray"), "does not take"),
        ] {
            let got = vmaf_reads(&y4m, &other).unwrap_err();
            assert!(got.contains(reason), "{got}");
        }
    }
}
