// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What the subcommands write: whole files, JSON among them.

use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;
use vmaf_fr_files::{create_parent, write_whole};

/// Pretty JSON with a final newline.
pub fn json_bytes<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// Writes [`json_bytes`], as [`write_file`].
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    write_file(path, &json_bytes(value)?)
}

/// Writes a whole file; its folder is created unless it exists.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    create_parent(path).context("cannot create")?;
    write_whole(path, bytes).context("cannot write")
}
