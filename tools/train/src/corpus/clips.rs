// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Rows of a table grouped into rated clips.

use std::collections::HashMap;

use anyhow::{Result, ensure};

use super::columns::ParquetFile;

/// One distorted clip and its rating.
#[derive(Debug, Clone, PartialEq)]
pub struct RatedClip {
    /// Laboratory of that test.
    pub laboratory: String,
    /// Test that rated it.
    pub dataset: String,
    /// Source content.
    pub content: String,
    /// Name, unique within its dataset.
    pub name: String,
    /// Codec as the table has it.
    pub codec: String,
    /// Mean of the target over its rows, NaN if it has none.
    pub target: f64,
    /// Its kept frames in `Corpus::features`.
    pub frames: std::ops::Range<usize>,
}

/// Rows of a table by clip.
pub(super) struct Grouped {
    /// In the order of their (dataset, name); without frames yet.
    pub(super) clips: Vec<RatedClip>,
    /// Clip of every row.
    pub(super) clip_of_row: Vec<usize>,
}

/// Groups rows into clips, sorted by (dataset, name).
pub(super) fn group(table: &ParquetFile, target: &str) -> Result<Grouped> {
    let (clip_ids, clip_names) = table.first_of(&["clip", "key"])?;
    let (content_ids, content_names) = table.first_of(&["content", "source"])?;
    let (codec_ids, codec_names) = table.text("codec")?;
    let (dataset_ids, dataset_names) = match table.index("dataset") {
        Some(_) => table.text("dataset")?,
        None => (vec![0; clip_ids.len()], vec!["all".to_owned()]),
    };
    let targets = table.numbers(target)?;
    let rows = clip_ids.len();

    let mut order: Vec<(usize, usize)> = Vec::new();
    let mut slot: HashMap<(usize, usize), usize> = HashMap::new();
    let mut first_row = Vec::new();
    let mut raw_clip = Vec::with_capacity(rows);
    for row in 0..rows {
        let key = (dataset_ids[row], clip_ids[row]);
        let at = *slot.entry(key).or_insert_with(|| {
            order.push(key);
            first_row.push(row);
            order.len() - 1
        });
        let first = first_row[at];
        ensure!(
            content_ids[first] == content_ids[row] && codec_ids[first] == codec_ids[row],
            "clip {:?}: content and codec change within the clip (row {row})",
            clip_names[key.1]
        );
        raw_clip.push(at);
    }
    let mut sorted: Vec<usize> = (0..order.len()).collect();
    sorted.sort_by(|&a, &b| {
        let name = |i: usize| (&dataset_names[order[i].0], &clip_names[order[i].1]);
        name(a).cmp(&name(b))
    });
    let mut rank = vec![0; order.len()];
    for (position, &old) in sorted.iter().enumerate() {
        rank[old] = position;
    }
    let mut sum = vec![(0.0, 0usize); order.len()];
    let clip_of_row: Vec<usize> = raw_clip.into_iter().map(|old| rank[old]).collect();
    for (row, &clip) in clip_of_row.iter().enumerate() {
        if !targets[row].is_nan() {
            sum[clip].0 += targets[row];
            sum[clip].1 += 1;
        }
    }
    let clips = sorted
        .iter()
        .zip(sum)
        .map(|(&old, (total, count))| RatedClip {
            laboratory: "all".to_owned(),
            dataset: dataset_names[order[old].0].clone(),
            content: content_names[content_ids[first_row[old]]].clone(),
            name: clip_names[order[old].1].clone(),
            codec: codec_names[codec_ids[first_row[old]]].clone(),
            target: if count == 0 { f64::NAN } else { total / count as f64 },
            frames: 0..0,
        })
        .collect();
    Ok(Grouped { clips, clip_of_row })
}
