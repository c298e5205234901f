// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Whether a card's statistics are those of the evaluation that judges it.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};
use serde::Deserialize;

use crate::evaluation::Evaluation;

/// Numbers that a card takes from an evaluation.
#[derive(Debug, Deserialize)]
struct CardStatistics {
    #[serde(default)]
    conformal_scale: Option<f64>,
    #[serde(default)]
    calibration: Option<CardCalibration>,
    #[serde(default)]
    imputation: BTreeMap<String, CardImputation>,
    #[serde(default)]
    difference_half_width: Option<f64>,
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

/// Refuses a card whose interval is not the evaluation's, to the last bit. A card may have no interval at all.
pub(super) fn ensure_same(card: &[u8], evaluation: &Evaluation) -> Result<()> {
    let card: CardStatistics = serde_json::from_slice(card).context("not a card")?;
    let interval = &evaluation.interval;
    let mut pairs = vec![
        ("conformal_scale".to_owned(), card.conformal_scale, Some(interval.conformal_scale)),
        (
            "calibration.stddev".to_owned(),
            card.calibration.and_then(|calibration| calibration.stddev),
            Some(interval.stddev),
        ),
        (
            "difference_half_width".to_owned(),
            card.difference_half_width,
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
