// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Measures what a score costs through `libvmaf_fr_v2` and prints the tables of
//! docs/performance.md. `scripts/bench.sh` builds what it needs and runs it.
//!
//! | table | compares | with |
//! |---|---|---|
//! | scoring | [`library`]: both engines, each kernel, from a C host ([`worker`]) | ONNX Runtime's C API used plainly ([`onnxruntime`]), the same through Python, libvmaf's SVM ([`libvmaf`]), the processor's peak ([`peak`]) |
//! | threads | two threads with a handle each, or sharing one | one thread |
//! | opening | the first and the second open, in a fresh process | - |
//! | baseline | both engines, each kernel; opening | another build of the library (`--baseline`), to see whether a change made anything slower |

// Counts and ids here are small; C structures keep the names of the header.
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, clippy::struct_field_names)]

mod baseline;
mod case;
mod contender;
mod library;
mod libvmaf;
mod onnxruntime;
mod open;
mod options;
mod peak;
mod rounds;
mod scoring;
mod threads;
mod timing;
mod worker;

use std::process::ExitCode;

use clap::Parser;

use options::{Options, Table};

fn main() -> ExitCode {
    let options = Options::parse();
    if let Some(engine) = options.open_once {
        open::probe(&options, engine);
        return ExitCode::SUCCESS;
    }
    let cases = case::selected(&options);
    if options.baseline_once {
        baseline::probe(&options, &cases);
        return ExitCode::SUCCESS;
    }
    println!("{}\n", processor());
    let mut slower = Vec::new();
    if options.prints(Table::Scoring) {
        scoring::report(&options, &cases);
    }
    if options.prints(Table::Threads) {
        threads::report(&options, &cases);
    }
    if options.prints(Table::Opening) {
        slower.extend(open::report(&options));
    }
    if options.baseline.is_some() && options.prints(Table::Baseline) {
        slower.extend(baseline::report(&options, &cases));
    }
    if slower.is_empty() {
        return ExitCode::SUCCESS;
    }
    eprintln!("vmaf-fr-bench: surely above --limit:\n  {}", slower.join("\n  "));
    ExitCode::FAILURE
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|l| l.strip_prefix("model name")).unwrap_or(": unknown");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("Processor: {}, {cores} threads", name.trim_start_matches([' ', '\t', ':']))
}
