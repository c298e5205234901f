// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Tables of frames in parquet: which columns, which clips, which frames.
//!
//! A table has one row per frame. The clip is named by `clip` or `key`, the content by `content` or `source`;
//! `dataset` is optional (one test, one scale use); `codec` is a name of the vocabulary or an alias of one;
//! features are libvmaf's names, NaN or null where a report has none. Columns that are not asked for are not read.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use parquet::basic::Type as Physical;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::file::reader::{FileReader as _, SerializedFileReader};

/// What to read.
#[derive(Debug, Clone)]
pub struct Selection<'a> {
    /// Features, in the model's order; one that the table lacks is NaN everywhere.
    pub features: &'a [String],
    /// Column of the target. NaN rows carry none.
    pub target: &'a str,
    /// Column of a teacher's score, on 0..100, where one is wanted.
    pub teacher: Option<&'a str>,
    /// Frames kept of each clip, evenly spaced over it; 0 keeps all.
    pub frames_per_clip: usize,
}

/// One distorted clip.
#[derive(Debug, Clone, PartialEq)]
pub struct Clip {
    /// Test that rated it.
    pub dataset: String,
    /// Source content.
    pub content: String,
    /// Name, unique within its dataset.
    pub name: String,
    /// Codec as the table has it.
    pub codec: String,
    /// Mean of the target over its rows, NaN where it has none.
    pub target: f64,
    /// Its kept frames in [`Corpus::features`].
    pub frames: std::ops::Range<usize>,
}

/// The kept frames of a table.
#[derive(Debug, Clone, PartialEq)]
pub struct Corpus {
    /// Names of the columns of [`Corpus::features`].
    pub feature_names: Vec<String>,
    /// Clips in the order of their (dataset, name), so that a reshuffled table gives the same corpus.
    pub clips: Vec<Clip>,
    /// Raw features, row-major, NaN where missing.
    pub features: Vec<f32>,
    /// The teacher's score of every kept frame; empty where none was asked for.
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
        let table = Table::open(path)?;
        let (rows, clip_of_row, mut clips) = table.clips(selection.target)?;
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

/// Indices of `keep` of `n` frames at equal distance, all where `keep` is 0 or not smaller than `n`.
///
/// The first two frames are passed over where enough others remain: motion starts there at 0.
fn evenly(n: usize, keep: usize) -> Vec<usize> {
    if keep == 0 || keep >= n {
        return (0..n).collect();
    }
    let first = if n > keep + 2 { 2 } else { 0 };
    let span = n - first;
    (0..keep).map(|i| first + (2 * i + 1) * span / (2 * keep)).collect()
}

struct Table {
    reader: SerializedFileReader<File>,
}

/// Clip of every row, and the clips.
type Grouped = (usize, Vec<usize>, Vec<Clip>);

impl Table {
    fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).context("cannot open")?;
        let reader = SerializedFileReader::new(file).context("is not a parquet file")?;
        Ok(Self { reader })
    }

    fn index(&self, name: &str) -> Option<usize> {
        let schema = self.reader.metadata().file_metadata().schema_descr();
        (0..schema.num_columns()).find(|&i| schema.column(i).name() == name)
    }

    fn required(&self, name: &str) -> Result<usize> {
        self.index(name)
            .with_context(|| format!("has no column {name:?}; it has {}", self.names().join(", ")))
    }

    fn names(&self) -> Vec<String> {
        let schema = self.reader.metadata().file_metadata().schema_descr();
        (0..schema.num_columns()).map(|i| schema.column(i).name().to_owned()).collect()
    }

    /// Calls `visit` with the typed reader of `column` in every row group, and its number of rows.
    fn visit(
        &self,
        column: usize,
        mut visit: impl FnMut(ColumnReader, usize) -> Result<()>,
    ) -> Result<()> {
        let name =
            self.reader.metadata().file_metadata().schema_descr().column(column).name().to_owned();
        for group in 0..self.reader.num_row_groups() {
            let rows = usize::try_from(self.reader.metadata().row_group(group).num_rows())?;
            let reader = self.reader.get_row_group(group)?.get_column_reader(column)?;
            visit(reader, rows).with_context(|| format!("column {name:?}"))?;
        }
        Ok(())
    }

    fn optional_numbers(&self, name: &str) -> Result<Option<Vec<f64>>> {
        self.index(name).map(|_| self.numbers(name)).transpose()
    }

    fn numbers(&self, name: &str) -> Result<Vec<f64>> {
        let column = self.required(name)?;
        let mut out = Vec::new();
        self.visit(column, |reader, rows| match reader {
            ColumnReader::FloatColumnReader(r) => {
                read_column::<FloatType, _>(r, rows, &mut out, |x| f64::from(*x), f64::NAN)
            }
            ColumnReader::DoubleColumnReader(r) => {
                read_column::<DoubleType, _>(r, rows, &mut out, |x| *x, f64::NAN)
            }
            ColumnReader::Int32ColumnReader(r) => {
                read_column::<Int32Type, _>(r, rows, &mut out, |x| f64::from(*x), f64::NAN)
            }
            ColumnReader::Int64ColumnReader(r) => {
                read_column::<Int64Type, _>(r, rows, &mut out, |x| *x as f64, f64::NAN)
            }
            other => bail!("holds {}, expected numbers", physical(&other)),
        })?;
        Ok(out)
    }

    fn integers(&self, name: &str) -> Result<Vec<i64>> {
        let column = self.required(name)?;
        let mut out = Vec::new();
        self.visit(column, |reader, rows| match reader {
            ColumnReader::Int32ColumnReader(r) => {
                read_column::<Int32Type, _>(r, rows, &mut out, |x| i64::from(*x), -1)
            }
            ColumnReader::Int64ColumnReader(r) => {
                read_column::<Int64Type, _>(r, rows, &mut out, |x| *x, -1)
            }
            other => bail!("holds {}, expected integers", physical(&other)),
        })?;
        Ok(out)
    }

    /// Text, interned: an index into the distinct values for every row.
    fn text(&self, name: &str) -> Result<(Vec<usize>, Vec<String>)> {
        let column = self.required(name)?;
        let mut ids = Vec::new();
        let mut values: Vec<String> = Vec::new();
        let mut known: HashMap<Vec<u8>, usize> = HashMap::new();
        self.visit(column, |reader, rows| {
            let ColumnReader::ByteArrayColumnReader(reader) = reader else {
                bail!("holds {}, expected text", physical(&reader));
            };
            let mut raw = Vec::with_capacity(rows);
            read_column::<ByteArrayType, _>(reader, rows, &mut raw, |x| Some(x.clone()), None)?;
            for (row, value) in raw.into_iter().enumerate() {
                let value = value.with_context(|| format!("row {row} is null"))?;
                let id = if let Some(&id) = known.get(value.data()) {
                    id
                } else {
                    let text = std::str::from_utf8(value.data()).context("is not UTF-8")?;
                    values.push(text.to_owned());
                    known.insert(value.data().to_vec(), values.len() - 1);
                    values.len() - 1
                };
                ids.push(id);
            }
            Ok(())
        })?;
        Ok((ids, values))
    }

    fn first_of(&self, names: &[&str]) -> Result<(Vec<usize>, Vec<String>)> {
        let name = names.iter().find(|name| self.index(name).is_some()).with_context(|| {
            format!("has no column {}; it has {}", names.join(" or "), self.names().join(", "))
        })?;
        self.text(name)
    }

    /// Groups rows into clips, sorted by (dataset, name).
    fn clips(&self, target: &str) -> Result<Grouped> {
        let (clip_ids, clip_names) = self.first_of(&["clip", "key"])?;
        let (content_ids, content_names) = self.first_of(&["content", "source"])?;
        let (codec_ids, codec_names) = self.text("codec")?;
        let (dataset_ids, dataset_names) = match self.index("dataset") {
            Some(_) => self.text("dataset")?,
            None => (vec![0; clip_ids.len()], vec!["all".to_owned()]),
        };
        let targets = self.numbers(target)?;
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
            .map(|(&old, (total, count))| Clip {
                dataset: dataset_names[order[old].0].clone(),
                content: content_names[content_ids[first_row[old]]].clone(),
                name: clip_names[order[old].1].clone(),
                codec: codec_names[codec_ids[first_row[old]]].clone(),
                target: if count == 0 { f64::NAN } else { total / count as f64 },
                frames: 0..0,
            })
            .collect();
        Ok((rows, clip_of_row, clips))
    }
}

