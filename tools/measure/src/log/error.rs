// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What is wrong with a log.

use std::{fmt, io};

/// What is wrong with a log, and where.
#[derive(Debug)]
pub struct LogError {
    pub(super) log: String,
    pub(super) place: Option<(u64, u64)>,
    pub(super) frame: Option<u32>,
    pub(super) feature: Option<String>,
    pub(super) problem: String,
    pub(super) source: Option<io::Error>,
}

impl LogError {
    /// Line and column, both counted from 1, if the place is known.
    pub fn place(&self) -> Option<(u64, u64)> {
        self.place
    }

    /// The frame number, if it is known.
    pub fn frame(&self) -> Option<u32> {
        self.frame
    }

    /// The feature whose value is wrong, as the model calls it, if it is a value.
    pub fn feature(&self) -> Option<&str> {
        self.feature.as_deref()
    }
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.log)?;
        if let Some((line, column)) = self.place {
            write!(f, ":{line}:{column}")?;
        }
        if let Some(frame) = self.frame {
            write!(f, ": frame {frame}")?;
        }
        if let Some(feature) = &self.feature {
            write!(f, ": {feature}")?;
        }
        write!(f, ": {}", self.problem)
    }
}

impl std::error::Error for LogError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.source.as_ref().map(|error| error as _)
    }
}
