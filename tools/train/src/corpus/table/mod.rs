// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A parquet file as columns of numbers, frame numbers and names, whatever types they were written as.

mod decimal;
mod kind;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::path::Path;

use half::f16;
use parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use parquet::data_type::DataType;
use parquet::errors::ParquetError;
use parquet::file::reader::{FileReader as _, SerializedFileReader};

use super::error::Fault;
use kind::Kind;

/// An open table.
pub(super) struct Table {
    reader: SerializedFileReader<File>,
    /// Names of its fields.
    names: Vec<String>,
}

/// Names, each an index into the distinct ones.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interned {
    /// Of every row.
    pub(super) ids: Vec<usize>,
    /// Distinct, in the order in which they are met.
    pub(super) values: Vec<String>,
}

/// A field that is one value per row.
struct Field {
    name: String,
    /// Its column among all that the file stores.
    column: usize,
    kind: Kind,
}

/// A value of a row.
enum Cell<'a> {
    Null,
    Integer(i128),
    Float(f64),
    Decimal(&'a [u8], i32),
    ShortDecimal(i64, i32),
    Text(&'a [u8]),
}

impl Table {
    pub(super) fn open(path: &Path) -> Result<Self, Fault> {
        let file = File::open(path).map_err(Fault::Open)?;
        let reader = SerializedFileReader::new(file).map_err(Fault::NotParquet)?;
        let schema = reader.metadata().file_metadata().schema();
        let names = schema.get_fields().iter().map(|field| field.name().to_owned()).collect();
        Ok(Self { reader, names })
    }

    /// Names of its fields.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// The first of `names` that it has.
    pub(super) fn first_of<'n>(&self, names: &[&'n str]) -> Option<&'n str> {
        names.iter().copied().find(|name| self.names.iter().any(|have| have == name))
    }

    /// That it has none of `wanted`.
    pub(super) fn lacks(&self, wanted: &[&str], hint: &'static str) -> Fault {
        Fault::NoColumn {
            wanted: wanted.iter().map(|&name| name.to_owned()).collect(),
            have: self.names.clone(),
            hint,
        }
    }

    /// Rows in all.
    pub(super) fn rows(&self) -> usize {
        usize::try_from(self.reader.metadata().file_metadata().num_rows()).unwrap_or(0)
    }

    /// Numbers of any type; NaN where a row has none.
    pub(super) fn numbers(&self, name: &str) -> Result<Vec<f64>, Fault> {
        let field = self.field(name)?;
        if matches!(field.kind, Kind::Text | Kind::Other(_)) {
            return Err(field.is_no("numbers"));
        }
        let mut out = Vec::with_capacity(self.rows());
        self.cells(&field, |_, cell| {
            out.push(match cell {
                Cell::Integer(x) => x as f64,
                Cell::Float(x) => x,
                Cell::Decimal(bytes, scale) => decimal::nearest_of_bytes(bytes, scale),
                Cell::ShortDecimal(x, scale) => decimal::nearest(x.into(), scale),
                Cell::Null | Cell::Text(_) => f64::NAN,
            });
            Ok(())
        })?;
        Ok(out)
    }

    /// Frame numbers: whole and not negative, as any type.
    pub(super) fn frame_numbers(&self, name: &str) -> Result<Vec<i64>, Fault> {
        let field = self.field(name)?;
        if matches!(field.kind, Kind::Text | Kind::Other(_)) {
            return Err(field.is_no("frame numbers"));
        }
        let mut out = Vec::with_capacity(self.rows());
        self.cells(&field, |row, cell| {
            let real = match cell {
                Cell::Integer(x) => {
                    out.push(whole(x).ok_or_else(|| field.bad_frame(row, &x.to_string()))?);
                    return Ok(());
                }
                Cell::Float(x) => x,
                Cell::Decimal(bytes, scale) => decimal::nearest_of_bytes(bytes, scale),
                Cell::ShortDecimal(x, scale) => decimal::nearest(x.into(), scale),
                Cell::Null | Cell::Text(_) => return Err(field.bad_frame(row, "null")),
            };
            // Larger floats skip whole numbers.
            let whole = (real.fract() == 0.0 && (0.0..=2f64.powi(53)).contains(&real))
                .then_some(real as i64);
            out.push(whole.ok_or_else(|| field.bad_frame(row, &real.to_string()))?);
            Ok(())
        })?;
        Ok(out)
    }

    /// Names: text, or integers as their decimal text.
    pub(super) fn names_of_rows(&self, name: &str) -> Result<Interned, Fault> {
        let field = self.field(name)?;
        if let Kind::Float { .. } | Kind::Other(_) = field.kind {
            return Err(field.is_no("text or integers"));
        }
        if let Kind::Decimal { scale } = field.kind
            && scale != 0
        {
            return Err(field.is_no("text or integers"));
        }
        let no_name = |row, what| Fault::NoName { column: field.name.clone(), row, what };
        let mut names = Interned { ids: Vec::with_capacity(self.rows()), values: Vec::new() };
        let mut known: HashMap<String, usize> = HashMap::new();
        self.cells(&field, |row, cell| {
            let text = match cell {
                Cell::Text(bytes) => Cow::Borrowed(
                    std::str::from_utf8(bytes).map_err(|_| no_name(row, "not UTF-8"))?,
                ),
                Cell::Integer(x) => x.to_string().into(),
                Cell::ShortDecimal(x, _) => x.to_string().into(),
                Cell::Decimal(bytes, _) => decimal::digits(bytes).into(),
                Cell::Null | Cell::Float(_) => return Err(no_name(row, "null")),
            };
            let id = if let Some(&id) = known.get(text.as_ref()) {
                id
            } else {
                names.values.push(text.clone().into_owned());
                known.insert(text.into_owned(), names.values.len() - 1);
                names.values.len() - 1
            };
            names.ids.push(id);
            Ok(())
        })?;
        Ok(names)
    }

    fn field(&self, name: &str) -> Result<Field, Fault> {
        let mut fields = self.names.iter().enumerate().filter(|(_, have)| *have == name);
        let (root, _) = fields.next().ok_or_else(|| self.lacks(&[name], ""))?;
        let twice = 1 + fields.count();
        if twice > 1 {
            return Err(Fault::SeveralColumns {
                what: format!("column {name}"),
                columns: vec![name.to_owned(); twice],
            });
        }
        let schema = self.reader.metadata().file_metadata().schema_descr();
        let stored = (0..schema.num_columns()).find(|&i| schema.get_column_root_idx(i) == root);
        let field = &schema.root_schema().get_fields()[root];
        let kind = match stored {
            Some(column) => Kind::of(field, &schema.column(column)),
            None => Kind::Other(kind::nested(field).to_owned()),
        };
        Ok(Field { name: name.to_owned(), column: stored.unwrap_or(0), kind })
    }

    /// Calls `take` for every row of a column that is one value per row.
    fn cells(
        &self,
        field: &Field,
        mut take: impl FnMut(usize, Cell<'_>) -> Result<(), Fault>,
    ) -> Result<(), Fault> {
        let mut row = 0;
        for group in 0..self.reader.num_row_groups() {
            let stored = self.reader.metadata().row_group(group);
            let rows = usize::try_from(stored.num_rows()).unwrap_or(0);
            let unreadable = |error| Fault::Column {
                column: field.name.clone(),
                compression: stored.column(field.column).compression().to_string(),
                error,
            };
            let reader = self
                .reader
                .get_row_group(group)
                .and_then(|group| group.get_column_reader(field.column))
                .map_err(unreadable)?;
            let mut next = |cell: Cell<'_>| {
                row += 1;
                take(row - 1, cell)
            };
            let signed = field.kind != Kind::Integer { signed: false };
            let scale = match field.kind {
                Kind::Decimal { scale } => Some(scale),
                _ => None,
            };
            match reader {
                ColumnReader::Int32ColumnReader(r) => read(r, rows, &mut next, |&x| match scale {
                    Some(scale) => Cell::ShortDecimal(x.into(), scale),
                    None if signed => Cell::Integer(x.into()),
                    None => Cell::Integer((x as u32).into()),
                }),
                ColumnReader::Int64ColumnReader(r) => read(r, rows, &mut next, |&x| match scale {
                    Some(scale) => Cell::ShortDecimal(x, scale),
                    None if signed => Cell::Integer(x.into()),
                    None => Cell::Integer((x as u64).into()),
                }),
                ColumnReader::FloatColumnReader(r) => {
                    read(r, rows, &mut next, |&x| Cell::Float(x.into()))
                }
                ColumnReader::DoubleColumnReader(r) => {
                    read(r, rows, &mut next, |&x| Cell::Float(x))
                }
                ColumnReader::FixedLenByteArrayColumnReader(r) => {
                    read(r, rows, &mut next, |x| match field.kind {
                        Kind::Float { .. } => Cell::Float(half(x.data())),
                        _ => of_bytes(x.data(), scale),
                    })
                }
                ColumnReader::ByteArrayColumnReader(r) => {
                    read(r, rows, &mut next, |x| of_bytes(x.data(), scale))
                }
                // A column of nothing but null may be of any type.
                ColumnReader::BoolColumnReader(r) => read(r, rows, &mut next, |_| Cell::Null),
                ColumnReader::Int96ColumnReader(r) => read(r, rows, &mut next, |_| Cell::Null),
            }
            .map_err(|error| match error {
                ReadError::Decoder(error) => unreadable(error),
                ReadError::Cell(fault) => fault,
            })?;
        }
        Ok(())
    }
}

