// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Why a call failed: what kind of failure, where, and a message for a person.
//!
//! The C API projects the kind onto an errno (`capi/errno.rs`), the program onto an exit status.

use std::fmt;

/// What went wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ErrorKind {
    /// An argument that no call can take: NULL, an unknown engine or flag, text that is not UTF-8.
    Argument,
    /// Model, card or external data does not exist or is not a regular file.
    NotFound,
    /// Model, card or external data may not be read.
    NotReadable,
    /// A file above its size limit, or a model above what it may hold.
    TooLarge,
    /// Malformed ONNX or JSON.
    Malformed,
    /// Graph and card disagree, or the card contradicts itself.
    Inconsistent,
    /// A sha256 differs from the card's, or there is none and the caller did not waive it.
    NotPinned,
    /// An operator, operator domain, local function or path that a model may not use.
    Forbidden,
    /// The engine cannot run the graph, or the model lacks the inputs that the call sets.
    Unsupported,
    /// No engine available.
    NoEngine,
    /// Out of memory.
    OutOfMemory,
    /// The runtime failed, or a file could not be read.
    Failed,
    /// An internal panic was caught.
    Internal,
    /// A codec id outside the vocabulary; a preset or crf that the card does not know.
    OutOfVocabulary,
    /// A feature value that cannot be: infinite, NaN where it may not be missing, out of the feature's range.
    ImpossibleValue,
}

/// A failure. Its message is one line without a trailing full stop and names the file, field, frame or feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    kind: ErrorKind,
    message: String,
    value: Option<Box<(usize, String)>>,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), value: None }
    }

    /// What went wrong.
    pub fn kind(&self) -> ErrorKind {
        self.kind
    }

    /// The message for a person.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The frame of the offending feature value: its place in the call's rows, from 0.
    pub fn frame(&self) -> Option<usize> {
        self.value.as_ref().map(|v| v.0)
    }

    /// The name of the feature whose value was refused.
    pub fn feature(&self) -> Option<&str> {
        self.value.as_ref().map(|v| v.1.as_str())
    }

    /// The same failure of one feature value.
    #[must_use]
    pub(crate) fn of_value(mut self, frame: usize, feature: &str) -> Self {
        self.message = format!("frame {frame}: feature '{feature}' {}", self.message);
        self.value = Some(Box::new((frame, feature.to_owned())));
        self
    }

    /// The same failure, with what else was tried and failed.
    #[must_use]
    pub(crate) fn and(mut self, other: &str) -> Self {
        self.message = format!("{}; {other}", self.message);
        self
    }

    /// The same failure, its message prefixed with the name of what it happened to.
    #[must_use]
    pub fn of(mut self, subject: impl fmt::Display) -> Self {
        self.message = format!("{subject}: {}", self.message);
        self
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// The crate's results.
pub type Result<T> = std::result::Result<T, Error>;

/// Builds an [`Error`] from an [`ErrorKind`] variant and a format string.
macro_rules! err {
    ($kind:ident, $($arg:tt)+) => {
        $crate::error::Error::new($crate::error::ErrorKind::$kind, format!($($arg)+))
    };
}

/// Returns early with an [`Error`].
macro_rules! bail {
    ($kind:ident, $($arg:tt)+) => {
        return Err($crate::error::err!($kind, $($arg)+))
    };
}

pub(crate) use {bail, err};
