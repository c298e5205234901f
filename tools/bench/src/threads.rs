// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Two threads, a handle each or sharing one, against one thread.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use crate::case::Case;
use crate::library::{EMBEDDED, Library, Model, ONNXRUNTIME, Score};
use crate::{Options, timing};

/// Frames per second of one thread for each of the models, which may be the same one.
fn rate(case: &Case, models: &[&Model], n: usize) -> f64 {
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
                    let (start, mut frames) = (Instant::now(), 0);
                    while !stop.load(Ordering::Relaxed) {
                        for _ in 0..(1024 / n).max(1) {
                            model.score(features, ids, &mut scores);
                            frames += n;
                        }
                    }
                    frames as f64 / start.elapsed().as_secs_f64()
                })
            })
            .collect();
        ready.wait();
        std::thread::sleep(Duration::from_millis(40));
        stop.store(true, Ordering::Relaxed);
        threads.into_iter().map(|t| t.join().expect("thread")).sum()
    })
}

pub fn report(options: &Options, library: Library) {
    println!("### Threads (v2; frames per second by those of one thread, wall clock)\n");
    println!("| | N = 1 | N = 1024 |\n|---|---:|---:|");
    let cases = Case::all(options);
    let case = &cases[1];
    for (name, engine) in [("embedded", EMBEDDED), ("ONNX Runtime", ONNXRUNTIME)] {
        let path = (engine == ONNXRUNTIME).then_some(options.onnxruntime.as_path());
        let open = || library.open(&case.model, engine, path).expect("model");
        let (a, b) = (open(), open());
        let ratios = [1, 1024].map(|n| {
            let (mut each, mut shared) = (Vec::new(), Vec::new());
            for _ in 0..options.rounds {
                let one = rate(case, &[&a], n);
                each.push(rate(case, &[&a, &b], n) / one);
                shared.push(rate(case, &[&a, &a], n) / one);
            }
            (timing::median(&mut each), timing::median(&mut shared))
        });
        println!("| {name}, a handle each | {:.2} | {:.2} |", ratios[0].0, ratios[1].0);
        println!("| {name}, sharing one | {:.2} | {:.2} |", ratios[0].1, ratios[1].1);
    }
    println!();
}
