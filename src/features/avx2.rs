// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Standardisation with AVX2 and FMA, four columns at a time, to the same bits.

use std::arch::x86_64::{
    __m128, __m256d, _CMP_UNORD_Q, _mm_andnot_ps, _mm_cmp_ps, _mm_fmadd_ps, _mm_loadu_ps,
    _mm_setzero_ps, _mm_storeu_ps, _mm256_cvtpd_ps, _mm256_cvtps_pd, _mm256_fmadd_pd,
    _mm256_fnmadd_pd, _mm256_loadu_pd, _mm256_max_pd, _mm256_min_pd, _mm256_mul_pd, _mm256_set1_pd,
    _mm256_sub_pd,
};

use super::Column;

/// The constants of four neighbouring columns.
#[derive(Debug, Clone)]
struct Quad {
    first: usize,
    mean: [f64; 4],
    std: [f64; 4],
    /// 1 / `std`, correctly rounded.
    reciprocal: [f64; 4],
    cap: [f64; 4],
}

/// Proof that the processor has AVX2 and FMA, with the columns in quads.
#[derive(Debug, Clone)]
pub(super) struct Quads {
    columns: Vec<Quad>,
    width: usize,
    clip_sigma: f64,
    nan_is_missing: bool,
}

impl Quads {
    /// `None` where the processor, the width or the constants are not made for it.
    pub(super) fn new(columns: &[Column], clip_sigma: f64, nan_is_missing: bool) -> Option<Self> {
        let width = columns.len();
        // Division by way of the reciprocal is exact as long as nothing under- or overflows.
        let is_safe = |x: f64| x == 0.0 || (1e-60..1e60).contains(&x.abs());
        if width < 4
            || !(is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma"))
            || !columns.iter().all(|c| is_safe(c.mean) && is_safe(c.std))
        {
            return None;
        }
        // The last quad overlaps the one before where the width is no multiple of four.
        let quads = (0..width).step_by(4).map(|first| {
            let first = first.min(width - 4);
            let each = |f: fn(&Column) -> f64| std::array::from_fn(|k| f(&columns[first + k]));
            Quad {
                first,
                mean: each(|c| c.mean),
                std: each(|c| c.std),
                reciprocal: each(|c| c.std.recip()),
                cap: each(|c| c.cap),
            }
        });
        Some(Self { columns: quads.collect(), width, clip_sigma, nan_is_missing })
    }

    /// Writes the standardised rows; whether every value was finite or allowed to be missing.
    pub(super) fn rows(&self, features: &[f32], z: &mut [f32]) -> bool {
        // SAFETY: `new` makes a value only where AVX2 and FMA were detected.
        unsafe {
            if self.nan_is_missing {
                self.rows_enabled::<true>(features, z)
            } else {
                self.rows_enabled::<false>(features, z)
            }
        }
    }

    #[target_feature(enable = "avx2,fma")]
    fn rows_enabled<const NAN_IS_MISSING: bool>(&self, features: &[f32], z: &mut [f32]) -> bool {
        let clip = _mm256_set1_pd(self.clip_sigma);
        let negative_clip = _mm256_set1_pd(-self.clip_sigma);
        // Sums of 0 * value: 0 as long as every value is finite, NaN from then on.
        let mut zeros = _mm_setzero_ps();
        let (mut features, mut z) = (features, z);
        while let Some((row, more)) = features.split_at_checked(self.width)
            && let Some((z_row, more_z)) = z.split_at_mut_checked(self.width)
        {
            (features, z) = (more, more_z);
            for quad in &self.columns {
                let (Some(x), Some(z)) =
                    (row[quad.first..].first_chunk(), z_row[quad.first..].first_chunk_mut())
                else {
                    continue;
                };
                let mut x = load4(x);
                // min and max give their second operand where either is NaN, so NaN comes through.
                let capped = _mm256_min_pd(load4_f64(&quad.cap), _mm256_cvtps_pd(x));
                let centred = _mm256_sub_pd(capped, load4_f64(&quad.mean));
                // Division by one correction of the product with the reciprocal (Markstein).
                let reciprocal = load4_f64(&quad.reciprocal);
                let estimate = _mm256_mul_pd(centred, reciprocal);
                let remainder = _mm256_fnmadd_pd(estimate, load4_f64(&quad.std), centred);
                let quotient = _mm256_fmadd_pd(remainder, reciprocal, estimate);
                let clipped = _mm256_max_pd(negative_clip, _mm256_min_pd(clip, quotient));
                let mut narrow = _mm256_cvtpd_ps(clipped);
                if NAN_IS_MISSING {
                    let is_missing = _mm_cmp_ps::<_CMP_UNORD_Q>(x, x);
                    narrow = _mm_andnot_ps(is_missing, narrow);
                    x = _mm_andnot_ps(is_missing, x);
                }
                // Infinity is refused whatever cap and clip make of it.
                zeros = _mm_fmadd_ps(x, _mm_setzero_ps(), zeros);
                zeros = _mm_fmadd_ps(narrow, _mm_setzero_ps(), zeros);
                store4(z, narrow);
            }
        }
        let mut sums = [0.0; 4];
        store4(&mut sums, zeros);
        sums.iter().all(|zero| *zero == 0.0)
    }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load4(x: &[f32; 4]) -> __m128 {
    // SAFETY: the array holds what is read.
    unsafe { _mm_loadu_ps(x.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn load4_f64(x: &[f64; 4]) -> __m256d {
    // SAFETY: the array holds what is read.
    unsafe { _mm256_loadu_pd(x.as_ptr()) }
}

#[inline]
#[target_feature(enable = "avx2")]
fn store4(to: &mut [f32; 4], x: __m128) {
    // SAFETY: the array holds what is written.
    unsafe { _mm_storeu_ps(to.as_mut_ptr(), x) };
}
