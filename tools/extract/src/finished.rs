// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A finished clip, until the table takes its rows.

use std::path::PathBuf;

use anyhow::{Result, ensure};

use crate::cache::Cache;
use crate::rows::FrameRows;

/// A finished clip: its rows, or the cache's files that hold them.
#[derive(Debug)]
pub(crate) enum FinishedClip {
    Rows(Box<FrameRows>),
    Entries { features: PathBuf, target: Option<PathBuf> },
}

impl FinishedClip {
    /// Reads the rows. What was just measured comes from its file too: a resumed run reads the same.
    pub(crate) fn rows(&self) -> Result<FrameRows> {
        match self {
            Self::Rows(rows) => Ok(rows.as_ref().clone()),
            Self::Entries { features, target } => {
                let mut rows = Cache::read(features)?;
                if let Some(target) = target {
                    let scored = Cache::read(target)?;
                    ensure!(
                        scored.frame_index == rows.frame_index,
                        "{} and {} are not of the same frames",
                        features.display(),
                        target.display()
                    );
                    rows.columns.extend(scored.columns);
                }
                Ok(rows)
            }
        }
    }
}
