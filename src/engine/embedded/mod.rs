// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Compiles graphs of the `FRRegressor` family at open and runs them with SIMD chosen at run time.
//!
//! | file | what |
//! |---|---|
//! | `node` | a node: its operator with its attributes, read once |
//! | `shape` | ONNX's rules for shapes |
//! | `constant`, `fold` | constants, and nodes that compute constants from constants |
//! | `form` | what stays symbolic until a node needs it: it may become a GELU |
//! | `steps` | the versions of the rows, and the steps that they add up to |
//! | `places` | where values lie in memory |
//! | `dense` | layers from `Gemm` and `MatMul` |
//! | `compile` | a graph to a plan, node by node |
//! | `budget` | how much a graph may ask for |
//! | `plan` | dense layers, and the maps and sums between them |
//! | `codec_terms` | what a codec table adds to layers |
//! | `kernel` | packs a plan for an instruction set and runs it, without allocating |

// Matrices, vectors and their indices have the letters of the formulas; ranks, axes and checked
// codec ids are small whichever integer they come as.
#![allow(clippy::many_single_char_names, clippy::cast_possible_wrap, clippy::cast_sign_loss)]

mod budget;
mod codec_terms;
mod compile;
mod constant;
mod dense;
mod fold;
mod form;
mod kernel;
mod node;
mod places;
mod plan;
mod shape;
mod steps;
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
const ROWS_PER_RUN: usize = 128;

/// Bounds the memory of what the codec blocks of all ids add to layers.
const MAX_CODEC_WEIGHTS: usize = 1 << 24;

/// A compiled graph with its standardiser and scratch memory.
pub(crate) struct Embedded {
    standardizer: Standardizer,
    plan: Plan,
    program: Box<dyn Run>,
    /// Standardised rows of a run.
    z: Vec<f32>,
}

impl Embedded {
    /// Compiles a graph for an instruction set. `standardizer` has the graph's features.
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
        let z = vec![0.0; ROWS_PER_RUN * plan.n_features];
        Ok(Self { standardizer, plan, program, z })
    }
}

impl Engine for Embedded {
    fn rows_per_run(&self) -> usize {
        ROWS_PER_RUN
    }

    fn set_codec_table(&mut self, table: &[f32]) -> Result<()> {
        let width = self.plan.n_codecs;
        if width == 0 || table.is_empty() || !table.len().is_multiple_of(width) {
            bail!(Argument, "codec table of {} values for a codec block of {width}", table.len());
        }
        let ids = table.len() / width;
        // An id has a term per column at most.
        let outputs: usize = self.plan.codec_inputs().map(|(layer, _)| layer.n_outputs).sum();
        let weights = [ids, width, outputs];
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
        self.program.set_codec(&codec_terms::of_table(&self.plan, table));
        Ok(())
    }

    fn run(&mut self, batch: &Batch<'_>, out: &mut [f32]) -> Result<()> {
        let z = &mut self.z[..batch.features().len()];
        standardise(&self.standardizer, batch, z)?;
        self.program.run(z, batch.codec_ids(), out);
        Ok(())
    }
}
