// SPDX-License-Identifier: BSD-2-Clause-Patent
use std::io;
use std::path::PathBuf;

/// Why a video could not be probed or measured.
///
/// Its text is complete: [`std::error::Error::source`] has nothing to add.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file could not be read, written or renamed.
    #[error("{}: {reason}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
    /// A program is neither where it was said to be nor on PATH.
    #[error("{0}")]
    NoTool(String),
    /// The input is not what this program can measure.
    #[error("{}: {reason}", path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// What is wrong with it: expected and got.
        reason: String,
    },
    /// A feature that no extractor of the catalogue computes.
    #[error("no libvmaf extractor is known for the feature \"{0}\"")]
    UnknownFeature(String),
    /// The program could not be started.
    #[error("cannot run {}: {reason}", program.display())]
    Spawn {
        /// The program.
        program: PathBuf,
        /// The system's reason.
        reason: io::Error,
    },
    /// The program failed; the end of its standard error says why.
    #[error("{} failed ({status}){}", program.display(), tail_text(stderr_tail))]
    Failed {
        /// The program.
        program: PathBuf,
        /// Exit status or signal.
        status: std::process::ExitStatus,
        /// The last lines it wrote to standard error.
        stderr_tail: String,
    },
    /// The program said that it succeeded and left no log, or a program's answer made no sense.
    #[error("{}: {reason}", program.display())]
    Output {
        /// The program.
        program: PathBuf,
        /// What is wrong with what it wrote.
        reason: String,
    },
}

impl Error {
    pub(crate) fn io(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Self {
        let path = path.into();
        move |reason| Self::Io { path, reason }
    }

    pub(crate) fn input(path: impl Into<PathBuf>, reason: impl Into<String>) -> Self {
        Self::Input { path: path.into(), reason: reason.into() }
    }
}

fn tail_text(tail: &str) -> String {
    if tail.is_empty() {
        ", and wrote nothing to standard error".to_owned()
    } else {
        format!("; its standard error ends with:\n{tail}")
    }
}
