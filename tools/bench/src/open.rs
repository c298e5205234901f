// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What opening a model costs, each time in a fresh process, and the size of the library.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use crate::library::{EMBEDDED, Library, ONNXRUNTIME, VmafFrV2Score};
use crate::options::Options;
use crate::timing::{self, Ratio};

const MODEL: &str = "builtin:fr_regressor_v3";

/// What [`probe`] prints, in the table's order.
const ROWS: [(&str, f64); 4] = [
    ("first open, ms", 1e3),
    ("second open, ms", 1e3),
    ("resident memory after open, MB", 1e-6),
    ("resident memory after scoring 1,024 frames and a second open, MB", 1e-6),
];

/// Resident memory of this process, bytes.
fn resident() -> f64 {
    let text = std::fs::read_to_string("/proc/self/statm").expect("/proc/self/statm");
    let pages: f64 = text.split_whitespace().nth(1).and_then(|p| p.parse().ok()).expect("pages");
    pages * 4096.0
}

/// Opens the built-in default model in this process and prints seconds and bytes.
pub fn probe(options: &Options, engine: i32) {
    let library = Library::load(&options.library);
    let path = (engine == ONNXRUNTIME).then_some(options.onnxruntime.as_path());
    let before = resident();
    let start = Instant::now();
    let handle = library.open(MODEL, engine, path).expect("open");
    let first = start.elapsed().as_secs_f64();
    let opened = resident() - before;
    let mut scores = vec![VmafFrV2Score::default(); 1024];
    handle.score(&vec![1.0; 1024 * 22], &[5; 1024], &mut scores);
    let start = Instant::now();
    let another = library.open(MODEL, engine, path).expect("open");
    println!("{first} {} {opened} {}", start.elapsed().as_secs_f64(), resident() - before);
    drop(another);
}

/// Runs [`probe`] in a fresh process.
fn probed(library: &Path, engine: i32) -> [f64; ROWS.len()] {
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(std::env::args_os().skip(1))
        .arg("--library")
        .arg(library)
        .args(["--open-once", &engine.to_string()])
        .output()
        .expect("this program again");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout);
    let mut numbers = text.split_whitespace().map(|word| word.parse().expect("number"));
    ROWS.map(|_| numbers.next().expect("a number for each row"))
}

/// A library opened with an engine, and what each round measured for each row.
struct Column<'a> {
    title: String,
    library: &'a Path,
    engine: i32,
    samples: [Vec<f64>; ROWS.len()],
}

/// Prints the table and returns what is slower than the baseline.
pub fn report(options: &Options) -> Vec<String> {
    let mut columns = Vec::new();
    for (name, engine) in [("embedded", EMBEDDED), ("ONNX Runtime", ONNXRUNTIME)] {
        let libraries = [("", Some(&options.library)), (", baseline", options.baseline.as_ref())];
        for (which, library) in libraries {
            let Some(library) = library else { continue };
            let title = format!("{name}{which}");
            columns.push(Column { title, library, engine, samples: Default::default() });
        }
    }
    for _ in 0..options.rounds {
        for column in &mut columns {
            let numbers = probed(column.library, column.engine);
            for (to, number) in column.samples.iter_mut().zip(numbers) {
                to.push(number);
            }
        }
    }
    println!("### Opening the built-in default model, in a fresh process\n");
    println!("| | {} |", titles(&columns).join(" | "));
    println!("|---|{}", "---:|".repeat(columns.len()));
    for (k, (name, scale)) in ROWS.into_iter().enumerate() {
        let cell = |c: &Column| format!("{:.3}", timing::median(&mut c.samples[k].clone()) * scale);
        println!("| {name} | {} |", columns.iter().map(cell).collect::<Vec<_>>().join(" | "));
    }
    println!();
    let mut slower = Vec::new();
    if options.baseline.is_some() {
        for pair in columns.chunks_exact(2) {
            for (k, (name, _)) in ROWS.into_iter().enumerate() {
                let ratio = Ratio::of(&pair[0].samples[k], &pair[1].samples[k]);
                let what = format!("{}, {name}: divided by the baseline's {ratio}", pair[0].title);
                println!("{what}");
                if options.is_slower(ratio) {
                    slower.push(what);
                }
            }
        }
        println!();
    }
    println!("Stripped library: {:.2} MB\n", stripped_size(options) as f64 / 1e6);
    slower
}

fn titles<'a>(columns: &'a [Column<'_>]) -> Vec<&'a str> {
    columns.iter().map(|c| c.title.as_str()).collect()
}

fn stripped_size(options: &Options) -> u64 {
    let stripped = options.derived.join("stripped.so");
    let strip = Command::new("strip").arg("-o").arg(&stripped).arg(&options.library).status();
    let is_stripped = strip.is_ok_and(|s| s.success());
    let path = if is_stripped { &stripped } else { &options.library };
    std::fs::metadata(path).map_or(0, |m| m.len())
}
