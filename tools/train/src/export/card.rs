// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The card that `train` writes.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;
use vmaf_fr_v2::catalogue::Vocabulary;

use super::graph::OPSET;
use crate::model::Model;
use crate::recipe::{Recipe, Transform};

/// A card, members in the order in which they are written.
#[derive(Debug, Clone, Serialize)]
pub(super) struct WrittenCard {
    id: String,
    kind: &'static str,
    status: &'static str,
    onnx: String,
    sha256: String,
    opset: i64,
    input_names: Vec<&'static str>,
    output_names: Vec<&'static str>,
    feature_order: Vec<String>,
    feature_cap: BTreeMap<String, f64>,
    feature_transform: BTreeMap<String, Transform>,
    feature_mean: Vec<f64>,
    feature_std: Vec<f64>,
    feature_clip_sigma: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    missing_features: Option<&'static str>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    optional_features: BTreeMap<String, u8>,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    imputation: BTreeMap<String, WrittenImputation>,
    codec_aware: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    codec_vocab: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    codec_vocab_version: Option<i32>,
    score_range: [f64; 2],
    #[serde(skip_serializing_if = "Option::is_none")]
    calibration: Option<WrittenCalibration>,
    #[serde(skip_serializing_if = "Option::is_none")]
    conformal_scale: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    domain: Option<WrittenDomain>,
    #[serde(skip_serializing_if = "Option::is_none")]
    difference_interval: Option<WrittenDifference>,
    training: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    metrics: Option<Value>,
    provenance: Value,
}

#[derive(Debug, Clone, Serialize)]
struct WrittenImputation {
    from: Vec<String>,
    intercept: f64,
    linear: Vec<f64>,
    quadratic: Vec<f64>,
    interval_factor: f64,
}

/// No change of the score: only its deviation.
#[derive(Debug, Clone, Serialize)]
struct WrittenCalibration {
    offset: f64,
    slope: f64,
    stddev: f64,
}

#[derive(Debug, Clone, Serialize)]
struct WrittenDomain {
    features: Vec<String>,
    mean: Vec<f64>,
    whiten: Vec<Vec<f64>>,
    edge: f64,
    interval_slope: f64,
}

#[derive(Debug, Clone, Serialize)]
struct WrittenDifference {
    half_width: f64,
}

/// What a card says besides what the model itself says.
#[derive(Debug, Clone)]
pub struct Description {
    /// Data, recipe, seed.
    pub training: Value,
    /// Of an evaluation of the same protocol.
    pub metrics: Option<Value>,
    /// Whose data it was, how to cite them, under which licence.
    pub provenance: Value,
}

impl WrittenCard {
    /// Of a model whose graph is `onnx`.
    pub(super) fn new(
        model: &Model,
        recipe: &Recipe,
        (onnx, sha256): (String, String),
        description: Description,
    ) -> Self {
        let vocabulary = Vocabulary::v1();
        let aware = !model.codec.rows.is_empty();
        let preparation = &model.preparation;
        let scales = || preparation.names().iter().zip(&preparation.scales);
        let factor = |name: &String| model.interval.missing.get(name).copied().unwrap_or(1.0);
        let imputation: BTreeMap<String, WrittenImputation> = preparation
            .imputation
            .iter()
            .map(|(name, fitted)| {
                let written = WrittenImputation {
                    from: fitted.from.clone(),
                    intercept: fitted.intercept,
                    linear: fitted.linear.clone(),
                    quadratic: fitted.quadratic.clone(),
                    interval_factor: factor(name),
                };
                (name.clone(), written)
            })
            .collect();
        Self {
            id: model.id.clone(),
            kind: "fr",
            // Only the gate says otherwise.
            status: "experimental",
            onnx,
            sha256,
            opset: OPSET,
            input_names: if aware { vec!["features", "codec_onehot"] } else { vec!["features"] },
            output_names: vec!["score"],
            feature_order: preparation.names().to_vec(),
            feature_cap: scales().filter_map(|(n, s)| Some((n.clone(), s.cap?))).collect(),
            feature_transform: scales()
                .filter_map(|(n, s)| Some((n.clone(), s.transform?)))
                .collect(),
            feature_mean: scales().map(|(_, s)| s.mean).collect(),
            feature_std: scales().map(|(_, s)| s.std).collect(),
            feature_clip_sigma: preparation.clip_sigma,
            missing_features: (!imputation.is_empty()).then_some("regress"),
            optional_features: recipe.optional.clone(),
            imputation,
            codec_aware: aware,
            codec_vocab: aware.then(|| vocabulary.names().to_vec()),
            codec_vocab_version: aware.then(|| vocabulary.version()),
            score_range: model.score_range,
            calibration: model.interval.stddev.map(|stddev| WrittenCalibration {
                offset: 0.0,
                slope: 1.0,
                stddev,
            }),
            conformal_scale: model.interval.stddev.map(|_| model.interval.conformal_scale),
            domain: model.domain.as_ref().map(|domain| WrittenDomain {
                features: domain.features.clone(),
                mean: domain.mean.clone(),
                whiten: domain.whiten.clone(),
                edge: domain.edge,
                interval_slope: domain.slope,
            }),
            difference_interval: model
                .interval
                .difference_half_width
                .map(|half_width| WrittenDifference { half_width }),
            training: description.training,
            metrics: description.metrics,
            provenance: description.provenance,
        }
    }
}
