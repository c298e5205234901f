// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What a card takes from an evaluation.

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::{Evaluation, Figures, Interval, MODEL, elsewhere, in_sample};
use crate::evaluate::Scheme;
use crate::model;

impl Interval {
    /// As a model has it.
    pub fn of_model(&self) -> model::Interval {
        model::Interval {
            stddev: Some(self.stddev),
            conformal_scale: self.conformal_scale,
            missing: self.missing.clone(),
            difference_half_width: Some(self.difference.half_width),
        }
    }
}

/// A card's `metrics`: what was measured of the model, beside VMAF.
///
/// # Errors
/// A number that JSON does not have.
pub fn metrics(evaluation: &Evaluation, sha256: &str) -> Result<Value> {
    let vmaf = &evaluation.baseline;
    let mut agreement = Map::new();
    for scheme in Scheme::ALL {
        let mut predictors = Map::new();
        for name in [MODEL.to_owned(), vmaf.clone(), elsewhere(vmaf), in_sample(vmaf)] {
            let figures = evaluation.predictors.get(&name).and_then(|p| p.schemes.get(&scheme));
            if let Some(figures) = figures {
                predictors.insert(name, row(figures));
            }
        }
        if !predictors.is_empty() {
            let name = serde_json::to_value(scheme)?;
            agreement.insert(name.as_str().unwrap_or_default().to_owned(), predictors.into());
        }
    }
    let evidence = &evaluation.evidence;
    Ok(json!({
        "evaluation_sha256": sha256,
        "clips": evidence.primary_clips,
        "contents": evidence.primary_contents,
        "laboratories": evidence.laboratories.keys().collect::<Vec<_>>(),
        "left_out": agreement,
        "differences_to_vmaf": evaluation
            .differences
            .iter()
            .filter(|(name, _)| name.starts_with(vmaf.as_str()))
            .filter_map(|(name, schemes)| {
                Some((name.clone(), json!(schemes.get(&Scheme::Content)?.plcc_within)))
            })
            .collect::<Map<String, Value>>(),
        "codec": evaluation.codec,
        "difference_interval": {
            "coverage": evaluation.interval.difference.coverage,
            "width_over_scores": evaluation.interval.difference.width_over_scores,
        },
        "interval_components": evaluation.interval.components,
        "missing": evaluation.missing,
    }))
}

fn row(figures: &Figures) -> Value {
    json!({
        "within_tests": figures.within,
        "pooled": figures.pooled,
        "worst_content": figures.worst_content,
        "coverage": figures.interval.coverage,
        "mean_width": figures.interval.mean_width,
        "units": figures.units,
    })
}
