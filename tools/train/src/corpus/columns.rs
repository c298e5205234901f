// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Columns of a parquet file, read one at a time and as the type that is asked for.

use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use parquet::basic::Type as Physical;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::{ByteArrayType, DataType, DoubleType, FloatType, Int32Type, Int64Type};
use parquet::file::reader::{FileReader as _, SerializedFileReader};

/// An open parquet file.
pub(super) struct ParquetFile {
    reader: SerializedFileReader<File>,
}

impl ParquetFile {
    pub(super) fn open(path: &Path) -> Result<Self> {
        let file = File::open(path).context("cannot open")?;
        let reader = SerializedFileReader::new(file).context("is not a parquet file")?;
        Ok(Self { reader })
    }

    pub(super) fn index(&self, name: &str) -> Option<usize> {
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

    pub(super) fn optional_numbers(&self, name: &str) -> Result<Option<Vec<f64>>> {
        self.index(name).map(|_| self.numbers(name)).transpose()
    }

    pub(super) fn numbers(&self, name: &str) -> Result<Vec<f64>> {
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

    pub(super) fn integers(&self, name: &str) -> Result<Vec<i64>> {
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
    pub(super) fn text(&self, name: &str) -> Result<(Vec<usize>, Vec<String>)> {
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

    pub(super) fn first_of(&self, names: &[&str]) -> Result<(Vec<usize>, Vec<String>)> {
        let name = names.iter().find(|name| self.index(name).is_some()).with_context(|| {
            format!("has no column {}; it has {}", names.join(" or "), self.names().join(", "))
        })?;
        self.text(name)
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

/// Appends a flat column's rows, `null` if a row has no value.
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
                // A flat optional column has level 1 if there is a value.
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
