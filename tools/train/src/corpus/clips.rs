// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Rows of a table grouped into rated clips.

use std::collections::HashMap;

use super::Selection;
use super::error::Fault;
use super::names::{alike, trimmed};
use super::source::CorpusSource;
use super::table::{Interned, Table};

/// One distorted clip and its rating.
#[derive(Debug, Clone, PartialEq)]
pub struct RatedClip {
    /// Laboratory that rated it.
    pub laboratory: String,
    /// Test that rated it; `LABORATORY/TEST` in a corpus of several tables.
    pub dataset: String,
    /// Source content; `LABORATORY/CONTENT` in a corpus of several tables.
    pub content: String,
    /// Contents that are left out together, by `group_column`; the content itself if the source has none.
    pub group: String,
    /// Name, unique within its dataset.
    pub name: String,
    /// Codec as the table has it, without space around it.
    pub codec: String,
    /// Mean of the target over its rows, NaN if it has none.
    pub target: f64,
    /// Its kept frames in `Corpus::features`.
    pub frames: std::ops::Range<usize>,
}

/// Rows of a table by clip.
pub(super) struct Grouped {
    /// In the order of their (dataset, name); without target and frames yet.
    pub(super) clips: Vec<RatedClip>,
    /// Clip of every row; `None` if its dataset is left out.
    pub(super) clip_of_row: Vec<Option<usize>>,
    /// First row of each clip.
    pub(super) first_row: Vec<usize>,
    /// Column of the contents.
    pub(super) content_column: String,
    /// Spellings of contents that were counted as one.
    pub(super) merged: Vec<Vec<String>>,
    /// Datasets of the table, those that are left out too.
    pub(super) datasets: Vec<String>,
}

/// The dataset of a table that names none.
const ONE_DATASET: &str = "all";

/// The dataset of every row.
fn dataset_names(table: &Table, column: Option<&str>, rows: usize) -> Result<Interned, Fault> {
    let Some(column) = column else {
        return Ok(Interned { ids: vec![0; rows], values: vec![ONE_DATASET.to_owned()] });
    };
    let names = table.names_of_rows(column)?;
    match alike(&names, |_| true).into_iter().next() {
        Some(names) => {
            Err(Fault::AlikeNames { what: "datasets", names, remedy: "rename one of them" })
        }
        None => trimmed(names, column),
    }
}

/// Groups rows into clips, sorted by (dataset, name).
pub(super) fn group(
    table: &Table,
    source: &CorpusSource,
    selection: &Selection<'_>,
) -> Result<Grouped, Fault> {
    let column_of = |given: &Option<String>, usual: &[&str]| match given {
        Some(column) => Ok(column.clone()),
        None => table.first_of(usual).map(str::to_owned).ok_or_else(|| table.lacks(usual, "")),
    };
    let clip_column = column_of(&source.clip_column, &["clip", "key"])?;
    let content_column = column_of(&source.content_column, &["content", "source"])?;
    let codec_column = column_of(&source.codec_column, &["codec"])?;
    let dataset_column = source.dataset_column.as_deref().or_else(|| table.first_of(&["dataset"]));

    let clip_names = trimmed(table.names_of_rows(&clip_column)?, &clip_column)?;
    let rows = clip_names.ids.len();
    let datasets = dataset_names(table, dataset_column, rows)?;
    let left_out: Vec<bool> =
        datasets.values.iter().map(|name| selection.leaves_out(&source.name, name)).collect();
    let used = |row: usize| !left_out[datasets.ids[row]];

    let raw_contents = table.names_of_rows(&content_column)?;
    let merged = alike(&raw_contents, used);
    if let (Some(names), false) = (merged.first(), selection.merge_contents) {
        return Err(Fault::AlikeNames {
            what: "contents",
            names: names.clone(),
            remedy: "rename one of them, or set merge_contents in the recipe's [data] to count them as one",
        });
    }
    let contents = trimmed(raw_contents, &content_column)?.merged(&merged);
    let group_column = source.group_column.as_ref().unwrap_or(&content_column);
    let groups = match &source.group_column {
        Some(column) => trimmed(table.names_of_rows(column)?, column)?,
        None => contents.clone(),
    };
    let codecs = table.names_of_rows(&codec_column)?.map(|name| name.trim().to_owned());

    let mut order: Vec<(usize, usize)> = Vec::new();
    let mut slot: HashMap<(usize, usize), usize> = HashMap::new();
    let mut first_row = Vec::new();
    let mut raw_clip = Vec::with_capacity(rows);
    for row in 0..rows {
        if !used(row) {
            raw_clip.push(None);
            continue;
        }
        let key = (datasets.ids[row], clip_names.ids[row]);
        let at = *slot.entry(key).or_insert_with(|| {
            order.push(key);
            first_row.push(row);
            order.len() - 1
        });
        let first = first_row[at];
        let constant =
            [(&contents, &content_column), (&groups, group_column), (&codecs, &codec_column)];
        for (names, column) in constant {
            if names.ids[first] != names.ids[row] {
                return Err(Fault::ClipChanges {
                    clip: clip_names.values[key.1].clone(),
                    column: column.clone(),
                    first: names.of(first).to_owned(),
                    then: names.of(row).to_owned(),
                    row,
                });
            }
        }
        raw_clip.push(Some(at));
    }
    let mut sorted: Vec<usize> = (0..order.len()).collect();
    sorted.sort_by_key(|&i| (&datasets.values[order[i].0], &clip_names.values[order[i].1]));
    let mut rank = vec![0; order.len()];
    for (position, &old) in sorted.iter().enumerate() {
        rank[old] = position;
    }
    let clips = sorted
        .iter()
        .map(|&old| RatedClip {
            laboratory: source.name.clone(),
            dataset: datasets.values[order[old].0].clone(),
            content: contents.of(first_row[old]).to_owned(),
            group: groups.of(first_row[old]).to_owned(),
            name: clip_names.values[order[old].1].clone(),
            codec: codecs.of(first_row[old]).to_owned(),
            target: f64::NAN,
            frames: 0..0,
        })
        .collect();
    Ok(Grouped {
        clips,
        clip_of_row: raw_clip.into_iter().map(|old| old.map(|old| rank[old])).collect(),
        first_row: sorted.iter().map(|&old| first_row[old]).collect(),
        content_column,
        merged,
        datasets: datasets.values,
    })
}
