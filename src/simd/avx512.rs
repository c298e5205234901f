// SPDX-License-Identifier: BSD-2-Clause-Patent
//! AVX-512F.

#[allow(clippy::wildcard_imports)] // Intrinsics.
use std::arch::x86_64::*;

use super::avx2::Avx2;
use super::vector::f64_bits::{BIAS, FRACTION, INTEGER, LEAST, SHIFT};
use super::vector::{Instructions, Lanes, Task, WideLanes, padded};

/// Proof that the processor has AVX-512F, AVX2 and FMA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx512 {
    avx2: Avx2,
}

impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx512f").then(Avx2::detect)?.map(|avx2| Self { avx2 })
    }
}

impl From<Avx512> for Avx2 {
    fn from(set: Avx512) -> Self {
        set.avx2
    }
}

impl Instructions for Avx512 {
    #[inline(always)]
    fn enable<R, T: Task<R>>(self, task: T) -> R {
        #[target_feature(enable = "avx512f,avx2,fma")]
        fn enabled<R, T: Task<R>>(task: T) -> R {
            task.run()
        }
        // SAFETY: `self` exists only where AVX-512F, AVX2 and FMA were detected.
        unsafe { enabled(task) }
    }
}

impl Lanes for Avx512 {
    type V = __m512;
    type Index = __m512i;
    type Mask = __mmask16;
    const WIDTH: usize = 16;
    const FUSES: bool = true;
    const CHOOSES: bool = true;

    instructions! {
        fn splat(x: f32) -> __m512 = _mm512_set1_ps(x);
        fn pack(x: &[f32]) -> __m512 = _mm512_loadu_ps(padded::<f32, 16>(x).as_ptr());
        fn add(a: __m512, b: __m512) -> __m512 = _mm512_add_ps(a, b);
        fn sub(a: __m512, b: __m512) -> __m512 = _mm512_sub_ps(a, b);
        fn mul(a: __m512, b: __m512) -> __m512 = _mm512_mul_ps(a, b);
        fn div(a: __m512, b: __m512) -> __m512 = _mm512_div_ps(a, b);
        fn min(a: __m512, b: __m512) -> __m512 = _mm512_min_ps(a, b);
        fn max(a: __m512, b: __m512) -> __m512 = _mm512_max_ps(a, b);
        fn fma(a: __m512, b: __m512, c: __m512) -> __m512 = _mm512_fmadd_ps(a, b, c);
        fn neg(a: __m512) -> __m512 = _mm512_sub_ps(_mm512_set1_ps(-0.0), a);
        fn abs(a: __m512) -> __m512 = _mm512_abs_ps(a);
        // (sign & mask) | a.
        fn copy_sign(a: __m512, sign: __m512) -> __m512 =
            _mm512_castsi512_ps(_mm512_ternarylogic_epi32::<0xea>(
                _mm512_castps_si512(sign),
                _mm512_set1_epi32(i32::MIN),
                _mm512_castps_si512(a),
            ));
        fn greater(a: __m512, b: __m512) -> __mmask16 = _mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, b);
        fn select(mask: __mmask16, a: __m512, b: __m512) -> __m512 =
            _mm512_mask_blend_ps(mask, b, a);
        fn scale(a: __m512, k: __m512) -> __m512 = {
            let exponent = _mm512_slli_epi32::<23>(_mm512_castps_si512(k));
            _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), exponent))
        };
        fn index(numbers: &[i32]) -> __m512i =
            _mm512_loadu_si512(padded::<i32, 16>(numbers).as_ptr().cast());
    }

    #[inline(always)]
    fn lookup(self, table: &[f32], index: Self::Index) -> Self::V {
        assert!(!table.is_empty(), "a table to look up in");
        // SAFETY: `self` exists only where AVX-512F was detected; what is loaded at once is the
        // whole table, and what is gathered lies inside it.
        unsafe {
            if table.len() == 16 {
                return _mm512_permutexvar_ps(index, _mm512_loadu_ps(table.as_ptr()));
            }
            let inside = _mm512_min_epu32(index, _mm512_set1_epi32(table.len() as i32 - 1));
            _mm512_i32gather_ps::<4>(inside, table.as_ptr())
        }
    }

    #[inline(always)]
    fn transpose8(self, from: &[f32], from_stride: usize, to: &mut [f32], to_stride: usize) {
        self.avx2.transpose8(from, from_stride, to, to_stride);
    }

    #[inline(always)]
    fn flat(v: &[Self::V]) -> &[f32] {
        // SAFETY: a `__m512` is 16 packed f32 without padding, more strictly aligned than f32.
        unsafe { std::slice::from_raw_parts(v.as_ptr().cast(), v.len() * Self::WIDTH) }
    }

    #[inline(always)]
    fn flat_mut(v: &mut [Self::V]) -> &mut [f32] {
        // SAFETY: as in `flat`; every bit pattern of 16 f32 is a valid `__m512`.
        unsafe { std::slice::from_raw_parts_mut(v.as_mut_ptr().cast(), v.len() * Self::WIDTH) }
    }
}

