// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Standardisation with AVX2 and FMA or AVX-512, several columns at a time, to the same bits.

// What is not part of the function that enables an instruction set is a call per instruction.
#![allow(clippy::inline_always)]

#[allow(clippy::wildcard_imports)] // Intrinsics.
use std::arch::x86_64::*;

use super::Column;
use crate::simd::{Avx2, Avx512, InstructionSet};

/// The constants of columns that lie side by side in a vector.
#[derive(Debug, Clone)]
struct Chunk<const N: usize> {
    first: usize,
    mean: [f64; N],
    std: [f64; N],
    /// 1 / `std`, correctly rounded.
    reciprocal: [f64; N],
    cap: [f64; N],
}

#[derive(Debug, Clone)]
enum Chunks {
    Four(Vec<Chunk<4>>, Avx2),
    Eight(Vec<Chunk<8>>, Avx512),
}

/// Columns in vectors as wide as instruction set and number of columns allow.
#[derive(Debug, Clone)]
pub(super) struct Vectors {
    chunks: Chunks,
    width: usize,
    clip_sigma: f64,
    nan_is_missing: bool,
}

/// Chunks of N columns; the last overlaps the one before where the width is no multiple of N.
fn chunks<const N: usize>(columns: &[Column]) -> Vec<Chunk<N>> {
    (0..columns.len())
        .step_by(N)
        .map(|first| {
            let first = first.min(columns.len() - N);
            let each = |f: fn(&Column) -> f64| std::array::from_fn(|k| f(&columns[first + k]));
            Chunk {
                first,
                mean: each(|c| c.mean),
                std: each(|c| c.std),
                reciprocal: each(|c| c.std.recip()),
                cap: each(|c| c.cap),
            }
        })
        .collect()
}

impl Vectors {
    /// `None` where the processor, the width or the constants are not made for it.
    pub(super) fn new(
        columns: &[Column],
        clip_sigma: f64,
        nan_is_missing: bool,
        set: InstructionSet,
    ) -> Option<Self> {
        let width = columns.len();
        // Division by way of the reciprocal is exact as long as nothing under- or overflows.
        let is_safe = |x: f64| x == 0.0 || (1e-60..1e60).contains(&x.abs());
        if !columns.iter().all(|c| is_safe(c.mean) && is_safe(c.std)) {
            return None;
        }
        let chunks = match set {
            InstructionSet::Avx512(isa) if width >= 8 => Chunks::Eight(chunks(columns), isa),
            InstructionSet::Avx512(isa) if width >= 4 => Chunks::Four(chunks(columns), isa.into()),
            InstructionSet::Avx2(isa) if width >= 4 => Chunks::Four(chunks(columns), isa),
            _ => return None,
        };
        Some(Self { chunks, width, clip_sigma, nan_is_missing })
    }

    /// Writes the standardised rows; whether every value was finite or allowed to be missing.
    pub(super) fn rows(&self, features: &[f32], z: &mut [f32]) -> bool {
        match &self.chunks {
            // SAFETY: the values of `Avx2` are only made where it was detected.
            Chunks::Four(chunks, isa) => unsafe { self.avx2(*isa, chunks, features, z) },
            // SAFETY: likewise.
            Chunks::Eight(chunks, isa) => unsafe { self.avx512(*isa, chunks, features, z) },
        }
    }

    #[target_feature(enable = "avx2,fma")]
    fn avx2(&self, isa: Avx2, chunks: &[Chunk<4>], features: &[f32], z: &mut [f32]) -> bool {
        self.with(isa, chunks, features, z)
    }

    #[target_feature(enable = "avx512f,avx2,fma")]
    fn avx512(&self, isa: Avx512, chunks: &[Chunk<8>], features: &[f32], z: &mut [f32]) -> bool {
        self.with(isa, chunks, features, z)
    }

    #[inline(always)]
    fn with<I: Isa<N>, const N: usize>(
        &self,
        isa: I,
        chunks: &[Chunk<N>],
        features: &[f32],
        z: &mut [f32],
    ) -> bool {
        if self.nan_is_missing {
            rows::<_, N, true>(isa, chunks, self.width, self.clip_sigma, features, z)
        } else {
            rows::<_, N, false>(isa, chunks, self.width, self.clip_sigma, features, z)
        }
    }
}

