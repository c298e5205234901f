// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Which clips predictions are judged on, and how they group.

use anyhow::{Result, ensure};

use super::fold::dataset_ids;
use crate::data::Data;

/// The clips of a corpus as an evaluation sees them. Clips, contents and datasets are numbers.
pub(super) struct TestSet {
    /// Rating of each clip; NaN if it has none.
    pub(super) rated: Vec<f64>,
    /// Rated clips.
    pub(super) known: Vec<usize>,
    /// Rated clips of a known codec: the main figures are over these.
    pub(super) primary: Vec<usize>,
    /// Content of each clip.
    pub(super) content: Vec<usize>,
    /// Dataset of each clip.
    pub(super) dataset: Vec<usize>,
    /// Contents in all.
    pub(super) contents: usize,
}

impl TestSet {
    pub(super) fn of(data: &Data) -> Result<Self> {
        let clips = &data.corpus.clips;
        let rated: Vec<f64> = clips.iter().map(|clip| clip.target).collect();
        let known: Vec<usize> = (0..clips.len()).filter(|&i| !rated[i].is_nan()).collect();
        let primary: Vec<usize> =
            known.iter().copied().filter(|&i| data.codec[i] != data.unknown).collect();
        ensure!(primary.len() >= 10, "only {} rated clips have a known codec", primary.len());
        let names = data.corpus.contents();
        let content =
            clips.iter().map(|clip| names.binary_search(&clip.content).unwrap_or(0)).collect();
        let dataset = dataset_ids(data);
        Ok(Self { rated, known, primary, content, dataset, contents: names.len() })
    }

    /// The primary clips' values of `all`.
    pub(super) fn at_primary<T: Copy>(&self, all: &[T]) -> Vec<T> {
        self.primary.iter().map(|&i| all[i]).collect()
    }
}
