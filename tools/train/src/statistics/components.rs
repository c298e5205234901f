// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What a prediction's error is made of: the test, the content, the content in this test, the clip.
//!
//! Own code: no crate estimates crossed random effects of unbalanced data. The estimator is Koch's symmetric sums (Koch,
//! "A general approach to the estimation of variance components", Technometrics 9, 1967): the mean product of two
//! different clips' errors estimates the sum of the components that the two clips share.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Mean squares of an error's parts, in squared points. A part's mean is in its mean square: a bias that all tests share
/// is an error that a new laboratory will see as well.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Components {
    /// An offset that all clips of a test share.
    pub test: f64,
    /// An offset that all clips of a content share in every test.
    pub content: f64,
    /// An offset that the clips of a content share in one test.
    pub content_test: f64,
    /// The rest.
    pub within: f64,
    /// Tests.
    pub tests: usize,
    /// Contents.
    pub contents: usize,
    /// How well the sum is known, by Satterthwaite ("An approximate distribution of estimates of variance components",
    /// Biometrics Bulletin 2, 1946).
    pub degrees_of_freedom: f64,
}

/// The clips of one content in one test.
struct Cell {
    test: usize,
    content: usize,
    mean: f64,
    clips: f64,
    /// Sample variance; NaN for a single clip.
    variance: f64,
}

impl Components {
    /// Of the errors of clips, each with its test and its content; `None` without errors. Every test counts the same, and
    /// every content within it.
    pub fn of(errors: &[(f64, usize, usize)]) -> Option<Self> {
        let cells = cells(errors);
        if cells.is_empty() {
            return None;
        }
        let by_test = grouped(&cells, |cell| cell.test);
        let by_content = grouped(&cells, |cell| cell.content);
        let within =
            mean(by_test.values().filter_map(|cells| {
                mean(cells.iter().map(|c| c.variance).filter(|v| !v.is_nan()))
            }))
            .unwrap_or(0.0);
        // A cell's squared mean has the clips' share in it.
        let square = |cell: &Cell| {
            let variance = if cell.variance.is_nan() { within } else { cell.variance };
            cell.mean * cell.mean - variance / cell.clips
        };
        let cell =
            mean(by_test.values().filter_map(|cells| mean(cells.iter().map(|c| square(c)))))?
                .max(0.0);
        let test = mean(by_test.values().filter_map(|cells| cross_product(cells)))
            // A single content does not say what is its own and what is the test's: the test's is the wider interval.
            .map_or(cell, |sum| sum.clamp(0.0, cell));
        let common = common_bias(&by_test);
        let content = mean(by_content.values().filter_map(|cells| cross_product(cells)))
            .map_or(0.0, |sum| (sum - common).clamp(0.0, cell - test));
        let content_test = cell - test - content;

        let (tests, contents) = (by_test.len() as f64, by_content.len() as f64);
        let free = [
            (test, tests),
            (content, contents),
            (content_test, cells.len() as f64),
            (within, (errors.len() - cells.len()).max(1) as f64),
        ];
        let total: f64 = free.iter().map(|(part, _)| part).sum();
        let spread: f64 = free.iter().map(|(part, degrees)| part * part / degrees).sum();
        Some(Self {
            test,
            content,
            content_test,
            within,
            tests: by_test.len(),
            contents: by_content.len(),
            degrees_of_freedom: if spread > 0.0 { total * total / spread } else { tests },
        })
    }

    /// Standard deviation of the error of a clip of a new test and a new content.
    pub fn stddev(&self) -> f64 {
        (self.test + self.content + self.content_test + self.within).sqrt()
    }
}

fn cells(errors: &[(f64, usize, usize)]) -> Vec<Cell> {
    let mut all: BTreeMap<(usize, usize), Vec<f64>> = BTreeMap::new();
    for &(error, test, content) in errors {
        all.entry((test, content)).or_default().push(error);
    }
    all.into_iter()
        .map(|((test, content), errors)| {
            let clips = errors.len() as f64;
            let mean = errors.iter().sum::<f64>() / clips;
            let squares: f64 = errors.iter().map(|e| (e - mean) * (e - mean)).sum();
            // 0 / 0 of a single clip is NaN.
            Cell { test, content, mean, clips, variance: squares / (clips - 1.0) }
        })
        .collect()
}

fn grouped(cells: &[Cell], key: impl Fn(&Cell) -> usize) -> BTreeMap<usize, Vec<&Cell>> {
    let mut groups: BTreeMap<usize, Vec<&Cell>> = BTreeMap::new();
    for cell in cells {
        groups.entry(key(cell)).or_default().push(cell);
    }
    groups
}

fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), v| (sum + v, count + 1.0));
    (count > 0.0).then(|| sum / count)
}

/// Mean product of the means of two different cells; `None` for fewer than two.
fn cross_product(cells: &[&Cell]) -> Option<f64> {
    let count = cells.len() as f64;
    let sum: f64 = cells.iter().map(|c| c.mean).sum();
    let squares: f64 = cells.iter().map(|c| c.mean * c.mean).sum();
    (cells.len() > 1).then(|| (sum * sum - squares) / (count * (count - 1.0)))
}

/// Mean product of two cells of different tests and different contents: what has nothing in common but a bias.
fn common_bias(by_test: &BTreeMap<usize, Vec<&Cell>>) -> f64 {
    let tests: Vec<&Vec<&Cell>> = by_test.values().collect();
    let pairs = (0..tests.len()).flat_map(|a| (0..a).map(move |b| (a, b)));
    mean(pairs.filter_map(|(a, b)| {
        mean(tests[a].iter().flat_map(|x| {
            tests[b].iter().filter(|y| x.content != y.content).map(|y| x.mean * y.mean)
        }))
    }))
    .unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::super::synthetic::{Truth, errors};
    use super::*;

    #[test]
    fn known_components_are_found() {
        let truth = Truth { test: 8.0, content: 6.0, content_test: 3.0, within: 5.0 };
        // Contents are shared by three tests each.
        let found = Components::of(&errors(&truth, 600, 5, 8, 3, 1)).unwrap();
        for (found, expected) in [
            (found.test, truth.test),
            (found.content, truth.content),
            (found.content_test, truth.content_test),
            (found.within, truth.within),
        ] {
            let found = found.sqrt();
            assert!((found - expected).abs() < 0.12 * expected + 0.3, "{found}, not {expected}");
        }
        let expected = (64.0f64 + 36.0 + 9.0 + 25.0).sqrt();
        assert!((found.stddev() - expected).abs() < 0.5);
    }

    #[test]
    fn few_tests_leave_few_degrees_of_freedom() {
        let truth = Truth { test: 10.0, content: 0.0, content_test: 3.0, within: 3.0 };
        let few = Components::of(&errors(&truth, 3, 5, 8, 1, 2)).unwrap();
        let many = Components::of(&errors(&truth, 40, 5, 8, 1, 2)).unwrap();
        assert!(few.degrees_of_freedom < 8.0 && many.degrees_of_freedom > 30.0);
        let one = Components::of(&[(5.0, 0, 0), (7.0, 0, 0)]).unwrap();
        assert!((one.test - 35.0).abs() < 1e-9 && one.content.abs() < 1e-9, "{one:?}");
        assert_eq!(Components::of(&[]), None);
    }
}
