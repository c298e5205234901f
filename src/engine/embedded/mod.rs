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

use super::{Engine, standardise};
use crate::batch::Batch;
use crate::error::{Result, bail};
use crate::features::Standardizer;
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
    standardizer: Standardizer,
    plan: Plan,
    program: Box<dyn Run>,
    /// Standardised rows of a run.
    z: Vec<f32>,
}

impl Embedded {
    /// Compiles a graph for an instruction set.
    ///
    /// # Errors
    /// `Unsupported`: a node outside the family. `Malformed`: a node whose inputs do not fit together.
    /// `Inconsistent`: an output unlike the declared one.
    pub(crate) fn compile(
        graph: &Graph,
        standardizer: Standardizer,
        set: InstructionSet,
    ) -> Result<Self> {
        let plan = compile::plan(graph)?;
        let program = kernel::pack(set, &plan);
        let z = vec![0.0; MAX_ROWS * plan.n_features];
        Ok(Self { standardizer, plan, program, z })
    }
}

impl Engine for Embedded {
    fn rows_per_run(&self) -> usize {
        MAX_ROWS
    }

    fn run(&mut self, batch: &Batch<'_>, out: &mut [f32]) -> Result<()> {
        let z = &mut self.z[..batch.features().len()];
        standardise(&self.standardizer, batch, z)?;
        self.program.run(z, batch.codec_ids(), out);
        Ok(())
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
        Ok(())
    }
}
