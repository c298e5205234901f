// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The model card: the JSON beside a graph that says what its numbers mean.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer};
use serde_json::Value;

use crate::error::{Error, ErrorKind, Result, bail, err};

/// What some editors put before UTF-8 text.
pub(super) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// The members of a card that scoring reads. Others are for people and are not interpreted.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct Card {
    /// Name of the model.
    pub id: Option<String>,
    /// `fr` (default) or `fr_ensemble`.
    pub kind: Option<String>,
    /// `release` or `experimental`.
    pub status: Option<String>,
    /// File name of the graph, relative to the card.
    pub onnx: Option<String>,
    /// sha256 of the graph's file, hexadecimal.
    pub sha256: Option<String>,
    /// sha256 of the external data, hexadecimal.
    pub external_data_sha256: Option<ExternalPins>,
    /// Names of the graph's inputs, features first.
    pub input_names: Vec<String>,
    /// Name of the graph's output.
    pub output_names: Vec<String>,
    /// libvmaf feature of each column of the features input.
    pub feature_order: Vec<String>,
    /// Mean of each feature after its transform; libvmaf's units if it has none.
    pub feature_mean: Option<Vec<Statistic>>,
    /// Standard deviation of each feature after its transform, above 0.
    pub feature_std: Option<Vec<Statistic>>,
    /// Upper bound on the raw value, by feature name.
    pub feature_cap: BTreeMap<String, f64>,
    /// What the capped value goes through before it is standardised, by feature name.
    pub feature_transform: BTreeMap<String, TransformCard>,
    /// Bound on the absolute standardised value.
    pub feature_clip_sigma: Option<f64>,
    /// What stands for a missing feature: its `mean`, or what it is `regress`ed to. NaN is refused without.
    pub missing_features: Option<String>,
    /// The features that may be missing: 1 is worth measuring, 2 is used only if it is there anyway. All, if features
    /// are taken as their mean and this is not there.
    pub optional_features: Option<BTreeMap<String, i32>>,
    /// How a missing feature follows from others, by its name.
    pub imputation: BTreeMap<String, Imputation>,
    /// Lowest and highest possible raw value by feature name, within those of the catalogue.
    pub feature_range: BTreeMap<String, [f64; 2]>,
    /// Whether the graph takes a codec block.
    pub codec_aware: Option<bool>,
    /// The model's codec vocabulary.
    #[serde(alias = "encoder_vocab")]
    pub codec_vocab: Option<Vec<String>>,
    /// Version of that vocabulary.
    #[serde(alias = "encoder_vocab_version")]
    pub codec_vocab_version: Option<i32>,
    /// Names of the codec block's columns.
    pub codec_block_layout: Option<Vec<String>>,
    /// Standardisation of the preset's ordinal.
    pub codec_preset_norm: Option<Affine>,
    /// Standardisation of the crf.
    pub codec_crf_norm: Option<Affine>,
    /// Free-form in published cards; only `cq_min` and `cq_max` are read.
    pub corpus: Value,
    /// Factor on the standard deviation in the 95 % interval.
    pub conformal_scale: Option<f64>,
    /// Where the training data lies; intervals widen with the distance from it.
    pub domain: Option<DomainCard>,
    /// How scores and deviations move to another laboratory's scale.
    pub calibration: Option<Calibration>,
    /// The interval of a difference between two clips of one content.
    pub difference_interval: Option<DifferenceInterval>,
    /// Lowest and highest score.
    pub score_range: Option<[f64; 2]>,
    /// Graphs of an ensemble.
    pub members: Vec<MemberCard>,
}

/// One graph of an ensemble; statistics default to the ensemble's.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default)]
pub struct MemberCard {
    /// File name of the graph, relative to the card.
    pub onnx: Option<String>,
    /// sha256 of the graph's file, hexadecimal.
    pub sha256: Option<String>,
    /// sha256 of the external data, hexadecimal.
    pub external_data_sha256: Option<ExternalPins>,
    /// Mean of each feature.
    pub feature_mean: Option<Vec<Statistic>>,
    /// Standard deviation of each feature.
    pub feature_std: Option<Vec<Statistic>>,
}

/// Pins of external data: one for a single file, or by file name.
#[derive(Debug, Clone, Deserialize)]
#[serde(untagged)]
pub enum ExternalPins {
    /// Of the only file.
    One(String),
    /// By location.
    ByLocation(BTreeMap<String, String>),
}

/// (value - offset) / scale.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Affine {
    /// Divisor, not 0.
    pub scale: f64,
    /// Subtracted first.
    pub offset: f64,
}

