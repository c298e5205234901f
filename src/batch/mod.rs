// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Frames to score, checked once: widths, codec ids, and values that features can have.
//!
//! [`Input::batch`] is the only way to a [`Batch`], so nothing after it checks any of that again.

mod bounds;
mod column;

use crate::catalogue::{UNKNOWN, Vocabulary};
use crate::error::{Error, Result, bail, err};
use crate::simd::InstructionSet;
use bounds::Bounds;
pub(crate) use column::InputColumn;

/// The most frames that an engine gets in one run.
pub(crate) const MAX_RUN: usize = 1024;

/// What a model takes: its columns, with what each may hold, and its codecs.
#[derive(Debug, Clone)]
pub(crate) struct Input {
    columns: Vec<InputColumn>,
    codecs: Option<Codecs>,
    bounds: Bounds,
}

#[derive(Debug, Clone)]
struct Codecs {
    vocabulary: Vocabulary,
    /// As many ids of `unknown` as a run has frames; empty where the vocabulary has no `unknown`.
    unknown: Vec<i32>,
}

/// Checked frames.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch<'a> {
    input: &'a Input,
    /// Number of the first frame among those of the call.
    first: usize,
    /// Number of frames.
    n: usize,
    features: &'a [f32],
    codecs: CodecIds<'a>,
}

#[derive(Debug, Clone, Copy)]
enum CodecIds<'a> {
    /// The model is codec-blind.
    Ignored,
    /// One per frame.
    Each(&'a [i32]),
    /// One id, `MAX_RUN` times.
    Same(&'a [i32]),
}

impl Input {
    /// `vocabulary`: that of a codec-aware model.
    pub(crate) fn new(
        columns: Vec<InputColumn>,
        vocabulary: Option<Vocabulary>,
        set: InstructionSet,
    ) -> Self {
        Self {
            bounds: Bounds::new(&columns, set),
            columns,
            codecs: vocabulary.map(|vocabulary| Codecs {
                unknown: vocabulary.id(UNKNOWN).map_or_else(|_| Vec::new(), |id| vec![id; MAX_RUN]),
                vocabulary,
            }),
        }
    }

    pub(crate) fn width(&self) -> usize {
        self.columns.len()
    }

    /// Whether the model takes the codec.
    pub(crate) fn codec_aware(&self) -> bool {
        self.codecs.is_some()
    }

    /// Number of feature values in `n` frames.
    ///
    /// # Errors
    /// `Argument` if no memory can hold that many.
    pub(crate) fn values(&self, n: usize) -> Result<usize> {
        const LIMIT: usize = isize::MAX as usize;
        n.checked_mul(self.width())
            .filter(|&values| values <= LIMIT / size_of::<f32>())
            .ok_or_else(|| err!(Argument, "n_frames {n} is more than memory can hold"))
    }

    /// Checks `n` frames: one row of features each, and one codec id each or none at all.
    ///
    /// # Errors
    /// `Argument`: slices of other lengths. `ImpossibleValue`: a value that its feature cannot have, with frame and
    /// feature. `OutOfVocabulary`: a codec id that is not in the vocabulary, or none and no `unknown`.
    pub(crate) fn batch<'a>(
        &'a self,
        features: &'a [f32],
        codec_ids: Option<&'a [i32]>,
        n: usize,
    ) -> Result<Batch<'a>> {
        self.check_rows(features, n)?;
        if let Some(ids) = codec_ids
            && ids.len() != n
        {
            bail!(Argument, "{} codec ids for {n} frames", ids.len());
        }
        let codecs = match (&self.codecs, codec_ids) {
            (None, _) => CodecIds::Ignored,
            (Some(codecs), Some(ids)) => {
                codecs.check(ids)?;
                CodecIds::Each(ids)
            }
            (Some(codecs), None) => {
                if codecs.unknown.is_empty() && n > 0 {
                    bail!(
                        OutOfVocabulary,
                        "codec ids are NULL, and the vocabulary {:?} has no 'unknown'",
                        codecs.vocabulary.names()
                    );
                }
                CodecIds::Same(&codecs.unknown)
            }
        };
        self.check_values(features)?;
        Ok(Batch { input: self, first: 0, n, features, codecs })
    }

    /// Checks `n` frames whose codec does not matter: that of a codec-aware model is its first.
    pub(crate) fn rows<'a>(&'a self, features: &'a [f32], n: usize) -> Result<Batch<'a>> {
        const FIRST: [i32; MAX_RUN] = [0; MAX_RUN];
        self.check_rows(features, n)?;
        self.check_values(features)?;
        let codecs = match self.codecs {
            None => CodecIds::Ignored,
            Some(_) => CodecIds::Same(&FIRST),
        };
        Ok(Batch { input: self, first: 0, n, features, codecs })
    }

    fn check_rows(&self, features: &[f32], n: usize) -> Result<()> {
        let width = self.width();
        if features.len() != self.values(n)? {
            bail!(Argument, "{} feature values are not {n} frames of {width}", features.len());
        }
        Ok(())
    }

    fn check_values(&self, features: &[f32]) -> Result<()> {
        if self.bounds.all_inside(features) { Ok(()) } else { self.look_closer(features) }
    }

    /// Rows in which something is missing or impossible, value by value.
    fn look_closer(&self, features: &[f32]) -> Result<()> {
        for (frame, row) in features.chunks_exact(self.width()).enumerate() {
            let mut present = false;
            for (i, (column, &x)) in self.columns.iter().zip(row).enumerate() {
                let inside = self.bounds.is_inside(i, x);
                let absent = column.may_be_missing && x.is_nan();
                if !(inside || absent) {
                    return Err(column.refuse(x).of_value(frame, &column.name));
                }
                present |= inside;
            }
            if !present {
                bail!(ImpossibleValue, "frame {frame}: every feature is NaN");
            }
        }
        Ok(())
    }
}

