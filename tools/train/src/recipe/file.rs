// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A recipe's file.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use vmaf_fr_files::sha256_hex;

use super::Recipe;

/// A recipe and the bytes that it was read from: they are kept with the model.
#[derive(Debug, Clone, PartialEq)]
pub struct RecipeFile {
    /// Where it is.
    pub path: PathBuf,
    /// What it says.
    pub recipe: Recipe,
    /// As it is on disk.
    pub bytes: Vec<u8>,
    /// sha256 of these bytes.
    pub sha256: String,
}

impl RecipeFile {
    /// Reads and checks a recipe.
    ///
    /// # Errors
    /// The file cannot be read, is not TOML, has an unknown field, or a field has a value that no fit can use.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes =
            std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
        let recipe = parse(&bytes).with_context(|| format!("recipe {}", path.display()))?;
        Ok(Self { path: path.to_owned(), recipe, sha256: sha256_hex(&bytes), bytes })
    }
}

fn parse(bytes: &[u8]) -> Result<Recipe> {
    let recipe: Recipe = toml::from_slice(bytes)?;
    recipe.check()?;
    Ok(recipe)
}
