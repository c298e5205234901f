// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Whether a card's statistics are those of the evaluation that judges it.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;
use serde_json::Value;

use crate::evaluation::{Evaluation, metrics};

/// Numbers that a card takes from an evaluation.
#[derive(Debug, Deserialize)]
struct CardStatistics {
    #[serde(default)]
    metrics: Option<Value>,
    #[serde(default)]
    conformal_scale: Option<f64>,
    #[serde(default)]
    calibration: Option<CardCalibration>,
    #[serde(default)]
    imputation: BTreeMap<String, CardImputation>,
    #[serde(default)]
    difference_interval: Option<CardDifference>,
}

#[derive(Debug, Deserialize)]
struct CardDifference {
    half_width: f64,
}

#[derive(Debug, Deserialize)]
struct CardCalibration {
    #[serde(default)]
    stddev: Option<f64>,
}

#[derive(Debug, Deserialize)]
struct CardImputation {
    #[serde(default)]
    interval_factor: Option<f64>,
}

/// Refuses a card whose figures or interval are not the evaluation's, to the last bit. A card may have none at all.
pub(super) fn ensure_same(
    card: &[u8],
    evaluation: &Evaluation,
    evaluation_sha256: &str,
) -> Result<()> {
    let card: CardStatistics = serde_json::from_slice(card).context("not a card")?;
    if let Some(written) = &card.metrics {
        ensure!(
            *written == metrics(evaluation, evaluation_sha256)?,
            "the card's metrics are not the evaluation's: train again with --evaluation"
        );
    }
    let interval = &evaluation.interval;
    let mut pairs = vec![
        ("conformal_scale".to_owned(), card.conformal_scale, Some(interval.conformal_scale)),
        (
            "calibration.stddev".to_owned(),
            card.calibration.and_then(|calibration| calibration.stddev),
            Some(interval.stddev),
        ),
        (
            "difference_interval.half_width".to_owned(),
            card.difference_interval.map(|difference| difference.half_width),
            Some(interval.difference.half_width),
        ),
    ];
    for (name, imputation) in card.imputation {
        let measured = interval.missing.get(&name).copied();
        let factor = imputation.interval_factor;
        pairs.push((format!("imputation.{name}.interval_factor"), factor, measured));
    }
    for (field, card, measured) in pairs {
        let Some(card) = card else { continue };
        ensure!(
            measured.is_some_and(|measured| measured.to_bits() == card.to_bits()),
            "the card's {field} is {card}, the evaluation's {}",
            measured.map_or_else(|| "is not there".to_owned(), |measured| measured.to_string())
        );
    }
    Ok(())
}
