// SPDX-License-Identifier: BSD-2-Clause-Patent
//! How a graph's features are standardised, as its card says.

use std::sync::Arc;

use super::card::{Card, Part, Statistic, TransformCard};
use crate::error::{Result, bail};
use crate::features::{Column, Regression, Standardizer, Term, Transform};
use crate::simd::InstructionSet;

/// How a graph's features are standardised.
#[derive(Clone)]
pub(crate) struct Statistics {
    columns: Vec<Column>,
    clip_sigma: f64,
    regressions: Arc<[Regression]>,
}

impl Statistics {
    /// Those of one graph of a card that agrees with itself.
    ///
    /// # Errors
    /// `Inconsistent` names the number that no standardising can do with.
    pub(super) fn of_part(card: &Card, part: &Part<'_>) -> Result<Self> {
        let order = &card.feature_order;
        let (mean, std) = match (part.mean, part.std) {
            (Some(mean), Some(std)) => {
                (numbers("feature_mean", mean, order)?, numbers("feature_std", std, order)?)
            }
            (None, None) => (vec![0.0; order.len()], vec![1.0; order.len()]),
            (Some(_), None) => bail!(Inconsistent, "feature_mean without feature_std"),
            (None, Some(_)) => bail!(Inconsistent, "feature_std without feature_mean"),
        };
        if let Some(i) = std.iter().position(|&s| s <= 0.0) {
            bail!(Inconsistent, "feature_std[{i}] of '{}': {} is not above 0", order[i], std[i]);
        }
        let mut columns = Vec::with_capacity(order.len());
        for ((name, mean), std) in order.iter().zip(mean).zip(std) {
            columns.push(Column {
                mean,
                std,
                cap: card.feature_cap.get(name).copied().unwrap_or(f64::INFINITY),
                transform: card.transform(name)?,
                missing: card.optional(name) != 0 && !card.imputation.contains_key(name),
            });
        }
        Ok(Self {
            columns,
            clip_sigma: card.feature_clip_sigma.unwrap_or(f64::INFINITY),
            regressions: card.regressions(),
        })
    }

    pub(crate) fn standardizer(&self, set: InstructionSet) -> Standardizer {
        Standardizer::new(self.columns.clone(), self.clip_sigma, set)
            .with_regressions(Arc::clone(&self.regressions))
    }
}

impl Card {
    /// What a feature's value goes through before it is standardised.
    pub(super) fn transform(&self, feature: &str) -> Result<Transform> {
        self.feature_transform.get(feature).map_or(Ok(Transform::None), TransformCard::read)
    }

    /// The column of a feature that the card has.
    pub(super) fn column(&self, feature: &str) -> Option<usize> {
        self.feature_order.iter().position(|name| name == feature)
    }

    fn regressions(&self) -> Arc<[Regression]> {
        let regressions = self.imputation.iter().filter_map(|(name, imputation)| {
            let coefficients = imputation.linear.iter().zip(&imputation.quadratic);
            let terms = imputation.from.iter().zip(coefficients).filter_map(|(from, (&l, &q))| {
                Some(Term { column: self.column(from)?, linear: l, quadratic: q })
            });
            Some(Regression {
                column: self.column(name)?,
                intercept: imputation.intercept,
                terms: terms.collect(),
            })
        });
        regressions.collect()
    }
}

fn numbers(field: &str, values: &[Statistic], order: &[String]) -> Result<Vec<f64>> {
    if values.len() != order.len() {
        bail!(Inconsistent, "{field}: {} numbers for {} features", values.len(), order.len());
    }
    if let Some(i) = values.iter().position(|v| !v.0.is_finite()) {
        bail!(Inconsistent, "{field}[{i}] of '{}': {} is not finite", order[i], values[i].0);
    }
    Ok(values.iter().map(|v| v.0).collect())
}
