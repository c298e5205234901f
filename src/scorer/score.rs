// SPDX-License-Identifier: BSD-2-Clause-Patent
//! From what the graphs compute to a score with its interval.

use crate::model::card::Calibration;

/// Lowest log-variance that is believed.
const MIN_LOGVAR: f64 = -6.0;

/// Half the width of a normal distribution's 95 % interval, in standard deviations.
pub const Z95: f64 = 1.959_964;

/// The score of one frame.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[repr(C)]
pub struct Score {
    /// On the model's scale, clipped to its range.
    pub score: f64,
    /// Standard deviation of that score; NaN if the model has none. What only widens the interval is no part of it: the
    /// card's conformal scale, distance from the training data, missing features.
    pub stddev: f64,
    /// Lower end of the 95 % interval, clipped too; NaN if the model has none.
    pub ci95_low: f64,
    /// Upper end of the 95 % interval, clipped too; NaN if the model has none.
    pub ci95_high: f64,
}

impl Score {
    /// Of a frame that could not be scored: everything is NaN.
    ///
    /// cbindgen:ignore
    pub const NONE: Self =
        Self { score: f64::NAN, stddev: f64::NAN, ci95_low: f64::NAN, ci95_high: f64::NAN };
}

/// What follows the graphs: uncertainty, calibration, interval, clip.
#[derive(Debug, Clone)]
pub(super) struct Finish {
    /// Bounds on scores; infinite where they are not clipped.
    pub(super) clip: [f64; 2],
    pub(super) conformal_scale: f64,
    pub(super) calibration: Option<Calibration>,
}

/// What a graph says of one frame: a score, and its standard deviation, NaN where there is none.
pub(super) type Estimate = (f64, f64);

/// Of a graph that gives a score and its log-variance.
pub(super) fn of_score_and_logvar([score, logvar]: [f32; 2]) -> Estimate {
    let logvar = f64::from(logvar).max(MIN_LOGVAR);
    (f64::from(score), (logvar / 2.0).exp())
}

impl Finish {
    /// Of a score without a deviation, where no calibration adds one.
    pub(super) fn of_score(&self, score: f32) -> Score {
        Score { score: self.clipped(f64::from(score)), ..Score::NONE }
    }

    /// Of a score with its deviation, where no calibration moves them.
    pub(super) fn of_estimate(&self, (score, stddev): Estimate) -> Score {
        self.with_interval(score, stddev, Z95 * stddev * self.conformal_scale)
    }

    /// Of any score, calibrated first, its interval widened by a factor.
    pub(super) fn calibrated(&self, (score, stddev): Estimate, factor: f64) -> Score {
        let (score, stddev) = match self.calibration {
            None => (score, stddev),
            Some(Calibration { offset, slope, stddev: left }) => {
                let own = if stddev.is_nan() { 0.0 } else { slope * stddev };
                (offset + slope * score, (own * own + left * left).sqrt())
            }
        };
        self.with_interval(score, stddev, Z95 * stddev * self.conformal_scale * factor)
    }

    fn with_interval(&self, score: f64, stddev: f64, half: f64) -> Score {
        Score {
            score: self.clipped(score),
            stddev,
            ci95_low: self.clipped(score - half),
            ci95_high: self.clipped(score + half),
        }
    }

    /// NaN stays NaN.
    fn clipped(&self, v: f64) -> f64 {
        let [low, high] = self.clip;
        if v < low {
            low
        } else if v > high {
            high
        } else {
            v
        }
    }
}

/// Of the scores that the members of an ensemble gave one frame: mean and sample standard deviation.
pub(super) fn of_members(values: impl Iterator<Item = f64> + Clone) -> Estimate {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let squares: f64 = values.map(|v| (v - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // The same operations give the same bits.
mod tests {
    use super::*;

    fn finish(calibration: Option<Calibration>) -> Finish {
        Finish { clip: [0.0, 100.0], conformal_scale: 1.25, calibration }
    }

    #[test]
    fn calibration_comes_before_interval_and_clip() {
        let calibration = Calibration { offset: -10.0, slope: 2.0, stddev: 3.0 };
        let score = finish(Some(calibration)).calibrated((40.0, 2.0), 1.5);
        assert_eq!((score.score, score.stddev), (70.0, 5.0));
        let half = Z95 * 5.0 * 1.25 * 1.5;
        assert_eq!((score.ci95_low, score.ci95_high), (70.0 - half, 70.0 + half));
        let above = finish(Some(calibration)).calibrated((60.0, 2.0), 1.5);
        assert_eq!((above.score, above.ci95_high), (100.0, 100.0), "110, clipped");
        assert_eq!(above.ci95_low, 110.0 - half);
    }

    #[test]
    fn calibration_gives_a_deviation_where_there_is_none() {
        let calibration = Calibration { offset: 1.0, slope: 1.0, stddev: 3.0 };
        let score = finish(Some(calibration)).calibrated((40.0, f64::NAN), 1.0);
        assert_eq!((score.score, score.stddev), (41.0, 3.0));
        assert_eq!(score.ci95_low, 41.0 - Z95 * 3.0 * 1.25);
    }

    #[test]
    fn without_calibration_and_factor_both_ways_have_the_same_bits() {
        let finish = finish(None);
        for estimate in [(40.3, 2.1), (-3.0, 0.7), (101.0, 1e-3)] {
            assert_eq!(finish.calibrated(estimate, 1.0), finish.of_estimate(estimate));
        }
        let without = finish.calibrated((40.3, f64::NAN), 2.0);
        assert_eq!(without.score, 40.3);
        assert!(without.stddev.is_nan() && without.ci95_low.is_nan() && without.ci95_high.is_nan());
    }
}
