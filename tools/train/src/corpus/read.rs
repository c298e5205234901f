// SPDX-License-Identifier: BSD-2-Clause-Patent
//! One table's clips and kept frames.

use std::collections::BTreeMap;

use vmaf_fr_v2::catalogue::CANONICAL_FEATURES;

use super::Selection;
use super::clips::{Grouped, RatedClip, group};
use super::error::Fault;
use super::features::{columns, problem};
use super::names::{SimilarContents, misspelt_codec, similar_contents};
use super::source::CorpusSource;
use super::table::Table;

/// What was read from a table, apart from its numbers.
#[derive(Debug, Clone, PartialEq)]
pub struct TableRecord {
    /// Where it came from.
    pub source: CorpusSource,
    /// Rows in the file, of datasets that are left out too.
    pub rows: usize,
    /// Column of each feature that the table has.
    pub columns: BTreeMap<String, String>,
    /// Spellings of contents that were counted as one.
    pub merged: Vec<Vec<String>>,
    /// Contents that may be one.
    pub similar: Vec<SimilarContents>,
    /// Frames passed over because they lack one of VMAF's own six features, of clips that have better ones.
    pub incomplete_frames: usize,
}

/// A table's part of a corpus.
pub(super) struct Part {
    pub(super) clips: Vec<RatedClip>,
    /// Row-major.
    pub(super) features: Vec<f32>,
    /// Of every kept frame; empty if the source has no teacher.
    pub(super) teacher: Vec<f32>,
    /// Datasets of the table, those that are left out too.
    pub(super) datasets: Vec<String>,
    pub(super) record: TableRecord,
}

/// libvmaf's own names of a frame's number come after this program's.
const FRAME_COLUMNS: [&str; 3] = ["frame_index", "frameNum", "Frame"];
/// Columns that name the reference, if they do not already name the content.
const REFERENCE_COLUMNS: [&str; 4] = ["reference", "ref", "source", "src"];

pub(super) fn read(source: &CorpusSource, selection: &Selection<'_>) -> Result<Part, Fault> {
    let table = Table::open(source.checked()?)?;
    let rows = table.rows();
    let grouped = group(&table, source, selection)?;
    if rows == 0 {
        return Err(Fault::Empty);
    }
    if grouped.clips.is_empty() {
        return Err(Fault::Excluded("leaves no clip".to_owned()));
    }
    if let (Some(fault), false) = (misspelt_codec(&grouped.clips), selection.accept_unknown_codecs)
    {
        return Err(fault);
    }
    let frame_column =
        table.first_of(&FRAME_COLUMNS).ok_or_else(|| table.lacks(&FRAME_COLUMNS, ""))?;
    let reference = references(&table, &grouped);
    let similar = similar_contents(
        &grouped.clips,
        reference.as_ref().map(|(column, values)| (*column, values.as_slice())),
    );
    let Grouped { mut clips, clip_of_row, merged, datasets, .. } = grouped;
    let frames = Frames { number: table.frame_numbers(frame_column)?, clip_of_row };
    let by_clip = frames.in_order(&clips)?;

    let found = columns(&table, selection.features, &source.target)?;
    let mut values: Vec<Option<Vec<f32>>> = Vec::new();
    for (name, column) in selection.features.iter().zip(&found) {
        values.push(match column {
            Some(column) => Some(frames.checked(&table, &clips, column, |x| problem(name, x))?),
            None => None,
        });
    }
    let finite = |x: f64| {
        (x as f32).is_infinite().then(|| format!("is {x}, expected a finite number, NaN or null"))
    };
    rate(&table, source, &frames, &by_clip, &mut clips)?;
    let teacher = match &source.teacher_column {
        None => None,
        Some(column) if table.first_of(&[column]).is_none() => {
            return Err(table.lacks(&[column], " for the teacher"));
        }
        Some(column) => Some(frames.checked(&table, &clips, column, finite)?),
    };

    let required: Vec<&Vec<f32>> = selection
        .features
        .iter()
        .zip(&values)
        .filter(|(name, _)| CANONICAL_FEATURES.contains(&name.as_str()))
        .filter_map(|(_, values)| values.as_ref())
        .collect();
    let (mut kept, mut incomplete_frames) = (Vec::new(), 0);
    for (clip, rows) in clips.iter_mut().zip(&by_clip) {
        let rows = if selection.skip_first && rows.len() > 1 { &rows[1..] } else { &rows[..] };
        let complete: Vec<usize> = rows
            .iter()
            .copied()
            .filter(|&row| required.iter().all(|values| !values[row].is_nan()))
            .collect();
        // A clip without a complete frame is not passed over silently: the check of the corpus names it.
        let usable = if complete.is_empty() { rows } else { &complete };
        incomplete_frames += rows.len() - usable.len();
        let start = kept.len();
        kept.extend(evenly(usable.len(), selection.frames_per_clip).into_iter().map(|i| usable[i]));
        clip.frames = start..kept.len();
    }
    let mut features = Vec::with_capacity(kept.len() * values.len());
    for &row in &kept {
        features.extend(values.iter().map(|v| v.as_ref().map_or(f32::NAN, |v| v[row])));
    }
    let columns = selection
        .features
        .iter()
        .zip(found)
        .filter_map(|(name, column)| Some((name.clone(), column?)))
        .collect();
    Ok(Part {
        clips,
        features,
        teacher: teacher
            .map_or_else(Vec::new, |values| kept.iter().map(|&row| values[row]).collect()),
        datasets,
        record: TableRecord {
            source: source.clone(),
            rows,
            columns,
            merged,
            similar,
            incomplete_frames,
        },
    })
}

