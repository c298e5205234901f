// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What is to be measured.

use std::path::Path;

use vmaf_fr_v2::catalogue::{self, Extractor};

use crate::Error;
use crate::video::Video;

/// One measurement to make.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a, S: AsRef<str>> {
    /// The pristine video; its geometry and sample format are those of the measurement.
    pub reference: &'a Video,
    /// The video to judge. ffmpeg scales (bicubic) and converts it to the reference's geometry; `vmaf` wants it equal.
    pub distorted: &'a Video,
    /// Features the log must hold, by their names in a model card.
    pub features: &'a [S],
    /// libvmaf's worker threads; 0 computes in the calling thread. The values do not depend on it.
    pub threads: u32,
    /// Where the log goes; replaced in one step when it is complete.
    pub log: &'a Path,
}

impl<S: AsRef<str>> Request<'_, S> {
    /// Frames to measure, if known: those of the shorter video.
    pub(crate) fn n_frames(&self) -> Option<u64> {
        match (self.reference.n_frames, self.distorted.n_frames) {
            (Some(a), Some(b)) => Some(a.min(b)),
            (a, b) => a.or(b),
        }
    }
}

/// The extractors that a set of features needs, each once, in the order in which they are first needed.
///
/// # Errors
/// [`Error::UnknownFeature`] names the first feature without an extractor.
pub fn extractors<S: AsRef<str>>(features: &[S]) -> Result<Vec<&'static Extractor>, Error> {
    match features.iter().map(AsRef::as_ref).find(|name| catalogue::feature(name).is_none()) {
        Some(unknown) => Err(Error::UnknownFeature(unknown.to_owned())),
        None => Ok(catalogue::extractors(features)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_extractor_once() {
        let names: Vec<_> = extractors(&["psnr_hvs", "psnr_y", "psnr_hvs_y", "motion2", "motion"])
            .unwrap()
            .iter()
            .map(|e| e.name)
            .collect();
        assert_eq!(names, ["psnr_hvs", "psnr", "motion"]);
    }

    #[test]
    fn unknown_feature_is_named() {
        let error = extractors(&["adm2", "speed"]).unwrap_err().to_string();
        assert!(error.contains("\"speed\""), "{error}");
    }
}
