// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The encoders of the vocabulary, driven through ffmpeg so that the same input gives the same frames: one thread
//! each, since some of them decide differently on several.

use std::path::Path;
use std::str::FromStr;

use anyhow::{Result, bail};
use serde::Serialize;
use vmaf_fr_measure::clip::{Clip, PixelFormat, Storage, Subsampling};
use vmaf_fr_measure::process::{self, Progress};
use vmaf_fr_measure::{Error, run};

use super::vocabulary_name;

/// An encoder of vocabulary 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(super) enum Encoder {
    X264,
    X265,
    SvtAv1,
    Vvenc,
    Vp9,
}

impl FromStr for Encoder {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        Ok(match vocabulary_name(name) {
            "x264" => Self::X264,
            "x265" => Self::X265,
            "libsvtav1" => Self::SvtAv1,
            "libvvenc" => Self::Vvenc,
            "libvpx-vp9" => Self::Vp9,
            _ => return Err("expected x264, x265, libsvtav1, libvvenc or libvpx-vp9".to_owned()),
        })
    }
}

impl Encoder {
    /// Its name in vocabulary 1.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::X264 => "x264",
            Self::X265 => "x265",
            Self::SvtAv1 => "libsvtav1",
            Self::Vvenc => "libvvenc",
            Self::Vp9 => "libvpx-vp9",
        }
    }

    pub(super) fn default_crfs(self) -> &'static [&'static str] {
        match self {
            Self::X264 | Self::X265 => &["18", "23", "28", "33", "38"],
            Self::SvtAv1 | Self::Vp9 => &["20", "30", "40", "50", "60"],
            Self::Vvenc => &["22", "27", "32", "37", "42"],
        }
    }

    pub(super) fn default_presets(self) -> &'static [&'static str] {
        match self {
            Self::X264 | Self::X265 => &["medium"],
            Self::SvtAv1 => &["8"],
            Self::Vvenc => &["fast"],
            Self::Vp9 => &["good"],
        }
    }

    fn presets(self) -> &'static [&'static str] {
        match self {
            Self::X264 | Self::X265 => &[
                "ultrafast",
                "superfast",
                "veryfast",
                "faster",
                "fast",
                "medium",
                "slow",
                "slower",
                "veryslow",
                "placebo",
            ],
            Self::SvtAv1 => {
                &["0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "12", "13"]
            }
            Self::Vvenc => &["faster", "fast", "medium", "slow", "slower"],
            Self::Vp9 => &["realtime", "good", "best"],
        }
    }

    pub(super) fn check_preset(self, preset: &str) -> Result<()> {
        if self.presets().contains(&preset) {
            return Ok(());
        }
        bail!(
            "{} has no preset \"{preset}\": expected one of {}",
            self.name(),
            self.presets().join(", ")
        )
    }

    pub(super) fn parse_crf(self, text: &str) -> Result<f64> {
        let (low, high, whole) = match self {
            Self::X264 | Self::X265 => (0.0, 51.0, false),
            Self::SvtAv1 => (1.0, 63.0, true),
            Self::Vvenc | Self::Vp9 => (0.0, 63.0, true),
        };
        match text.parse::<f64>() {
            Ok(crf) if (low..=high).contains(&crf) && (!whole || crf.fract() == 0.0) => Ok(crf),
            _ => bail!(
                "\"{text}\" is not {} in {low}..{high}",
                if whole { "a whole number" } else { "a number" }
            ),
        }
    }

    fn arguments(self, preset: &str, crf: f64) -> Vec<String> {
        let crf = crf.to_string();
        let words: &[&str] = match self {
            Self::X264 => &["-c:v", "libx264", "-crf", &crf, "-preset", preset],
            Self::X265 => &[
                "-c:v",
                "libx265",
                "-crf",
                &crf,
                "-preset",
                preset,
                "-x265-params",
                "pools=none:frame-threads=1:log-level=error",
            ],
            Self::SvtAv1 => {
                &["-c:v", "libsvtav1", "-crf", &crf, "-preset", preset, "-svtav1-params", "lp=1"]
            }
            Self::Vvenc => &["-c:v", "libvvenc", "-qp", &crf, "-preset", preset],
            Self::Vp9 => &[
                "-c:v",
                "libvpx-vp9",
                "-crf",
                &crf,
                "-b:v",
                "0",
                "-deadline",
                preset,
                "-cpu-used",
                "4",
                "-row-mt",
                "0",
            ],
        };
        words.iter().map(|&w| w.to_owned()).collect()
    }
}