#[inline(always)]
fn rows<I: Isa<N>, const N: usize, const NAN_IS_MISSING: bool>(
    isa: I,
    chunks: &[Chunk<N>],
    width: usize,
    clip_sigma: f64,
    features: &[f32],
    z: &mut [f32],
) -> bool {
    let clip = isa.splat(clip_sigma);
    let negative_clip = isa.splat(-clip_sigma);
    // Sums of 0 * value: 0 as long as every value is finite, NaN from then on.
    let mut zeros = isa.narrow(isa.splat(0.0));
    for (row, z_row) in features.chunks_exact(width).zip(z.chunks_exact_mut(width)) {
        for chunk in chunks {
            let (Some(x), Some(z)) =
                (row[chunk.first..].first_chunk(), z_row[chunk.first..].first_chunk_mut())
            else {
                continue;
            };
            let x = isa.load_narrow(x);
            // min and max give their second operand where either is NaN, so NaN comes through.
            let capped = isa.min(isa.load(&chunk.cap), isa.widen(x));
            let centred = isa.sub(capped, isa.load(&chunk.mean));
            // Division by one correction of the product with the reciprocal (Markstein).
            let reciprocal = isa.load(&chunk.reciprocal);
            let estimate = isa.mul(centred, reciprocal);
            let remainder = isa.negated_fma(estimate, isa.load(&chunk.std), centred);
            let quotient = isa.fma(remainder, reciprocal, estimate);
            let clipped = isa.max(negative_clip, isa.min(clip, quotient));
            let mut narrow = isa.narrow(clipped);
            // Infinity is refused whatever cap and clip make of it.
            let mut checked = x;
            if NAN_IS_MISSING {
                narrow = isa.zero_where_nan(narrow, x);
                checked = isa.zero_where_nan(x, x);
            }
            zeros = isa.add_zero_times(zeros, checked);
            zeros = isa.add_zero_times(zeros, narrow);
            isa.store_narrow(z, narrow);
        }
    }
    isa.is_zero(zeros)
}

/// Vectors of N f64 and of N f32. A value of the type is the proof that the processor has the
/// instructions; every method is `inline(always)`, so that it becomes part of the function that
/// enables them.
trait Isa<const N: usize>: Copy {
    type Wide: Copy;
    type Narrow: Copy;
    fn splat(self, x: f64) -> Self::Wide;
    fn load(self, x: &[f64; N]) -> Self::Wide;
    fn load_narrow(self, x: &[f32; N]) -> Self::Narrow;
    fn store_narrow(self, to: &mut [f32; N], x: Self::Narrow);
    fn widen(self, x: Self::Narrow) -> Self::Wide;
    fn narrow(self, x: Self::Wide) -> Self::Narrow;
    fn sub(self, a: Self::Wide, b: Self::Wide) -> Self::Wide;
    fn mul(self, a: Self::Wide, b: Self::Wide) -> Self::Wide;
    /// `b` where either is NaN.
    fn min(self, a: Self::Wide, b: Self::Wide) -> Self::Wide;
    /// `b` where either is NaN.
    fn max(self, a: Self::Wide, b: Self::Wide) -> Self::Wide;
    /// a * b + c.
    fn fma(self, a: Self::Wide, b: Self::Wide, c: Self::Wide) -> Self::Wide;
    /// c - a * b.
    fn negated_fma(self, a: Self::Wide, b: Self::Wide, c: Self::Wide) -> Self::Wide;
    /// sums + 0 * x.
    fn add_zero_times(self, sums: Self::Narrow, x: Self::Narrow) -> Self::Narrow;
    /// Whether all values are 0.
    fn is_zero(self, x: Self::Narrow) -> bool;
    /// `x`, 0 where `y` is NaN.
    fn zero_where_nan(self, x: Self::Narrow, y: Self::Narrow) -> Self::Narrow;
}

