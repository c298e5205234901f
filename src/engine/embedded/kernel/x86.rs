// SPDX-License-Identifier: BSD-2-Clause-Patent
//! AVX2 with FMA, and AVX-512F.

#[allow(clippy::wildcard_imports)] // Intrinsics.
use std::arch::x86_64::*;

use super::lanes::{Lanes, Task, padded};
use crate::simd::{Avx2, Avx512};

impl Lanes for Avx2 {
    type V = __m256;
    type Index = __m256i;
    type Mask = __m256;
    const WIDTH: usize = 8;
    const PANEL: usize = 4;
    const OUTPUTS: usize = 4;
    const FUSES: bool = true;
    const CHOOSES: bool = true;
    const FEWEST: usize = 4;

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
        let v = padded::<f32, 8>(x);
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
    fn greater(self, a: Self::V, b: Self::V) -> Self::Mask {
        // SAFETY: `self` is only made where AVX2 was detected.
        unsafe { _mm256_cmp_ps::<_CMP_GT_OQ>(a, b) }
    }
    #[inline(always)]
    fn select(self, mask: Self::Mask, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX2 was detected.
        unsafe { _mm256_blendv_ps(b, a, mask) }
    }
    #[inline(always)]
    fn choose(self, mask: Self::Mask, a: f32, b: f32) -> Self::V {
        // SAFETY: `self` is only made where AVX2 was detected.
        unsafe {
            // The low two bits of a lane number one of four values: 0 or 3.
            _mm256_permutevar_ps(_mm256_setr_ps(b, b, a, a, b, b, a, a), _mm256_castps_si256(mask))
        }
    }
    #[inline(always)]
    fn scale(self, a: Self::V, k: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX2 was detected.
        unsafe {
            let exponent = _mm256_slli_epi32::<23>(_mm256_castps_si256(k));
            _mm256_castsi256_ps(_mm256_add_epi32(_mm256_castps_si256(a), exponent))
        }
    }
    #[inline(always)]
    fn index(self, numbers: &[i32]) -> Self::Index {
        let index = padded::<i32, 8>(numbers);
        // SAFETY: `self` is only made where AVX2 was detected; the array holds 8 i32.
        unsafe { _mm256_loadu_si256(index.as_ptr().cast()) }
    }
    #[inline(always)]
    fn lookup(self, table: &[f32], index: Self::Index) -> Self::V {
        assert!(table.len() >= 8, "a table of whole vectors");
        // SAFETY: `self` is only made where AVX2 was detected; what is loaded at once lies inside
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
        // SAFETY: `self` is only made where AVX2 was detected.
        unsafe { transpose8(from, from_stride, to, to_stride) }
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
    type Index = __m512i;
    type Mask = __mmask16;
    const WIDTH: usize = 16;
    const PANEL: usize = 4;
    const OUTPUTS: usize = 8;
    const FUSES: bool = true;
    const CHOOSES: bool = true;
    const FEWEST: usize = 7;

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
        let v = padded::<f32, 16>(x);
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
    fn greater(self, a: Self::V, b: Self::V) -> Self::Mask {
        // SAFETY: `self` is only made where AVX-512F was detected.
        unsafe { _mm512_cmp_ps_mask::<_CMP_GT_OQ>(a, b) }
    }
    #[inline(always)]
    fn select(self, mask: Self::Mask, a: Self::V, b: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX-512F was detected.
        unsafe { _mm512_mask_blend_ps(mask, b, a) }
    }
    #[inline(always)]
    fn scale(self, a: Self::V, k: Self::V) -> Self::V {
        // SAFETY: `self` is only made where AVX-512F was detected.
        unsafe {
            let exponent = _mm512_slli_epi32::<23>(_mm512_castps_si512(k));
            _mm512_castsi512_ps(_mm512_add_epi32(_mm512_castps_si512(a), exponent))
        }
    }
    #[inline(always)]
    fn index(self, numbers: &[i32]) -> Self::Index {
        let index = padded::<i32, 16>(numbers);
        // SAFETY: `self` is only made where AVX-512F was detected; the array holds 16 i32.
        unsafe { _mm512_loadu_si512(index.as_ptr().cast()) }
    }
    #[inline(always)]
    fn lookup(self, table: &[f32], index: Self::Index) -> Self::V {
        assert!(!table.is_empty(), "a table to look up in");
        // SAFETY: `self` is only made where AVX-512F was detected; what is loaded at once is the
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
        // SAFETY: `self` is only made where AVX2 was detected.
        unsafe { transpose8(from, from_stride, to, to_stride) }
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

/// SAFETY: the processor has AVX2.
#[inline(always)]
unsafe fn transpose8(from: &[f32], from_stride: usize, to: &mut [f32], to_stride: usize) {
    assert!(from.len() >= 7 * from_stride + 8 && to.len() >= 7 * to_stride + 8, "eight rows");
    // SAFETY: the caller's; row 7 is the last one that is read, column 7 the last one written.
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
