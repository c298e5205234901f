// SPDX-License-Identifier: BSD-2-Clause-Patent
//! erf and its derivative of many values at a time, in operations that every processor rounds the same way and that
//! compilers turn into vectors: a call of the C library's erf for each value would take most of a fit.

/// 2 / sqrt(pi).
const SLOPE_AT_0: f32 = std::f32::consts::FRAC_2_SQRT_PI;

/// erf(x), and 2 exp(-x^2) / sqrt(pi), its derivative. Both are within 5e-7.
#[inline]
pub(crate) fn erf_and_slope(x: f32) -> (f32, f32) {
    // Abramowitz and Stegun, 7.1.26.
    const P: f32 = 0.327_591_1;
    const A: [f32; 5] = [0.254_829_6, -0.284_496_72, 1.421_413_8, -1.453_152, 1.061_405_4];
    let size = x.abs();
    let e = exp_minus(size * size);
    let t = 1.0 / (1.0 + P * size);
    let series = ((((A[4] * t + A[3]) * t + A[2]) * t + A[1]) * t + A[0]) * t;
    ((1.0 - series * e).copysign(x), SLOPE_AT_0 * e)
}

/// exp(-y) of y >= 0.
#[inline]
fn exp_minus(y: f32) -> f32 {
    /// Adding it rounds to a whole number, which the low bits then hold.
    const ROUND: f32 = 12_582_912.0;
    const ONE: u32 = 0x3f80_0000;
    // ln 2 in two parts, the first of few bits.
    const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];
    // Beyond, the result would not be a normal number.
    let y = if y < 87.0 { y } else { 87.0 };
    let rounded = y * std::f32::consts::LOG2_E + ROUND;
    let power = f32::from_bits(ONE.wrapping_sub(rounded.to_bits() << 23));
    let n = rounded - ROUND;
    // -y = -n ln 2 - r, and |r| is at most ln 2 / 2.
    let r = (y - n * LN_2[0]) - n * LN_2[1];
    let series = 1.0 / 720.0;
    let series = series * r - 1.0 / 120.0;
    let series = series * r + 1.0 / 24.0;
    let series = series * r - 1.0 / 6.0;
    let series = series * r + 0.5;
    let series = series * r - 1.0;
    let series = series * r + 1.0;
    series * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn erf_and_its_slope_are_those_of_double_precision() {
        for i in -60_000..=60_000_i32 {
            let x = i as f32 * 1e-4;
            let (erf, slope) = erf_and_slope(x);
            let exact = statrs::function::erf::erf(f64::from(x));
            let exact_slope = f64::from(SLOPE_AT_0) * (-f64::from(x).powi(2)).exp();
            assert!((f64::from(erf) - exact).abs() < 5e-7, "erf({x}) is {exact}, got {erf}");
            assert!(
                (f64::from(slope) - exact_slope).abs() < 5e-7,
                "{x}: {exact_slope}, got {slope}"
            );
        }
        for x in [20.0, 1e4, 1e30, f32::MAX] {
            assert_eq!(erf_and_slope(x).0.to_bits(), 1.0_f32.to_bits());
            assert_eq!(erf_and_slope(-x).0.to_bits(), (-1.0_f32).to_bits());
            assert!(erf_and_slope(x).1 < 1e-30);
        }
    }
}
