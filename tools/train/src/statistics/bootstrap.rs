// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Bootstrap over groups of clips.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::quantile::quantile;

/// A value and its bootstrap interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Lift {
    /// On the clips as they are.
    pub value: f64,
    /// 2.5 % point over draws of groups.
    pub low: f64,
    /// 97.5 % point over draws of groups.
    pub high: f64,
}

/// Draws of groups.
#[derive(Debug, Clone, Copy)]
pub struct Draws {
    /// How many.
    pub count: usize,
    /// Every draw follows from it.
    pub seed: u64,
}

impl Draws {
    /// Of `statistic`, which gets how often each of the `groups` counts; a draw on which it has no value is passed over.
    /// `None` if it has none on the groups as they are, or on no draw.
    ///
    /// Clips of one group are no independent evidence, so that groups are drawn, with replacement; and each `stratum`
    /// (the laboratory of each group) keeps its number of groups.
    pub fn interval(
        self,
        stratum: &[usize],
        statistic: impl Fn(&[f64]) -> Option<f64> + Sync,
    ) -> Option<Lift> {
        let strata = stratum.iter().max().map_or(0, |m| m + 1);
        let mut members = vec![Vec::new(); strata];
        for (group, &stratum) in stratum.iter().enumerate() {
            members[stratum].push(group);
        }
        members.retain(|groups: &Vec<usize>| !groups.is_empty());
        let value = statistic(&vec![1.0; stratum.len()])?;
        let mut values: Vec<f64> = (0..self.count as u64)
            .into_par_iter()
            .filter_map(|draw| {
                // A stream of its own: a draw does not depend on how draws are shared among threads.
                let mut rng = ChaCha8Rng::seed_from_u64(self.seed);
                rng.set_stream(draw);
                let mut weights = vec![0.0; stratum.len()];
                for groups in &members {
                    for _ in groups {
                        weights[groups[rng.random_range(0..groups.len())]] += 1.0;
                    }
                }
                statistic(&weights)
            })
            .collect();
        if values.is_empty() {
            return None;
        }
        values.sort_by(f64::total_cmp);
        Some(Lift { value, low: quantile(&values, 0.025), high: quantile(&values, 0.975) })
    }
}

#[cfg(test)]
mod tests {
    use super::super::weighted::Pairing;
    use super::*;

    #[test]
    fn the_bootstrap_sees_a_difference_and_its_absence() {
        let rated: Vec<f64> = (0..200).map(|i| f64::from(i % 50)).collect();
        let group: Vec<usize> = (0..200).map(|i| i / 20).collect();
        let noisy: Vec<f64> = rated
            .iter()
            .enumerate()
            .map(|(i, r)| r + 40.0 * ((i * 7919 % 101) as f64 / 101.0))
            .collect();
        let difference = |first: &[f64], second: &[f64]| {
            let pairing = |p: &[f64]| Pairing::new(p.to_vec(), rated.clone());
            let (first, second) = (pairing(first), pairing(second));
            Draws { count: 500, seed: 1 }
                .interval(&[0; 10], |groups| {
                    let weights: Vec<f64> = group.iter().map(|&g| groups[g]).collect();
                    Some(first.plcc(&weights)? - second.plcc(&weights)?)
                })
                .unwrap()
        };
        let lift = difference(&rated, &noisy);
        assert!(lift.low > 0.0 && lift.low <= lift.value && lift.value <= lift.high);
        assert_eq!(difference(&noisy, &noisy), Lift { value: 0.0, low: 0.0, high: 0.0 });
        assert_eq!(difference(&rated, &noisy), lift);
    }

    #[test]
    fn a_stratum_keeps_its_number_of_groups() {
        let draws = Draws { count: 50, seed: 3 };
        let first = |weights: &[f64]| Some(weights[..2].iter().sum());
        let Lift { low, high, .. } = draws.interval(&[0, 0, 1, 1, 1], first).unwrap();
        assert_eq!([low, high].map(f64::to_bits), [2.0f64.to_bits(); 2]);
        assert_eq!(draws.interval(&[0, 0], |_| None), None);
    }
}
