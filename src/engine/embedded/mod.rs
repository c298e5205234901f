// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Compiles graphs of the `FRRegressor` family at open and runs them with SIMD chosen at run time.
//!
//! `compile` turns a graph into a plan (dense layers and maps between them), `kernel` packs the
//! plan for an instruction set and runs it. Running allocates nothing.

// Matrices, vectors and their indices have the letters of the formulas; ranks, axes and checked
// codec ids are small whichever integer they come as.
#![allow(clippy::many_single_char_names, clippy::cast_possible_wrap, clippy::cast_sign_loss)]

mod compile;
mod constant;
mod kernel;
mod plan;
#[cfg(test)]
mod tests;

use super::Engine;
use crate::error::{Result, bail};
use crate::onnx::Graph;
use crate::simd::InstructionSet;
use kernel::Run;
use plan::Plan;

/// Few enough that rows of features stay in the first-level cache between standardising and running.
const MAX_ROWS: usize = 128;

/// Bounds the memory of what the codec blocks of all ids add to the first layer.
const MAX_CODEC_WEIGHTS: usize = 1 << 24;

/// A compiled graph with its scratch memory.
pub(crate) struct Embedded {
    plan: Plan,
    program: Box<dyn Run>,
    /// Standardised rows of the next run.
    input: Vec<f32>,
    /// Rows of the codec table; 0 until it is set.
    n_codec_ids: usize,
}

impl Embedded {
    /// Compiles a graph for an instruction set.
    ///
    /// # Errors
    /// `Unsupported`: a node outside the family. `Malformed`: a node whose inputs do not fit together.
    /// `Inconsistent`: an output unlike the declared one.
    pub(crate) fn compile(graph: &Graph, set: InstructionSet) -> Result<Self> {
        let plan = compile::plan(graph)?;
        let program = kernel::pack(set, &plan);
        let input = Vec::with_capacity(MAX_ROWS * plan.n_features);
        Ok(Self { plan, program, input, n_codec_ids: 0 })
    }

    /// Runs any number of rows.
    fn run_rows(&mut self, z: &[f32], codec_ids: &[i32], out: &mut [f32]) -> Result<()> {
        let rows = out.len() / self.plan.output_width();
        if z.len() != rows * self.plan.n_features || out.len() != rows * self.plan.output_width() {
            bail!(Argument, "{} features and {} outputs do not fit together", z.len(), out.len());
        }
        if self.plan.n_codecs > 0 {
            if codec_ids.len() != rows {
                bail!(Argument, "{} codec ids for {rows} rows", codec_ids.len());
            }
            let ids = 0..self.n_codec_ids;
            if let Some(id) =
                codec_ids.iter().find(|&&id| !usize::try_from(id).is_ok_and(|id| ids.contains(&id)))
            {
                bail!(OutOfVocabulary, "codec id {id} is not in the table of {}", self.n_codec_ids);
            }
            self.program.run(z, codec_ids, out);
        } else {
            self.program.run(z, &[], out);
        }
        Ok(())
    }
}

impl Engine for Embedded {
    fn max_rows(&self) -> usize {
        MAX_ROWS
    }

    fn input(&mut self, n: usize) -> Result<&mut [f32]> {
        self.input.resize(n.min(MAX_ROWS) * self.plan.n_features, 0.0);
        Ok(&mut self.input)
    }

    fn run(&mut self, codec_ids: &[i32], out: &mut [f32]) -> Result<()> {
        let z = std::mem::take(&mut self.input);
        let result = self.run_rows(&z, codec_ids, out);
        self.input = z;
        result
    }

    fn set_codec_table(&mut self, table: &[f32]) -> Result<()> {
        let width = self.plan.n_codecs;
        if width == 0 || table.is_empty() || !table.len().is_multiple_of(width) {
            bail!(Argument, "codec table of {} values for a codec block of {width}", table.len());
        }
        let ids = table.len() / width;
        // An id has a term per column at most.
        let weights = [ids, width, self.plan.first_width()];
        if weights
            .iter()
            .try_fold(1_usize, |n, &d| n.checked_mul(d))
            .is_none_or(|n| n > MAX_CODEC_WEIGHTS)
        {
            bail!(
                Unsupported,
                "{ids} codecs with a codec block of {width} are too many for the engine"
            );
        }
        self.program.set_codec(&self.plan.codec_terms(table));
        self.n_codec_ids = ids;
        Ok(())
    }
}