/// The reference of each clip, if a column names it.
fn references(table: &Table, grouped: &Grouped) -> Option<(&'static str, Vec<String>)> {
    let column = REFERENCE_COLUMNS
        .into_iter()
        .find(|name| table.first_of(&[name]).is_some() && *name != grouped.content_column)?;
    // It only serves a hint: one that is not text says nothing.
    let names = table.names_of_rows(column).ok()?;
    Some((column, grouped.first_row.iter().map(|&row| names.of(row).to_owned()).collect()))
}

/// Each clip's target: the mean over its rows, on 0..100 if the scale is known.
fn rate(
    table: &Table,
    source: &CorpusSource,
    frames: &Frames,
    by_clip: &[Vec<usize>],
    clips: &mut [RatedClip],
) -> Result<(), Fault> {
    /// A bound that was rounded to an f32 is still the bound.
    const ROUNDING: f64 = 1e-6;
    if table.first_of(&[&source.target]).is_none() {
        return Err(table.lacks(&[&source.target], " for the target"));
    }
    let targets = table.numbers(&source.target)?;
    let range = source.target_range;
    frames.check(&targets, clips, &source.target, |x| {
        if x.is_infinite() {
            return Some(format!("is {x}, expected a finite number, NaN or null"));
        }
        let [low, high] = range?;
        let slack = (high - low) * ROUNDING;
        (x < low - slack || x > high + slack)
            .then(|| format!("is {x}, expected {low} to {high} (target_range)"))
    })?;
    for (clip, rows) in clips.iter_mut().zip(by_clip) {
        let present: Vec<f64> =
            rows.iter().map(|&row| targets[row]).filter(|x| !x.is_nan()).collect();
        let mean = present.iter().sum::<f64>() / present.len() as f64;
        clip.target = match range {
            // An unrated clip's mean is 0 / 0, and `clamp` keeps NaN.
            Some([low, high]) => ((mean - low) / (high - low) * 100.0).clamp(0.0, 100.0),
            None => mean,
        };
    }
    Ok(())
}

/// Number and clip of every row.
struct Frames {
    number: Vec<i64>,
    clip_of_row: Vec<Option<usize>>,
}

impl Frames {
    /// Rows of each clip in the order of their frames.
    fn in_order(&self, clips: &[RatedClip]) -> Result<Vec<Vec<usize>>, Fault> {
        let mut by_clip: Vec<Vec<usize>> = vec![Vec::new(); clips.len()];
        for (row, clip) in self.clip_of_row.iter().enumerate() {
            if let Some(clip) = clip {
                by_clip[*clip].push(row);
            }
        }
        for (clip, rows) in clips.iter().zip(&mut by_clip) {
            rows.sort_by_key(|&row| self.number[row]);
            let twice = rows.windows(2).find(|pair| self.number[pair[0]] == self.number[pair[1]]);
            if let Some(pair) = twice {
                return Err(Fault::FrameTwice {
                    clip: clip.name.clone(),
                    dataset: clip.dataset.clone(),
                    frame: self.number[pair[0]],
                });
            }
        }
        Ok(by_clip)
    }

    /// A column's numbers, each of them checked.
    fn checked(
        &self,
        table: &Table,
        clips: &[RatedClip],
        column: &str,
        problem: impl Fn(f64) -> Option<String>,
    ) -> Result<Vec<f32>, Fault> {
        let values = table.numbers(column)?;
        self.check(&values, clips, column, problem)?;
        Ok(values.into_iter().map(|x| x as f32).collect())
    }

    /// Refuses the first value of a used row that has a problem.
    fn check(
        &self,
        values: &[f64],
        clips: &[RatedClip],
        column: &str,
        problem: impl Fn(f64) -> Option<String>,
    ) -> Result<(), Fault> {
        for (row, &value) in values.iter().enumerate() {
            if let Some(clip) = self.clip_of_row[row]
                && let Some(problem) = problem(value)
            {
                return Err(Fault::Value {
                    clip: clips[clip].name.clone(),
                    frame: self.number[row],
                    column: column.to_owned(),
                    problem,
                });
            }
        }
        Ok(())
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
