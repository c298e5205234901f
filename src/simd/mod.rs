// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Vector arithmetic: one layer under the standardiser (`features`) and the kernels of the embedded
//! engine.
//!
//! A value of an instruction set's type proves that the processor has the instructions, because
//! only detection makes one. Code that is generic over [`Lanes`] or [`WideLanes`] packs its inner
//! loop into a [`Task`] and hands it to `Instructions::enable`: the loop and every operation in
//! it are compiled as one function that has the instructions enabled.
//!
//! | file | what |
//! |---|---|
//! | `choice` | which sets the processor has, and which one runs |
//! | `vector` | the operations that a set supplies |
//! | `portable` | arrays, for every processor |
//! | `avx2`, `avx512` | x86-64 |
//! | `instructions` | the macro that makes a method of an intrinsic |
//!
//! # Adding an instruction set
//!
//! 1. A file here with the proof (a struct whose field is private to the file), its detection, and
//!    its `Instructions`, `Lanes` and `WideLanes<N>`; each operation is one line of `instructions!`.
//! 2. A variant and a name in [`InstructionSet`]. The compiler then names the two places that choose
//!    by it: `features/vectors.rs`, and `with_lanes!` of the kernels.
//! 3. The kernels' measured sizes for it: `kernel/sizes.rs`.
//!
//! The unit tests of `features` and of the embedded engine run for every available set by
//! themselves.
//!
//! # NEON
//!
//! There is no NEON file yet, because nothing here could compile one: aarch64 runs `portable`, whose
//! arrays of eight f32 are two NEON registers, with fused multiply-adds. A file for it supplies
//!
//! - `enable`: `#[target_feature(enable = "neon")]`. Every aarch64 processor has NEON, so detection
//!   always succeeds.
//! - `Lanes`: `V = float32x4_t`, `Index = [usize; 4]`, `Mask = uint32x4_t`; `FUSES`, not `CHOOSES`. `fma`
//!   is `vfmaq_f32(c, a, b)`, `select` is `vbslq_f32`, `copy_sign` is `vbslq_f32` with the sign's bit
//!   as mask, `scale` is `vshlq_n_s32::<23>` and `vaddq_s32`, `lookup` is four loads. `min` and `max`
//!   are a comparison and `vbslq_f32`: `vminq_f32` returns NaN where the second operand is wanted.
//! - `WideLanes<2>`: `Wide = float64x2_t`, `Narrow = float32x2_t`. `widen` is `vcvt_f64_f32`, `narrow`
//!   is `vcvt_f32_f64`, `divide` is `vmulq_f64`, `vfmsq_f64` and `vfmaq_f64`, `where_nan` is `vceq_f32`
//!   of x with itself and `vbsl_f32`; `min` and `max` as above. `exponent_and_fraction` is `vaddq_u64`,
//!   `vshrq_n_u64::<52>`, `vandq_u64` and `vorrq_u64`. `add`, `sub`, `mul` and `div` must round each by itself: the
//!   logarithm's bits depend on it.

// What is not part of the function that enables the instructions is a call per instruction.
#![allow(clippy::inline_always)]
// Tables to look up in are short, and the numbers to look up by are valid codec ids.
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss)]

#[macro_use]
#[cfg(target_arch = "x86_64")]
mod instructions;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod choice;
mod portable;
mod vector;

#[cfg(target_arch = "x86_64")]
pub(crate) use avx2::Avx2;
#[cfg(target_arch = "x86_64")]
pub(crate) use avx512::Avx512;
pub(crate) use choice::InstructionSet;
pub(crate) use portable::Portable;
pub(crate) use vector::{Instructions, Lanes, Task, WideLanes};
