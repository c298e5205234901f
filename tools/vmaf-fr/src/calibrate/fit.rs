// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Offset and slope of a laboratory, from few rated clips: generalised least squares with what laboratories are known to
//! differ by, and the errors that are left with each content left out.

use std::collections::BTreeMap;

use vmaf_fr_train::statistics::students_half_width;
use vmaf_fr_v2::Z95;

/// Middle of the scale: offset and slope are independent of each other there.
const CENTRE: f64 = 50.0;
/// What slopes of tests differ by: those of the built-in models' tests lie between .8 and 1.3.
const SLOPE_DEVIATION: f64 = 0.2;
/// Contents that the card's own variances count for, against those whose errors were seen.
const PRIOR_CONTENTS: f64 = 4.0;
/// A slope below it turns the score around, or nearly.
pub const LOWEST_SLOPE: f64 = 0.05;

/// A rated clip as the model sees it.
#[derive(Debug, Clone)]
pub struct Clip {
    /// Mean over its frames, not calibrated and not cut to the range.
    pub score: f64,
    /// Deviation of the graph's own, 0 if it has none.
    pub deviation: f64,
    /// What widens its interval: missing features, distance from the training data.
    pub factor: f64,
    /// The card's score and half width, before they are cut to the range.
    pub before: [f64; 2],
    pub rating: f64,
    pub content: String,
}

/// Variances of ratings minus scores, in squared points.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Components {
    /// Of the offset of a test or laboratory.
    pub test: f64,
    /// Of what all encodes of a content share.
    pub content: f64,
    /// Of a clip.
    pub within: f64,
}

impl Components {
    /// Those of the models of today, for a card that has none.
    pub const USUAL: Self = Self { test: 90.0, content: 25.0, within: 100.0 };
}

/// A calibration, and the deviation that is left.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    pub offset: f64,
    pub slope: f64,
    /// 95 % interval of the slope, by the clips and by what slopes differ by.
    pub slope_ends: [f64; 2],
    /// 95 % interval of the slope by the clips alone: whether they show that ratings rise with the score.
    pub shown_slope_ends: [f64; 2],
    /// Of a rating around the calibrated score, but for the graph's own.
    pub stddev: f64,
    /// Factor on it in the interval: it was estimated from few contents. The old card's factor is for a laboratory that
    /// nothing is known of, of which there were few to learn from; this one is known.
    pub conformal_scale: f64,
}

impl Line {
    pub fn at(&self, score: f64) -> f64 {
        self.offset + self.slope * score
    }

    /// Half width of a clip's 95 % interval: formula 3.6 of the card.
    pub fn half(&self, clip: &Clip) -> f64 {
        Z95 * self.stddev.hypot(self.slope * clip.deviation) * self.conformal_scale * clip.factor
    }
}

/// Coefficients around offset 0 and slope 1, at [`CENTRE`], and their covariance.
struct Posterior {
    mean: [f64; 2],
    covariance: [[f64; 2]; 2],
}

impl Posterior {
    fn of(clips: &[&Clip], prior: Components) -> Self {
        Self::with_precisions(clips, prior, [1.0 / prior.test, 1.0 / SLOPE_DEVIATION.powi(2)])
    }

