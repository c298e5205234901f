// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What a card takes from an evaluation.

use anyhow::Result;
use serde_json::{Map, Value, json};

use super::{Evaluation, Figures, Interval, MODEL};
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

/// A card's `metrics`: what was measured of the model, beside VMAF as it is. The evaluation has the rest; cards are inside
/// the library, so that they hold only what a reader of one asks first, in five decimals.
///
/// # Errors
/// A number that JSON does not have.
pub fn metrics(evaluation: &Evaluation, sha256: &str) -> Result<Value> {
    let vmaf = &evaluation.baseline;
    let mut agreement = Map::new();
    for scheme in Scheme::ALL {
        let mut predictors = Map::new();
        for name in [MODEL, vmaf.as_str()] {
            let figures = evaluation.predictors.get(name).and_then(|p| p.schemes.get(&scheme));
            if let Some(figures) = figures {
                predictors.insert(name.to_owned(), row(figures));
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
                let difference = &schemes.get(&Scheme::Content)?.plcc_within;
                let ends = [difference.value, difference.low, difference.high].map(rounded);
                Some((name.clone(), json!(ends)))
            })
            .collect::<Map<String, Value>>(),
        "codec": evaluation.codec,
        "difference_interval": {
            "coverage": rounded(evaluation.interval.difference.coverage),
            "width_over_scores": rounded(evaluation.interval.difference.width_over_scores),
        },
        "interval_components": evaluation.interval.components,
        "plcc_without": evaluation
            .missing
            .iter()
            .map(|(names, cost)| {
                (names.clone(), json!([cost.plcc_within, cost.plcc_within_complete].map(rounded)))
            })
            .collect::<Map<String, Value>>(),
    }))
}

fn row(figures: &Figures) -> Value {
    json!({
        "plcc_within": rounded(figures.within.plcc),
        "srocc_within": rounded(figures.within.srocc),
        "rmse_within": rounded(figures.within.rmse),
        "rmse_worst_content": rounded(figures.worst_content.rmse),
        "coverage": rounded(figures.interval.coverage),
        "mean_width": rounded(figures.interval.mean_width),
        "plcc_of_units": figures
            .units
            .iter()
            .map(|(unit, within)| (unit.clone(), json!(rounded(within.plcc))))
            .collect::<Map<String, Value>>(),
    })
}

fn rounded(x: f64) -> f64 {
    (x * 1e5).round() / 1e5
}
