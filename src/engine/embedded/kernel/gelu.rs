// SPDX-License-Identifier: BSD-2-Clause-Patent
//! GELU as ONNX Runtime computes it, to the same bits.
//!
//! Another erf could be as accurate, but the engines would no longer agree to 1e-4: a last layer with
//! large weights turns one ulp of a GELU into a difference of the score. So coefficients and the order
//! of operations are those of Erf and Gelu in ONNX Runtime's CPU provider (MLAS).

// Coefficients are as they were published.
#![allow(clippy::unreadable_literal, clippy::excessive_precision)]

use std::f32::consts::{FRAC_1_SQRT_2, LOG2_E, SQRT_2};

use crate::simd::Lanes;

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

/// More than sqrt 2 times `MOST`.
const FAR_OUT: f32 = 8.0;

/// 1.5 * 2^23: adding it to a small number rounds to an integer, which is then in the low bits.
const ROUND: f32 = 12_582_912.0;

/// x (1 + erf(x / sqrt 2)) / 2 of U vectors. Each step is taken for all of them before the next one:
/// one vector alone would wait for the result of each step.
#[inline(always)]
pub(super) fn gelu<S: Lanes, const DIVIDES: bool, const U: usize>(s: S, x: [S::V; U]) -> [S::V; U] {
    let mut argument = x;
    for x in &mut argument {
        *x = if DIVIDES { over_sqrt_2(s, *x) } else { s.mul(*x, s.splat(FRAC_1_SQRT_2)) };
    }
    let mut gelu = erf(s, argument);
    for u in 0..U {
        // Half of 1 + erf rounds as 1 + erf does.
        gelu[u] = s.mul(x[u], s.fma(gelu[u], s.splat(0.5), s.splat(0.5)));
    }
    gelu
}

#[inline(always)]
pub(super) fn erf<S: Lanes, const U: usize>(s: S, x: [S::V; U]) -> [S::V; U] {
    let (mut magnitude, mut square) = (x, x);
    let mut is_far = [s.greater(s.zero(), s.zero()); U];
    for u in 0..U {
        magnitude[u] = s.min(s.splat(MOST), s.abs(x[u]));
        square[u] = s.mul(magnitude[u], magnitude[u]);
        is_far[u] = s.greater(magnitude[u], s.splat(SPLIT));
    }
    let sum = if S::CHOOSES {
        chosen_horner(s, is_far, magnitude, square)
    } else {
        let (mut sum, near) = (horner(s, FAR, magnitude), horner(s, NEAR, square));
        for u in 0..U {
            sum[u] = s.select(is_far[u], sum[u], near[u]);
        }
        sum
    };
    let (mut near, mut minus_near) = (x, x);
    for u in 0..U {
        near[u] = s.fma(sum[u], magnitude[u], magnitude[u]);
        minus_near[u] = s.neg(near[u]);
    }
    let mut erf = exp(s, minus_near);
    for u in 0..U {
        let far = s.sub(s.splat(1.0), erf[u]);
        erf[u] = s.copy_sign(s.select(is_far[u], far, near[u]), x[u]);
    }
    erf
}

/// The far polynomial of `magnitude` or the near one of `square`: one polynomial with each lane's
/// own coefficients, the first of the near one being 0.
#[inline(always)]
fn chosen_horner<S: Lanes, const U: usize>(
    s: S,
    is_far: [S::Mask; U],
    magnitude: [S::V; U],
    square: [S::V; U],
) -> [S::V; U] {
    let (mut x, mut sum) = (magnitude, magnitude);
    for u in 0..U {
        x[u] = s.select(is_far[u], magnitude[u], square[u]);
        sum[u] = s.choose(is_far[u], FAR[0], 0.0);
    }
    for i in 0..NEAR.len() {
        for u in 0..U {
            sum[u] = s.fma(sum[u], x[u], s.choose(is_far[u], FAR[i + 1], NEAR[i]));
        }
    }
    sum
}

/// x / sqrt 2, or a value whose erf is 1 or -1 as that of x is: infinity has no remainder.
#[inline(always)]
pub(super) fn over_sqrt_2<S: Lanes>(s: S, x: S::V) -> S::V {
    let x = s.min(s.splat(FAR_OUT), s.max(s.splat(-FAR_OUT), x));
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
    let (mut rounded, mut rest) = (x, x);
    for u in 0..U {
        rounded[u] = s.fma(x[u], s.splat(LOG2_E), s.splat(ROUND));
        let k = s.sub(rounded[u], s.splat(ROUND));
        for part in MINUS_LN_2 {
            rest[u] = s.fma(k, s.splat(part), rest[u]);
        }
    }
    let mut exp = horner(s, EXP, rest);
    for u in 0..U {
        exp[u] = s.scale(exp[u], rounded[u]);
    }
    exp
}

#[inline(always)]
fn horner<S: Lanes, const U: usize, const N: usize>(
    s: S,
    coefficients: [f32; N],
    x: [S::V; U],
) -> [S::V; U] {
    let mut sum = [s.splat(coefficients[0]); U];
    for c in &coefficients[1..] {
        for u in 0..U {
            sum[u] = s.fma(sum[u], x[u], s.splat(*c));
        }
    }
    sum
}