    /// `known`: precisions of offset and slope before the clips are seen; 0 if nothing is known.
    fn with_precisions(clips: &[&Clip], prior: Components, known: [f64; 2]) -> Self {
        let mut precision = [[known[0], 0.0], [0.0, known[1]]];
        let mut right = [0.0; 2];
        for content in by_content(clips).values() {
            let n = content.len() as f64;
            // The inverse of within x I + content x J is (I - share x J) / within.
            let share = prior.content / (prior.within + n * prior.content);
            let rows = content.iter().map(|clip| [1.0, clip.score - CENTRE]);
            let residuals = content.iter().map(|clip| clip.rating - clip.score);
            let mut sums = [0.0; 2];
            let mut residual_sum = 0.0;
            for (row, residual) in rows.zip(residuals) {
                for i in 0..2 {
                    for j in 0..2 {
                        precision[i][j] += row[i] * row[j] / prior.within;
                    }
                    right[i] += row[i] * residual / prior.within;
                    sums[i] += row[i];
                }
                residual_sum += residual;
            }
            for i in 0..2 {
                for j in 0..2 {
                    precision[i][j] -= share * sums[i] * sums[j] / prior.within;
                }
                right[i] -= share * sums[i] * residual_sum / prior.within;
            }
        }
        let determinant = precision[0][0] * precision[1][1] - precision[0][1] * precision[1][0];
        let covariance = [
            [precision[1][1] / determinant, -precision[0][1] / determinant],
            [-precision[1][0] / determinant, precision[0][0] / determinant],
        ];
        let mean = [0, 1].map(|i| covariance[i][0] * right[0] + covariance[i][1] * right[1]);
        Self { mean, covariance }
    }

    /// Variance of the line at a score.
    fn variance(&self, score: f64) -> f64 {
        let x = score - CENTRE;
        let [[a, b], [_, d]] = self.covariance;
        a + 2.0 * b * x + d * x * x
    }

    fn line(&self, stddev: f64) -> Line {
        let slope = 1.0 + self.mean[1];
        Line {
            offset: self.mean[0] + CENTRE * (1.0 - slope),
            slope,
            slope_ends: self.slope_ends(1.0),
            shown_slope_ends: [f64::NEG_INFINITY, f64::INFINITY],
            stddev,
            conformal_scale: 1.0,
        }
    }

    /// 95 % interval of the slope, where all variances are `scale` times the expected ones.
    fn slope_ends(&self, scale: f64) -> [f64; 2] {
        let spread = Z95 * (self.covariance[1][1] * scale).sqrt();
        [-spread, spread].map(|end| 1.0 + self.mean[1] + end)
    }
}

fn by_content<'a>(clips: &[&'a Clip]) -> BTreeMap<&'a str, Vec<&'a Clip>> {
    let mut contents: BTreeMap<&str, Vec<&Clip>> = BTreeMap::new();
    for clip in clips {
        contents.entry(&clip.content).or_default().push(clip);
    }
    contents
}

/// Each content's clips, and all others.
fn leaving_out<'a>(clips: &[&'a Clip]) -> Vec<(Vec<&'a Clip>, Vec<&'a Clip>)> {
    by_content(clips)
        .into_iter()
        .map(|(content, own)| {
            let others = clips.iter().copied().filter(|clip| clip.content != content).collect();
            (own, others)
        })
        .collect()
}

/// Fits offset and slope. The deviation is what the components and the line's own uncertainty leave, scaled to the errors
/// with each content left out; few contents scale it little.
pub fn fit(clips: &[&Clip], prior: Components) -> Line {
    let expected = |clip: &Clip, posterior: &Posterior| {
        prior.content + prior.within + posterior.variance(clip.score)
    };
    let posterior = Posterior::of(clips, prior);
    let mean = |clips: &[&Clip], value: &dyn Fn(&Clip) -> f64| {
        clips.iter().map(|clip| value(clip)).sum::<f64>() / clips.len() as f64
    };
    let folds = leaving_out(clips);
    let seen: f64 = folds
        .iter()
        .filter(|(_, others)| !others.is_empty())
        .map(|(own, others)| {
            let posterior = Posterior::of(others, prior);
            let line = posterior.line(0.0);
            mean(own, &|clip| {
                let error = (clip.rating - line.at(clip.score)) / clip.factor;
                error * error / expected(clip, &posterior)
            })
        })
        .sum();
    let contents = if folds.len() > 1 { folds.len() as f64 } else { 0.0 };
    let scale = (seen + PRIOR_CONTENTS) / (contents + PRIOR_CONTENTS);
    let total = mean(clips, &|clip| expected(clip, &posterior)) * scale;
    let own = posterior.line(0.0).slope.powi(2) * mean(clips, &|clip| clip.deviation.powi(2));
    // Clips of one score say nothing of a slope, and no interval of theirs is finite.
    let alone = Posterior::with_precisions(clips, prior, [0.0; 2]).slope_ends(scale);
    let shown = if alone.iter().all(|end| end.is_finite()) {
        alone
    } else {
        [f64::NEG_INFINITY, f64::INFINITY]
    };
    Line {
        shown_slope_ends: shown,
        conformal_scale: students_half_width(contents + PRIOR_CONTENTS) / Z95,
        ..posterior.line((total - own).max(0.0).sqrt())
    }
}

