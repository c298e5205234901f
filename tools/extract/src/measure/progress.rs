// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Progress of one clip.

use vmaf_fr_measure::process::Progress;

/// Steps of one clip, reported as a share of it.
pub(super) struct Steps<'a> {
    pub(super) done: u32,
    pub(super) of: u32,
    pub(super) report: &'a mut dyn FnMut(f64),
}

impl Steps<'_> {
    pub(super) fn within(&mut self) -> impl FnMut(Progress) + '_ {
        let (done, of) = (f64::from(self.done), f64::from(self.of));
        move |progress| {
            if let Some(total) = progress.total.filter(|&t| t > 0) {
                (self.report)((done + (progress.frames as f64 / total as f64).min(1.0)) / of);
            }
        }
    }

    pub(super) fn next(&mut self) {
        self.done += 1;
        (self.report)(f64::from(self.done) / f64::from(self.of));
    }
}
