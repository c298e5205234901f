// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Tables of frames in parquet: which columns, which clips, which frames.
//!
//! A table has one row per frame. `clip` or `key` names the clip, `content` or `source` the content; `dataset` is
//! optional (one test, one scale use); `codec` is a name of the vocabulary or an alias of one; features have
//! libvmaf's names and are NaN or null if a report lacks them. Columns that are not asked for are not read.

mod clips;
mod columns;

use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};

pub use clips::RatedClip;
use clips::{Grouped, group};
use columns::ParquetFile;

/// What to read.
#[derive(Debug, Clone)]
pub struct Selection<'a> {
    /// Features, in the model's order; one that the table lacks is NaN everywhere.
    pub features: &'a [String],
    /// Column of the target. NaN rows carry none.
    pub target: &'a str,
    /// Column of a teacher's score, on 0..100, if one is wanted.
    pub teacher: Option<&'a str>,
    /// Frames kept of each clip, evenly spaced over it; 0 keeps all.
    pub frames_per_clip: usize,
}

/// The kept frames of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Corpus {
    /// Names of the columns of [`Corpus::features`].
    pub feature_names: Vec<String>,
    /// Clips in the order of their (dataset, name), so that a reshuffled table gives the same corpus.
    pub clips: Vec<RatedClip>,
    /// Raw features, row-major, NaN if missing.
    pub features: Vec<f32>,
    /// The teacher's score of every kept frame; empty if none was asked for.
    pub teacher: Vec<f32>,
    /// Rows in the file.
    pub rows: usize,
}

impl Corpus {
    /// Features of one kept frame.
    pub fn frame(&self, index: usize) -> &[f32] {
        let width = self.feature_names.len();
        &self.features[index * width..(index + 1) * width]
    }

    /// Content names in sorted order.
    pub fn contents(&self) -> Vec<String> {
        let mut names: Vec<String> = self.clips.iter().map(|clip| clip.content.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    /// Reads `path`.
    pub fn read(path: &Path, selection: &Selection<'_>) -> Result<Self> {
        Self::read_inner(path, selection).with_context(|| format!("corpus {}", path.display()))
    }

    fn read_inner(path: &Path, selection: &Selection<'_>) -> Result<Self> {
        let table = ParquetFile::open(path)?;
        let Grouped { mut clips, clip_of_row } = group(&table, selection.target)?;
        let rows = clip_of_row.len();
        ensure!(rows > 0, "has no rows");
        let frame_index = table.integers("frame_index")?;

        // Rows of each clip in time order, then an even choice of them.
        let mut by_clip: Vec<Vec<usize>> = vec![Vec::new(); clips.len()];
        for (row, &clip) in clip_of_row.iter().enumerate() {
            by_clip[clip].push(row);
        }
        let mut kept = Vec::new();
        for (clip, members) in clips.iter_mut().zip(&mut by_clip) {
            members.sort_by_key(|&row| frame_index[row]);
            if let Some(pair) =
                members.windows(2).find(|pair| frame_index[pair[0]] == frame_index[pair[1]])
            {
                bail!("clip {:?} has frame {} twice", clip.name, frame_index[pair[0]]);
            }
            let start = kept.len();
            kept.extend(
                evenly(members.len(), selection.frames_per_clip).into_iter().map(|i| members[i]),
            );
            clip.frames = start..kept.len();
        }

        let width = selection.features.len();
        let mut features = vec![f32::NAN; kept.len() * width];
        let mut found = 0;
        for (column, name) in selection.features.iter().enumerate() {
            let Some(values) = table.optional_numbers(name)? else { continue };
            found += 1;
            for (slot, &row) in kept.iter().enumerate() {
                features[slot * width + column] = values[row] as f32;
            }
        }
        ensure!(found > 0, "has none of the features {}", selection.features.join(", "));
        let infinite = features.iter().position(|x| x.is_infinite());
        if let Some(at) = infinite {
            let row = kept[at / width];
            bail!(
                "clip {:?}, frame {}: feature {} is infinite, expected a finite number or NaN",
                clips[clip_of_row[row]].name,
                frame_index[row],
                selection.features[at % width]
            );
        }
        let teacher = match selection.teacher {
            None => Vec::new(),
            Some(name) => {
                let values = table.numbers(name)?;
                kept.iter().map(|&row| values[row] as f32).collect()
            }
        };
        Ok(Self { feature_names: selection.features.to_vec(), clips, features, teacher, rows })
    }
}

/// Indices of `keep` of `n` frames at equal distance, all if `keep` is 0 or not smaller than `n`.
///
/// The first two frames are passed over if enough others remain: motion starts there at 0.
fn evenly(n: usize, keep: usize) -> Vec<usize> {
    if keep == 0 || keep >= n {
        return (0..n).collect();
    }
    let first = if n > keep + 2 { 2 } else { 0 };
    let span = n - first;
    (0..keep).map(|i| first + (2 * i + 1) * span / (2 * keep)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn even_choices_are_increasing_and_inside() {
        for (n, keep) in [(600, 16), (10, 9), (3, 2), (1, 1), (5, 0), (4, 9)] {
            let chosen = evenly(n, keep);
            assert_eq!(chosen.len(), if keep == 0 { n } else { keep.min(n) });
            assert!(chosen.windows(2).all(|w| w[0] < w[1]) && chosen.iter().all(|&i| i < n));
        }
        assert_eq!(evenly(600, 16)[0], 20);
    }
}
