// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Maps over columns, and sums of columns.

use super::gelu::{erf, gelu};
use super::packed::PackedMap;
use crate::simd::{Lanes, Task};

/// What the lanes of consecutive vectors hold.
#[derive(Clone, Copy)]
pub(super) enum Layout {
    /// The columns of one frame.
    Columns,
    /// Frames; each column has that many vectors.
    Frames(usize),
}

/// A map over all columns.
pub(super) struct Apply<'a, S: Lanes> {
    pub(super) s: S,
    pub(super) map: &'a PackedMap<S::V>,
    pub(super) layout: Layout,
    pub(super) values: &'a mut [S::V],
}

impl<S: Lanes> Task for Apply<'_, S> {
    #[inline(always)]
    fn run(self) {
        let Self { s, map, layout, values } = self;
        match map {
            PackedMap::Add(c) => with(s, values, layout, c, |x, c| s.add(x, c)),
            PackedMap::Sub(c) => with(s, values, layout, c, |x, c| s.sub(x, c)),
            PackedMap::SubFrom(c) => with(s, values, layout, c, |x, c| s.sub(c, x)),
            PackedMap::Mul(c) => with(s, values, layout, c, |x, c| s.mul(x, c)),
            PackedMap::Div(c) => with(s, values, layout, c, |x, c| s.div(x, c)),
            PackedMap::Clamp { min, max } => each(values, |x| s.min(s.max(x, *min), *max)),
            PackedMap::Relu => each(values, |x| s.max(x, s.zero())),
            PackedMap::Erf => erf_of_all(s, values),
            PackedMap::Gelu { divides: false } => gelu_of_all::<S, false>(s, values),
            PackedMap::Gelu { divides: true } => gelu_of_all::<S, true>(s, values),
        }
    }
}

#[inline(always)]
fn erf_of_all<S: Lanes>(s: S, values: &mut [S::V]) {
    let (pairs, last) = values.as_chunks_mut::<2>();
    for pair in pairs {
        *pair = erf(s, *pair);
    }
    for x in last {
        [*x] = erf(s, [*x]);
    }
}

#[inline(always)]
fn gelu_of_all<S: Lanes, const DIVIDES: bool>(s: S, values: &mut [S::V]) {
    let (pairs, last) = values.as_chunks_mut::<2>();
    for pair in pairs {
        *pair = gelu::<S, DIVIDES, 2>(s, *pair);
    }
    for x in last {
        [*x] = gelu::<S, DIVIDES, 1>(s, [*x]);
    }
}

#[inline(always)]
fn each<V: Copy>(values: &mut [V], f: impl Fn(V) -> V) {
    for x in values {
        *x = f(*x);
    }
}

/// Adds to each of `n` values from `to` on the one as far from `from`.
pub(super) struct AddColumns<'a, S: Lanes> {
    pub(super) s: S,
    pub(super) memory: &'a mut [S::V],
    pub(super) to: usize,
    pub(super) from: usize,
    pub(super) n: usize,
}

impl<S: Lanes> Task for AddColumns<'_, S> {
    #[inline(always)]
    fn run(self) {
        let Self { s, memory, to, from, n } = self;
        for i in 0..n {
            memory[to + i] = s.add(memory[to + i], memory[from + i]);
        }
    }
}

/// `f` of each value and its column's constant.
#[inline(always)]
fn with<S: Lanes>(
    s: S,
    values: &mut [S::V],
    layout: Layout,
    constants: &[S::V],
    f: impl Fn(S::V, S::V) -> S::V,
) {
    match layout {
        Layout::Columns => {
            for (x, &c) in values.iter_mut().zip(constants) {
                *x = f(*x, c);
            }
        }
        Layout::Frames(vectors) => {
            for (column, &c) in values.chunks_exact_mut(vectors).zip(S::flat(constants)) {
                let c = s.splat(c);
                each(column, |x| f(x, c));
            }
        }
    }
}
