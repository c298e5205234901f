// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What opening costs, each time in a process of its own, and the size of the library.

use std::process::Command;
use std::time::Instant;

use crate::library::{EMBEDDED, Library, ONNXRUNTIME, Score};
use crate::{Options, timing};

/// Resident memory of this process, bytes.
fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("/proc/self/statm");
    let pages: f64 = text.split_whitespace().nth(1).and_then(|p| p.parse().ok()).expect("pages");
    pages * 4096.0
}

/// Opens the built-in codec-aware model in this process and prints seconds and bytes.
pub fn probe(options: &Options, engine: i32) {
    let library = Library::load(&options.library);
    let path = (engine == ONNXRUNTIME).then_some(options.onnxruntime.as_path());
    let before = resident();
    let start = Instant::now();
    let model = library.open("builtin:fr_regressor_v2_codec_aware", engine, path).expect("open");
    let seconds = start.elapsed().as_secs_f64();
    let opened = resident() - before;
    let mut scores = vec![Score::default(); 1024];
    model.score(&vec![1.0; 1024 * 22], &[5; 1024], &mut scores);
    let again = Instant::now();
    let second = library.open("builtin:fr_regressor_v2_codec_aware", engine, path).expect("open");
    println!("{seconds} {opened} {} {}", resident() - before, again.elapsed().as_secs_f64());
    drop(second);
}

pub fn report(options: &Options) {
    println!("### Opening the built-in codec-aware model, in a fresh process\n");
    println!("| | embedded | ONNX Runtime |\n|---|---:|---:|");
    let columns = [EMBEDDED, ONNXRUNTIME].map(|engine| {
        let mut samples: [Vec<f64>; 4] = Default::default();
        for _ in 0..options.rounds {
            let output = Command::new(std::env::current_exe().expect("this program"))
                .args(std::env::args().skip(1))
                .args(["--open", &engine.to_string()])
                .output()
                .expect("this program again");
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
            let text = String::from_utf8_lossy(&output.stdout);
            for (to, word) in samples.iter_mut().zip(text.split_whitespace()) {
                to.push(word.parse().expect("number"));
            }
        }
        samples.map(|mut s| timing::median(&mut s))
    });
    let row = |name: &str, k: usize, scale: f64| {
        println!("| {name} | {:.3} | {:.3} |", columns[0][k] * scale, columns[1][k] * scale);
    };
    row("first open, ms", 0, 1e3);
    row("second open, ms", 3, 1e3);
    row("resident memory after open, MB", 1, 1e-6);
    row("resident memory after scoring 1,024 frames and a second open, MB", 2, 1e-6);
    let size = |path: &std::path::Path| std::fs::metadata(path).map_or(0.0, |m| m.len() as f64);
    let stripped = options.derived.join("stripped.so");
    let strip = Command::new("strip").arg("-o").arg(&stripped).arg(&options.library).status();
    let shown = if strip.is_ok_and(|s| s.success()) { stripped } else { options.library.clone() };
    println!("\nStripped library: {:.2} MB\n", size(&shown) / 1e6);
}
