// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The 95 % interval of a difference between two encodes of one content in one test: offsets of content and test are in both
//! scores, and not in their difference.

use std::collections::BTreeMap;

use super::design::Design;
use super::interval::{HeldError, Intervals};
use super::schemes::Scheme;
use crate::evaluation::DifferenceInterval;
use crate::statistics::{LEVEL, conformal_width};

impl Intervals<'_> {
    /// Of two encodes; `None` if no content has two primary clips.
    pub(super) fn difference(&self) -> Option<DifferenceInterval> {
        let design = self.design;
        let all = self.errors_uncut(self.strangers(), |_| true);
        let half_width = difference_width(design, &all)?;
        let mut families = BTreeMap::new();
        let mut shares = Vec::new();
        let scored = &self.held_out.units[&Scheme::Family];
        for (index, unit) in self.plan.units[&Scheme::Family].iter().enumerate() {
            let inner = &self.held_out.inner[&(Scheme::Family, index)];
            let mut others = self.errors_uncut(inner, |_| true);
            if others.is_empty() {
                others = self.errors_uncut(scored, |i| unit.clips.binary_search(&i).is_err());
            }
            let own = self.errors_uncut(scored, |i| unit.clips.binary_search(&i).is_ok());
            let Some(half) = difference_width(design, &others) else { continue };
            let covered: Vec<f64> = pair_differences(design, &own)
                .into_values()
                .map(|pairs| {
                    pairs.iter().filter(|&&d| d <= half).count() as f64 / pairs.len() as f64
                })
                .collect();
            if covered.is_empty() {
                continue;
            }
            families.insert(unit.name.clone(), covered.iter().sum::<f64>() / covered.len() as f64);
            shares.extend(covered);
        }
        if shares.is_empty() {
            // One family: the width comes from the very pairs that it is judged on.
            let pairs = pair_differences(design, &all).into_values();
            shares.extend(pairs.map(|pairs| {
                pairs.iter().filter(|&&d| d <= half_width).count() as f64 / pairs.len() as f64
            }));
        }
        let width = self.width()?;
        let strangers = self.strangers();
        let halves: Vec<f64> = all
            .iter()
            .map(|e| width.half() * strangers.factor[e.clip] * self.missing[e.clip])
            .collect();
        let mean_half = halves.iter().sum::<f64>() / halves.len() as f64;
        Some(DifferenceInterval {
            half_width,
            coverage: shares.iter().sum::<f64>() / shares.len() as f64,
            families,
            width_over_scores: half_width / mean_half,
        })
    }
}

/// Absolute differences of the errors of two clips of one content in one test, by content and test.
fn pair_differences(design: &Design, errors: &[HeldError]) -> BTreeMap<(usize, usize), Vec<f64>> {
    let mut cells: BTreeMap<(usize, usize), Vec<f64>> = BTreeMap::new();
    for held in errors {
        cells.entry(design.cell(held.clip)).or_default().push(held.error);
    }
    cells
        .into_iter()
        .filter(|(_, errors)| errors.len() > 1)
        .map(|(cell, errors)| {
            let pairs = (0..errors.len()).flat_map(|i| (0..i).map(move |j| (i, j)));
            (cell, pairs.map(|(i, j)| (errors[i] - errors[j]).abs()).collect())
        })
        .collect()
}

fn difference_width(design: &Design, errors: &[HeldError]) -> Option<f64> {
    let weighted = pair_differences(design, errors)
        .into_values()
        .flat_map(|pairs| {
            let weight = 1.0 / pairs.len() as f64;
            pairs.into_iter().map(move |difference| (difference, weight))
        })
        .collect();
    conformal_width(weighted, LEVEL)
}
