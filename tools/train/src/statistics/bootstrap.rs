// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Differences between two predictors, with bootstrap intervals.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};

use super::quantile::quantile;

/// A difference and its bootstrap interval.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Lift {
    /// On the clips as they are.
    pub value: f64,
    /// 2.5 % point over draws of contents.
    pub low: f64,
    /// 97.5 % point over draws of contents.
    pub high: f64,
}

/// Paired bootstrap over contents of `statistic(first) - statistic(second)`.
///
/// Contents are drawn with replacement, all clips of a content together: clips of one content are no independent
/// evidence. Each side may hold several seeds, whose statistics are averaged within a draw. `statistic` gets the drawn
/// predictions, their ratings, and which clips they are.
pub fn paired_bootstrap(
    first: &[Vec<f64>],
    second: &[Vec<f64>],
    rated: &[f64],
    content: &[usize],
    statistic: impl Fn(&[f64], &[f64], &[usize]) -> f64,
    draws: usize,
    seed: u64,
) -> Lift {
    let contents = content.iter().max().map_or(0, |m| m + 1);
    let mut members = vec![Vec::new(); contents];
    for (clip, &content) in content.iter().enumerate() {
        members[content].push(clip);
    }
    members.retain(|clips| !clips.is_empty());
    let side = |predictions: &[Vec<f64>], clips: &[usize], rated: &[f64]| -> f64 {
        let sum: f64 = predictions
            .iter()
            .map(|p| statistic(&clips.iter().map(|&i| p[i]).collect::<Vec<_>>(), rated, clips))
            .sum();
        sum / predictions.len() as f64
    };
    let difference = |clips: &[usize]| {
        let rated: Vec<f64> = clips.iter().map(|&i| rated[i]).collect();
        side(first, clips, &rated) - side(second, clips, &rated)
    };
    let all: Vec<usize> = (0..rated.len()).collect();
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut values: Vec<f64> = (0..draws)
        .map(|_| {
            let clips: Vec<usize> = (0..members.len())
                .flat_map(|_| members[rng.random_range(0..members.len())].iter().copied())
                .collect();
            difference(&clips)
        })
        .filter(|v| !v.is_nan())
        .collect();
    values.sort_by(f64::total_cmp);
    Lift { value: difference(&all), low: quantile(&values, 0.025), high: quantile(&values, 0.975) }
}

#[cfg(test)]
mod tests {
    use super::super::agreement::plcc;
    use super::*;

    #[test]
    fn bootstrap_sees_a_difference_and_its_absence() {
        let rated: Vec<f64> = (0..200).map(|i| f64::from(i % 50)).collect();
        let content: Vec<usize> = (0..200).map(|i| i / 20).collect();
        let noisy: Vec<f64> = rated
            .iter()
            .enumerate()
            .map(|(i, r)| r + 40.0 * ((i * 7919 % 101) as f64 / 101.0))
            .collect();
        let lift = paired_bootstrap(
            std::slice::from_ref(&rated),
            std::slice::from_ref(&noisy),
            &rated,
            &content,
            |p, r, _| plcc(p, r),
            500,
            1,
        );
        assert!(lift.low > 0.0 && lift.low <= lift.value && lift.value <= lift.high);
        let none = paired_bootstrap(
            std::slice::from_ref(&noisy),
            std::slice::from_ref(&noisy),
            &rated,
            &content,
            |p, r, _| plcc(p, r),
            500,
            1,
        );
        assert_eq!((none.value, none.low, none.high), (0.0, 0.0, 0.0));
    }
}