impl Codecs {
    fn check(&self, ids: &[i32]) -> Result<()> {
        let n = self.vocabulary.names().len();
        for (frame, &id) in ids.iter().enumerate() {
            if !usize::try_from(id).is_ok_and(|id| id < n) {
                bail!(
                    OutOfVocabulary,
                    "frame {frame}: codec id {id} is outside the vocabulary's 0..{n}"
                );
            }
        }
        Ok(())
    }
}

impl<'a> Batch<'a> {
    /// Number of frames.
    pub(crate) fn len(&self) -> usize {
        self.n
    }

    /// Raw values, row-major.
    pub(crate) fn features(&self) -> &'a [f32] {
        self.features
    }

    /// Raw values, frame by frame.
    pub(crate) fn frames(&self) -> impl Iterator<Item = &'a [f32]> {
        self.features.chunks_exact(self.input.width())
    }

    /// One id per frame; empty for a codec-blind model. Of at most `MAX_RUN` frames.
    pub(crate) fn codec_ids(&self) -> &'a [i32] {
        match self.codecs {
            CodecIds::Ignored => &[],
            CodecIds::Each(ids) => ids,
            CodecIds::Same(ids) => &ids[..self.len()],
        }
    }

    /// The failure of one value: the frame's place in this batch, the feature's column, and what is wrong.
    #[cold]
    pub(crate) fn refuse(&self, frame: usize, column: usize, why: &str) -> Error {
        let value = self.features[frame * self.input.width() + column];
        err!(ImpossibleValue, "is {value}, {why}")
            .of_value(self.first + frame, &self.input.columns[column].name)
    }

    /// Number of the frame at a place in this batch among those of the call.
    pub(crate) fn frame(&self, place: usize) -> usize {
        self.first + place
    }

    /// The batch in runs of at most `rows` frames.
    pub(crate) fn runs(&self, rows: usize) -> impl Iterator<Item = Batch<'a>> {
        let (batch, rows) = (*self, rows.min(MAX_RUN));
        let width = batch.input.width();
        let mut first = 0;
        std::iter::from_fn(move || {
            let n = rows.min(batch.n - first);
            let run = Batch {
                first: batch.first + first,
                n,
                features: &batch.features[first * width..(first + n) * width],
                codecs: match batch.codecs {
                    CodecIds::Each(ids) => CodecIds::Each(&ids[first..first + n]),
                    all => all,
                },
                ..batch
            };
            first += n;
            (n > 0).then_some(run)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::bounds::{down, up};
    use super::*;
    use crate::catalogue::{self, FULL_FEATURES};
    use crate::error::ErrorKind;

    fn input(names: &[&str], may_be_missing: bool) -> Input {
        let columns = names.iter().map(|&name| InputColumn {
            name: name.to_owned(),
            range: None,
            above_minus_1: false,
            may_be_missing,
        });
        Input::new(columns.collect(), None, InstructionSet::Portable)
    }

    #[test]
    fn impossible_values_are_found_wherever_they_are() {
        let input = input(&FULL_FEATURES, false);
        for n in [1, 7, 8, 9, 50] {
            for place in 0..n * 22 {
                let mut features = vec![0.5_f32; n * 22];
                assert_eq!(input.batch(&features, None, n).unwrap().len(), n);
                for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
                    features[place] = bad;
                    let e = input.batch(&features, None, n).unwrap_err();
                    assert_eq!(e.kind(), ErrorKind::ImpossibleValue);
                    assert_eq!(e.frame(), Some(place / 22));
                    assert_eq!(e.feature(), Some(FULL_FEATURES[place % 22]));
                }
            }
        }
    }

    #[test]
    fn bounds_are_the_catalogues() {
        let input = input(&FULL_FEATURES, false);
        for (i, feature) in catalogue::FEATURES[..FULL_FEATURES.len()].iter().enumerate() {
            let mut features = [0.5_f32; 22];
            for (bound, beyond) in [(up(feature.low), -1e-3), (down(feature.high), 1e-3)] {
                features[i] = bound;
                input.batch(&features, None, 1).unwrap();
                if bound.abs() < 1e30 {
                    features[i] = bound + beyond;
                    let e = input.batch(&features, None, 1).unwrap_err();
                    assert_eq!(e.feature(), Some(feature.name), "{e}");
                }
            }
        }
        let mut features = [0.5_f32; 22];
        features[14] = 18.7;
        let e = input.batch(&features, None, 1).unwrap_err();
        assert!(e.message().contains("frame 0: feature 'float_ssim' is 18.7"), "{e}");
        assert!(e.message().contains("enable_db"), "{e}");
        features[14] = 1.000_001;
        input.batch(&features, None, 1).unwrap();
    }

    #[test]
    fn a_card_narrows_the_range_of_a_feature() {
        let column = InputColumn {
            name: "psnr_y".to_owned(),
            range: Some([20.0, 50.0]),
            above_minus_1: false,
            may_be_missing: false,
        };
        let input = Input::new(vec![column], None, InstructionSet::Portable);
        input.batch(&[20.0, 50.0], None, 2).unwrap();
        for bad in [19.9, 50.1] {
            let e = input.batch(&[30.0, bad], None, 2).unwrap_err();
            assert!(
                e.message().contains("frame 1") && e.message().contains("feature_range"),
                "{e}"
            );
        }
    }

    #[test]
    fn a_logarithm_takes_no_value_of_minus_1_or_less() {
        let column = InputColumn {
            name: "psnr_hvs".to_owned(),
            range: None,
            above_minus_1: true,
            may_be_missing: true,
        };
        let input = Input::new(vec![column.clone(), column], None, InstructionSet::Portable);
        input.batch(&[(-1.0_f32).next_up(), 0.0], None, 1).unwrap();
        input.batch(&[f32::NAN, 3e38], None, 1).unwrap();
        for bad in [-1.0, -7.5] {
            let e = input.batch(&[0.0, bad], None, 1).unwrap_err();
            assert_eq!(e.kind(), ErrorKind::ImpossibleValue);
            assert!(e.message().contains("log1p takes values above -1"), "{e}");
        }
    }

    #[test]
    fn what_may_be_missing_may_not_be_infinite_nor_missing_everywhere() {
        let lenient = input(&["adm2", "motion2"], true);
        lenient.batch(&[f32::NAN, 1.0, 0.5, f32::NAN], None, 2).unwrap();
        let e = lenient.batch(&[0.5, 1.0, f32::NAN, f32::NAN], None, 2).unwrap_err();
        assert!(e.message().contains("frame 1: every feature is NaN"), "{e}");
        let e = lenient.batch(&[f32::NAN, f32::INFINITY], None, 1).unwrap_err();
        assert_eq!(e.feature(), Some("motion2"));
        let strict = input(&["adm2", "motion2"], false);
        let e = strict.batch(&[f32::NAN, 1.0], None, 1).unwrap_err();
        assert!(e.message().contains("is NaN, and the card does not allow"), "{e}");
    }

    #[test]
    fn runs_hold_every_frame_once() {
        let names = vec!["x264".to_owned(), "unknown".to_owned()];
        let vocabulary = Vocabulary::new(names, None).unwrap();
        let columns = input(&["adm2"], false).columns;
        let aware = Input::new(columns.clone(), Some(vocabulary), InstructionSet::Portable);
        let features: Vec<f32> = (0..3000_u16).map(|i| f32::from(i) / 3000.0).collect();
        let ids: Vec<i32> = (0..3000).map(|i| i % 2).collect();
        for given in [Some(&ids[..]), None] {
            let batch = aware.batch(&features, given, 3000).unwrap();
            let (mut seen, mut seen_ids) = (Vec::new(), Vec::new());
            for run in batch.runs(usize::MAX) {
                assert!(run.len() <= MAX_RUN);
                seen.extend_from_slice(run.features());
                seen_ids.extend_from_slice(run.codec_ids());
            }
            assert_eq!(seen, features);
            assert_eq!(seen_ids, given.map_or(vec![1; 3000], <[i32]>::to_vec));
        }
        let blind = Input::new(columns, None, InstructionSet::Portable);
        assert!(blind.batch(&[0.5], Some(&[99]), 1).unwrap().codec_ids().is_empty());
        let e = aware.batch(&[0.5, 0.5], Some(&[0, 2]), 2).unwrap_err();
        assert!(e.message().contains("frame 1: codec id 2 is outside"), "{e}");
    }
}
