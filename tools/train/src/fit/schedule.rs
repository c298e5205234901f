// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Learning rates over a stage, relative to its highest.

/// One-cycle schedule: a cosine from 1/25 up to 1 over the first 30 %, then a cosine down to nearly 0.
pub(super) fn one_cycle(step: usize, total: usize) -> f64 {
    let position = step as f64 / total.max(1) as f64;
    let between = |from: f64, to: f64, share: f64| {
        to + (from - to) * (1.0 + (std::f64::consts::PI * share).cos()) / 2.0
    };
    if position < 0.3 {
        between(0.04, 1.0, position / 0.3)
    } else {
        between(1.0, 4e-6, (position - 0.3) / 0.7)
    }
}

/// A half cosine from 1 down to 0.
pub(super) fn half_cosine(step: usize, total: usize) -> f64 {
    0.5 * (1.0 + (std::f64::consts::PI * step as f64 / total.max(1) as f64).cos())
}
