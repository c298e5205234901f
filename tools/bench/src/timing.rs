// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Interleaved samples and their medians.

/// Seconds of processor time of the calling thread: what other programs take does not count.
pub fn thread_time() -> f64 {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `t` is valid for the call.
    let code = unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut t) };
    assert_eq!(code, 0, "CLOCK_THREAD_CPUTIME_ID");
    t.tv_sec as f64 + t.tv_nsec as f64 * 1e-9
}

/// One way to score a batch.
pub struct Contender<'a> {
    pub name: &'static str,
    /// Does it that many times and returns the processor time taken, seconds.
    pub run: Box<dyn FnMut(usize) -> f64 + 'a>,
}

impl<'a> Contender<'a> {
    /// A contender within this process.
    pub fn new(name: &'static str, mut once: impl FnMut() + 'a) -> Self {
        let run = Box::new(move |times| {
            let start = thread_time();
            for _ in 0..times {
                once();
            }
            thread_time() - start
        });
        Self { name, run }
    }
}

/// What a contender needs for one call.
pub struct Measured {
    pub name: &'static str,
    /// Median of the samples, seconds per call.
    pub seconds: f64,
    /// Median over the rounds of its time by the first contender's in that round.
    pub ratio: f64,
}

pub fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    let n = values.len();
    f64::midpoint(values[(n - 1) / 2], values[n / 2])
}

/// Takes a sample of about `sample` seconds of each contender in turn, `rounds` times.
pub fn measure(contenders: &mut [Contender<'_>], rounds: usize, sample: f64) -> Vec<Measured> {
    let times: Vec<usize> = contenders
        .iter_mut()
        .map(|c| {
            (c.run)(1);
            let mut times = 1;
            loop {
                let took = (c.run)(times);
                if took > sample / 4.0 || times > 1 << 20 {
                    let per_call = took / times as f64;
                    return ((sample / per_call) as usize).max(1);
                }
                times *= 4;
            }
        })
        .collect();
    let mut seconds = vec![Vec::with_capacity(rounds); contenders.len()];
    for _ in 0..rounds {
        for ((c, &times), seconds) in contenders.iter_mut().zip(&times).zip(&mut seconds) {
            seconds.push((c.run)(times) / times as f64);
        }
    }
    let reference = seconds[0].clone();
    contenders
        .iter()
        .zip(seconds)
        .map(|(c, mut seconds)| {
            let mut ratios: Vec<f64> = seconds.iter().zip(&reference).map(|(s, r)| s / r).collect();
            Measured { name: c.name, ratio: median(&mut ratios), seconds: median(&mut seconds) }
        })
        .collect()
}
