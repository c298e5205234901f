// SPDX-License-Identifier: BSD-2-Clause-Patent
use std::io;
use std::path::{Path, PathBuf};

/// A file or folder that could not be read, written or created.
///
/// Its text is complete: [`std::error::Error::source`] has nothing to add.
#[derive(Debug, thiserror::Error)]
#[error("{}: {reason}", path.display())]
pub struct Error {
    /// The file or folder.
    pub path: PathBuf,
    /// The system's reason.
    pub reason: io::Error,
}

impl Error {
    pub(crate) fn of(path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |reason| Self { path: path.to_owned(), reason }
    }
}