/// A function of a feature's value.
#[derive(Debug, Clone, Deserialize)]
pub struct TransformCard {
    /// `log_distance` or `log1p`.
    pub op: String,
    /// What `log_distance` takes the distance from, above 1.
    pub top: Option<f64>,
}

/// `intercept` + sum of `linear` z + sum of `quadratic` z^2 over the features `from`, all standardised.
#[derive(Debug, Clone, Deserialize)]
pub struct Imputation {
    /// Features that may not be missing.
    pub from: Vec<String>,
    /// Constant term.
    pub intercept: f64,
    /// Coefficient of each feature's z.
    pub linear: Vec<f64>,
    /// Coefficient of each feature's z^2.
    pub quadratic: Vec<f64>,
    /// Factor on the interval of a frame that lacks the feature, at least 1.
    pub interval_factor: f64,
}

/// Distance of a frame: root mean square of `whiten` (z - `mean`), divided by `edge`.
#[derive(Debug, Clone, Deserialize)]
pub struct DomainCard {
    /// The k features that count.
    pub features: Vec<String>,
    /// Mean of each one's z in the training data.
    pub mean: Vec<f64>,
    /// k rows of k numbers.
    pub whiten: Vec<Vec<f64>>,
    /// The distance at which the training data ends, above 0.
    pub edge: f64,
    /// What a distance of 1 beyond the edge adds to the factor on the interval, not below 0.
    pub interval_slope: f64,
}

/// `offset` + `slope` times the score; `stddev` is added in quadrature.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct Calibration {
    /// Added after the slope.
    pub offset: f64,
    /// Factor on the score, above 0.
    pub slope: f64,
    /// Standard deviation of what the calibration leaves, not below 0.
    pub stddev: f64,
}

/// The interval of a difference between two clips of one content.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct DifferenceInterval {
    /// Half the width of the 95 % interval in points of the graph's scale, above 0.
    pub half_width: f64,
}

/// A number in which `null`, as some writers put NaN, is NaN: the check that refuses it can then
/// name the feature.
#[derive(Debug, Clone, Copy)]
pub struct Statistic(pub f64);

impl<'de> Deserialize<'de> for Statistic {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> std::result::Result<Self, D::Error> {
        Ok(Self(Option::<f64>::deserialize(deserializer)?.unwrap_or(f64::NAN)))
    }
}

/// What one graph of a model is pinned and standardised with.
pub(super) struct Part<'a> {
    pub(super) onnx: Option<&'a str>,
    pub(super) sha256: Option<&'a str>,
    pub(super) external_data_sha256: Option<&'a ExternalPins>,
    pub(super) mean: Option<&'a [Statistic]>,
    pub(super) std: Option<&'a [Statistic]>,
}

impl Card {
    /// Parses a card. A byte-order mark before it is skipped.
    ///
    /// # Errors
    /// `Malformed`: not JSON, or a member of the wrong type. `Inconsistent`: NaN or infinity for a number.
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        let text = std::str::from_utf8(bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes))
            .map_err(|e| err!(Malformed, "not UTF-8 at byte {}", e.valid_up_to()))?;
        let mut json = serde_json::Deserializer::from_str(text);
        let card: Self = serde_path_to_error::deserialize(&mut json).map_err(|e| {
            let path = e.path().to_string();
            let non_finite = is_non_finite_token(text, e.inner());
            let kind = if non_finite { ErrorKind::Inconsistent } else { ErrorKind::Malformed };
            let what = if non_finite { "a finite number was expected: " } else { "" };
            Error::new(kind, format!("{path}: {what}{}", e.inner()))
        })?;
        json.end().map_err(|e| err!(Malformed, "{e}"))?;
        Ok(card)
    }

    /// The graphs that the card names.
    pub(super) fn parts(&self) -> Result<Vec<Part<'_>>> {
        let own = Part {
            onnx: self.onnx.as_deref(),
            sha256: self.sha256.as_deref(),
            external_data_sha256: self.external_data_sha256.as_ref(),
            mean: self.feature_mean.as_deref(),
            std: self.feature_std.as_deref(),
        };
        match self.kind.as_deref() {
            None | Some("fr") => Ok(vec![own]),
            Some("fr_ensemble") => {
                if self.members.len() < 2 {
                    bail!(Inconsistent, "members: an ensemble of {} graphs", self.members.len());
                }
                let members = self.members.iter().map(|m| Part {
                    onnx: m.onnx.as_deref(),
                    sha256: m.sha256.as_deref(),
                    external_data_sha256: m.external_data_sha256.as_ref(),
                    mean: m.feature_mean.as_deref().or(own.mean),
                    std: m.feature_std.as_deref().or(own.std),
                });
                Ok(members.collect())
            }
            Some(kind) => {
                bail!(Inconsistent, "kind '{kind}' where 'fr' or 'fr_ensemble' was expected")
            }
        }
    }

    /// Whether a feature is needed (0), may be missing but is worth measuring (1), or is used only if it is there
    /// anyway (2).
    pub(crate) fn optional(&self, feature: &str) -> i32 {
        match (&self.missing_features, &self.optional_features) {
            (None, _) => 0,
            (Some(_), None) => 1,
            (Some(_), Some(optional)) => optional.get(feature).copied().unwrap_or(0),
        }
    }

    /// `(cq_min, cq_max)` of the corpus that the model was trained on.
    pub(super) fn crf_range(&self) -> Result<Option<(f64, f64)>> {
        let number = |key: &str| self.corpus.get(key).and_then(Value::as_f64);
        match (number("cq_min"), number("cq_max")) {
            (Some(min), Some(max)) if min < max => Ok(Some((min, max))),
            (None, None) => Ok(None),
            (min, max) => bail!(
                Inconsistent,
                "corpus: cq_min {min:?} and cq_max {max:?} are not the ends of a range"
            ),
        }
    }
}

