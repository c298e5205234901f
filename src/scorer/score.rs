// SPDX-License-Identifier: BSD-2-Clause-Patent
//! From what the graphs compute to a score with its interval.

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
    /// Standard deviation of that score; NaN if the model has none.
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

/// What follows the graphs: uncertainty, interval, clip.
#[derive(Debug, Clone)]
pub(super) struct Finish {
    /// Bounds on scores; infinite where they are not clipped.
    pub(super) clip: [f64; 2],
    pub(super) conformal_scale: f64,
}

impl Finish {
    /// Of a graph that gives a score.
    pub(super) fn of_score(&self, score: f32) -> Score {
        Score { score: self.clipped(f64::from(score)), ..Score::NONE }
    }

    /// Of a graph that gives a score and its log-variance.
    pub(super) fn of_score_and_logvar(&self, [score, logvar]: [f32; 2]) -> Score {
        let logvar = f64::from(logvar).max(MIN_LOGVAR);
        self.with_interval(f64::from(score), (logvar / 2.0).exp())
    }

    /// Of the scores that the members of an ensemble gave one frame.
    pub(super) fn of_members(&self, scores: impl Iterator<Item = f64> + Clone) -> Score {
        let (score, stddev) = mean_and_deviation(scores);
        self.with_interval(score, stddev)
    }

    fn with_interval(&self, score: f64, stddev: f64) -> Score {
        let half = Z95 * stddev * self.conformal_scale;
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

/// Mean and sample standard deviation.
fn mean_and_deviation(values: impl Iterator<Item = f64> + Clone) -> (f64, f64) {
    let n = values.clone().count() as f64;
    let mean = values.clone().sum::<f64>() / n;
    let squares: f64 = values.map(|v| (v - mean).powi(2)).sum();
    (mean, (squares / (n - 1.0)).sqrt())
}
