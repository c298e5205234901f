// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Why a corpus cannot be read.

use std::fmt;

use parquet::errors::ParquetError;
use thiserror::Error;

/// A corpus that cannot be read, and why.
#[derive(Debug, Error)]
#[error("corpus {corpus}")]
pub struct CorpusError {
    /// The table's path; the corpus' name if it has none.
    pub corpus: String,
    /// What is wrong with it.
    #[source]
    pub fault: Box<Fault>,
}

/// What is wrong with a table.
#[derive(Debug, Error)]
pub enum Fault {
    /// The recipe names no table, and neither does the command line.
    #[error("no table: name it in the recipe (path) or on the command line ({name}=TABLE.parquet)")]
    NoPath {
        /// The corpus.
        name: String,
    },
    /// A setting that no table can have.
    #[error("{field} is {got}, expected {expected}")]
    Setting {
        /// Its name in a recipe.
        field: &'static str,
        /// What it is.
        got: String,
        /// What it can be.
        expected: &'static str,
    },
    /// Two corpora have one name.
    #[error("two corpora have this name: call one of them otherwise (NAME=TABLE.parquet)")]
    NameTwice,
    /// The file cannot be opened.
    #[error("cannot open")]
    Open(#[source] std::io::Error),
    /// It is something else.
    #[error("is not a parquet file")]
    NotParquet(#[source] ParquetError),
    /// A column's data cannot be decoded.
    #[error("column {column:?} ({compression}) cannot be read")]
    Column {
        /// The column.
        column: String,
        /// How it is compressed.
        compression: String,
        /// The decoder's reason.
        #[source]
        error: ParquetError,
    },
    /// Nothing is in it.
    #[error("has no rows")]
    Empty,
    /// A column is not there.
    #[error("has no column {}{hint}; it has {}", quoted(wanted, " or "), have.join(", "))]
    NoColumn {
        /// Any of these would do.
        wanted: Vec<String>,
        /// What is there.
        have: Vec<String>,
        /// What else can be done; empty or with a leading space.
        hint: &'static str,
    },
    /// A column holds what cannot be read as what it is needed for.
    #[error("column {column:?} holds {holds}, expected {expected}")]
    ColumnType {
        /// The column.
        column: String,
        /// Its type.
        holds: String,
        /// What it is needed for.
        expected: &'static str,
    },
    /// Several columns of one meaning.
    #[error("columns {} are all the {what}: drop or rename all but one", quoted(columns, " and "))]
    SeveralColumns {
        /// Their meaning.
        what: String,
        /// Their names.
        columns: Vec<String>,
    },
    /// A model would be given what it is to predict.
    #[error("column {column:?} is the target, and the feature {feature} as well")]
    TargetIsFeature {
        /// The column.
        column: String,
        /// What the catalogue says it is.
        feature: String,
    },
    /// A name is null or empty.
    #[error("column {column:?}, row {row} (the first is 0): is {what}, expected a name")]
    NoName {
        /// The column.
        column: String,
        /// From 0.
        row: usize,
        /// `null`, `empty` or `not UTF-8`.
        what: &'static str,
    },
    /// A frame number is none.
    #[error(
        "column {column:?}, row {row} (the first is 0): the frame number is {got}, expected a whole number from 0 on"
    )]
    FrameNumber {
        /// The column.
        column: String,
        /// From 0.
        row: usize,
        /// What is there.
        got: String,
    },
    /// Rows of one clip disagree on what the clip is.
    #[error(
        "clip {clip:?}: column {column:?} changes from {first:?} to {then:?} in row {row} (the first is 0)"
    )]
    ClipChanges {
        /// The clip.
        clip: String,
        /// The column.
        column: String,
        /// In the clip's first row.
        first: String,
        /// In a later row.
        then: String,
        /// That row, from 0.
        row: usize,
    },
    /// A frame is there twice.
    #[error("clip {clip:?} of dataset {dataset:?} has frame {frame} twice")]
    FrameTwice {
        /// The clip.
        clip: String,
        /// Its test.
        dataset: String,
        /// The frame's number.
        frame: i64,
    },
    /// A value that is no number a fit could use.
    #[error("clip {clip:?}, frame {frame}: column {column:?} {problem}")]
    Value {
        /// The clip.
        clip: String,
        /// The frame's number.
        frame: i64,
        /// The column.
        column: String,
        /// What is wrong.
        problem: String,
    },
    /// Names that a person reads as one.
    #[error("{what} {} differ only in case or spaces: {remedy}", quoted(names, " and "))]
    AlikeNames {
        /// `contents` or `datasets`.
        what: &'static str,
        /// As they are in the table.
        names: Vec<String>,
        /// What to do.
        remedy: &'static str,
    },
    /// A codec name that is probably misspelt.
    #[error(
        "codec {spelling:?} ({clips} clips) is not a known name, and nearly {nearest:?}: correct it, or set \
         accept_unknown_codecs in the recipe's [data] to count these clips as of unknown codec"
    )]
    MisspeltCodec {
        /// As it is in the table.
        spelling: String,
        /// How many clips have it.
        clips: usize,
        /// The name it resembles.
        nearest: String,
    },
    /// A dataset to be left out is not there, or nothing is left.
    #[error("data.exclude: {0}")]
    Excluded(String),
}

fn quoted(names: &[String], between: &str) -> String {
    names.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join(between)
}

/// What a corpus lacks for a fit: all of it, so that one look mends it.
#[derive(Debug, Clone, PartialEq, Error)]
pub struct Unfit(pub Vec<Lack>);

/// One thing that a corpus lacks for a fit.
#[derive(Debug, Clone, PartialEq, Error)]
pub enum Lack {
    /// No clip of a laboratory has a target.
    #[error("corpus {laboratory}: no clip has a value in column {target:?}, the target")]
    Target {
        /// The laboratory.
        laboratory: String,
        /// The column.
        target: String,
    },
    /// All clips of a laboratory have the same target.
    #[error(
        "corpus {laboratory}: the target {target:?} is {value} for all {clips} rated clips; nothing can be learned from it"
    )]
    ConstantTarget {
        /// The laboratory.
        laboratory: String,
        /// The column.
        target: String,
        /// Its value.
        value: f64,
        /// How many clips.
        clips: usize,
    },
    /// Too few contents to tell a clip's quality from its content's looks.
    #[error("{rated} contents have rated clips, expected at least 2")]
    Contents {
        /// Contents with rated clips.
        rated: usize,
    },
    /// The recipe leaves a feature out that every model needs.
    #[error(
        "feature {feature} is not among the model's features: no score is worth anything without the six of VMAF's own model"
    )]
    NotTaken {
        /// The feature.
        feature: String,
    },
    /// A feature that every model needs is not there.
    #[error(
        "corpus {laboratory}, dataset {dataset:?}: {clips} of {of} clips have no {feature} in any frame, e.g. {example:?}; it is required"
    )]
    Feature {
        /// The laboratory.
        laboratory: String,
        /// The test.
        dataset: String,
        /// The feature.
        feature: String,
        /// Clips without it.
        clips: usize,
        /// Clips of the dataset.
        of: usize,
        /// One of them.
        example: String,
    },
}

impl fmt::Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the corpus cannot be trained on:")?;
        self.0.iter().try_for_each(|lack| write!(f, "\n  {lack}"))
    }
}
