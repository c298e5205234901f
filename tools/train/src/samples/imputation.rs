// SPDX-License-Identifier: BSD-2-Clause-Patent
//! z of a missing feature from those of the features that are always there.

use nalgebra::{DMatrix, DVector};

/// How a missing feature follows from others: `intercept` + sum of `linear` z + sum of `quadratic` z^2.
#[derive(Debug, Clone, PartialEq)]
pub struct Imputation {
    /// Features that it follows from.
    pub from: Vec<String>,
    /// Constant term.
    pub intercept: f64,
    /// Coefficient of each one's z.
    pub linear: Vec<f64>,
    /// Coefficient of each one's z^2.
    pub quadratic: Vec<f64>,
}

impl Imputation {
    /// Ridge regression over the standardised rows that have both the feature and all of `from`; all 0 if there are none.
    pub(super) fn fit(
        rows: &[Vec<f32>],
        feature: usize,
        from: &[usize],
        names: &[String],
        ridge: f64,
    ) -> Self {
        let width = 1 + 2 * from.len();
        let mut squares = DMatrix::<f64>::identity(width, width) * ridge;
        let mut products = DVector::<f64>::zeros(width);
        let mut terms = vec![0.0; width];
        let mut found = false;
        for row in rows {
            let y = f64::from(row[feature]);
            fill_terms(&mut terms, from.iter().map(|&i| row[i]));
            if y.is_nan() || terms.iter().any(|t| t.is_nan()) {
                continue;
            }
            found = true;
            for (i, a) in terms.iter().enumerate() {
                products[i] += a * y;
                for (j, b) in terms.iter().enumerate() {
                    squares[(i, j)] += a * b;
                }
            }
        }
        let solved = squares.cholesky().map(|squares| squares.solve(&products));
        let solved = solved.filter(|_| found).unwrap_or_else(|| DVector::zeros(width));
        Self {
            from: from.iter().map(|&i| names[i].clone()).collect(),
            intercept: solved[0],
            linear: solved.iter().skip(1).copied().take(from.len()).collect(),
            quadratic: solved.iter().skip(1 + from.len()).copied().collect(),
        }
    }

    /// z of the feature in a standardised row, in which `from` has the places of [`Self::from`].
    pub(super) fn z(&self, row: &[f32], from: &[usize], clip_sigma: f64) -> f32 {
        let mut sum = self.intercept;
        for ((&column, linear), quadratic) in from.iter().zip(&self.linear).zip(&self.quadratic) {
            let z = f64::from(row[column]);
            sum += linear * z;
            sum += quadratic * (z * z);
        }
        sum.clamp(-clip_sigma, clip_sigma) as f32
    }
}

fn fill_terms(terms: &mut [f64], z: impl ExactSizeIterator<Item = f32>) {
    let n = z.len();
    terms[0] = 1.0;
    for (i, z) in z.map(f64::from).enumerate() {
        terms[1 + i] = z;
        terms[1 + n + i] = z * z;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::{Rng as _, SeedableRng as _};
    use rand_chacha::ChaCha8Rng;

    #[test]
    fn a_quadratic_relation_is_found_from_the_rows_that_show_it() {
        let names: Vec<String> = ["a", "b", "c"].map(str::to_owned).to_vec();
        let truth = |a: f32, b: f32| 0.25 + 0.5 * a - 0.75 * b + 0.125 * a * a - 0.25 * b * b;
        let mut rng = ChaCha8Rng::seed_from_u64(1);
        let mut rows: Vec<Vec<f32>> = (0..200)
            .map(|_| {
                let [a, b] = [0; 2].map(|_| rng.random_range(-2.0..2.0));
                vec![a, truth(a, b), b]
            })
            .collect();
        rows.push(vec![1.0, f32::NAN, 1.0]);
        rows.push(vec![f32::NAN, 100.0, 1.0]);
        let fitted = Imputation::fit(&rows, 1, &[0, 2], &names, 1e-6);
        assert_eq!(fitted.from, ["a", "c"]);
        for (a, b) in [(0.5, -1.0), (2.0, 1.5)] {
            let z = fitted.z(&[a, f32::NAN, b], &[0, 2], 3.0);
            assert!((z - truth(a, b)).abs() < 1e-4, "{z} is not {}", truth(a, b));
        }
        assert_eq!(fitted.z(&[-9.0, f32::NAN, 9.0], &[0, 2], 3.0).to_bits(), (-3.0_f32).to_bits());
        let nothing = Imputation::fit(&rows[200..], 1, &[0, 2], &names, 1e-6);
        assert_eq!((nothing.intercept, &nothing.linear[..]), (0.0, &[0.0, 0.0][..]));
    }
}
