// SPDX-License-Identifier: BSD-2-Clause-Patent
//! erf and GELU of each instruction set against libm in f64.

use super::super::kernel::erf_gelu_and_quotient;
use super::instruction_sets;

/// Distance of an f32 to the f32 above `exact`'s magnitude.
fn ulp(exact: f64) -> f64 {
    let magnitude = (exact.abs() as f32).max(f32::MIN_POSITIVE);
    f64::from(magnitude.next_up()) - f64::from(magnitude)
}

#[test]
fn erf_is_accurate_to_a_few_ulp() {
    // Every 5003rd f32 from the smallest normal to 8, and dense steps where erf bends.
    let mut x: Vec<f32> = (f32::MIN_POSITIVE.to_bits()..8.0_f32.to_bits())
        .step_by(5003)
        .map(f32::from_bits)
        .collect();
    x.extend((1..60_000_u32).map(|i| i as f32 * 1e-4));
    for set in instruction_sets() {
        let (mut worst_erf, mut worst_gelu) = ((0.0_f64, 0.0_f32), (0.0_f64, 0.0_f32));
        let negative: Vec<f32> = x.iter().map(|x| -x).collect();
        for x in [&x, &negative] {
            for (&x, [e, g, _]) in x.iter().zip(erf_gelu_and_quotient(set, x)) {
                let exact = libm::erf(f64::from(x));
                let error = (f64::from(e) - exact).abs() / ulp(exact);
                if error > worst_erf.0 {
                    worst_erf = (error, x);
                }
                // The sum 1 + erf, and with it GELU, is as accurate as an ulp of x allows.
                let exact =
                    f64::from(x) * libm::erfc(-f64::from(x) / std::f64::consts::SQRT_2) / 2.0;
                let error = (f64::from(g) - exact).abs() / ulp(f64::from(x));
                if error > worst_gelu.0 {
                    worst_gelu = (error, x);
                }
            }
        }
        println!(
            "{}: erf within {:.2} ulp (x = {}), GELU within {:.2} ulp of x (x = {})",
            set.name(),
            worst_erf.0,
            worst_erf.1,
            worst_gelu.0,
            worst_gelu.1
        );
        assert!(worst_erf.0 < 3.0, "{}: {worst_erf:?}", set.name());
        assert!(worst_gelu.0 < 2.0, "{}: {worst_gelu:?}", set.name());
    }
}

#[test]
fn gelu_is_exact_far_out() {
    let far = [5.6_f32, 6.0, 50.0, 1e10, f32::MAX];
    for set in instruction_sets() {
        for x in far {
            let values = erf_gelu_and_quotient(set, &[x, -x, 0.0, f32::NAN]);
            assert_eq!(values[0][..2], [1.0, x], "{}", set.name());
            assert_eq!(values[1][..2], [-1.0, 0.0], "{}", set.name());
            assert_eq!(values[2][1].to_bits(), 0, "{}", set.name());
            assert!(values[3].iter().all(|v| v.is_nan()), "{}", set.name());
        }
    }
}

#[test]
fn quotients_have_the_bits_of_a_division() {
    // Every 61st fraction, as what is below 8 has.
    let x: Vec<f32> = (1.0_f32.to_bits()..2.0_f32.to_bits())
        .step_by(61)
        .flat_map(|bits| [1.0, -4.0, 1e-3, 1e-20].map(|scale| f32::from_bits(bits) * scale))
        .collect();
    for set in instruction_sets() {
        for (&x, [.., quotient]) in x.iter().zip(erf_gelu_and_quotient(set, &x)) {
            let exact = x / std::f32::consts::SQRT_2;
            assert_eq!(quotient.to_bits(), exact.to_bits(), "{}: {x}", set.name());
        }
        for [.., quotient] in erf_gelu_and_quotient(set, &[f32::MAX, f32::INFINITY]) {
            assert!(quotient > 4.0 && quotient.is_finite(), "{}: {quotient}", set.name());
        }
    }
}
