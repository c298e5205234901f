// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Two threads, a handle each or sharing one, against one thread.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::case::Case;
use crate::library::{EMBEDDED, Library, Model, ONNXRUNTIME, Score};
use crate::{Options, timing};

/// Frames per second.
#[derive(Clone, Copy, Default)]
struct Rate {
    by_wall_clock: f64,
    by_processor_time: f64,
}

/// The sum over one thread for each of the models, which may be the same one.
fn rate(case: &Case, models: &[&Model], n: usize) -> Rate {
    let stop = AtomicBool::new(false);
    let ready = Barrier::new(models.len() + 1);
    std::thread::scope(|scope| {
        let threads: Vec<_> = models
            .iter()
            .map(|model| {
                scope.spawn(|| {
                    let (features, ids) = case.rows(n);
                    let mut scores = vec![Score::default(); n];
                    model.score(features, ids, &mut scores);
                    ready.wait();
                    let (start, used, mut frames) = (Instant::now(), timing::thread_time(), 0);
                    while !stop.load(Ordering::Relaxed) {
                        for _ in 0..(1024 / n).max(1) {
                            model.score(features, ids, &mut scores);
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

/// Rounds are longer than elsewhere, so fewer do.
const ROUNDS: usize = 11;
const SIZES: [usize; 2] = [1, 1024];

pub fn report(options: &Options, library: Library, cases: &[Case]) {
    println!("### Two threads: frames per second by those of one thread\n");
    println!("| | N = 1 | N = 1, processor time | N = 1024 | N = 1024, processor time |");
    println!("|---|---:|---:|---:|---:|");
    for case in cases {
        for (name, engine) in [("embedded", EMBEDDED), ("ONNX Runtime", ONNXRUNTIME)] {
            let path = (engine == ONNXRUNTIME).then_some(options.onnxruntime.as_path());
            let open = || library.open(&case.model, engine, path).expect("model");
            let (a, b) = (open(), open());
            for (how, second) in [("a handle each", &b), ("sharing one", &a)] {
                let cells = SIZES.map(|n| {
                    let (mut wall, mut processor) = (Vec::new(), Vec::new());
                    for _ in 0..options.rounds.min(ROUNDS) {
                        let (one, two) = (rate(case, &[&a], n), rate(case, &[&a, second], n));
                        wall.push(two.by_wall_clock / one.by_wall_clock);
                        processor.push(two.by_processor_time / one.by_processor_time);
                    }
                    let (wall, processor) =
                        (timing::median(&mut wall), timing::median(&mut processor));
                    format!("{wall:.2} | {processor:.2}")
                });
                println!("| {}; {name}, {how} | {} |", case.title, cells.join(" | "));
            }
        }
    }
    println!(
        "\nBy processor time each thread counts only while it runs, and waiting for a lock does \
         not count: what another program takes from the machine is left out, and so is what \
         sharing a handle costs.\n"
    );
}
