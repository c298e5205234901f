// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The parquet table: `key, source, frame_index, codec`, the features, `vmaf`, and what the recipe adds.

use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;

use super::job::{Job, Label, Rows, Stored, measured_columns};
use super::{ssimulacra2, vocabulary_name};

/// Columns that not every recipe has.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Optional {
    pub(super) mos: bool,
    /// `preset, crf, height` of the encoder.
    pub(super) settings: bool,
    pub(super) ssimulacra2: bool,
}

/// What was written.
#[derive(Debug, Default)]
pub(super) struct Summary {
    pub(super) rows: usize,
    /// Measured values without a number.
    pub(super) missing: usize,
}

/// Rows of a group; whole clips, so that a reader can take one group at a time.
const GROUP: usize = 65_536;

/// Writes the table beside `path`, then renames it.
pub(super) fn write<'a>(
    path: &Path,
    optional: Optional,
    metadata: &[(&str, Option<String>)],
    clips: impl Iterator<Item = (&'a Job, &'a Stored)>,
) -> Result<Summary> {
    let context = || format!("cannot write {}", path.display());
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = tempfile::NamedTempFile::new_in(folder).with_context(context)?;
    let metadata: Vec<KeyValue> = metadata
        .iter()
        .filter_map(|(key, value)| Some(KeyValue::new((*key).to_owned(), value.clone()?)))
        .collect();
    let properties = WriterProperties::builder()
        .set_compression(Compression::ZSTD(ZstdLevel::default()))
        .set_key_value_metadata(Some(metadata))
        .build();
    let measured: Vec<&str> = measured_columns()
        .into_iter()
        .chain(optional.ssimulacra2.then_some(ssimulacra2::COLUMN))
        .collect();
    let schema = Arc::new(schema(optional, &measured)?);
    let output = BufWriter::new(file.as_file_mut());
    let mut writer =
        SerializedFileWriter::new(output, schema, Arc::new(properties)).with_context(context)?;

    let mut summary = Summary::default();
    let mut group = Group::new(&measured);
    for (job, stored) in clips {
        let rows = stored.rows().with_context(|| job.key.clone())?;
        group.push(job, &rows, &measured).with_context(|| job.key.clone())?;
        if group.len() >= GROUP {
            group.write(&mut writer, optional, &mut summary).with_context(context)?;
            group = Group::new(&measured);
        }
    }
    if group.len() > 0 {
        group.write(&mut writer, optional, &mut summary).with_context(context)?;
    }
    writer.close().with_context(context)?;
    make_readable(&file).with_context(context)?;
    file.as_file().sync_all().with_context(context)?;
    file.persist(path).with_context(context)?;
    Ok(summary)
}

/// A temporary file is private to its owner; a table is meant to be read.
fn make_readable(file: &tempfile::NamedTempFile) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        file.as_file().set_permissions(std::fs::Permissions::from_mode(0o644))?;
    }
    let _ = file;
    Ok(())
}

fn schema(optional: Optional, measured: &[&str]) -> Result<Type> {
    let column = |name: &str, physical, repetition| {
        let logical = (physical == Physical::BYTE_ARRAY).then_some(LogicalType::String);
        Type::primitive_type_builder(name, physical)
            .with_repetition(repetition)
            .with_logical_type(logical)
            .build()
            .map(Arc::new)
    };
    let (required, nullable) = (Repetition::REQUIRED, Repetition::OPTIONAL);
    let mut fields = vec![
        column("key", Physical::BYTE_ARRAY, required)?,
        column("source", Physical::BYTE_ARRAY, required)?,
        column("frame_index", Physical::INT32, required)?,
        column("codec", Physical::BYTE_ARRAY, required)?,
    ];
    let own = measured_columns().len();
    for name in &measured[..own] {
        fields.push(column(name, Physical::FLOAT, nullable)?);
    }
    if optional.mos {
        fields.push(column("mos", Physical::DOUBLE, nullable)?);
    }
    if optional.settings {
        fields.push(column("preset", Physical::BYTE_ARRAY, nullable)?);
        fields.push(column("crf", Physical::DOUBLE, nullable)?);
        fields.push(column("height", Physical::INT32, nullable)?);
    }
    for name in &measured[own..] {
        fields.push(column(name, Physical::FLOAT, nullable)?);
    }
    Ok(Type::group_type_builder("frames").with_fields(fields).build()?)
}

