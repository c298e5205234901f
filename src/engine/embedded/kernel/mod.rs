// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The arithmetic: a plan packed for one instruction set, and its layers.
//!
//! Many frames lie in the lanes of vectors (`group`); of one frame alone the outputs do (`frame`).
//! Both compute every value of a frame by the same operations in the same order, whatever the
//! batch around it.
//!
//! That order is the one of a plain matrix product, each sum over all inputs in turn and the bias
//! last, which ONNX Runtime's has too for layers of up to 256 inputs: where features lie so far out
//! that large products cancel, other orders would be as good but no longer agree to 1e-4.

// What is not part of the function that enables an instruction set is a call per instruction. That
// goes for closures too, which nothing forces into it: layers and GELU do without.
#![allow(clippy::inline_always)]
// Tiles are indexed by output and vector.
#![allow(clippy::needless_range_loop)]

mod frame;
mod gelu;
mod group;
mod lanes;
mod maps;
mod packed;
mod portable;
mod program;
#[cfg(target_arch = "x86_64")]
mod x86;

use super::plan::{CodecTerms, Plan};
use crate::simd::InstructionSet;
use portable::Portable;
use program::Program;

/// A packed plan. `run` neither allocates nor locks nor calls the system.
pub(super) trait Run: Send {
    /// Replaces what the codec block adds to the first layer's sums, by codec id.
    fn set_codec(&mut self, terms: &CodecTerms);

    /// Runs any number of rows; `ids` are checked codec ids, or empty for a codec-blind plan.
    fn run(&mut self, z: &[f32], ids: &[i32], out: &mut [f32]);
}

/// Packs a plan.
pub(super) fn pack(set: InstructionSet, plan: &Plan) -> Box<dyn Run> {
    match set {
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx512(s) => Box::new(Program::new(s, plan)),
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx2(s) => Box::new(Program::new(s, plan)),
        InstructionSet::Portable => Box::new(Program::new(Portable, plan)),
    }
}

/// x (1 + erf(x / sqrt 2)) / 2 of one value.
pub(super) fn gelu(x: f32, divides: bool) -> f32 {
    let x = [[x; 8]];
    let gelu = if divides {
        gelu::gelu::<_, true, 1>(Portable, x)
    } else {
        gelu::gelu::<_, false, 1>(Portable, x)
    };
    gelu[0][0]
}

/// erf, GELU and the quotient by sqrt 2 of many values, as computed with an instruction set.
#[cfg(test)]
pub(super) fn erf_gelu_and_quotient(set: InstructionSet, x: &[f32]) -> Vec<[f32; 3]> {
    use lanes::Lanes;
    fn all<S: Lanes>(s: S, x: &[f32]) -> Vec<[f32; 3]> {
        x.chunks(S::WIDTH)
            .flat_map(|chunk| {
                let v = s.pack(chunk);
                let ([erf], [gelu]) = (gelu::erf(s, [v]), gelu::gelu::<_, false, 1>(s, [v]));
                let results = [erf, gelu, gelu::over_sqrt_2(s, v)];
                let of_lane = |lane| std::array::from_fn(|i| S::flat(&results[i..=i])[lane]);
                (0..chunk.len()).map(of_lane).collect::<Vec<_>>()
            })
            .collect()
    }
    match set {
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx512(s) => all(s, x),
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx2(s) => all(s, x),
        InstructionSet::Portable => all(Portable, x),
    }
}
