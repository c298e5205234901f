// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Errors of known components, for tests.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

use super::normal_quantile;

/// Standard deviations of the parts of an error.
pub(crate) struct Truth {
    pub(crate) test: f64,
    pub(crate) content: f64,
    pub(crate) content_test: f64,
    pub(crate) within: f64,
}

/// Error, test and content of clips: `tests` tests of `contents` contents of `clips` clips; `shared` tests have the same
/// contents.
pub(crate) fn errors(
    truth: &Truth,
    tests: usize,
    contents: usize,
    clips: usize,
    shared: usize,
    seed: u64,
) -> Vec<(f64, usize, usize)> {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut normal = move |sd: f64| sd * normal_quantile(rng.random_range(1e-9..1.0 - 1e-9));
    let mut offsets: Vec<f64> = Vec::new();
    let mut errors = Vec::new();
    for test in 0..tests {
        let of_test = normal(truth.test);
        for slot in 0..contents {
            let content = test / shared * contents + slot;
            if content >= offsets.len() {
                offsets.push(normal(truth.content));
            }
            let offset = of_test + offsets[content] + normal(truth.content_test);
            for _ in 0..clips {
                errors.push((offset + normal(truth.within), test, content));
            }
        }
    }
    errors
}
