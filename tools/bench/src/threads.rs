// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Frames per second of two threads, with a handle each or sharing one, divided by those of one thread.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::case::Case;
use crate::library::{EMBEDDED, Handle, Library, ONNXRUNTIME, VmafFrV2Score};
use crate::options::{Options, THREAD_SIZES};
use crate::timing;

/// Frames per second.
#[derive(Clone, Copy, Default)]
struct Rate {
    by_wall_clock: f64,
    by_processor_time: f64,
}

/// The sum over one thread for each of the handles, which may be the same one.
fn rate(case: &Case, handles: &[&Handle], n: usize) -> Rate {
    let stop = AtomicBool::new(false);
    let ready = Barrier::new(handles.len() + 1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = handles
            .iter()
            .map(|handle| {
                scope.spawn(|| {
                    let (features, ids) = case.rows(n);
                    let mut scores = vec![VmafFrV2Score::default(); n];
                    handle.score(features, ids, &mut scores);
                    ready.wait();
                    let (start, used, mut frames) = (Instant::now(), timing::thread_time(), 0);
                    while !stop.load(Ordering::Relaxed) {
                        for _ in 0..(1024 / n).max(1) {
                            handle.score(features, ids, &mut scores);
                            frames += n;
                        }
                    }
                    Rate {
                        by_wall_clock: frames as f64 / start.elapsed().as_secs_f64(),
                        by_processor_time: frames as f64 / (timing::thread_time() - used),
                    }
                })
            })
            .collect();
        ready.wait();
        std::thread::sleep(Duration::from_millis(40));
        stop.store(true, Ordering::Relaxed);
        threads.into_iter().map(|t| t.join().expect("thread")).fold(Rate::default(), |sum, r| {
            Rate {
                by_wall_clock: sum.by_wall_clock + r.by_wall_clock,
                by_processor_time: sum.by_processor_time + r.by_processor_time,
            }
        })
    })
}

/// Two handles of a model with one engine, and the frames per second of each way to use them, divided
/// by those of one thread.
struct Pair<'a> {
    case: &'a Case,
    engine: &'static str,
    handles: [Handle; 2],
    separate: Ratios,
    shared: Ratios,
}

/// Rounds are longer than elsewhere, so fewer are enough.
const ROUNDS: usize = 11;

/// One of each round, by wall clock and by processor time, for each of `THREAD_SIZES`.
type Ratios = [[Vec<f64>; 2]; THREAD_SIZES.len()];

impl Pair<'_> {
    fn measure(&mut self) {
        let [a, b] = &self.handles;
        for (i, n) in THREAD_SIZES.into_iter().enumerate() {
            for (ratios, second) in [(&mut self.separate, b), (&mut self.shared, a)] {
                let (one, two) = (rate(self.case, &[a], n), rate(self.case, &[a, second], n));
                ratios[i][0].push(two.by_wall_clock / one.by_wall_clock);
                ratios[i][1].push(two.by_processor_time / one.by_processor_time);
            }
        }
    }

    fn print(self) {
        for (how, ratios) in [("a handle each", self.separate), ("sharing one", self.shared)] {
            let cells = ratios.as_flattened().iter().map(|r| {
                let mut r = r.clone();
                format!("{:.2}", timing::median(&mut r))
            });
            let cells = cells.collect::<Vec<_>>().join(" | ");
            println!("| {}; {}, {how} | {cells} |", self.case.title, self.engine);
        }
    }
}

/// Models of the size of published checkpoints.
const KEYS: [&str; 4] = ["v2", "v1", "variance", "ensemble"];

pub fn report(options: &Options, cases: &[Case]) {
    let library = Library::load(&options.library);
    let mut pairs = Vec::new();
    for case in cases.iter().filter(|case| KEYS.contains(&case.key)) {
        for (name, engine) in [("embedded", EMBEDDED), ("ONNX Runtime", ONNXRUNTIME)] {
            let path = (engine == ONNXRUNTIME).then_some(options.onnxruntime.as_path());
            let handles = [(); 2].map(|()| library.open(&case.model, engine, path).expect("model"));
            pairs.push(Pair {
                case,
                engine: name,
                handles,
                separate: Ratios::default(),
                shared: Ratios::default(),
            });
        }
    }
    // All pairs in turn, so that a slow while of the machine falls on all of them.
    for _ in 0..options.rounds.min(ROUNDS) {
        pairs.iter_mut().for_each(Pair::measure);
    }
    println!("### Two threads: frames per second divided by those of one thread\n");
    println!("| | N = 1 | N = 1, processor time | N = 1024 | N = 1024, processor time |");
    println!("|---|---:|---:|---:|---:|");
    pairs.into_iter().for_each(Pair::print);
    println!(
        "\nBy processor time each thread counts only while it runs, and waiting for a lock does \
         not count: what another program takes from the machine is left out, and so is what \
         sharing a handle costs.\n"
    );
}
