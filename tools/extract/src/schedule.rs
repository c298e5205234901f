// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Runs tasks side by side and shows how far they are.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use indicatif::{ProgressBar, ProgressStyle};

use crate::finished::FinishedClip;
use crate::instruments::Instruments;
use crate::measure::{Times, finish};
use crate::table::Summary;
use crate::task::ClipTask;

/// What came of the tasks, in their order.
pub(crate) struct Outcome {
    pub(crate) results: Vec<Result<FinishedClip>>,
    times: Times,
}

/// Steps of the bar for one clip.
const PARTS: u64 = 1000;

/// Runs every task, `workers` at a time. A task that fails stops no other.
pub(crate) fn run(
    tasks: &[ClipTask],
    instruments: Option<&Instruments>,
    workers: usize,
) -> Outcome {
    let bar = ProgressBar::new(tasks.len() as u64 * PARTS);
    if let Ok(style) =
        ProgressStyle::with_template("{msg} {wide_bar} {percent}% {elapsed}, {eta} left")
    {
        bar.set_style(style);
    }
    bar.set_message(format!("0 of {} clips", tasks.len()));
    bar.enable_steady_tick(Duration::from_millis(500));
    let next = AtomicUsize::new(0);
    let finished = AtomicUsize::new(0);
    let slots: Mutex<Vec<Option<Result<FinishedClip>>>> =
        Mutex::new(tasks.iter().map(|_| None).collect());
    let total = Mutex::new(Times::default());

    std::thread::scope(|scope| {
        for _ in 0..workers.clamp(1, tasks.len().max(1)) {
            scope.spawn(|| {
                let mut times = Times::default();
                while let Some((index, task)) = {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    tasks.get(index).map(|task| (index, task))
                } {
                    let mut shown = 0;
                    let mut report = |share: f64| {
                        #[expect(clippy::cast_sign_loss, reason = "a share of 0..=1")]
                        let parts = (share * PARTS as f64) as u64;
                        bar.inc(parts.saturating_sub(shown));
                        shown = shown.max(parts);
                    };
                    let result = finish(task, instruments, &mut times, &mut report);
                    bar.inc(PARTS - shown.min(PARTS));
                    let finished = finished.fetch_add(1, Ordering::Relaxed) + 1;
                    bar.set_message(format!("{finished} of {} clips", tasks.len()));
                    slots.lock().unwrap_or_else(PoisonError::into_inner)[index] = Some(result);
                }
                let mut sum = total.lock().unwrap_or_else(PoisonError::into_inner);
                sum.encoding += times.encoding;
                sum.measuring += times.measuring;
                sum.target += times.target;
                sum.all += times.all;
                sum.hits += times.hits;
            });
        }
    });
    bar.finish_and_clear();
    let results = slots
        .into_inner()
        .unwrap_or_else(PoisonError::into_inner)
        .into_iter()
        .map(|slot| slot.unwrap_or_else(|| Err(anyhow::anyhow!("it was never run"))))
        .collect();
    Outcome { results, times: total.into_inner().unwrap_or_else(PoisonError::into_inner) }
}

impl Outcome {
    /// One line: rows, speed, and where the time went.
    pub(crate) fn describe(&self, summary: &Summary, elapsed: Duration) -> String {
        let clips = self.results.iter().filter(|r| r.is_ok()).count();
        let seconds = elapsed.as_secs_f64();
        let speed = summary.rows as f64 / seconds.max(1e-9);
        let mut parts = vec![format!(
            "{} rows of {clips} clips in {seconds:.1} s ({speed:.0} rows/s)",
            summary.rows
        )];
        if self.times.hits > 0 {
            parts.push(format!("{} clips from the cache", self.times.hits));
        }
        let Times { encoding, measuring, target, all, .. } = self.times;
        let tools = encoding + measuring + target;
        if !tools.is_zero() {
            let share = |part: Duration| 100.0 * part.as_secs_f64() / all.as_secs_f64().max(1e-9);
            parts.push(format!("{:.1} % of the time encoding", share(encoding)));
            parts.push(format!("{:.1} % measuring", share(measuring)));
            if !target.is_zero() {
                parts.push(format!("{:.1} % in SSIMULACRA2", share(target)));
            }
            parts.push(format!("{:.1} % elsewhere", share(all.saturating_sub(tools))));
        }
        if summary.missing > 0 {
            parts.push(format!("{} values are not numbers", summary.missing));
        }
        parts.join(", ")
    }
}
