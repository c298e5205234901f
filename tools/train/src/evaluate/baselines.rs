// SPDX-License-Identifier: BSD-2-Clause-Patent
//! VMAF's models on the same clips: as they are, by a four-parameter logistic that was fitted elsewhere, and, as reports
//! often do it, by one fitted to each test's own ratings.

use std::collections::BTreeMap;

use anyhow::Result;
use rayon::prelude::*;

use super::design::Design;
use super::predictor::{HeldOut, Scored};
use super::schemes::Plan;
use crate::evaluation::{elsewhere, in_sample};
use crate::statistics::Logistic;

/// Adds the predictors of one VMAF model, of which `vmaf` has the clips' scores.
pub(super) fn add(
    predictors: &mut BTreeMap<String, HeldOut>,
    model: &str,
    vmaf: &[f64],
    design: &Design,
    plan: &Plan,
) -> Result<()> {
    let fixed = |scores: &[f64]| {
        HeldOut::collect(plan, design.clips(), |fit| {
            let clips = &plan.fits[fit].clips;
            Some(Scored {
                score: clips.iter().map(|&i| scores[i]).collect(),
                factor: vec![1.0; clips.len()],
            })
        })
    };
    let curve = |clips: &[usize]| -> Result<Logistic> {
        // A clip without VMAF has no part in it.
        let clips = clips.iter().copied().filter(|&i| !vmaf[i].is_nan());
        let (x, y): (Vec<f64>, Vec<f64>) = clips.map(|i| (vmaf[i], design.rated[i])).unzip();
        Logistic::fit(&x, &y)
    };
    let by_fit: Vec<Option<Scored>> = plan
        .fits
        .par_iter()
        .map(|fit| {
            if fit.clips.is_empty() {
                return Ok(None);
            }
            let known: Vec<usize> =
                design.primary_clips().into_iter().filter(|&i| fit.train[i]).collect();
            // A fold may train on unknown codecs only; the ratings of these are better than none.
            let trained = if known.len() >= 5 {
                known
            } else {
                (0..design.clips()).filter(|&i| fit.train[i] && design.is_rated(i)).collect()
            };
            let curve = curve(&trained)?;
            Ok(Some(Scored {
                score: fit.clips.iter().map(|&i| curve.at(vmaf[i])).collect(),
                factor: vec![1.0; fit.clips.len()],
            }))
        })
        .collect::<Result<_>>()?;

    let mut own = vmaf.to_vec();
    for test in 0..design.test.len() {
        let clips = design.test.clips(test);
        let judged: Vec<usize> = clips
            .iter()
            .copied()
            .filter(|&i| design.is_rated(i) && (design.primary[i] || design.apart[test]))
            .collect();
        // A test that is too small or too even for a curve keeps VMAF as it is.
        if let Ok(curve) = curve(&judged) {
            for i in clips {
                own[i] = curve.at(vmaf[i]);
            }
        }
    }
    predictors.insert(model.to_owned(), fixed(vmaf));
    predictors.insert(in_sample(model), fixed(&own));
    let elsewhere_held = HeldOut::collect(plan, design.clips(), |fit| by_fit[fit].clone());
    predictors.insert(elsewhere(model), elsewhere_held);
    Ok(())
}
