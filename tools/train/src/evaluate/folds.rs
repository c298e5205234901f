// SPDX-License-Identifier: BSD-2-Clause-Patent
//! All folds of an evaluation, side by side; each is kept on disk, so that an interrupted evaluation goes on where it
//! was.

use anyhow::{Context as _, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use super::fold::{self, Fold};
use super::ladder::Ladder;
use super::schemes::{Plan, PlannedFit};
use super::{Effort, Subject};
use crate::output::{json_bytes, write_file};

/// The folds of a plan, in its order.
pub(super) fn run(
    subject: &Subject<'_>,
    plan: &Plan,
    ladders: &[Ladder],
    effort: Effort<'_>,
) -> Result<Vec<Fold>> {
    let bar =
        if effort.quiet { ProgressBar::hidden() } else { ProgressBar::new(plan.fits.len() as u64) };
    bar.set_style(ProgressStyle::with_template(
        "{elapsed_precise} {bar:30} {pos}/{len} folds, {eta} left",
    )?);
    let folds = plan
        .fits
        .par_iter()
        .map(|planned| {
            let path = effort.folder.join(format!("{}.json", planned.name));
            let fold = if let Ok(bytes) = std::fs::read(&path) {
                read(&bytes, planned).with_context(|| {
                    format!("kept fold {}: delete it to fit it again", path.display())
                })?
            } else {
                let fold = fold::run(subject, planned, ladders)
                    .with_context(|| format!("fold {}", planned.name))?;
                write_file(&path, &json_bytes(&fold)?)?;
                fold
            };
            bar.inc(1);
            Ok(fold)
        })
        .collect::<Result<Vec<Fold>>>()?;
    bar.finish_and_clear();
    Ok(folds)
}

fn read(bytes: &[u8], planned: &PlannedFit) -> Result<Fold> {
    let fold: Fold = serde_json::from_slice(bytes)?;
    let (have, expected) = (fold.model.score.len(), planned.clips.len());
    ensure!(have == expected, "predicts {have} clips, expected {expected}");
    Ok(fold)
}
