// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Ordered lists of codec names, and which name stands for which codec.

use super::codecs::{UNKNOWN, VOCABULARY_1, codec_of, fold};
use crate::error::{Result, bail, err};

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
        let codec = codec_of(&folded);
        let alike = |n: &&String| codec.is_some() && codec_of(&fold(n)) == codec;
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
}