/// Rows that wait to be written, column by column.
#[derive(Default)]
struct Group {
    key: Vec<ByteArray>,
    source: Vec<ByteArray>,
    frame_index: Vec<i32>,
    codec: Vec<ByteArray>,
    measured: Vec<Vec<f32>>,
    mos: Vec<Option<f64>>,
    preset: Vec<Option<ByteArray>>,
    crf: Vec<Option<f64>>,
    height: Vec<Option<i32>>,
}

impl Group {
    fn new(measured: &[&str]) -> Self {
        Self { measured: vec![Vec::new(); measured.len()], ..Self::default() }
    }

    fn len(&self) -> usize {
        self.frame_index.len()
    }

    fn push(&mut self, job: &Job, rows: &Rows, measured: &[&str]) -> Result<()> {
        let n = rows.frame_index.len();
        for (name, column) in measured.iter().zip(&mut self.measured) {
            let (_, values) = rows
                .columns
                .iter()
                .find(|(have, _)| have == name)
                .with_context(|| format!("{name} was not measured"))?;
            ensure!(values.len() == n, "{name} has {} values for {n} frames", values.len());
            column.extend(values);
        }
        let codec = match &job.label {
            Label::Given(codec) => codec.as_str(),
            Label::OfReferenceStream => vocabulary_name(&rows.reference_codec),
        };
        let repeat = |text: &str| std::iter::repeat_n(ByteArray::from(text), n);
        self.key.extend(repeat(&job.key));
        self.source.extend(repeat(&job.source));
        self.codec.extend(repeat(codec));
        for &frame in &rows.frame_index {
            self.frame_index.push(i32::try_from(frame).context("frame number above 2^31 - 1")?);
        }
        let settings = &job.settings;
        self.mos.extend(std::iter::repeat_n(job.mos, n));
        self.preset.extend(std::iter::repeat_n(settings.preset.as_deref().map(ByteArray::from), n));
        self.crf.extend(std::iter::repeat_n(settings.crf, n));
        let height = settings.height.map(i32::try_from).transpose()?;
        self.height.extend(std::iter::repeat_n(height, n));
        Ok(())
    }

    fn write<W: std::io::Write + Send>(
        &self,
        writer: &mut SerializedFileWriter<W>,
        optional: Optional,
        summary: &mut Summary,
    ) -> Result<()> {
        let mut group = writer.next_row_group()?;
        required::<_, ByteArrayType>(&mut group, &self.key)?;
        required::<_, ByteArrayType>(&mut group, &self.source)?;
        required::<_, Int32Type>(&mut group, &self.frame_index)?;
        required::<_, ByteArrayType>(&mut group, &self.codec)?;
        let numbers = |values: &[f32]| -> Vec<Option<f32>> {
            values.iter().map(|v| v.is_finite().then_some(*v)).collect()
        };
        let own = measured_columns().len();
        let (libvmaf, targets) = self.measured.split_at(own);
        for values in libvmaf {
            nullable::<_, FloatType>(&mut group, &numbers(values))?;
        }
        if optional.mos {
            nullable::<_, DoubleType>(&mut group, &self.mos)?;
        }
        if optional.settings {
            nullable::<_, ByteArrayType>(&mut group, &self.preset)?;
            nullable::<_, DoubleType>(&mut group, &self.crf)?;
            nullable::<_, Int32Type>(&mut group, &self.height)?;
        }
        for values in targets {
            nullable::<_, FloatType>(&mut group, &numbers(values))?;
        }
        group.close()?;
        summary.rows += self.len();
        summary.missing += self.measured.iter().flatten().filter(|v| !v.is_finite()).count();
        Ok(())
    }
}

fn required<W: std::io::Write + Send, T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[T::T],
) -> Result<()> {
    let mut column = group.next_column()?.context("more columns than the schema has")?;
    column.typed::<T>().write_batch(values, None, None)?;
    Ok(column.close()?)
}

fn nullable<W: std::io::Write + Send, T: DataType>(
    group: &mut SerializedRowGroupWriter<'_, W>,
    values: &[Option<T::T>],
) -> Result<()> {
    let mut column = group.next_column()?.context("more columns than the schema has")?;
    let present: Vec<T::T> = values.iter().flatten().cloned().collect();
    let levels: Vec<i16> = values.iter().map(|v| i16::from(v.is_some())).collect();
    column.typed::<T>().write_batch(&present, Some(&levels), None)?;
    Ok(column.close()?)
}
