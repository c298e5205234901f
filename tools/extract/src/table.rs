// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The parquet table: `key, source, frame_index, codec`, the features, `vmaf`, and what the collection adds.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result, ensure};
use parquet::basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DataType, DoubleType, FloatType, Int32Type};
use parquet::file::metadata::KeyValue;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::types::Type;
use vmaf_fr_files::WholeFile;

use crate::codec::vocabulary_name;
use crate::finished::FinishedClip;
use crate::rows::{FrameRows, measured_columns};
use crate::ssimulacra2;
use crate::task::{ClipTask, CodecLabel, OptionalColumns};

/// What was written.
#[derive(Debug, Default)]
pub(crate) struct Summary {
    pub(crate) rows: usize,
    /// Measured values without a number.
    pub(crate) missing: usize,
}

/// Rows of a group; whole clips, so that a reader can take one group at a time.
const GROUP: usize = 65_536;

/// Writes the table; it appears whole.
pub(crate) fn write<'a>(
    path: &Path,
    optional: OptionalColumns,
    metadata: &[(&str, Option<String>)],
    clips: impl Iterator<Item = (&'a ClipTask, &'a FinishedClip)>,
) -> Result<Summary> {
    let context = || format!("cannot write {}", path.display());
    let mut file = WholeFile::create(path).with_context(context)?;
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
    let mut writer =
        SerializedFileWriter::new(&mut file, schema, Arc::new(properties)).with_context(context)?;

    let mut summary = Summary::default();
    let mut group = RowGroup::new(&measured);
    for (task, finished) in clips {
        let rows = finished.rows().with_context(|| task.key.clone())?;
        group.push(task, &rows, &measured).with_context(|| task.key.clone())?;
        if group.len() >= GROUP {
            group.write(&mut writer, optional, &mut summary).with_context(context)?;
            group = RowGroup::new(&measured);
        }
    }
    if group.len() > 0 {
        group.write(&mut writer, optional, &mut summary).with_context(context)?;
    }
    writer.close().with_context(context)?;
    file.commit().with_context(context)?;
    Ok(summary)
}

fn schema(optional: OptionalColumns, measured: &[&str]) -> Result<Type> {
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
struct RowGroup {
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

impl RowGroup {
    fn new(measured: &[&str]) -> Self {
        Self { measured: vec![Vec::new(); measured.len()], ..Self::default() }
    }

    fn len(&self) -> usize {
        self.frame_index.len()
    }

    fn push(&mut self, task: &ClipTask, rows: &FrameRows, measured: &[&str]) -> Result<()> {
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
        let codec = match &task.label {
            CodecLabel::Given(codec) => codec.as_str(),
            CodecLabel::OfReferenceStream => vocabulary_name(&rows.reference_codec),
        };
        let repeat = |text: &str| std::iter::repeat_n(ByteArray::from(text), n);
        self.key.extend(repeat(&task.key));
        self.source.extend(repeat(&task.source));
        self.codec.extend(repeat(codec));
        for &frame in &rows.frame_index {
            self.frame_index.push(i32::try_from(frame).context("frame number above 2^31 - 1")?);
        }
        let settings = &task.settings;
        self.mos.extend(std::iter::repeat_n(task.mos, n));
        self.preset.extend(std::iter::repeat_n(settings.preset.as_deref().map(ByteArray::from), n));
        self.crf.extend(std::iter::repeat_n(settings.crf, n));
        let height = settings.height.map(i32::try_from).transpose()?;
        self.height.extend(std::iter::repeat_n(height, n));
        Ok(())
    }

    fn write<W: std::io::Write + Send>(
        &self,
        writer: &mut SerializedFileWriter<W>,
        optional: OptionalColumns,
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
