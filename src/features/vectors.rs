// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The arithmetic of standardising, several columns at a time, to the same bits with every
//! instruction set.

// What is not part of the function that enables the instructions is a call per instruction.
#![allow(clippy::inline_always)]

use std::sync::Arc;

use super::logarithm::ln;
use super::transform::{Logarithmic, Transform};
#[cfg(target_arch = "x86_64")]
use crate::simd::Avx2;
use crate::simd::{InstructionSet, Portable, Task, WideLanes};

/// How one feature is standardised.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Column {
    /// Finite.
    pub(crate) mean: f64,
    /// Finite and above 0.
    pub(crate) std: f64,
    /// Upper bound on the raw value; infinite where the card has none.
    pub(crate) cap: f64,
    /// What the capped value goes through.
    pub(crate) transform: Transform,
    /// Whether NaN stands for a missing value whose z is 0. Otherwise z of NaN is NaN.
    pub(crate) missing: bool,
}

/// Columns laid out for one instruction set.
pub(super) trait Standardize: Send + Sync {
    /// Writes the standardised rows to `z`; whether all of them are finite.
    fn rows(&self, raw: &[f32], z: &mut [f32]) -> bool;
}

/// Lays columns out for the widest vectors that instruction set, number of columns and constants
/// allow.
pub(super) fn lay_out(
    columns: &[Column],
    clip_sigma: f64,
    set: InstructionSet,
) -> Arc<dyn Standardize> {
    let width = columns.len();
    // Division by way of the reciprocal is exact as long as nothing under- or overflows.
    let is_safe = |x: f64| x == 0.0 || (1e-60..1e60).contains(&x.abs());
    let all_safe = columns
        .iter()
        .all(|c| is_safe(c.mean) && is_safe(c.std) && (is_safe(c.cap) || c.cap == f64::INFINITY));
    match set {
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx512(isa) if all_safe && width >= 8 => {
            Arc::new(Vectors::<_, 8>::new(isa, columns, clip_sigma))
        }
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx512(isa) if all_safe && width >= 4 => {
            Arc::new(Vectors::<_, 4>::new(Avx2::from(isa), columns, clip_sigma))
        }
        #[cfg(target_arch = "x86_64")]
        InstructionSet::Avx2(isa) if all_safe && width >= 4 => {
            Arc::new(Vectors::<_, 4>::new(isa, columns, clip_sigma))
        }
        _ if width >= 4 => Arc::new(Vectors::<_, 4>::new(Portable, columns, clip_sigma)),
        _ => Arc::new(Vectors::<_, 1>::new(Portable, columns, clip_sigma)),
    }
}

/// Columns in vectors of N.
struct Vectors<I, const N: usize> {
    isa: I,
    chunks: Vec<Chunk<N>>,
    /// One per chunk, `None` for a chunk without a transform; empty where no column has one.
    logarithms: Vec<Option<Logarithms<N>>>,
    width: usize,
    clip_sigma: f64,
    missing: Missing,
}

/// Which columns may be missing. That all may, or none, is common, and takes less.
#[derive(Clone, Copy)]
enum Missing {
    None,
    Some,
    All,
}

/// The constants of columns that lie side by side in a vector.
struct Chunk<const N: usize> {
    first: usize,
    mean: [f64; N],
    std: [f64; N],
    /// 1 / `std`, correctly rounded.
    reciprocal: [f64; N],
    cap: [f64; N],
    /// z of NaN: 0 where it stands for a missing value.
    of_nan: [f32; N],
}

/// The transforms of the columns of a chunk.
struct Logarithms<const N: usize> {
    bounds: [[f64; N]; 2],
    argument: [[f64; N]; 2],
    result: [[f64; N]; 2],
}

impl<const N: usize> Logarithms<N> {
    /// Those of columns of which at least one has a transform.
    fn new(columns: &[Column]) -> Option<Self> {
        let each = |f: fn(Logarithmic) -> f64| {
            std::array::from_fn(|k| f(columns[k].transform.around_the_logarithm()))
        };
        columns.iter().any(|c| c.transform != Transform::None).then(|| Self {
            bounds: [each(|a| a.low), each(|a| a.high)],
            argument: [each(|a| a.offset), each(|a| a.slope)],
            result: [each(|a| a.of_logarithm), each(|a| a.of_value)],
        })
    }

    #[inline(always)]
    fn apply<I: WideLanes<N>>(&self, isa: I, x: I::Wide) -> I::Wide {
        let [[low, high], [offset, slope]] = [&self.bounds, &self.argument];
        let bounded = isa.min(isa.load(high), isa.max(isa.load(low), x));
        let argument = isa.add(isa.load(offset), isa.mul(isa.load(slope), bounded));
        let logarithm = ln(isa, argument);
        let [of_logarithm, of_value] = &self.result;
        // NaN comes through by the value, though its share may be 0.
        isa.add(isa.mul(isa.load(of_logarithm), logarithm), isa.mul(isa.load(of_value), x))
    }
}

