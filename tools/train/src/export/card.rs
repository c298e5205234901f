// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The card that `train` writes.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

/// A card, members in the order in which they are written.
#[derive(Debug, Clone, Serialize)]
pub(super) struct WrittenCard {
    pub(super) id: String,
    pub(super) kind: &'static str,
    pub(super) status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) onnx: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) sha256: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) members: Vec<WrittenMember>,
    pub(super) opset: i64,
    pub(super) input_names: Vec<&'static str>,
    pub(super) output_names: Vec<&'static str>,
    pub(super) feature_order: Vec<String>,
    pub(super) feature_mean: Vec<f64>,
    pub(super) feature_std: Vec<f64>,
    pub(super) feature_cap: BTreeMap<String, f64>,
    pub(super) feature_clip_sigma: f64,
    pub(super) missing_features: &'static str,
    pub(super) codec_aware: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) codec_vocab: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) codec_vocab_version: Option<i32>,
    pub(super) score_range: [f64; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) conformal_scale: Option<f64>,
    pub(super) training: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) metrics: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) provenance: Option<Value>,
}

#[derive(Debug, Clone, Serialize)]
pub(super) struct WrittenMember {
    pub(super) onnx: String,
    pub(super) sha256: String,
}

/// What a card says besides what the network itself says.
#[derive(Debug, Clone)]
pub struct Description {
    /// Name of the model and stem of its files.
    pub id: String,
    /// Bounds of a score.
    pub score_range: [f64; 2],
    /// Factor on the standard deviation in the interval.
    pub conformal_scale: Option<f64>,
    /// Data, recipe, seed.
    pub training: Value,
    /// Of an evaluation of the same protocol.
    pub metrics: Option<Value>,
    /// Whose data it was, how to cite them, under which licence.
    pub provenance: Option<Value>,
}
