// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Small tables of frames, to be spoiled cell by cell.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int64Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use vmaf_fr_train::corpus::{Corpus, CorpusSource, Selection};
use vmaf_fr_v2::catalogue::CANONICAL_FEATURES;

/// Values of a column; `None` is null.
#[derive(Clone)]
pub enum Cells {
    Text(Vec<Option<String>>),
    Integers(Vec<Option<i64>>),
    Numbers(Vec<Option<f64>>),
}

/// A table by column.
#[derive(Clone)]
pub struct Rows(pub Vec<(String, Cells)>);

/// Frames of each clip.
pub const FRAMES: usize = 3;

impl Rows {
    /// `FRAMES` rows of each clip: dataset, content, clip, codec, MOS.
    pub fn of(clips: &[(&str, &str, &str, &str, f64)]) -> Self {
        let text = |get: fn(&(&str, &str, &str, &str, f64)) -> String| {
            Cells::Text(clips.iter().flat_map(|c| vec![Some(get(c)); FRAMES]).collect())
        };
        let numbers = |get: &dyn Fn(usize, usize) -> f64| {
            let rows = (0..clips.len()).flat_map(|c| (0..FRAMES).map(move |f| (c, f)));
            Cells::Numbers(rows.map(|(c, f)| Some(get(c, f))).collect())
        };
        let mut columns = vec![
            ("dataset".to_owned(), text(|c| c.0.to_owned())),
            ("content".to_owned(), text(|c| c.1.to_owned())),
            ("clip".to_owned(), text(|c| c.2.to_owned())),
            ("codec".to_owned(), text(|c| c.3.to_owned())),
        ];
        let frames = clips.iter().flat_map(|_| (0..).take(FRAMES).map(Some)).collect();
        columns.push(("frame_index".to_owned(), Cells::Integers(frames)));
        for name in CANONICAL_FEATURES {
            columns
                .push((name.to_owned(), numbers(&|c, f| 0.5 + c as f64 / 100.0 + f as f64 / 1e3)));
        }
        columns.push(("vmaf".to_owned(), numbers(&|c, f| 50.0 + c as f64 + f as f64 / 10.0)));
        columns.push(("mos".to_owned(), numbers(&|c, _| clips[c].4)));
        Self(columns)
    }

    /// Four clips, two contents, two tests.
    pub fn four() -> Self {
        Self::of(&[
            ("one", "alpha", "alpha-1", "x264", 20.0),
            ("one", "omega", "omega-1", "x265", 40.0),
            ("two", "alpha", "alpha-2", "hevc", 60.0),
            ("two", "omega", "omega-2", "av1", 80.0),
        ])
    }

    pub fn column(&mut self, name: &str) -> &mut Cells {
        &mut self.0.iter_mut().find(|(have, _)| have == name).unwrap().1
    }

    /// Sets one number.
    pub fn set(mut self, name: &str, row: usize, value: Option<f64>) -> Self {
        match self.column(name) {
            Cells::Numbers(values) => values[row] = value,
            Cells::Integers(values) => values[row] = value.map(|x| x as i64),
            Cells::Text(_) => panic!("{name} is text"),
        }
        self
    }

    /// Sets all numbers of a column.
    pub fn fill(mut self, name: &str, value: Option<f64>) -> Self {
        let rows = self.len();
        *self.column(name) = Cells::Numbers(vec![value; rows]);
        self
    }

    /// Replaces a name wherever it stands.
    pub fn replace(mut self, name: &str, from: &str, to: &str) -> Self {
        let Cells::Text(values) = self.column(name) else { panic!("{name} is not text") };
        for value in values.iter_mut().flatten().filter(|value| value.as_str() == from) {
            to.clone_into(value);
        }
        self
    }

    pub fn rename(mut self, from: &str, to: &str) -> Self {
        let column = self.0.iter_mut().find(|(have, _)| have == from).unwrap();
        to.clone_into(&mut column.0);
        self
    }

