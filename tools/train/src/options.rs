// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Options that `train` and `evaluate` have in common: the recipe, and where its tables and VMAF's models are.

use std::path::PathBuf;

use clap::Args;

use crate::corpus::NamedTable;

/// A recipe and what it needs.
#[derive(Debug, Clone, Args)]
pub struct DataArgs {
    /// The recipe (TOML): features, network, stages of the training, corpora
    pub recipe: PathBuf,
    /// Table of frames (parquet) of a laboratory of the recipe, which is the file's name unless it is given; not needed for those whose path the recipe has
    #[arg(value_name = "[NAME=]TABLE")]
    pub tables: Vec<NamedTable>,
    /// One of libvmaf's models (model/*.json in its source): the recipe's teacher, and what else a score is compared with; may be repeated
    #[arg(long = "vmaf-model", value_name = "PATH", required = true)]
    pub vmaf_models: Vec<PathBuf>,
}

/// Path of an evaluation's result: JSON, beside which the report is written as `.html`.
pub fn result_path(text: &str) -> Result<PathBuf, String> {
    let path = PathBuf::from(text);
    if path.file_name().is_none() {
        return Err("expected a file".to_owned());
    }
    if path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("html")) {
        return Err(
            "the report is written there, over the result: name the result .json".to_owned()
        );
    }
    Ok(path)
}
