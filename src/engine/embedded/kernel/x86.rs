// SPDX-License-Identifier: BSD-2-Clause-Patent
//! AVX2 with FMA, and AVX-512F.

#[allow(clippy::wildcard_imports)] // Intrinsics.
use std::arch::x86_64::*;

use super::lanes::{Lanes, Task};

/// Proof that the processor has AVX2 and FMA.
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

/// Proof that the processor has AVX-512F.
#[derive(Clone, Copy)]
pub(super) struct Avx512(());

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma")).then_some(Self(()))
    }
}

impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f")
            && is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma"))
        .then_some(Self(()))
    }
}

impl Lanes for Avx2 {
    type V = __m256;
    const WIDTH: usize = 8;
    const PANEL: usize = 4;
    const ROWS: usize = 3;

    #[inline(always)]
    fn enable<T: Task>(self, task: T) {
        #[target_feature(enable = "avx2,fma")]
        fn enabled<T: Task>(task: T) {
            task.run();
        }
        // SAFETY: `self` is only made where AVX2 and FMA were detected.
        unsafe { enabled(task) }
    }
    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        // SAFETY: `self` is only made where AVX2 was detected.
        unsafe { _mm256_set1_ps(x) }
    }
    #[inline(always)]
    fn pack(self, x: &[f32]) -> Self::V {
        let mut v = [0.0_f32; 8];
        for (to, &from) in v.iter_mut().zip(x) {
            *to = from;
        }
        // SAFETY: `self` is only made where AVX2 was detected; the array holds 8 f32.
        unsafe { _mm256_loadu_ps(v.as_ptr()) }
    }
    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX2 was detected.
        unsafe { _mm256_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX2 was detected.
        unsafe { _mm256_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX2 was detected.
        unsafe { _mm256_mul_ps(a, b) }
    }
    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX2 was detected.
        unsafe { _mm256_div_ps(a, b) }
    }
    #[inline(always)]
    fn min(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX2 was detected.
        unsafe { _mm256_min_ps(a, b) }
    }
    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX2 was detected.
        unsafe { _mm256_max_ps(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        // SAFETY: `self` is only made where FMA was detected.
        unsafe { _mm256_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn neg(self, a: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX2 was detected.
        unsafe { _mm256_xor_ps(a, _mm256_set1_ps(-0.0)) }
    }
    #[inline(always)]
    fn abs(self, a: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX2 was detected.
        unsafe { _mm256_andnot_ps(_mm256_set1_ps(-0.0), a) }
    }
    #[inline(always)]
    fn copy_sign(self, a: Self::V, sign: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX2 was detected.
        unsafe { _mm256_or_ps(a, _mm256_and_ps(_mm256_set1_ps(-0.0), sign)) }
    }
    #[inline(always)]
    fn select_greater(self, a: Self::V, b: Self::V, x: Self::V, y: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX2 was detected.
        unsafe { _mm256_blendv_ps(y, x, _mm256_cmp_ps::<_CMP_GT_OQ>(a, b)) }
    }
    #[inline(always)]
    fn scale(self, a: Self::V, k: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX2 was detected.
        unsafe {
            // To the exponent, whose bits are the ones above the fraction's 23.
            let exponent = _mm256_slli_epi32::<23>(_mm256_cvtps_epi32(k));
            _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), exponent))
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

impl Lanes for Avx512 {
    type V = __m512;
    const WIDTH: usize = 16;
    const PANEL: usize = 4;
    const ROWS: usize = 6;

    #[inline(always)]
    fn enable<T: Task>(self, task: T) {
        #[target_feature(enable = "avx512f,avx2,fma")]
        fn enabled<T: Task>(task: T) {
            task.run();
        }
        // SAFETY: `self` is only made where AVX-512F, AVX2 and FMA were detected.
        unsafe { enabled(task) }
    }
    #[inline(always)]
    fn splat(self, x: f32) -> Self::V {
        // SAFETY: `self` is only made where AVX-512F was detected.
        unsafe { _mm512_set1_ps(x) }
    }
    #[inline(always)]
    fn pack(self, x: &[f32]) -> Self::V {
        let mut v = [0.0_f32; 16];
        for (to, &from) in v.iter_mut().zip(x) {
            *to = from;
        }
        // SAFETY: `self` is only made where AVX-512F was detected; the array holds 16 f32.
        unsafe { _mm512_loadu_ps(v.as_ptr()) }
    }
    #[inline(always)]
    fn add(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX-512F was detected.
        unsafe { _mm512_add_ps(a, b) }
    }
    #[inline(always)]
    fn sub(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX-512F was detected.
        unsafe { _mm512_sub_ps(a, b) }
    }
    #[inline(always)]
    fn mul(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX-512F was detected.
        unsafe { _mm512_mul_ps(a, b) }
    }
    #[inline(always)]
    fn div(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX-512F was detected.
        unsafe { _mm512_div_ps(a, b) }
    }
    #[inline(always)]
    fn min(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX-512F was detected.
        unsafe { _mm512_min_ps(a, b) }
    }
    #[inline(always)]
    fn max(self, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX-512F was detected.
        unsafe { _mm512_max_ps(a, b) }
    }
    #[inline(always)]
    fn fma(self, a: Self::V, b: Self::V, c: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX-512F was detected.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }
    #[inline(always)]
    fn neg(self, a: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX-512F was detected.
        unsafe { _mm512_sub_ps(_mm512_set1_ps(-0.0), a) }
    }
    #[inline(always)]
    fn abs(self, a: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX-512F was detected.
        unsafe { _mm512_abs_ps(a) }
    }
    #[inline(always)]
    fn copy_sign(self, a: Self::V, sign: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX-512F was detected.
        unsafe {
            let (a, sign) = (_mm512_castps_si512(a), _mm512_castps_si512(sign));
            let mask = _mm512_set1_epi32(i32::MIN);
            // (sign & mask) | a.
            _mm512_castsi512_ps(_mm512_ternarylogic_epi32::<0xea>(sign, mask, a))
        }
    }
    #[inline(always)]
    fn select_greater(self, a: Self::V, b: Self::V, x: Self::V, y: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX-512F was detected.
        unsafe { _mm512_mask_blend_ps(_mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, b), y, x) }
    }
    #[inline(always)]
    fn scale(self, a: Self::V, k: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX-512F was detected.
        unsafe { _mm512_scalef_ps(a, k) }
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