impl Isa<4> for Avx2 {
    type Wide = __m256d;
    type Narrow = __m128;
    #[inline(always)]
    fn splat(self, x: f64) -> Self::Wide {
        // SAFETY: `self` is only made where AVX2 and FMA were detected.
        unsafe { _mm256_set1_pd(x) }
    }
    #[inline(always)]
    fn load(self, x: &[f64; 4]) -> Self::Wide {
        // SAFETY: likewise; the array holds what is read.
        unsafe { _mm256_loadu_pd(x.as_ptr()) }
    }
    #[inline(always)]
    fn load_narrow(self, x: &[f32; 4]) -> Self::Narrow {
        // SAFETY: likewise; the array holds what is read.
        unsafe { _mm_loadu_ps(x.as_ptr()) }
    }
    #[inline(always)]
    fn store_narrow(self, to: &mut [f32; 4], x: Self::Narrow) {
        // SAFETY: likewise; the array holds what is written.
        unsafe {
            _mm_storeu_ps(to.as_mut_ptr(), x);
        }
    }
    #[inline(always)]
    fn widen(self, x: Self::Narrow) -> Self::Wide {
        // SAFETY: likewise.
        unsafe { _mm256_cvtps_pd(x) }
    }
    #[inline(always)]
    fn narrow(self, x: Self::Wide) -> Self::Narrow {
        // SAFETY: likewise.
        unsafe { _mm256_cvtpd_ps(x) }
    }
    #[inline(always)]
    fn sub(self, a: Self::Wide, b: Self::Wide) -> Self::Wide {
        // SAFETY: likewise.
        unsafe { _mm256_sub_pd(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: Self::Wide, b: Self::Wide) -> Self::Wide {
        // SAFETY: likewise.
        unsafe { _mm256_mul_pd(a, b) }
    }
    #[inline(always)]
    fn min(self, a: Self::Wide, b: Self::Wide) -> Self::Wide {
        // SAFETY: likewise.
        unsafe { _mm256_min_pd(a, b) }
    }
    #[inline(always)]
    fn max(self, a: Self::Wide, b: Self::Wide) -> Self::Wide {
        // SAFETY: likewise.
        unsafe { _mm256_max_pd(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: Self::Wide, b: Self::Wide, c: Self::Wide) -> Self::Wide {
        // SAFETY: likewise.
        unsafe { _mm256_fmadd_pd(a, b, c) }
    }
    #[inline(always)]
    fn negated_fma(self, a: Self::Wide, b: Self::Wide, c: Self::Wide) -> Self::Wide {
        // SAFETY: likewise.
        unsafe { _mm256_fnmadd_pd(a, b, c) }
    }
    #[inline(always)]
    fn add_zero_times(self, sums: Self::Narrow, x: Self::Narrow) -> Self::Narrow {
        // SAFETY: likewise.
        unsafe { _mm_fmadd_ps(x, _mm_setzero_ps(), sums) }
    }
    #[inline(always)]
    fn is_zero(self, x: Self::Narrow) -> bool {
        // SAFETY: likewise.
        unsafe { _mm_movemask_ps(_mm_cmp_ps::<_CMP_EQ_OQ>(x, _mm_setzero_ps())) == 15 }
    }
    #[inline(always)]
    fn zero_where_nan(self, x: Self::Narrow, y: Self::Narrow) -> Self::Narrow {
        // SAFETY: likewise.
        unsafe { _mm_andnot_ps(_mm_cmp_ps::<_CMP_UNORD_Q>(y, y), x) }
    }
}

impl Isa<8> for Avx512 {
    type Wide = __m512d;
    type Narrow = __m256;
    #[inline(always)]
    fn splat(self, x: f64) -> Self::Wide {
        // SAFETY: `self` is only made where AVX-512F, AVX2 and FMA were detected.
        unsafe { _mm512_set1_pd(x) }
    }
    #[inline(always)]
    fn load(self, x: &[f64; 8]) -> Self::Wide {
        // SAFETY: likewise; the array holds what is read.
        unsafe { _mm512_loadu_pd(x.as_ptr()) }
    }
    #[inline(always)]
    fn load_narrow(self, x: &[f32; 8]) -> Self::Narrow {
        // SAFETY: likewise; the array holds what is read.
        unsafe { _mm256_loadu_ps(x.as_ptr()) }
    }
    #[inline(always)]
    fn store_narrow(self, to: &mut [f32; 8], x: Self::Narrow) {
        // SAFETY: likewise; the array holds what is written.
        unsafe {
            _mm256_storeu_ps(to.as_mut_ptr(), x);
        }
    }
    #[inline(always)]
    fn widen(self, x: Self::Narrow) -> Self::Wide {
        // SAFETY: likewise.
        unsafe { _mm512_cvtps_pd(x) }
    }
    #[inline(always)]
    fn narrow(self, x: Self::Wide) -> Self::Narrow {
        // SAFETY: likewise.
        unsafe { _mm512_cvtpd_ps(x) }
    }
    #[inline(always)]
    fn sub(self, a: Self::Wide, b: Self::Wide) -> Self::Wide {
        // SAFETY: likewise.
        unsafe { _mm512_sub_pd(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: Self::Wide, b: Self::Wide) -> Self::Wide {
        // SAFETY: likewise.
        unsafe { _mm512_mul_pd(a, b) }
    }
    #[inline(always)]
    fn min(self, a: Self::Wide, b: Self::Wide) -> Self::Wide {
        // SAFETY: likewise.
        unsafe { _mm512_min_pd(a, b) }
    }
    #[inline(always)]
    fn max(self, a: Self::Wide, b: Self::Wide) -> Self::Wide {
        // SAFETY: likewise.
        unsafe { _mm512_max_pd(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: Self::Wide, b: Self::Wide, c: Self::Wide) -> Self::Wide {
        // SAFETY: likewise.
        unsafe { _mm512_fmadd_pd(a, b, c) }
    }
    #[inline(always)]
    fn negated_fma(self, a: Self::Wide, b: Self::Wide, c: Self::Wide) -> Self::Wide {
        // SAFETY: likewise.
        unsafe { _mm512_fnmadd_pd(a, b, c) }
    }
    #[inline(always)]
    fn add_zero_times(self, sums: Self::Narrow, x: Self::Narrow) -> Self::Narrow {
        // SAFETY: likewise.
        unsafe { _mm256_fmadd_ps(x, _mm256_setzero_ps(), sums) }
    }
    #[inline(always)]
    fn is_zero(self, x: Self::Narrow) -> bool {
        // SAFETY: likewise.
        unsafe { _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_EQ_OQ>(x, _mm256_setzero_ps())) == 255 }
    }
    #[inline(always)]
    fn zero_where_nan(self, x: Self::Narrow, y: Self::Narrow) -> Self::Narrow {
        // SAFETY: likewise.
        unsafe { _mm256_andnot_ps(_mm256_cmp_ps::<_CMP_UNORD_Q>(y, y), x) }
    }
}
