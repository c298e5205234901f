// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The course of a clip's scores in bounded memory, for the plot and for the worst frames.

use vmaf_fr_v2::Score;

/// More bins than a plot has columns.
const MAX_BINS: usize = 4096;

/// Some consecutive frames.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bin {
    /// First and last frame number.
    pub first: u32,
    pub last: u32,
    pub count: u64,
    pub sum: f64,
    /// The lowest score and the frame that has it.
    pub min: f64,
    pub min_frame: u32,
    pub max: f64,
    pub low_sum: f64,
    pub high_sum: f64,
}

impl Bin {
    fn of(frame: u32, score: &Score) -> Self {
        Self {
            first: frame,
            last: frame,
            count: 1,
            sum: score.score,
            min: score.score,
            min_frame: frame,
            max: score.score,
            low_sum: score.ci95_low,
            high_sum: score.ci95_high,
        }
    }

    fn merge(&mut self, next: &Self) {
        self.last = next.last;
        self.count += next.count;
        self.sum += next.sum;
        if next.min < self.min {
            self.min = next.min;
            self.min_frame = next.min_frame;
        }
        self.max = self.max.max(next.max);
        self.low_sum += next.low_sum;
        self.high_sum += next.high_sum;
    }

    /// One bin for all of these.
    pub fn merged(bins: &[Self]) -> Option<Self> {
        let (first, rest) = bins.split_first()?;
        let mut merged = *first;
        for bin in rest {
            merged.merge(bin);
        }
        Some(merged)
    }

    pub fn mean(&self) -> f64 {
        self.sum / self.count as f64
    }

    /// Mean ends of the frames' intervals, if they have any.
    pub fn interval(&self) -> Option<(f64, f64)> {
        let n = self.count as f64;
        (!self.low_sum.is_nan()).then_some((self.low_sum / n, self.high_sum / n))
    }

    /// The bin's place on the frame axis.
    pub fn middle(&self) -> f64 {
        f64::midpoint(f64::from(self.first), f64::from(self.last))
    }
}

/// Bins over a clip; each holds one frame until there are too many, then twice as many, and so on.
#[derive(Debug)]
pub struct Trace {
    bins: Vec<Bin>,
    frames_per_bin: u64,
}

impl Trace {
    pub fn new() -> Self {
        Self { bins: Vec::with_capacity(MAX_BINS), frames_per_bin: 1 }
    }

    pub fn push(&mut self, frame: u32, score: &Score) {
        let next = Bin::of(frame, score);
        match self.bins.last_mut() {
            Some(last) if last.count < self.frames_per_bin => last.merge(&next),
            _ => {
                if self.bins.len() == MAX_BINS {
                    self.halve();
                }
                self.bins.push(next);
            }
        }
    }

    fn halve(&mut self) {
        for pair in 0..MAX_BINS / 2 {
            let mut bin = self.bins[2 * pair];
            bin.merge(&self.bins[2 * pair + 1]);
            self.bins[pair] = bin;
        }
        self.bins.truncate(MAX_BINS / 2);
        self.frames_per_bin *= 2;
    }

    pub fn bins(&self) -> &[Bin] {
        &self.bins
    }

    /// Frame numbers and scores of up to `n` lowest frames, the lowest first. Neighbours of one that is
    /// listed are left out: the frames of one bad moment are one thing to look at.
    pub fn worst(&self, n: usize) -> Vec<(u32, f64)> {
        let (Some(first), Some(last)) = (self.bins.first(), self.bins.last()) else {
            return Vec::new();
        };
        let distance = (last.last - first.first) / 20 + 1;
        let mut bins: Vec<&Bin> = self.bins.iter().collect();
        bins.sort_by(|a, b| a.min.total_cmp(&b.min).then(a.min_frame.cmp(&b.min_frame)));
        let mut worst: Vec<(u32, f64)> = Vec::new();
        for bin in bins {
            if worst.len() == n {
                break;
            }
            if worst.iter().all(|(frame, _)| frame.abs_diff(bin.min_frame) >= distance) {
                worst.push((bin.min_frame, bin.min));
            }
        }
        worst
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(n: u32, score: impl Fn(u32) -> f64) -> Trace {
        let mut trace = Trace::new();
        for frame in 0..n {
            let score = score(frame);
            trace.push(
                frame,
                &Score { score, stddev: 1.0, ci95_low: score - 2.0, ci95_high: score + 2.0 },
            );
        }
        trace
    }

    #[test]
    fn memory_stays_bounded_and_nothing_is_lost() {
        let n = 216_000;
        let trace = trace(n, |frame| f64::from(frame % 97));
        assert!(trace.bins().len() <= MAX_BINS);
        assert_eq!(trace.bins().iter().map(|bin| bin.count).sum::<u64>(), u64::from(n));
        assert_eq!(trace.bins().first().unwrap().first, 0);
        assert_eq!(trace.bins().last().unwrap().last, n - 1);
        for pair in trace.bins().windows(2) {
            assert_eq!(pair[0].last + 1, pair[1].first);
        }
    }

    #[test]
    fn the_worst_frames_are_apart() {
        let dips = |frame: u32| match frame {
            500..520 => 10.0 + f64::from(frame - 500),
            900 => 15.0,
            _ => 80.0,
        };
        let worst = trace(1000, dips).worst(2);
        assert_eq!(worst, [(500, 10.0), (900, 15.0)]);
        let merged = trace(100_000, |frame| if frame == 77_777 { 1.0 } else { 50.0 }).worst(1);
        assert_eq!(merged, [(77_777, 1.0)]);
        assert_eq!(trace(0, dips).worst(3), []);
    }
}
