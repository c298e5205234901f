// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The encoders of the vocabulary and ffmpeg's options for each: one thread each, since some of them decide differently
//! on several.

use std::str::FromStr;

use anyhow::{Result, bail};
use serde::Serialize;
use vmaf_fr_v2::catalogue;

use crate::codec::vocabulary_name;

/// An encoder of vocabulary 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) enum Encoder {
    X264,
    X265,
    SvtAv1,
    Vvenc,
    Vp9,
}

impl FromStr for Encoder {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let wanted = vocabulary_name(name);
        Self::ALL.into_iter().find(|encoder| encoder.name() == wanted).ok_or_else(|| {
            let [others @ .., last] = Self::ALL.map(Self::name);
            format!("expected {} or {last}", others.join(", "))
        })
    }
}

impl Encoder {
    /// All, in the order of [`catalogue::CODECS`].
    pub(crate) const ALL: [Self; catalogue::CODECS.len()] =
        [Self::X264, Self::X265, Self::SvtAv1, Self::Vvenc, Self::Vp9];

    /// Its name in vocabulary 1.
    pub(crate) fn name(self) -> &'static str {
        catalogue::CODECS[self as usize].name
    }

    pub(crate) fn default_crfs(self) -> &'static [&'static str] {
        match self {
            Self::X264 | Self::X265 => &["18", "23", "28", "33", "38"],
            Self::SvtAv1 | Self::Vp9 => &["20", "30", "40", "50", "60"],
            Self::Vvenc => &["22", "27", "32", "37", "42"],
        }
    }

    pub(crate) fn default_presets(self) -> &'static [&'static str] {
        match self {
            Self::X264 | Self::X265 => &["medium"],
            Self::SvtAv1 => &["8"],
            Self::Vvenc => &["fast"],
            Self::Vp9 => &["good"],
        }
    }

    pub(crate) fn check_preset(self, preset: &str) -> Result<()> {
        let presets = catalogue::presets(self.name());
        if presets.iter().any(|(name, _)| *name == preset) {
            return Ok(());
        }
        let names: Vec<&str> = presets.iter().map(|(name, _)| *name).collect();
        bail!("{} has no preset \"{preset}\": expected one of {}", self.name(), names.join(", "))
    }

    pub(crate) fn parse_crf(self, text: &str) -> Result<f64> {
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

    /// ffmpeg's options for it.
    pub(super) fn arguments(self, preset: &str, crf: f64) -> Vec<String> {
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
    fn names_are_those_of_the_vocabulary() {
        let names = Encoder::ALL.map(Encoder::name);
        assert_eq!(names, ["x264", "x265", "libsvtav1", "libvvenc", "libvpx-vp9"]);
    }

    #[test]
    fn every_default_is_accepted() {
        for encoder in Encoder::ALL {
            assert_eq!(encoder.name().parse(), Ok(encoder));
            encoder.default_presets().iter().for_each(|p| encoder.check_preset(p).unwrap());
            encoder.default_crfs().iter().for_each(|c| assert!(encoder.parse_crf(c).is_ok()));
        }
    }
}