impl<I: WideLanes<N>, const N: usize> Vectors<I, N> {
    /// Chunks of N columns; the last overlaps the one before where their number is no multiple of N.
    fn new(isa: I, columns: &[Column], clip_sigma: f64) -> Self {
        let chunk = |first: usize| {
            let first = first.min(columns.len() - N);
            let each = |f: fn(&Column) -> f64| std::array::from_fn(|k| f(&columns[first + k]));
            Chunk {
                first,
                mean: each(|c| c.mean),
                std: each(|c| c.std),
                reciprocal: each(|c| c.std.recip()),
                cap: each(|c| c.cap),
                of_nan: std::array::from_fn(|k| {
                    if columns[first + k].missing { 0.0 } else { f32::NAN }
                }),
            }
        };
        let chunks: Vec<Chunk<N>> = (0..columns.len()).step_by(N).map(chunk).collect();
        let any_transform = columns.iter().any(|c| c.transform != Transform::None);
        let logarithms = chunks
            .iter()
            .filter(|_| any_transform)
            .map(|chunk| Logarithms::new(&columns[chunk.first..chunk.first + N]));
        Self {
            isa,
            logarithms: logarithms.collect(),
            chunks,
            width: columns.len(),
            clip_sigma,
            missing: match columns.iter().filter(|c| c.missing).count() {
                0 => Missing::None,
                n if n == columns.len() => Missing::All,
                _ => Missing::Some,
            },
        }
    }
}

impl<I: WideLanes<N>, const N: usize> Standardize for Vectors<I, N> {
    fn rows(&self, raw: &[f32], z: &mut [f32]) -> bool {
        let rows = Rows { columns: self, raw, z };
        if !self.logarithms.is_empty() {
            return self.isa.enable(Standardized::<_, N, SOME_MISSING, true>(rows));
        }
        match self.missing {
            Missing::None => self.isa.enable(Standardized::<_, N, NONE_MISSING, false>(rows)),
            Missing::Some => self.isa.enable(Standardized::<_, N, SOME_MISSING, false>(rows)),
            Missing::All => self.isa.enable(Standardized::<_, N, ALL_MISSING, false>(rows)),
        }
    }
}

/// Rows to standardise.
struct Rows<'a, I, const N: usize> {
    columns: &'a Vectors<I, N>,
    raw: &'a [f32],
    z: &'a mut [f32],
}

const NONE_MISSING: u8 = 0;
const SOME_MISSING: u8 = 1;
const ALL_MISSING: u8 = 2;

/// Standardises rows; the result is whether every z is finite.
struct Standardized<'a, I, const N: usize, const MISSING: u8, const TRANSFORMS: bool>(
    Rows<'a, I, N>,
);

impl<I: WideLanes<N>, const N: usize, const MISSING: u8, const TRANSFORMS: bool> Task<bool>
    for Standardized<'_, I, N, MISSING, TRANSFORMS>
{
    #[inline(always)]
    fn run(self) -> bool {
        let Rows { columns, raw, z } = self.0;
        let &Vectors { isa, ref chunks, width, clip_sigma, .. } = columns;
        let clip = isa.splat(clip_sigma);
        let negative_clip = isa.splat(-clip_sigma);
        // Sums of 0 * z: 0 as long as every z is finite, NaN from then on.
        let zero = isa.narrow(isa.splat(0.0));
        let mut zeros = zero;
        for (row, z_row) in raw.chunks_exact(width).zip(z.chunks_exact_mut(width)) {
            for (i, chunk) in chunks.iter().enumerate() {
                let (Some(x), Some(z)) =
                    (row[chunk.first..].first_chunk(), z_row[chunk.first..].first_chunk_mut())
                else {
                    continue;
                };
                let x = isa.load_narrow(x);
                // min and max return their second operand where either is NaN, so NaN comes through.
                let mut value = isa.min(isa.load(&chunk.cap), isa.widen(x));
                if TRANSFORMS && let Some(logarithms) = &columns.logarithms[i] {
                    value = logarithms.apply(isa, value);
                }
                let centred = isa.sub(value, isa.load(&chunk.mean));
                let (std, reciprocal) = (isa.load(&chunk.std), isa.load(&chunk.reciprocal));
                let quotient = isa.divide(centred, std, reciprocal);
                let clipped = isa.max(negative_clip, isa.min(clip, quotient));
                let mut narrow = isa.narrow(clipped);
                if MISSING != NONE_MISSING {
                    let of_nan =
                        if MISSING == ALL_MISSING { zero } else { isa.load_narrow(&chunk.of_nan) };
                    narrow = isa.where_nan(x, narrow, of_nan);
                }
                zeros = isa.add_zero_times(zeros, narrow);
                isa.store_narrow(z, narrow);
            }
        }
        isa.is_zero(zeros)
    }
}
