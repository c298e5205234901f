// SPDX-License-Identifier: BSD-2-Clause-Patent
//! AVX2 with FMA.

#[allow(clippy::wildcard_imports)] // Intrinsics.
use std::arch::x86_64::*;

use super::vector::f64_bits::{BIAS, FRACTION, INTEGER, LEAST, SHIFT};
use super::vector::{Instructions, Lanes, Task, WideLanes, padded};

/// Proof that the processor has AVX2 and FMA.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Avx2(());

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }
}

impl Instructions for Avx2 {
    #[inline(always)]
    fn enable<R, T: Task<R>>(self, task: T) -> R {
        #[target_feature(enable = "avx2,fma")]
        fn enabled<R, T: Task<R>>(task: T) -> R {
            task.run()
        }
        // SAFETY: `self` exists only where AVX2 and FMA were detected.
        unsafe { enabled(task) }
    }
}

impl Lanes for Avx2 {
    type V = __m256;
    type Index = __m256i;
    type Mask = __m256;
    const WIDTH: usize = 8;
    const FUSES: bool = true;
    const CHOOSES: bool = true;

    instructions! {
        fn splat(x: f32) -> __m256 = _mm256_set1_ps(x);
        fn pack(x: &[f32]) -> __m256 = _mm256_loadu_ps(padded::<f32, 8>(x).as_ptr());
        fn add(a: __m256, b: __m256) -> __m256 = _mm256_add_ps(a, b);
        fn sub(a: __m256, b: __m256) -> __m256 = _mm256_sub_ps(a, b);
        fn mul(a: __m256, b: __m256) -> __m256 = _mm256_mul_ps(a, b);
        fn div(a: __m256, b: __m256) -> __m256 = _mm256_div_ps(a, b);
        fn min(a: __m256, b: __m256) -> __m256 = _mm256_min_ps(a, b);
        fn max(a: __m256, b: __m256) -> __m256 = _mm256_max_ps(a, b);
        fn fma(a: __m256, b: __m256, c: __m256) -> __m256 = _mm256_fmadd_ps(a, b, c);
        fn neg(a: __m256) -> __m256 = _mm256_xor_ps(a, _mm256_set1_ps(-0.0));
        fn abs(a: __m256) -> __m256 = _mm256_andnot_ps(_mm256_set1_ps(-0.0), a);
        fn copy_sign(a: __m256, sign: __m256) -> __m256 =
            _mm256_or_ps(a, _mm256_and_ps(_mm256_set1_ps(-0.0), sign));
        fn greater(a: __m256, b: __m256) -> __m256 = _mm256_cmp_ps::<_CMP_GT_OQ>(a, b);
        fn select(mask: __m256, a: __m256, b: __m256) -> __m256 = _mm256_blendv_ps(b, a, mask);
        // The low two bits of a lane of the mask number one of four values: 0 or 3.
        fn choose(mask: __m256, a: f32, b: f32) -> __m256 =
            _mm256_permutevar_ps(_mm256_setr_ps(b, b, a, a, b, b, a, a), _mm256_castps_si256(mask));
        fn scale(a: __m256, k: __m256) -> __m256 = {
            let exponent = _mm256_slli_epi32::<23>(_mm256_castps_si256(k));
            _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), exponent))
        };
        fn index(numbers: &[i32]) -> __m256i =
            _mm256_loadu_si256(padded::<i32, 8>(numbers).as_ptr().cast());
    }

    #[inline(always)]
    fn lookup(self, table: &[f32], index: Self::Index) -> Self::V {
        assert!(table.len() >= 8, "a table of whole vectors");
        // SAFETY: `self` exists only where AVX2 was detected; what is loaded at once lies inside
        // the table, and so does what is gathered.
        unsafe {
            let low = _mm256_permutevar8x32_ps(_mm256_loadu_ps(table.as_ptr()), index);
            if table.len() == 8 {
                return low;
            }
            if table.len() == 16 {
                let high = _mm256_loadu_ps(table.as_ptr().add(8));
                let high = _mm256_permutevar8x32_ps(high, index);
                // The bit for 8 becomes the sign, which the choice goes by.
                let is_high = _mm256_castsi256_ps(_mm256_slli_epi32::<28>(index));
                return _mm256_blendv_ps(low, high, is_high);
            }
            let inside = _mm256_min_epu32(index, _mm256_set1_epi32(table.len() as i32 - 1));
            _mm256_i32gather_ps::<4>(table.as_ptr(), inside)
        }
    }

    #[inline(always)]
    fn transpose8(self, from: &[f32], from_stride: usize, to: &mut [f32], to_stride: usize) {
        assert!(from.len() >= 7 * from_stride + 8 && to.len() >= 7 * to_stride + 8, "eight rows");
        // SAFETY: `self` exists only where AVX2 was detected; row 7 is the last one that is read,
        // column 7 the last one written.
        unsafe {
            // Two rows' values in turn, then four rows', then all eight.
            let (mut pairs, mut fours) = ([_mm256_setzero_ps(); 8], [_mm256_setzero_ps(); 8]);
            for i in (0..8).step_by(2) {
                let a = _mm256_loadu_ps(from.as_ptr().add(i * from_stride));
                let b = _mm256_loadu_ps(from.as_ptr().add((i + 1) * from_stride));
                pairs[i] = _mm256_unpacklo_ps(a, b);
                pairs[i + 1] = _mm256_unpackhi_ps(a, b);
            }
            for i in [0, 4] {
                for half in 0..2 {
                    let (a, b) = (pairs[i + half], pairs[i + half + 2]);
                    fours[i + 2 * half] = _mm256_shuffle_ps::<0x44>(a, b);
                    fours[i + 2 * half + 1] = _mm256_shuffle_ps::<0xee>(a, b);
                }
            }
            for i in 0..4 {
                let (a, b) = (fours[i], fours[i + 4]);
                let (to, far) = (to.as_mut_ptr().add(i * to_stride), 4 * to_stride);
                _mm256_storeu_ps(to, _mm256_permute2f128_ps::<0x20>(a, b));
                _mm256_storeu_ps(to.add(far), _mm256_permute2f128_ps::<0x31>(a, b));
            }
        }
    }

    #[inline(always)]
    fn flat(v: &[Self::V]) -> &[f32] {
        // SAFETY: a `__m256` is 8 packed f32 without padding, more strictly aligned than f32.
        unsafe { std::slice::from_raw_parts(v.as_ptr().cast(), v.len() * Self::WIDTH) }
    }

    #[inline(always)]
    fn flat_mut(v: &mut [Self::V]) -> &mut [f32] {
        // SAFETY: as in `flat`; every bit pattern of 8 f32 is a valid `__m256`.
        unsafe { std::slice::from_raw_parts_mut(v.as_mut_ptr().cast(), v.len() * Self::WIDTH) }
    }
}