fn physical(reader: &ColumnReader) -> Physical {
    match reader {
        ColumnReader::BoolColumnReader(_) => Physical::BOOLEAN,
        ColumnReader::Int32ColumnReader(_) => Physical::INT32,
        ColumnReader::Int64ColumnReader(_) => Physical::INT64,
        ColumnReader::Int96ColumnReader(_) => Physical::INT96,
        ColumnReader::FloatColumnReader(_) => Physical::FLOAT,
        ColumnReader::DoubleColumnReader(_) => Physical::DOUBLE,
        ColumnReader::ByteArrayColumnReader(_) => Physical::BYTE_ARRAY,
        ColumnReader::FixedLenByteArrayColumnReader(_) => Physical::FIXED_LEN_BYTE_ARRAY,
    }
}

/// Appends a flat column's rows, `null` where a row has no value.
fn read_column<T: DataType, O: Clone>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
    out: &mut Vec<O>,
    convert: impl Fn(&T::T) -> O,
    null: O,
) -> Result<()> {
    const BATCH: usize = 65_536;
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let mut seen = 0;
    while seen < rows {
        values.clear();
        levels.clear();
        let (records, n_values, n_levels) =
            reader.read_records(BATCH, Some(&mut levels), None, &mut values)?;
        ensure!(records > 0, "ends after {seen} of {rows} rows");
        if n_levels == 0 || n_values == records {
            out.extend(values.iter().map(&convert));
        } else {
            let mut next = values.iter();
            for &level in &levels {
                // A flat optional column has level 1 where there is a value.
                out.push(if level == 1 {
                    convert(next.next().context("is malformed")?)
                } else {
                    null.clone()
                });
            }
        }
        seen += records;
    }
    Ok(())
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