/// Whether the parser stopped at `NaN` or an infinity, which some writers put into JSON.
fn is_non_finite_token(text: &str, e: &serde_json::Error) -> bool {
    if e.to_string().starts_with("number out of range") {
        return true;
    }
    let Some(line) = e.line().checked_sub(1).and_then(|n| text.lines().nth(n)) else {
        return false;
    };
    // The column counts bytes and is one past the byte that was refused, or at it.
    [e.column(), e.column().saturating_sub(1), e.column().saturating_sub(2)].iter().any(|&start| {
        line.get(start..).is_some_and(|rest| {
            let number = rest.strip_prefix('-').unwrap_or(rest);
            number.starts_with("NaN") || number.starts_with("Infinity") || number.starts_with("nan")
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_name_the_member() {
        let e = Card::parse(br#"{"feature_order": ["adm2", 3]}"#).unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Malformed);
        assert!(e.message().contains("feature_order[1]"), "{e}");
    }

    #[test]
    fn non_finite_numbers_are_told_from_malformed_json() {
        for (token, kind) in [
            ("NaN", ErrorKind::Inconsistent),
            ("-Infinity", ErrorKind::Inconsistent),
            ("Infinity", ErrorKind::Inconsistent),
            ("1e999", ErrorKind::Inconsistent),
            ("nope", ErrorKind::Malformed),
            ("\"1\"", ErrorKind::Malformed),
        ] {
            let json = format!("{{\n \"feature_mean\": [1.0,\n {token}]}}");
            let e = Card::parse(json.as_bytes()).unwrap_err();
            assert_eq!(e.kind(), kind, "{token}: {e}");
            assert!(e.message().contains("feature_mean[1]"), "{token}: {e}");
        }
        assert!(
            Card::parse(b"{\"feature_mean\": [null]}").unwrap().feature_mean.unwrap()[0].0.is_nan()
        );
    }

    #[test]
    fn a_byte_order_mark_is_skipped() {
        let card = Card::parse(b"\xef\xbb\xbf{\"id\": \"x\"}").unwrap();
        assert_eq!(card.id.as_deref(), Some("x"));
        let e = Card::parse(b"\xef\xbb\xbf{\"feature_mean\": [NaN]}").unwrap_err();
        assert_eq!(e.kind(), ErrorKind::Inconsistent, "{e}");
        assert!(Card::parse(b"\xef\xbb\xbf\xef\xbb\xbf{}").is_err());
    }

    #[test]
    fn numbers_are_read_as_rust_reads_them() {
        let mut state = 7_u64;
        for _ in 0..10_000 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let number = f64::from_bits((state >> 2) | 0x3000_0000_0000_0000);
            let card = Card::parse(format!("{{\"conformal_scale\": {number:e}}}").as_bytes());
            let read = card.unwrap().conformal_scale.unwrap();
            assert_eq!(read.to_bits(), number.to_bits(), "{number:e}");
        }
    }

    #[test]
    fn malformed_text_is_refused() {
        let deep = format!("{{\"corpus\": {}", "[".repeat(100_000));
        for bad in [&b""[..], b"{", b"[1]", b"{} {}", b"\xff\xfe", deep.as_bytes(), b"{\"id\":1}"] {
            assert_eq!(Card::parse(bad).unwrap_err().kind(), ErrorKind::Malformed);
        }
    }
}