impl WideLanes<4> for Avx2 {
    type Wide = __m256d;
    type Narrow = __m128;

    instructions! {
        fn splat(x: f64) -> __m256d = _mm256_set1_pd(x);
        fn load(x: &[f64; 4]) -> __m256d = _mm256_loadu_pd(x.as_ptr());
        fn load_narrow(x: &[f32; 4]) -> __m128 = _mm_loadu_ps(x.as_ptr());
        fn store_narrow(to: &mut [f32; 4], x: __m128) -> () = _mm_storeu_ps(to.as_mut_ptr(), x);
        fn widen(x: __m128) -> __m256d = _mm256_cvtps_pd(x);
        fn narrow(x: __m256d) -> __m128 = _mm256_cvtpd_ps(x);
        fn add(a: __m256d, b: __m256d) -> __m256d = _mm256_add_pd(a, b);
        fn sub(a: __m256d, b: __m256d) -> __m256d = _mm256_sub_pd(a, b);
        fn mul(a: __m256d, b: __m256d) -> __m256d = _mm256_mul_pd(a, b);
        fn div(a: __m256d, b: __m256d) -> __m256d = _mm256_div_pd(a, b);
        fn exponent_and_fraction(x: __m256d) -> (__m256d, __m256d) = {
            let bits = _mm256_add_epi64(_mm256_castpd_si256(x), _mm256_set1_epi64x(SHIFT.cast_signed()));
            let exponent = _mm256_or_si256(_mm256_srli_epi64::<52>(bits), _mm256_set1_epi64x(INTEGER.cast_signed()));
            let fraction = _mm256_add_epi64(_mm256_and_si256(bits, _mm256_set1_epi64x(FRACTION.cast_signed())), _mm256_set1_epi64x(LEAST.cast_signed()));
            let exponent = _mm256_sub_pd(_mm256_castsi256_pd(exponent), _mm256_set1_pd(BIAS));
            (exponent, _mm256_castsi256_pd(fraction))
        };
        fn min(a: __m256d, b: __m256d) -> __m256d = _mm256_min_pd(a, b);
        fn max(a: __m256d, b: __m256d) -> __m256d = _mm256_max_pd(a, b);
        fn divide(a: __m256d, b: __m256d, reciprocal: __m256d) -> __m256d = {
            let estimate = _mm256_mul_pd(a, reciprocal);
            let remainder = _mm256_fnmadd_pd(estimate, b, a);
            _mm256_fmadd_pd(remainder, reciprocal, estimate)
        };
        fn add_zero_times(sums: __m128, x: __m128) -> __m128 =
            _mm_fmadd_ps(x, _mm_setzero_ps(), sums);
        fn is_zero(x: __m128) -> bool =
            _mm_movemask_ps(_mm_cmp_ps::<_CMP_EQ_OQ>(x, _mm_setzero_ps())) == 0xf;
        fn where_nan(x: __m128, a: __m128, b: __m128) -> __m128 =
            _mm_blendv_ps(a, b, _mm_cmp_ps::<_CMP_UNORD_Q>(x, x));
    }
}