    pub fn without(mut self, name: &str) -> Self {
        self.0.retain(|(have, _)| have != name);
        self
    }

    pub fn with(mut self, name: &str, cells: Cells) -> Self {
        self.0.push((name.to_owned(), cells));
        self
    }

    pub fn len(&self) -> usize {
        match &self.0[0].1 {
            Cells::Text(values) => values.len(),
            Cells::Integers(values) => values.len(),
            Cells::Numbers(values) => values.len(),
        }
    }

    pub fn write(&self, path: &Path) {
        let mut schema = String::from("message frames { ");
        for (name, cells) in &self.0 {
            let kind = match cells {
                Cells::Text(_) => format!("optional binary {name} (UTF8); "),
                Cells::Integers(_) => format!("optional int64 {name}; "),
                Cells::Numbers(_) => format!("optional double {name}; "),
            };
            write!(schema, "{kind}").unwrap();
        }
        schema += "}";
        let mut writer = writer(path, &schema, Compression::SNAPPY);
        // Two groups of rows, as large tables have.
        let half = self.len() / 2;
        for rows in [0..half, half..self.len()] {
            let mut group = writer.next_row_group().unwrap();
            for (_, cells) in &self.0 {
                match cells {
                    Cells::Text(values) => {
                        let values: Vec<Option<ByteArray>> = values[rows.clone()]
                            .iter()
                            .map(|value| value.as_deref().map(ByteArray::from))
                            .collect();
                        column::<ByteArrayType>(&mut group, &values);
                    }
                    Cells::Integers(values) => {
                        column::<Int64Type>(&mut group, &values[rows.clone()]);
                    }
                    Cells::Numbers(values) => {
                        column::<DoubleType>(&mut group, &values[rows.clone()]);
                    }
                }
            }
            group.close().unwrap();
        }
        writer.close().unwrap();
    }
}

pub fn writer(
    path: &Path,
    schema: &str,
    compression: Compression,
) -> SerializedFileWriter<std::fs::File> {
    let schema = Arc::new(parse_message_type(schema).unwrap());
    let properties = WriterProperties::builder().set_compression(compression).build();
    let file = std::fs::File::create(path).unwrap();
    SerializedFileWriter::new(file, schema, Arc::new(properties)).unwrap()
}

/// Writes an optional column.
pub fn column<T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, std::fs::File>,
    values: &[Option<T::T>],
) {
    let levels: Vec<i16> = values.iter().map(|value| i16::from(value.is_some())).collect();
    let present: Vec<T::T> = values.iter().flatten().cloned().collect();
    let mut next = group.next_column().unwrap().unwrap();
    next.typed::<T>().write_batch(&present, Some(&levels), None).unwrap();
    next.close().unwrap();
}

/// Reads one table with its teacher, all frames of the canonical six.
pub fn read(
    path: &Path,
    change: impl Fn(&mut CorpusSource, &mut Selection<'_>),
) -> Result<Corpus, String> {
    read_features(path, &CANONICAL_FEATURES, change)
}

/// The same with other features.
pub fn read_features(
    path: &Path,
    features: &[&str],
    change: impl Fn(&mut CorpusSource, &mut Selection<'_>),
) -> Result<Corpus, String> {
    let mut source = CorpusSource {
        teacher_column: Some("vmaf".to_owned()),
        ..CorpusSource::new("lab", path, "mos")
    };
    let features: Vec<String> = features.iter().map(|&name| name.to_owned()).collect();
    let mut selection = Selection { features: &features, ..Selection::default() };
    change(&mut source, &mut selection);
    read_all(&[source], &selection)
}

/// As the program shows errors.
pub fn read_all(sources: &[CorpusSource], selection: &Selection<'_>) -> Result<Corpus, String> {
    Corpus::read_all(sources, selection)
        .map_err(|error| format!("{:#}", anyhow::Error::from(error)))
}
