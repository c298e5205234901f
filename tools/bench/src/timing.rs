// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Clocks, samples and their medians.

use std::fmt;

/// Seconds of processor time of the calling thread: what other programs take does not count.
pub fn thread_time() -> f64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `t` is valid for the call.
    let code = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut t) };
    assert_eq!(code, 0, "CLOCK_THREAD_CPUTIME_ID");
    t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9
}

/// What one call of a contender took in each round, seconds.
pub struct Samples {
    pub name: &'static str,
    pub seconds: Vec<f64>,
}

/// The median of the ratios of two contenders' times, round by round, and its 95 % interval.
#[derive(Clone, Copy)]
pub struct Ratio {
    pub median: f64,
    pub low: f64,
    pub high: f64,
}

impl Samples {
    /// The median, seconds per call.
    pub fn median(&self) -> f64 {
        median(&mut self.seconds.clone())
    }

    /// This contender's time divided by the other's.
    pub fn ratio_to(&self, other: &Self) -> Ratio {
        Ratio::of(&self.seconds, &other.seconds)
    }
}

impl Ratio {
    pub fn of(numerators: &[f64], denominators: &[f64]) -> Self {
        let mut ratios: Vec<f64> =
            numerators.iter().zip(denominators).map(|(n, d)| n / d).collect();
        let median = median(&mut ratios);
        // The interval of a median needs no assumption on the distribution: it lies between two of
        // the sorted values, about sqrt(n) places from the middle.
        let n = ratios.len();
        let places = (n as f64 / 2.0 - 0.98 * (n as f64).sqrt()).floor().max(0.0) as usize;
        Self { median, low: ratios[places], high: ratios[n - 1 - places] }
    }
}

impl fmt::Display for Ratio {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} [{:.3}, {:.3}]", self.median, self.low, self.high)
    }
}

/// Sorts the values.
pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    f64::midpoint(values[(n - 1) / 2], values[n / 2])
}

/// What `once` counts, per second: the median of the rounds.
pub fn median_rate(rounds: usize, mut once: impl FnMut() -> usize) -> f64 {
    let mut rates: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = thread_time();
            let count = once();
            count as f64 / (thread_time() - start)
        })
        .collect();
    median(&mut rates)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_the_median_of_the_rounds_ratios() {
        // One round in which the machine was slow for both, one in which it was for the first only.
        let ratio = Ratio::of(&[1.0, 20.0, 3.0], &[2.0, 40.0, 1.0]);
        assert!((ratio.median - 0.5).abs() < 1e-12);
        assert!(ratio.low <= ratio.median && ratio.median <= ratio.high);
    }

    #[test]
    fn the_interval_of_many_rounds_is_narrow() {
        let numerators: Vec<f64> = (1..=100).map(f64::from).collect();
        let ratio = Ratio::of(&numerators, &[100.0; 100]);
        // The 41st and the 60th of 100.
        assert_eq!(ratio.to_string(), "0.505 [0.410, 0.600]");
    }

    #[test]
    fn one_round_is_enough() {
        assert_eq!(Ratio::of(&[3.0], &[2.0]).to_string(), "1.500 [1.500, 1.500]");
    }
}