/// One way to make the distorted side. Serialised, it is part of the cache's key.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub(super) struct Encode {
    pub(super) encoder: Encoder,
    pub(super) preset: String,
    pub(super) crf: f64,
    /// Encoded height; `None`: the source's.
    pub(super) height: Option<u32>,
    /// So many frames from the start; `None`: all.
    pub(super) frames: Option<u64>,
    /// The very options, so that a change of them in this file is another key.
    arguments: Vec<String>,
}

impl Encode {
    pub(super) fn new(encoder: Encoder, preset: &str, crf: f64, height: Option<u32>) -> Self {
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
    pub(super) fn encoded(&self, reference: &Clip, path: &Path) -> Clip {
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
        Clip {
            path: path.to_owned(),
            storage: Storage::Container,
            width,
            height,
            pix_fmt: Some(format.ffmpeg_name()),
            frame_rate: reference.frame_rate,
            n_frames,
            codec_name: self.encoder.name().to_owned(),
        }
    }

    /// Makes `encoded`: every frame of the reference once, whatever its timestamps say.
    pub(super) fn run(
        &self,
        ffmpeg: &Path,
        reference: &Clip,
        encoded: &Clip,
        progress: &mut dyn FnMut(Progress),
    ) -> Result<(), Error> {
        let mut arguments = run::input_arguments(reference, 1)?;
        let (num, den) = reference.frame_rate.map_or((25, 1), |rate| (rate.num, rate.den));
        let scale = if (encoded.width, encoded.height) == (reference.width, reference.height) {
            String::new()
        } else {
            format!(",scale={}:{}:flags=bicubic", encoded.width, encoded.height)
        };
        let mut options = |words: &[&str]| arguments.extend(words.iter().map(|&w| w.to_owned()));
        options(&["-map", "0:v:0", "-an", "-fps_mode", "passthrough", "-filter:v"]);
        options(&[&format!("settb={den}/{num},setpts=N{scale}")]);
        if let Some(format) = &encoded.pix_fmt {
            options(&["-pix_fmt", format]);
        }
        if let Some(frames) = self.frames {
            options(&["-frames:v", &frames.to_string()]);
        }
        arguments.extend(self.arguments.iter().cloned());
        arguments.extend(["-threads", "1", "-f", "mp4"].map(str::to_owned));
        arguments.push(encoded.path.display().to_string());
        let directory = encoded.path.parent().unwrap_or(Path::new("."));
        process::ffmpeg(ffmpeg, directory, &arguments, encoded.n_frames, progress)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_outside_the_encoder_are_refused() {
        assert!(Encoder::X264.check_preset("medium").is_ok());
        let error = Encoder::SvtAv1.check_preset("medium").unwrap_err().to_string();
        assert!(error.contains("libsvtav1") && error.contains("13"), "{error}");
        assert!(Encoder::X264.parse_crf("23.5").is_ok());
        for (encoder, crf) in [
            (Encoder::X264, "52"),
            (Encoder::Vp9, "23.5"),
            (Encoder::SvtAv1, "0"),
            (Encoder::X265, "x"),
        ] {
            assert!(encoder.parse_crf(crf).is_err(), "{crf}");
        }
    }

    #[test]
    fn every_default_is_accepted() {
        for encoder in [Encoder::X264, Encoder::X265, Encoder::SvtAv1, Encoder::Vvenc, Encoder::Vp9]
        {
            assert_eq!(encoder.name().parse(), Ok(encoder));
            encoder.default_presets().iter().for_each(|p| encoder.check_preset(p).unwrap());
            encoder.default_crfs().iter().for_each(|c| assert!(encoder.parse_crf(c).is_ok()));
        }
    }
}
