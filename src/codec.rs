// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Codec vocabularies, their aliases, and the codec block of a graph's input.

use crate::error::{Result, bail, err};

/// Vocabulary 1: closed and ordered.
pub const VOCABULARY_1: [&str; 6] =
    ["x264", "x265", "libsvtav1", "libvvenc", "libvpx-vp9", "unknown"];

/// Names of one codec each: the name in vocabulary 1 first, then its aliases.
const ALIASES: [&[&str]; 5] = [
    &["x264", "h264", "avc", "libx264"],
    &["x265", "hevc", "h265", "libx265"],
    &["libsvtav1", "av1", "svtav1"],
    &["libvvenc", "vvc", "h266", "vvenc"],
    &["libvpx-vp9", "vp9"],
];

const UNKNOWN: &str = "unknown";

/// Presets of one encoder and their ordinals, 0 (fastest) to 9 (slowest).
type Presets = &'static [(&'static str, u8)];

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
const SVTAV1: Presets = &[
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
const NVENC: Presets =
    &[("p1", 0), ("p2", 2), ("p3", 3), ("p4", 5), ("p5", 6), ("p6", 7), ("p7", 9)];
const QSV: Presets = &[
    ("veryfast", 2),
    ("faster", 3),
    ("fast", 4),
    ("medium", 5),
    ("slow", 6),
    ("slower", 7),
    ("veryslow", 8),
];

fn fold(name: &str) -> String {
    name.trim().to_lowercase()
}

/// The name in vocabulary 1 that `folded` is a spelling of.
fn canonical(folded: &str) -> Option<&'static str> {
    ALIASES.iter().find(|names| names.contains(&folded)).map(|names| names[0])
}

fn presets_of(encoder: &str) -> Presets {
    let folded = fold(encoder);
    if folded.ends_with("_nvenc") {
        return NVENC;
    }
    if folded.ends_with("_qsv") {
        return QSV;
    }
    match canonical(&folded) {
        Some("x264" | "x265") => X26X,
        Some("libsvtav1") => SVTAV1,
        Some("libvvenc") => VVENC,
        Some("libvpx-vp9") => VP9,
        _ => &[],
    }
}

/// An ordered list of codec names; a codec's id is its index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vocabulary {
    names: Vec<String>,
    /// 0 where the card gives none.
    version: i32,
}

impl Vocabulary {
    /// The closed vocabulary of version 1.
    pub fn v1() -> Self {
        Self { names: VOCABULARY_1.iter().map(|&n| n.to_owned()).collect(), version: 1 }
    }

    /// A card's own vocabulary.
    ///
    /// # Errors
    /// `Inconsistent`: empty, a name that is empty or there twice, or a list that claims to be version 1
    /// and is not.
    pub fn new(names: Vec<String>, version: Option<i32>) -> Result<Self> {
        let folded: Vec<String> = names.iter().map(|n| fold(n)).collect();
        for (i, name) in folded.iter().enumerate() {
            if name.is_empty() || folded[..i].contains(name) {
                bail!(Inconsistent, "codec vocabulary: '{}' is empty or there twice", names[i]);
            }
        }
        if names.is_empty() {
            bail!(Inconsistent, "codec vocabulary: no names");
        }
        if version == Some(1) && folded != VOCABULARY_1 {
            bail!(
                Inconsistent,
                "codec vocabulary claims version 1, which is {VOCABULARY_1:?}, but lists {names:?}"
            );
        }
        Ok(Self { names, version: version.unwrap_or(0) })
    }

    /// Codec names in order of their ids.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The version that the card pins, 0 where it pins none.
    pub fn version(&self) -> i32 {
        self.version
    }

    /// The id of a codec or encoder name; names are trimmed and case-folded, aliases resolve to
    /// whichever spelling this vocabulary has.
    ///
    /// # Errors
    /// `OutOfVocabulary`: not in a vocabulary that has no `unknown`.
    pub fn id(&self, name: &str) -> Result<i32> {
        let folded = fold(name);
        let alike =
            |n: &&String| canonical(&fold(n)).is_some_and(|c| canonical(&folded) == Some(c));
        let position = |f: &dyn Fn(&&String) -> bool| self.names.iter().position(|n| f(&n));
        position(&|n| fold(n) == folded)
            .or_else(|| position(&alike))
            .or_else(|| position(&|n| fold(n) == UNKNOWN))
            .and_then(|i| i32::try_from(i).ok())
            .ok_or_else(|| {
                err!(
                    OutOfVocabulary,
                    "codec '{}' is not in the vocabulary {:?}, which has no 'unknown'",
                    name.trim(),
                    self.names
                )
            })
    }

