// SPDX-License-Identifier: BSD-2-Clause-Patent
//! erf for GELU: coefficients, and the form that needs no permutation.
//!
//! Both approximate h(x) = erf(x / sqrt 2) / 2, so that GELU(x) = x (1 / 2 + h(x)) without
//! scaling the argument. They were fitted for this project in multiple precision and then
//! evaluated in f32 against f64; the tests measure the result again.

// Coefficients are as the fit printed them.
#![allow(clippy::unreadable_literal, clippy::excessive_precision)]

use super::lanes::Lanes;

/// Above this |x|, h is 0.5 to the last bit.
const CLAMP: f32 = 5.6;

/// Below this |x|, h is x P(x^2); above, 1/2 - T(|x|)^16.
const SPLIT: f32 = 1.75;

/// Lowest power first. A least-squares fit relative to h, each coefficient rounded to f32 before
/// the higher ones were fitted.
const P: [f32; 7] = [
    3.9894226e-01,
    -6.649003e-02,
    9.972012e-03,
    -1.1845186e-03,
    1.1288452e-04,
    -8.202645e-06,
    3.4302246e-07,
];

/// Lowest power first. The sixteenth root of the tail is so flat that degree 5 does; what the
/// power adds to the error is relative to a tail that is small beside 1/2.
const T: [f32; 6] =
    [9.57422e-01, -4.7402e-02, -1.8055715e-02, -1.2988347e-03, 6.794588e-04, -4.5303383e-05];

/// h(|x|) without permutations or division.
#[inline(always)]
pub(super) fn half_erf<S: Lanes>(s: S, magnitude: S::V) -> S::V {
    let t = s.min(magnitude, s.splat(CLAMP));
    let t2 = s.mul(t, t);
    let mut p = s.splat(P[6]);
    for c in P[..6].iter().rev() {
        p = s.fma(p, t2, s.splat(*c));
    }
    let mut tail = s.splat(T[5]);
    for c in T[..5].iter().rev() {
        tail = s.fma(tail, t, s.splat(*c));
    }
    for _ in 0..3 {
        tail = s.mul(tail, tail);
    }
    let far = s.negated_fma(tail, tail, s.splat(0.5));
    s.select_less(t, s.splat(SPLIT), s.mul(t, p), far)
}

/// Width of an interval of `TABLE`; the products of it with 0..15 are exact.
#[cfg(target_arch = "x86_64")]
pub(super) const TABLE_STEP: f32 = 23.0 / 64.0;
/// The last interval ends at 15.5 steps; at this value of |x| the table gives exactly 0.5.
#[cfg(target_arch = "x86_64")]
pub(super) const TABLE_CLAMP: f32 = 5.565;

/// Rows of one vector each, on cache lines of their own.
#[cfg(target_arch = "x86_64")]
#[repr(align(64))]
pub(super) struct Table(pub(super) [[f32; 16]; 6]);

/// h(|x|) as polynomials of degree 5 in the distance to the nearest multiple k of `TABLE_STEP`:
/// row = power, column = k. Chebyshev fits, each coefficient rounded to f32 before the higher
/// ones were fitted. Column 0 is odd, as h is.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip]
pub(super) static TABLE: Table = Table([
    [
        0.0, 1.4034271e-1, 2.638525e-1, 3.5951102e-1,
        4.24712e-1, 4.6382228e-1, 4.8446792e-1, 4.9405894e-1,
        4.9797985e-1, 4.9939045e-1, 4.99837e-1, 4.9996144e-1,
        4.9999192e-1, 4.999985e-1, 4.9999976e-1, 4.9999997e-1,
    ],
    [
        3.989423e-1, 3.7399468e-1, 3.081282e-1, 2.2310445e-1,
        1.419697e-1, 7.9395115e-2, 3.902138e-2, 1.6854743e-2,
        6.39812e-3, 2.134486e-3, 6.258137e-4, 1.6125292e-4,
        3.6515812e-5, 7.2671714e-6, 1.2710451e-6, 1.9537447e-7,
    ],
    [
        0.0, -6.720095e-2, -1.10731155e-1, -1.2026725e-1,
        -1.0203949e-1, -7.133323e-2, -4.2070232e-2, -2.1202005e-2,
        -9.195689e-3, -3.4517113e-3, -1.1228728e-3, -3.1922373e-4,
        -7.804002e-5, -1.7241839e-5, -3.8434264e-6, -1.1833249e-6,
    ],
    [
        -6.648969e-2, -5.4282457e-2, -2.4824662e-2, 6.035486e-3,
        2.5232498e-2, 2.9492166e-2, 2.3734348e-2, 1.4968362e-2,
        7.74783e-3, 3.3658051e-3, 1.2427394e-3, 3.9308774e-4,
        1.07085085e-4, 2.521918e-5, 5.14876e-6, 9.1318435e-7,
    ],
    [
        0.0, 1.5960574e-2, 2.2751309e-2, 1.8364243e-2,
        7.921588e-3, -1.2722585e-3, -5.735916e-3, -5.81666e-3,
        -4.0761773e-3, -2.156455e-3, -9.752323e-4, -3.2615254e-4,
        -1.2091582e-4, -2.0474943e-5, 9.937759e-6, 1.51001095e-5,
    ],
    [
        9.916255e-3, 6.96741e-3, 4.364953e-4, -4.814252e-3,
        -6.0352813e-3, -3.932079e-3, -1.0780254e-3, 6.9694396e-4,
        1.151317e-3, 8.8258897e-4, 4.829542e-4, 2.0772727e-4,
        7.304979e-5, 2.1446474e-5, 5.321062e-6, 1.1248821e-6,
    ],
]);
