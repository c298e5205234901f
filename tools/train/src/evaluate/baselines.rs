// SPDX-License-Identifier: BSD-2-Clause-Patent
//! VMAF on the same clips: as it is, by a line, by a logistic; fitted without the content that is predicted, and, as
//! reports often do it, on the very clips.

use anyhow::Result;

use super::predictions::Predictions;
use super::test_set::TestSet;
use crate::data::Data;
use crate::statistics::{Logistic, fit_line};

/// Adds VMAF's predictions, if the corpus has VMAF.
pub(super) fn add_vmaf(data: &Data, set: &TestSet, predictions: &mut Predictions) -> Result<()> {
    if data.teacher.is_empty() {
        return Ok(());
    }
    let pooled = |frames: &[f32]| -> Vec<f64> {
        data.corpus
            .clips
            .iter()
            .map(|clip| {
                frames[clip.frames.clone()].iter().map(|&v| f64::from(v)).sum::<f64>()
                    / clip.frames.len() as f64
            })
            .collect()
    };
    let vmaf = pooled(&data.teacher);
    let fit = |clips: &[usize]| {
        let x: Vec<f64> = clips.iter().map(|&i| vmaf[i]).collect();
        let y: Vec<f64> = clips.iter().map(|&i| set.rated[i]).collect();
        Logistic::fit(&x, &y).map(|curve| (curve, fit_line(&x, &y)))
    };
    let (mut line, mut logistic) = (vec![f64::NAN; vmaf.len()], vec![f64::NAN; vmaf.len()]);
    for held_out in 0..=set.content.iter().copied().max().unwrap_or(0) {
        let others: Vec<usize> =
            set.primary.iter().copied().filter(|&i| set.content[i] != held_out).collect();
        let (curve, straight) = fit(&others)?;
        for i in (0..vmaf.len()).filter(|&i| set.content[i] == held_out) {
            line[i] = straight(vmaf[i]);
            logistic[i] = curve.at(vmaf[i]);
        }
    }
    let (curve, _) = fit(&set.primary)?;
    predictions.insert(
        "vmaf_logistic_in_sample".to_owned(),
        vec![vmaf.iter().map(|&v| curve.at(v)).collect()],
    );
    predictions.insert("vmaf_linear".to_owned(), vec![line]);
    predictions.insert("vmaf_logistic".to_owned(), vec![logistic]);
    if data.protocol.harmonisation.is_some() {
        predictions.insert("vmaf_as_reported".to_owned(), vec![pooled(&data.corpus.teacher)]);
    }
    predictions.insert("vmaf".to_owned(), vec![vmaf]);
    Ok(())
}