    /// Whether `name` resolves to something else than `unknown`.
    pub fn knows(&self, name: &str) -> bool {
        let resolved = self.id(name).ok().and_then(|id| self.names.get(usize::try_from(id).ok()?));
        resolved.is_some_and(|n| fold(n) != UNKNOWN)
    }
}

/// How a raw value becomes a member of the codec block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Norm {
    /// (v - offset) / scale.
    Affine { scale: f64, offset: f64 },
    /// v / 63 clamped to 0..1: the crf of cards that say nothing.
    Clamped63,
    /// (v - min) / (max - min) for v in min..=max.
    Within { min: f64, max: f64 },
    /// Always the neutral value.
    Neutral,
}

/// The member of the block while preset or crf is not known.
const NEUTRAL: f64 = 0.5;

impl Norm {
    fn apply(self, value: f64) -> Option<f64> {
        match self {
            Self::Affine { scale, offset } => Some((value - offset) / scale),
            Self::Clamped63 => Some((value / 63.0).clamp(0.0, 1.0)),
            Self::Within { min, max } => {
                (min..=max).contains(&value).then(|| (value - min) / (max - min))
            }
            Self::Neutral => Some(NEUTRAL),
        }
    }
}

/// What follows the one-hot in the codec block.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum EncodeInput {
    Preset(Norm),
    Crf(Norm),
}

/// The codec part of a codec-aware graph's input: one row per codec id.
#[derive(Debug, Clone)]
pub(crate) struct CodecTable {
    vocabulary: Vocabulary,
    encode_inputs: Vec<EncodeInput>,
    rows: Vec<f32>,
}

impl CodecTable {
    pub(crate) fn new(vocabulary: Vocabulary, encode_inputs: Vec<EncodeInput>) -> Self {
        let n = vocabulary.names().len();
        let width = n + encode_inputs.len();
        let mut rows = vec![0.0; n * width];
        for (i, row) in rows.chunks_exact_mut(width).enumerate() {
            row[i] = 1.0;
            row[n..].fill(NEUTRAL as f32);
        }
        Self { vocabulary, encode_inputs, rows }
    }

    pub(crate) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    /// The blocks of all ids, row-major.
    pub(crate) fn rows(&self) -> &[f32] {
        &self.rows
    }

    /// Sets preset and crf of one codec; `None` stands for "not known".
    pub(crate) fn set_encode(
        &mut self,
        codec_id: i32,
        preset: Option<&str>,
        crf: Option<f64>,
    ) -> Result<()> {
        if self.encode_inputs.is_empty() {
            bail!(Unsupported, "the model's codec block has neither preset_norm nor crf_norm");
        }
        let n = self.vocabulary.names().len();
        let id = usize::try_from(codec_id).ok().filter(|&id| id < n).ok_or_else(|| {
            err!(OutOfVocabulary, "codec id {codec_id} is outside the vocabulary's 0..{n}")
        })?;
        let encoder = &self.vocabulary.names()[id];
        let ordinal = match preset {
            Some(preset) => Some(preset_ordinal(encoder, preset)?),
            None => None,
        };
        let mut members = Vec::with_capacity(self.encode_inputs.len());
        for input in &self.encode_inputs {
            let (norm, value) = match *input {
                EncodeInput::Preset(norm) => (norm, ordinal),
                EncodeInput::Crf(norm) => (norm, crf),
            };
            members.push(match value {
                None => NEUTRAL as f32,
                Some(v) => {
                    let member = norm.apply(v).filter(|m| m.is_finite()).ok_or_else(|| {
                        err!(
                            OutOfVocabulary,
                            "crf {v} of codec '{encoder}' is outside what the card knows: {norm:?}"
                        )
                    })?;
                    member as f32
                }
            });
        }
        let width = n + members.len();
        self.rows[id * width + n..][..members.len()].copy_from_slice(&members);
        Ok(())
    }
}

fn preset_ordinal(encoder: &str, preset: &str) -> Result<f64> {
    let presets = presets_of(encoder);
    let folded = fold(preset);
    presets.iter().find(|(name, _)| *name == folded).map(|&(_, o)| f64::from(o)).ok_or_else(|| {
        let known: Vec<&str> = presets.iter().map(|(name, _)| *name).collect();
        err!(OutOfVocabulary, "codec '{encoder}' has no preset '{preset}'; it has {known:?}")
    })
}

