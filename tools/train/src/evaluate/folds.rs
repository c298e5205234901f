// SPDX-License-Identifier: BSD-2-Clause-Patent
//! All folds of an evaluation, side by side; each is kept on disk, so that an interrupted evaluation goes on where it
//! was.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use indicatif::{ProgressBar, ProgressStyle};
use rayon::prelude::*;

use super::fold::{Fold, hold_out};
use crate::data::Data;
use crate::output::{json_bytes, write_file};

/// The folds of every seed, by content. `folder` keeps the finished ones.
pub(super) fn run(data: &Data, seeds: u64, folder: &Path, quiet: bool) -> Result<Vec<Vec<Fold>>> {
    let contents = data.corpus.contents();
    ensure!(
        contents.len() >= 2,
        "leaving one content out takes two contents, the corpus has {}",
        contents.len()
    );
    let todo: Vec<(u64, usize)> =
        (0..seeds).flat_map(|seed| (0..contents.len()).map(move |c| (seed, c))).collect();
    let bar = if quiet { ProgressBar::hidden() } else { ProgressBar::new(todo.len() as u64) };
    bar.set_style(ProgressStyle::with_template(
        "{elapsed_precise} {bar:30} {pos}/{len} folds, {eta} left",
    )?);
    let done: Vec<Fold> = todo
        .par_iter()
        .map(|&(seed, content)| {
            let path = folder.join(format!("seed{seed}-content{content:03}.json"));
            let fold = if let Ok(bytes) = std::fs::read(&path) {
                serde_json::from_slice(&bytes).with_context(|| format!("{}", path.display()))?
            } else {
                let fold = hold_out(data, seed, &contents[content])
                    .with_context(|| format!("content {:?}, seed {seed}", contents[content]))?;
                write_file(&path, &json_bytes(&fold)?)?;
                fold
            };
            bar.inc(1);
            Ok(fold)
        })
        .collect::<Result<_>>()?;
    bar.finish_and_clear();
    Ok(done.chunks(contents.len()).map(<[Fold]>::to_vec).collect())
}
