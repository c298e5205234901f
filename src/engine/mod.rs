// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Runs a bound graph: standardised features and codec blocks in, raw graph outputs out.

pub(crate) mod embedded;
#[cfg(feature = "onnxruntime")]
pub(crate) mod onnxruntime;

use crate::error::Result;

/// One graph, ready to run. Scratch memory belongs to it, so calls need `&mut`.
pub(crate) trait Engine: Send {
    /// The most rows that one `run` takes.
    fn max_rows(&self) -> usize;

    /// Replaces the codec table: one row of the graph's codec width per codec id.
    /// Called before the first `run` of a codec-aware graph, never on a codec-blind one.
    fn set_codec_table(&mut self, table: &[f32]) -> Result<()>;

    /// Where `n` standardised rows go for the next `run`: n x F, row-major, `1 <= n <= max_rows()`.
    fn input(&mut self, n: usize) -> Result<&mut [f32]>;

    /// Runs the rows that were written to `input`.
    ///
    /// `codec_ids`: n valid row numbers of the codec table, empty for a codec-blind graph. `out`:
    /// n x W values, row-major (W = 1: score; W = 2: score and log-variance).
    fn run(&mut self, codec_ids: &[i32], out: &mut [f32]) -> Result<()>;
}