/// How scores and intervals do; every content counts the same.
#[derive(Debug, Clone, Copy, serde::Serialize)]
pub struct Judgement {
    pub rmse: f64,
    /// Mean of rating minus score.
    pub bias: f64,
    /// Share of ratings inside the 95 % interval.
    pub coverage: f64,
    /// Of the interval, cut to the range.
    pub mean_width: f64,
}

/// The card's own scores, and those of calibrations that have not seen the clip's content.
pub fn judge(clips: &[&Clip], prior: Components, range: [f64; 2]) -> [Judgement; 2] {
    let mut before = Vec::new();
    let mut after = Vec::new();
    for (own, others) in leaving_out(clips) {
        let line = fit(&others, prior);
        before.push(Judgement::of(&own, range, |clip| clip.before));
        after.push(Judgement::of(&own, range, |clip| [line.at(clip.score), line.half(clip)]));
    }
    [before, after].map(|contents| Judgement::mean(&contents))
}

impl Judgement {
    /// Of one content's clips, by the score and half width of each.
    pub fn of(clips: &[&Clip], [low, high]: [f64; 2], scored: impl Fn(&Clip) -> [f64; 2]) -> Self {
        let mut sum = Self { rmse: 0.0, bias: 0.0, coverage: 0.0, mean_width: 0.0 };
        for clip in clips {
            let [score, half] = scored(clip);
            let [bottom, top] = [score - half, score + half].map(|end| end.clamp(low, high));
            let error = clip.rating - score.clamp(low, high);
            sum.rmse += error * error;
            sum.bias += error;
            sum.coverage += f64::from(u8::from((bottom..=top).contains(&clip.rating)));
            sum.mean_width += top - bottom;
        }
        let n = clips.len() as f64;
        Self {
            rmse: (sum.rmse / n).sqrt(),
            bias: sum.bias / n,
            coverage: sum.coverage / n,
            mean_width: sum.mean_width / n,
        }
    }