impl WideLanes<8> for Avx512 {
    type Wide = __m512d;
    type Narrow = __m256;

    instructions! {
        fn splat(x: f64) -> __m512d = _mm512_set1_pd(x);
        fn load(x: &[f64; 8]) -> __m512d = _mm512_loadu_pd(x.as_ptr());
        fn load_narrow(x: &[f32; 8]) -> __m256 = _mm256_loadu_ps(x.as_ptr());
        fn store_narrow(to: &mut [f32; 8], x: __m256) -> () = _mm256_storeu_ps(to.as_mut_ptr(), x);
        fn widen(x: __m256) -> __m512d = _mm512_cvtps_pd(x);
        fn narrow(x: __m512d) -> __m256 = _mm512_cvtpd_ps(x);
        fn add(a: __m512d, b: __m512d) -> __m512d = _mm512_add_pd(a, b);
        fn sub(a: __m512d, b: __m512d) -> __m512d = _mm512_sub_pd(a, b);
        fn mul(a: __m512d, b: __m512d) -> __m512d = _mm512_mul_pd(a, b);
        fn div(a: __m512d, b: __m512d) -> __m512d = _mm512_div_pd(a, b);
        fn exponent_and_fraction(x: __m512d) -> (__m512d, __m512d) = {
            let bits = _mm512_add_epi64(_mm512_castpd_si512(x), _mm512_set1_epi64(SHIFT.cast_signed()));
            let exponent = _mm512_or_si512(_mm512_srli_epi64::<52>(bits), _mm512_set1_epi64(INTEGER.cast_signed()));
            let fraction = _mm512_add_epi64(_mm512_and_si512(bits, _mm512_set1_epi64(FRACTION.cast_signed())), _mm512_set1_epi64(LEAST.cast_signed()));
            let exponent = _mm512_sub_pd(_mm512_castsi512_pd(exponent), _mm512_set1_pd(BIAS));
            (exponent, _mm512_castsi512_pd(fraction))
        };
        fn min(a: __m512d, b: __m512d) -> __m512d = _mm512_min_pd(a, b);
        fn max(a: __m512d, b: __m512d) -> __m512d = _mm512_max_pd(a, b);
        fn divide(a: __m512d, b: __m512d, reciprocal: __m512d) -> __m512d = {
            let estimate = _mm512_mul_pd(a, reciprocal);
            let remainder = _mm512_fnmadd_pd(estimate, b, a);
            _mm512_fmadd_pd(remainder, reciprocal, estimate)
        };
        fn add_zero_times(sums: __m256, x: __m256) -> __m256 =
            _mm256_fmadd_ps(x, _mm256_setzero_ps(), sums);
        fn is_zero(x: __m256) -> bool =
            _mm256_movemask_ps(_mm256_cmp_ps::<_CMP_EQ_OQ>(x, _mm256_setzero_ps())) == 0xff;
        fn where_nan(x: __m256, a: __m256, b: __m256) -> __m256 =
            _mm256_blendv_ps(a, b, _mm256_cmp_ps::<_CMP_UNORD_Q>(x, x));
    }
}
