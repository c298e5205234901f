// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Pools frame scores over time, as libvmaf does, without keeping them.

use serde::Serialize;
use vmaf_fr_v2::Score;

/// libvmaf's pooling methods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum, Serialize)]
#[value(rename_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum Method {
    /// Arithmetic mean
    Mean,
    /// Harmonic mean of score + 1, minus 1
    HarmonicMean,
    /// The worst frame's
    Min,
    /// The best frame's
    Max,
}

impl Method {
    pub const ALL: [Self; 4] = [Self::Mean, Self::HarmonicMean, Self::Min, Self::Max];

    pub fn name(self) -> &'static str {
        match self {
            Self::Mean => "mean",
            Self::HarmonicMean => "harmonic_mean",
            Self::Min => "min",
            Self::Max => "max",
        }
    }
}

/// A clip's score and its 95 % interval.
///
/// The ends of the interval are the frames' lower and upper ends, each pooled like the scores. That is the
/// interval of the pooled score if the errors of all frames go the same way: a model misjudges a content,
/// not a frame, so a longer clip does not make it more certain.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Pooled {
    pub score: f64,
    pub ci95_low: Option<f64>,
    pub ci95_high: Option<f64>,
}

#[derive(Debug, Clone, Copy)]
struct Series {
    sum: f64,
    inverse_sum: f64,
    min: f64,
    max: f64,
}

impl Series {
    fn push(&mut self, value: f64) {
        self.sum += value;
        // Stays NaN: the harmonic mean has no meaning then.
        self.inverse_sum += if value > -1.0 { 1.0 / (value + 1.0) } else { f64::NAN };
        self.min = self.min.min(value);
        self.max = self.max.max(value);
    }

    fn pooled(&self, method: Method, n: u64) -> Option<f64> {
        let n = n as f64;
        let value = match method {
            Method::Mean => self.sum / n,
            Method::HarmonicMean => n / self.inverse_sum - 1.0,
            Method::Min => self.min,
            Method::Max => self.max,
        };
        value.is_finite().then_some(value)
    }
}

/// Running sums over a clip.
#[derive(Debug)]
pub struct Pool {
    n: u64,
    score: Series,
    low: Series,
    high: Series,
}

impl Pool {
    pub fn new() -> Self {
        let empty =
            Series { sum: 0.0, inverse_sum: 0.0, min: f64::INFINITY, max: f64::NEG_INFINITY };
        Self { n: 0, score: empty, low: empty, high: empty }
    }

    pub fn push(&mut self, score: &Score) {
        self.n += 1;
        self.score.push(score.score);
        if !score.stddev.is_nan() {
            self.low.push(score.ci95_low);
            self.high.push(score.ci95_high);
        }
    }

    /// `None` without frames, and for a harmonic mean over scores of -1 or less (unclipped ones).
    pub fn pooled(&self, method: Method) -> Option<Pooled> {
        // Without an interval its sums are those of no values at all.
        let end = |series: &Series| {
            (series.max >= series.min).then(|| series.pooled(method, self.n)).flatten()
        };
        (self.n > 0).then(|| self.score.pooled(method, self.n)).flatten().map(|score| Pooled {
            score,
            ci95_low: end(&self.low),
            ci95_high: end(&self.high),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn score(score: f64, stddev: f64) -> Score {
        Score { score, stddev, ci95_low: score - 2.0 * stddev, ci95_high: score + 2.0 * stddev }
    }

    fn pool(scores: &[Score]) -> Pool {
        let mut pool = Pool::new();
        for score in scores {
            pool.push(score);
        }
        pool
    }

    #[test]
    fn pools_as_libvmaf_does() {
        let pool = pool(&[score(40.0, f64::NAN), score(60.0, f64::NAN), score(80.0, f64::NAN)]);
        let pooled = |method| pool.pooled(method).unwrap();
        assert_eq!(pooled(Method::Mean), Pooled { score: 60.0, ci95_low: None, ci95_high: None });
        let harmonic = 3.0 / (1.0 / 41.0 + 1.0 / 61.0 + 1.0 / 81.0) - 1.0;
        assert_eq!(pooled(Method::HarmonicMean).score.to_bits(), f64::to_bits(harmonic));
        assert_eq!(pooled(Method::Min).score.to_bits(), 40_f64.to_bits());
        assert_eq!(pooled(Method::Max).score.to_bits(), 80_f64.to_bits());
    }

    #[test]
    fn the_interval_does_not_shrink_with_the_clip() {
        let width = |n| {
            let pooled = pool(&vec![score(50.0, 4.0); n]).pooled(Method::Mean).unwrap();
            pooled.ci95_high.unwrap() - pooled.ci95_low.unwrap()
        };
        assert!((width(1) - 16.0).abs() < 1e-9);
        assert!((width(1000) - 16.0).abs() < 1e-9);
    }

    #[test]
    fn what_is_not_defined_is_none() {
        assert_eq!(pool(&[]).pooled(Method::Mean), None);
        let negative = pool(&[score(-1.0, 1.0), score(50.0, 1.0)]);
        assert_eq!(negative.pooled(Method::HarmonicMean), None);
        assert!(negative.pooled(Method::Mean).is_some());
        // The scores have a harmonic mean, the lower ends do not.
        let low = pool(&[score(0.0, 1.0)]).pooled(Method::HarmonicMean).unwrap();
        assert_eq!((low.ci95_low, low.ci95_high), (None, Some(2.0)));
    }
}
