// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What one predictor says of the clips that each scheme holds out.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::schemes::{Plan, Scheme, Unit};

/// Scores of some clips, and what multiplies the half width of their intervals.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Scored {
    pub(super) score: Vec<f64>,
    pub(super) factor: Vec<f64>,
}

/// Predictions by scheme, for every clip of the corpus; NaN where a scheme has none.
#[derive(Debug, Clone, Default)]
pub(super) struct HeldOut {
    pub(super) units: BTreeMap<Scheme, Scored>,
    /// Of a unit that is left out: the other families, by fits that have seen neither.
    pub(super) inner: BTreeMap<(Scheme, usize), Scored>,
}

impl HeldOut {
    /// Of `clips` clips, from what `of_fit` says of the clips of a fit: all of them, in the order of the plan's list.
    pub(super) fn collect(
        plan: &Plan,
        clips: usize,
        of_fit: impl Fn(usize) -> Option<Scored>,
    ) -> Self {
        let of_fit: Vec<Option<Scored>> = (0..plan.fits.len()).map(of_fit).collect();
        let assemble = |units: &[Unit]| {
            let mut all = Scored { score: vec![f64::NAN; clips], factor: vec![1.0; clips] };
            for unit in units {
                let Some(scored) = &of_fit[unit.fit] else { continue };
                for (at, &clip) in plan.fits[unit.fit].clips.iter().enumerate() {
                    if unit.clips.binary_search(&clip).is_ok() {
                        all.score[clip] = scored.score[at];
                        all.factor[clip] = scored.factor[at];
                    }
                }
            }
            all
        };
        Self {
            units: plan.units.iter().map(|(&scheme, units)| (scheme, assemble(units))).collect(),
            inner: plan.inner.iter().map(|(&outer, units)| (outer, assemble(units))).collect(),
        }
    }

    /// The scores with each content left out.
    pub(super) fn content(&self) -> &[f64] {
        &self.units[&Scheme::Content].score
    }
}