impl Field {
    fn is_no(&self, expected: &'static str) -> Fault {
        Fault::ColumnType { column: self.name.clone(), holds: self.kind.name(), expected }
    }

    fn bad_frame(&self, row: usize, got: &str) -> Fault {
        Fault::FrameNumber { column: self.name.clone(), row, got: got.to_owned() }
    }
}

fn of_bytes(bytes: &[u8], scale: Option<i32>) -> Cell<'_> {
    match scale {
        Some(scale) => Cell::Decimal(bytes, scale),
        None => Cell::Text(bytes),
    }
}

fn whole(x: i128) -> Option<i64> {
    i64::try_from(x).ok().filter(|x| *x >= 0)
}

fn half(bytes: &[u8]) -> f64 {
    <[u8; 2]>::try_from(bytes).map_or(f64::NAN, |bytes| f16::from_le_bytes(bytes).to_f64())
}

enum ReadError {
    Decoder(ParquetError),
    Cell(Fault),
}

impl From<ParquetError> for ReadError {
    fn from(error: ParquetError) -> Self {
        Self::Decoder(error)
    }
}

/// Calls `take` with the cell of every row.
fn read<T: DataType>(
    mut reader: ColumnReaderImpl<T>,
    rows: usize,
    take: &mut impl FnMut(Cell<'_>) -> Result<(), Fault>,
    cell: impl for<'a> Fn(&'a T::T) -> Cell<'a>,
) -> Result<(), ReadError> {
    const BATCH: usize = 65_536;
    let (mut values, mut levels) = (Vec::new(), Vec::new());
    let mut seen = 0;
    while seen < rows {
        values.clear();
        levels.clear();
        let (records, n_values, n_levels) =
            reader.read_records(BATCH.min(rows - seen), Some(&mut levels), None, &mut values)?;
        if records == 0 {
            let ends = format!("it ends after {seen} of {rows} rows");
            return Err(ParquetError::EOF(ends).into());
        }
        if n_levels == 0 || n_values == records {
            for value in &values {
                take(cell(value)).map_err(ReadError::Cell)?;
            }
        } else {
            let mut next = values.iter();
            for &level in &levels {
                // A flat optional column has level 1 if there is a value.
                let value = if level == 1 { next.next() } else { None };
                take(value.map_or(Cell::Null, &cell)).map_err(ReadError::Cell)?;
            }
        }
        seen += records;
    }
    Ok(())
}
