// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Runs a bound graph: raw features and codec ids in, raw graph outputs out.

pub(crate) mod embedded;
#[cfg(feature = "onnxruntime")]
pub(crate) mod onnxruntime;

use crate::error::{Error, Result, err};
use crate::features::{Overflow, Standardizer};

/// Rows for one run, checked: engines trust them.
pub(crate) struct Batch<'a> {
    /// Raw values, n x F, row-major, 1 <= n <= `rows_per_run()`. Each is finite, or NaN in a column
    /// whose values may be missing.
    pub features: &'a [f32],
    /// n valid row numbers of the codec table; empty for a codec-blind graph.
    pub codec_ids: &'a [i32],
    /// Names of the columns, for errors.
    pub names: &'a [String],
    /// The number of the first row among the frames of the call, for errors.
    pub first_frame: usize,
}

impl Batch<'_> {
    /// The failure of a value that the standardiser refused.
    pub(crate) fn too_far_out(&self, standardizer: &Standardizer, at: Overflow) -> Error {
        let Overflow { row, column } = at;
        let x = self.features[row * standardizer.width() + column];
        let name = self.names.get(column).map_or("", String::as_str);
        let column = standardizer.column(column);
        err!(ImpossibleValue, "is {x}, too far from its mean {} (std {})", column.mean, column.std)
            .of_value(self.first_frame + row, name)
    }
}

/// One graph with its standardiser, ready to run. Scratch memory belongs to it, so calls need `&mut`.
pub(crate) trait Engine: Send {
    /// The most rows that one `run` takes.
    fn rows_per_run(&self) -> usize;

    /// Replaces the codec table: one row of the graph's codec width per codec id.
    /// Called before the first `run` of a codec-aware graph, never on a codec-blind one.
    fn set_codec_table(&mut self, table: &[f32]) -> Result<()>;

    /// Runs a batch. `out`: n x W values, row-major (W = 1: score; W = 2: score and log-variance).
    ///
    /// # Errors
    /// `ImpossibleValue`: a value too far from its mean. `Failed`: the runtime.
    fn run(&mut self, batch: &Batch<'_>, out: &mut [f32]) -> Result<()>;
}