    pub fn mean(contents: &[Self]) -> Self {
        let n = contents.len() as f64;
        let mean = |value: &dyn Fn(&Self) -> f64| contents.iter().map(value).sum::<f64>() / n;
        Self {
            rmse: mean(&|c| c.rmse * c.rmse).sqrt(),
            bias: mean(&|c| c.bias),
            coverage: mean(&|c| c.coverage),
            mean_width: mean(&|c| c.mean_width),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PRIOR: Components = Components { test: 100.0, content: 16.0, within: 25.0 };

    /// Deterministic numbers with mean 0 and variance 1.
    fn noise(i: usize) -> f64 {
        let u = ((i * 2_654_435_761) % 4_294_967_296) as f64 / 4_294_967_296.0;
        (u - 0.5) * 12f64.sqrt()
    }

    fn laboratory(contents: usize, clips: usize, offset: f64, slope: f64) -> Vec<Clip> {
        (0..contents * clips)
            .map(|i| {
                let content = i / clips;
                let score = 20.0 + 60.0 * ((i * 7) % 11) as f64 / 10.0;
                let shared = 4.0 * noise(content + 1000);
                Clip {
                    score,
                    deviation: 0.0,
                    factor: 1.0,
                    before: [score, 28.0],
                    rating: offset + slope * score + shared + 5.0 * noise(i),
                    content: format!("c{content:02}"),
                }
            })
            .collect()
    }

    #[test]
    fn offset_and_slope_come_back() {
        let clips = laboratory(20, 6, 15.0, 0.8);
        let clips: Vec<&Clip> = clips.iter().collect();
        let line = fit(&clips, PRIOR);
        assert!((line.at(50.0) - 55.0).abs() < 2.0, "{line:?}");
        assert!((line.slope - 0.8).abs() < 0.05, "{line:?}");
        assert!((6.0..8.0).contains(&line.stddev), "{line:?}");
        let [before, after] = judge(&clips, PRIOR, [0.0, 100.0]);
        assert!(before.rmse > 8.0 && after.rmse < 7.5, "{before:?} {after:?}");
        assert!(after.mean_width < before.mean_width, "{before:?} {after:?}");
        assert!(after.coverage >= 0.93, "{after:?}");
    }

    /// A factor for few contents, which does not depend on what the card before needed.
    #[test]
    fn the_interval_is_wider_for_fewer_contents() {
        let factor = |contents: usize| {
            let clips = laboratory(contents, 3, 10.0, 1.0);
            fit(&clips.iter().collect::<Vec<_>>(), PRIOR).conformal_scale
        };
        // Student's quantiles of 6 and 24 degrees of freedom, over the normal one.
        assert!((factor(2) - 2.446_912 / Z95).abs() < 1e-4, "{}", factor(2));
        assert!((factor(20) - 2.063_899 / Z95).abs() < 1e-4, "{}", factor(20));
    }

    /// The prior holds the slope near 1; the clips alone do not.
    #[test]
    fn clips_alone_show_a_slope_or_do_not() {
        let mut clips = laboratory(10, 4, 10.0, 0.9);
        let shown = fit(&clips.iter().collect::<Vec<_>>(), PRIOR);
        assert!(shown.shown_slope_ends[0] > 0.7, "{shown:?}");
        for (i, clip) in clips.iter_mut().enumerate() {
            clip.rating = 50.0 + 10.0 * noise(i + 77);
        }
        let unrelated = fit(&clips.iter().collect::<Vec<_>>(), PRIOR);
        assert!(unrelated.shown_slope_ends[0] <= 0.0, "{unrelated:?}");
        for clip in &mut clips {
            clip.score = 40.0;
        }
        let of_one_score = fit(&clips.iter().collect::<Vec<_>>(), PRIOR);
        assert!(of_one_score.shown_slope_ends[0] < -1e3, "{of_one_score:?}");
    }

    #[test]
    fn few_clips_are_shrunk_towards_what_is_known() {
        let clips = laboratory(2, 1, 30.0, 1.0);
        let line = fit(&clips.iter().collect::<Vec<_>>(), PRIOR);
        let moved = line.at(50.0) - 50.0;
        assert!((10.0..29.0).contains(&moved), "{line:?}");
        // Two clips say little of a slope.
        assert!((line.slope - 1.0).abs() < 0.2, "{line:?}");
    }

    #[test]
    fn clips_that_disagree_widen_what_is_left() {
        let mut clips = laboratory(10, 4, 0.0, 1.0);
        let agreed = fit(&clips.iter().collect::<Vec<_>>(), PRIOR).stddev;
        for (i, clip) in clips.iter_mut().enumerate() {
            clip.rating += 20.0 * noise(i + 5000);
        }
        let disagreed = fit(&clips.iter().collect::<Vec<_>>(), PRIOR).stddev;
        assert!(disagreed > 2.0 * agreed, "{agreed} {disagreed}");
    }

    #[test]
    fn a_content_is_judged_by_the_others() {
        let mut clips = laboratory(6, 3, 10.0, 1.0);
        let all: Vec<&Clip> = clips.iter().collect();
        let [_, one] = judge(&all, PRIOR, [-1000.0, 1000.0]);
        // A content far off does not make itself look better.
        for clip in clips.iter_mut().filter(|clip| clip.content == "c00") {
            clip.rating += 500.0;
        }
        let all: Vec<&Clip> = clips.iter().collect();
        let [_, other] = judge(&all, PRIOR, [-1000.0, 1000.0]);
        assert!(other.rmse > one.rmse + 150.0, "{one:?} {other:?}");
    }
}