/// `preset_norm` of cards that say nothing: ordinal / 9.
pub(crate) const DEFAULT_PRESET_NORM: Norm = Norm::Affine { scale: 9.0, offset: 0.0 };

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn vocabulary_1_and_its_aliases() {
        let v = Vocabulary::v1();
        for (name, id) in [
            ("x264", 0),
            ("h264", 0),
            ("avc", 0),
            (" LibX264\n", 0),
            ("hevc", 1),
            ("H265", 1),
            ("libx265", 1),
            ("av1", 2),
            ("svtav1", 2),
            ("libsvtav1", 2),
            ("vvc", 3),
            ("h266", 3),
            ("vvenc", 3),
            ("VP9", 4),
            ("libvpx-vp9", 4),
            ("unknown", 5),
            ("mpeg2video", 5),
            ("", 5),
        ] {
            assert_eq!(v.id(name).unwrap(), id, "{name}");
        }
    }

    #[test]
    fn an_alias_resolves_to_the_spelling_of_the_card() {
        let names = ["libx264", "hevc_nvenc", "svtav1"].map(str::to_owned).to_vec();
        let v = Vocabulary::new(names, Some(2)).unwrap();
        assert_eq!(v.id("avc").unwrap(), 0);
        assert_eq!(v.id("AV1").unwrap(), 2);
        assert_eq!(v.id("HEVC_NVENC").unwrap(), 1);
        assert_eq!(v.id("hevc").unwrap_err().kind(), ErrorKind::OutOfVocabulary);
    }

    #[test]
    fn version_1_is_closed() {
        let mut names: Vec<String> = VOCABULARY_1.iter().map(|&n| n.to_owned()).collect();
        assert!(Vocabulary::new(names.clone(), Some(1)).is_ok());
        names.swap(0, 1);
        assert_eq!(
            Vocabulary::new(names.clone(), Some(1)).unwrap_err().kind(),
            ErrorKind::Inconsistent
        );
        assert!(Vocabulary::new(names, Some(3)).is_ok());
        for bad in [vec![], vec!["a".to_owned(), "A ".to_owned()], vec![String::new()]] {
            assert_eq!(Vocabulary::new(bad, None).unwrap_err().kind(), ErrorKind::Inconsistent);
        }
    }

    fn table() -> CodecTable {
        CodecTable::new(
            Vocabulary::v1(),
            vec![EncodeInput::Preset(DEFAULT_PRESET_NORM), EncodeInput::Crf(Norm::Clamped63)],
        )
    }

    #[test]
    fn block_is_one_hot_then_neutral_until_set() {
        let mut t = table();
        assert_eq!(t.rows()[8..16], [0.0, 1.0, 0.0, 0.0, 0.0, 0.0, 0.5, 0.5]);
        t.set_encode(1, Some("Slower"), Some(27.0)).unwrap();
        assert_eq!(t.rows()[14..16], [(7.0 / 9.0) as f32, (27.0 / 63.0) as f32]);
        t.set_encode(1, None, Some(99.0)).unwrap();
        assert_eq!(t.rows()[14..16], [0.5, 1.0]);
        t.set_encode(2, Some("12"), None).unwrap();
        assert_eq!(t.rows()[22..24], [1.0, 0.5]);
    }

    #[test]
    fn presets_and_ids_that_do_not_exist_are_refused_and_change_nothing() {
        let mut t = table();
        let before = t.rows().to_vec();
        for (id, preset) in [(0, "p4"), (2, "14"), (2, "medium"), (3, "veryslow"), (5, "medium")] {
            let e = t.set_encode(id, Some(preset), Some(10.0)).unwrap_err();
            assert_eq!(e.kind(), ErrorKind::OutOfVocabulary, "{id} {preset}");
        }
        for id in [-1, 6, i32::MIN, i32::MAX] {
            assert_eq!(
                t.set_encode(id, None, None).unwrap_err().kind(),
                ErrorKind::OutOfVocabulary
            );
        }
        assert_eq!(t.rows(), before);
    }

    #[test]
    fn a_block_without_encode_inputs_does_not_take_them() {
        let mut t = CodecTable::new(Vocabulary::v1(), vec![]);
        assert_eq!(t.set_encode(0, None, None).unwrap_err().kind(), ErrorKind::Unsupported);
    }

    #[test]
    fn norms_of_the_card() {
        assert_eq!(Norm::Affine { scale: 10.0, offset: 20.0 }.apply(25.0), Some(0.5));
        let within = Norm::Within { min: 20.0, max: 40.0 };
        assert_eq!(within.apply(25.0), Some(0.25));
        assert_eq!(within.apply(41.0), None);
        assert_eq!(Norm::Neutral.apply(3.0), Some(0.5));
    }
}
