// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The codec block of a codec-aware graph's input: one-hot, then preset and crf if the card lists them.

use crate::catalogue::{Vocabulary, fold, presets};
use crate::error::{Result, bail, err};

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
    let presets = presets(encoder);
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
