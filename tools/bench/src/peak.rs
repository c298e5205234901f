// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The most that the processor's multiply-add units and its memory can do.

/// Does f32 multiply-adds in registers, `steps` times on each of [`CHAINS`]; returns how many.
#[cfg(target_arch = "x86_64")]
pub fn multiply_adds(wide: bool, steps: usize) -> usize {
    if wide && is_x86_feature_detected!("avx512f") {
        // SAFETY: AVX-512F was detected.
        unsafe { avx512(steps) };
        steps * 16 * CHAINS
    } else if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") {
        // SAFETY: AVX2 and FMA were detected.
        unsafe { avx2(steps) };
        steps * 8 * CHAINS
    } else {
        0
    }
}

#[cfg(not(target_arch = "x86_64"))]
pub fn multiply_adds(_wide: bool, _steps: usize) -> usize {
    0
}

/// Copies a block that no cache holds; returns how many bytes were read and written.
pub fn copied_bytes() -> impl FnMut() -> usize {
    let from = vec![1_u8; 64 << 20];
    let mut to = vec![0_u8; from.len()];
    move || {
        to.copy_from_slice(std::hint::black_box(&from));
        std::hint::black_box(&mut to);
        2 * from.len()
    }
}

/// Independent sums: more than latency times units, fewer than registers.
const CHAINS: usize = 12;

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn avx512(steps: usize) {
    use std::arch::x86_64::{_mm512_fmadd_ps, _mm512_set1_ps};
    let (a, b) = (_mm512_set1_ps(0.999), _mm512_set1_ps(std::hint::black_box(0.5)));
    let mut sums = [b; CHAINS];
    for _ in 0..steps {
        for sum in &mut sums {
            *sum = _mm512_fmadd_ps(*sum, a, b);
        }
    }
    std::hint::black_box(sums);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn avx2(steps: usize) {
    use std::arch::x86_64::{_mm256_fmadd_ps, _mm256_set1_ps};
    let (a, b) = (_mm256_set1_ps(0.999), _mm256_set1_ps(std::hint::black_box(0.5)));
    let mut sums = [b; CHAINS];
    for _ in 0..steps {
        for sum in &mut sums {
            *sum = _mm256_fmadd_ps(*sum, a, b);
        }
    }
    std::hint::black_box(sums);
}
