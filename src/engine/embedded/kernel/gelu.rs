// SPDX-License-Identifier: BSD-2-Clause-Patent
//! GELU as ONNX Runtime computes it, to the same bits.
//!
//! An erf of another make would be as accurate, but no longer agree to 1e-4: a last layer with
//! large weights turns each GELU that is an ulp off into a difference of the score.
//!
//! Coefficients and the order of operations are those of Erf and Gelu of its CPU provider (MLAS).

// Coefficients are as they were published.
#![allow(clippy::unreadable_literal, clippy::excessive_precision)]

use std::array::from_fn;
use std::f32::consts::{FRAC_1_SQRT_2, LOG2_E, SQRT_2};

use super::lanes::Lanes;

/// From this |x| on, erf is 1 to the last bit.
const MOST: f32 = 3.925;
/// Up to this |x|, erf is x + x P(x^2) with the coefficients of `NEAR`.
const SPLIT: f32 = 0.921875;

/// Highest power first, as everywhere here.
const NEAR: [f32; 6] =
    [-5.99104969e-4, 4.99339588e-3, -2.67667342e-2, 1.12818025e-1, -3.76124859e-1, 1.28379151e-1];

/// Above `SPLIT`, erf is 1 - exp(-(x + x Q(x))).
const FAR: [f32; 7] = [
    1.72948930e-5,
    -3.83208680e-4,
    3.88393435e-3,
    -2.42545605e-2,
    1.06777847e-1,
    6.34846687e-1,
    1.28717512e-1,
];

/// exp(x) for |x| <= ln 2 / 2.
const EXP: [f32; 7] =
    [1.38319808e-3, 8.37550033e-3, 4.16689515e-2, 1.66664466e-1, 4.99999851e-1, 1.0, 1.0];
/// -ln 2 in two parts: few enough bits for exact products with small integers, and the rest.
const MINUS_LN_2: [f32; 2] = [-6.93145752e-1, -1.42860677e-6];

/// 1.5 * 2^23: adding it to a small number rounds to an integer, which is then in the low bits.
const ROUND: f32 = 12_582_912.0;

/// x (1 + erf(x / sqrt 2)) / 2 of U vectors, step by step for all of them: one alone would wait for
/// each of its steps.
#[inline(always)]
pub(super) fn gelu<S: Lanes, const DIVIDES: bool, const U: usize>(s: S, x: [S::V; U]) -> [S::V; U] {
    let erf = erf(
        s,
        x.map(|x| if DIVIDES { over_sqrt_2(s, x) } else { s.mul(x, s.splat(FRAC_1_SQRT_2)) }),
    );
    // Half of 1 + erf rounds as 1 + erf does.
    from_fn(|u| s.mul(x[u], s.fma(erf[u], s.splat(0.5), s.splat(0.5))))
}

#[inline(always)]
pub(super) fn erf<S: Lanes, const U: usize>(s: S, x: [S::V; U]) -> [S::V; U] {
    let magnitude = x.map(|x| s.min(s.splat(MOST), s.abs(x)));
    let square = magnitude.map(|x| s.mul(x, x));
    let is_far = magnitude.map(|x| s.greater(x, s.splat(SPLIT)));
    let sum = if S::CHOOSES {
        // One polynomial with each lane's own coefficients; the first of the near one is 0.
        let x: [_; U] = from_fn(|u| s.select(is_far[u], magnitude[u], square[u]));
        let mut sum = is_far.map(|far| s.choose(far, FAR[0], 0.0));
        for (far, near) in FAR[1..].iter().zip(NEAR) {
            sum = from_fn(|u| s.fma(sum[u], x[u], s.choose(is_far[u], *far, near)));
        }
        sum
    } else {
        let (far, near) = (horner(s, FAR, magnitude), horner(s, NEAR, square));
        from_fn(|u| s.select(is_far[u], far[u], near[u]))
    };
    let near: [_; U] = from_fn(|u| s.fma(sum[u], magnitude[u], magnitude[u]));
    let exp = exp(s, near.map(|x| s.neg(x)));
    let far = exp.map(|x| s.sub(s.splat(1.0), x));
    from_fn(|u| s.copy_sign(s.select(is_far[u], far[u], near[u]), x[u]))
}

#[inline(always)]
fn over_sqrt_2<S: Lanes>(s: S, x: S::V) -> S::V {
    if S::FUSES {
        // One correction of the product with the reciprocal gives the quotient's bits (Markstein).
        let estimate = s.mul(x, s.splat(SQRT_2.recip()));
        let remainder = s.fma(s.neg(estimate), s.splat(SQRT_2), x);
        s.fma(remainder, s.splat(SQRT_2.recip()), estimate)
    } else {
        s.div(x, s.splat(SQRT_2))
    }
}

/// exp(x) for -88 < x <= 0.
#[inline(always)]
fn exp<S: Lanes, const U: usize>(s: S, x: [S::V; U]) -> [S::V; U] {
    let rounded = x.map(|x| s.fma(x, s.splat(LOG2_E), s.splat(ROUND)));
    let k = rounded.map(|k| s.sub(k, s.splat(ROUND)));
    let mut rest = x;
    for part in MINUS_LN_2 {
        rest = from_fn(|u| s.fma(k[u], s.splat(part), rest[u]));
    }
    let exp = horner(s, EXP, rest);
    from_fn(|u| s.scale(exp[u], rounded[u]))
}

#[inline(always)]
fn horner<S: Lanes, const U: usize, const N: usize>(
    s: S,
    coefficients: [f32; N],
    x: [S::V; U],
) -> [S::V; U] {
    let mut sum = [s.splat(coefficients[0]); U];
    for c in &coefficients[1..] {
        sum = from_fn(|u| s.fma(sum[u], x[u], s.splat(*c)));
    }
    sum
}
