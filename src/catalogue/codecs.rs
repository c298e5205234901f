// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Codecs, the other names of each, and the presets of encoders.

/// A codec of vocabulary 1.
#[derive(Debug, PartialEq, Eq)]
pub struct Codec {
    /// Its name in vocabulary 1.
    pub name: &'static str,
    /// Other names of the codec or its encoders, in lower case.
    pub aliases: &'static [&'static str],
    /// Presets of its encoder and their ordinals, 0 (fastest) to 9 (slowest).
    pub presets: Presets,
}

/// Presets of an encoder and their ordinals, 0 (fastest) to 9 (slowest).
type Presets = &'static [(&'static str, u8)];

/// The codecs of vocabulary 1, in the order of their ids; `unknown` follows them.
pub static CODECS: [Codec; 5] = TABLE;

const TABLE: [Codec; 5] = [
    Codec { name: "x264", aliases: &["h264", "avc", "libx264"], presets: X26X },
    Codec { name: "x265", aliases: &["hevc", "h265", "libx265"], presets: X26X },
    Codec { name: "libsvtav1", aliases: &["av1", "svtav1"], presets: SVT_AV1 },
    Codec { name: "libvvenc", aliases: &["vvc", "h266", "vvenc"], presets: VVENC },
    Codec { name: "libvpx-vp9", aliases: &["vp9"], presets: VP9 },
];

/// The name of every codec that a vocabulary does not have.
pub const UNKNOWN: &str = "unknown";

/// Vocabulary 1, closed and ordered: the first five codecs and `unknown`, whatever is appended to the table.
pub const VOCABULARY_1: [&str; 6] = {
    let mut names = [UNKNOWN; 6];
    let mut i = 0;
    while i < names.len() - 1 {
        names[i] = TABLE[i].name;
        i += 1;
    }
    names
};

const X26X: Presets = &[
    ("ultrafast", 0),
    ("superfast", 1),
    ("veryfast", 2),
    ("faster", 3),
    ("fast", 4),
    ("medium", 5),
    ("slow", 6),
    ("slower", 7),
    ("veryslow", 8),
    ("placebo", 9),
];
/// SVT-AV1's presets are numbers; the ordinal ends at 9.
const SVT_AV1: Presets = &[
    ("0", 0),
    ("1", 1),
    ("2", 2),
    ("3", 3),
    ("4", 4),
    ("5", 5),
    ("6", 6),
    ("7", 7),
    ("8", 8),
    ("9", 9),
    ("10", 9),
    ("11", 9),
    ("12", 9),
    ("13", 9),
];
const VVENC: Presets = &[("faster", 1), ("fast", 3), ("medium", 5), ("slow", 7), ("slower", 8)];
const VP9: Presets = &[("realtime", 0), ("good", 5), ("best", 9)];

/// Hardware encoders, by the end of their names.
const BY_SUFFIX: [(&str, Presets); 2] = [
    ("_nvenc", &[("p1", 0), ("p2", 2), ("p3", 3), ("p4", 5), ("p5", 6), ("p6", 7), ("p7", 9)]),
    ("_qsv", QSV),
];
/// Those of x264 without its two fastest and its slowest, with the same ordinals.
const QSV: Presets = X26X.split_at(2).1.split_at(7).0;

/// How names are compared: trimmed and case-folded.
pub(crate) fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}

/// The codec that `folded` is a name of.
pub(crate) fn codec_of(folded: &str) -> Option<&'static Codec> {
    CODECS.iter().find(|c| c.name == folded || c.aliases.contains(&folded))
}

/// The presets of an encoder or codec and their ordinals, 0 (fastest) to 9 (slowest); none for one that is not known.
pub fn presets(encoder: &str) -> Presets {
    let folded = fold(encoder);
    let by_suffix = BY_SUFFIX.iter().find(|(suffix, _)| folded.ends_with(suffix));
    by_suffix
        .map(|(_, presets)| *presets)
        .or_else(|| codec_of(&folded).map(|codec| codec.presets))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_of_one_codec_and_in_lower_case() {
        let mut seen: Vec<&str> = Vec::new();
        for name in CODECS.iter().flat_map(|c| std::iter::once(&c.name).chain(c.aliases)) {
            assert_eq!(fold(name), *name);
            assert!(!seen.contains(name), "{name}");
            seen.push(name);
        }
    }

    #[test]
    fn hardware_encoders_have_presets_of_their_own() {
        let names = |encoder| presets(encoder).iter().map(|p| p.0).collect::<Vec<_>>();
        assert_eq!(names("hevc_nvenc"), ["p1", "p2", "p3", "p4", "p5", "p6", "p7"]);
        assert_eq!(
            presets("h264_qsv"),
            [
                ("veryfast", 2),
                ("faster", 3),
                ("fast", 4),
                ("medium", 5),
                ("slow", 6),
                ("slower", 7),
                ("veryslow", 8)
            ]
        );
        assert!(presets("mpeg2video").is_empty());
    }
}
