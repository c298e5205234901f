// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Input files by their names.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

/// Files of a folder in the order of their names, those with this extension only.
pub(crate) fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in
        std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?
    {
        let path = entry.with_context(|| format!("cannot list {}", folder.display()))?.path();
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case(extension)) && path.is_file() {
            found.push(path);
        }
    }
    if found.is_empty() {
        bail!("no .{extension} files in {}", folder.display());
    }
    found.sort();
    Ok(found)
}

/// A file's name without its extension; names that are not UTF-8 could not be told apart in the table.
pub(crate) fn stem(path: &Path) -> Result<String> {
    path.file_stem()
        .and_then(std::ffi::OsStr::to_str)
        .map(str::to_owned)
        .with_context(|| format!("the name of {} is not UTF-8", path.display()))
}
