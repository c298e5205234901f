// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The arithmetic: a plan packed for one instruction set, and run.
//!
//! | file | what |
//! |---|---|
//! | `packed` | weights and constants in the order in which they are read, without blocks of zeros |
//! | `program` | how many frames go through the steps together, and from step to step |
//! | `group` | a layer of many frames, which lie in the lanes |
//! | `frame` | a layer of one frame, whose outputs lie in the lanes |
//! | `maps`, `gelu` | what follows a layer |
//! | `sizes` | how much an instruction set sums at a time |
//!
//! `group` and `frame` compute every value of a frame by the same operations in the same order, so a
//! frame's score does not depend on its batch. That order is the one of a plain matrix product: each
//! sum over all inputs in turn, the bias last. ONNX Runtime sums layers of up to 256 inputs in that
//! order too. Any other would be as good, but where large products cancel, for features far from
//! their mean, the engines would no longer agree to 1e-4. Columns whose weights are 0 for all outputs
//! that are summed together are left out, where that cannot change a sum.

// What is not part of the function that enables an instruction set is a call per instruction. That
// goes for closures too, which nothing forces into it: layers and GELU do without.
#![allow(clippy::inline_always)]
// Tiles are indexed by output and vector.
#![allow(clippy::needless_range_loop)]

mod frame;
mod gelu;
mod group;
mod maps;
mod packed;
mod program;
mod sizes;

use super::plan::Plan;
use crate::simd::{InstructionSet, Portable};
use program::Program;
pub(super) use program::Run;

/// Evaluates an expression with the value of the instruction set's own type.
macro_rules! with_lanes {
    ($set:expr, $lanes:ident => $value:expr) => {
        match $set {
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx512($lanes) => $value,
            #[cfg(target_arch = "x86_64")]
            InstructionSet::Avx2($lanes) => $value,
            InstructionSet::Portable => {
                let $lanes = Portable;
                $value
            }
        }
    };
}

/// Packs a plan.
pub(super) fn pack(set: InstructionSet, plan: &Plan) -> Box<dyn Run> {
    with_lanes!(set, s => Box::new(Program::new(s, plan)))
}

/// erf of one value.
pub(super) fn erf(x: f32) -> f32 {
    gelu::erf::<_, 1>(Portable, [[x; 8]])[0][0]
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
    use crate::simd::Lanes;
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
    with_lanes!(set, s => all(s, x))
}
