// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The library's times divided by those of another build of it, the baseline.
//!
//! Both builds run in the same rounds, in several processes one after the other. A process decides
//! by chance where code and data lie in memory, which alone makes one of two equal builds faster by
//! several percent: so each process counts as one sample, and the interval is over processes.

use std::cell::RefCell;
use std::process::Command;

use crate::case::Case;
use crate::contender::{self, ENGINES, Libraries};
use crate::library::VmafFrV2Score;
use crate::options::Options;
use crate::rounds::measure;
use crate::timing::{Ratio, Samples};

/// One ratio for each engine of [`ENGINES`] that both builds have, case and batch size, in that
/// order from the inside out.
fn ratios(options: &Options, cases: &[Case], mut take: impl FnMut(&Case, &'static str, f64)) {
    let libraries = Libraries::load(options);
    for case in cases {
        let sessions = libraries.sessions(case);
        for &n in &options.sizes {
            let scores = RefCell::new(vec![VmafFrV2Score::default(); n]);
            let mut pairs = contender::pairs(options, &libraries, case, &sessions, n, &scores);
            let samples = measure(&mut pairs, options.rounds, options.sample as f64 * 1e-3);
            let find = |name| samples.iter().find(|s: &&Samples| s.name == name);
            for engine in &ENGINES {
                if let (Some(new), Some(old)) = (find(engine.name), find(engine.baseline)) {
                    take(case, engine.name, new.ratio_to(old).median);
                }
            }
        }
    }
}

/// Measures in this process and prints a ratio per line.
pub fn probe(options: &Options, cases: &[Case]) {
    ratios(options, cases, |case, engine, ratio| println!("{}\t{engine}\t{ratio}", case.key));
}

/// An engine on a case, with a ratio from each process for each batch size.
struct Row {
    key: String,
    engine: String,
    ratios: Vec<Vec<f64>>,
}

/// Runs [`probe`] in fresh processes, prints the table and returns what is slower.
pub fn report(options: &Options, cases: &[Case]) -> Vec<String> {
    let mut rows: Vec<Row> = Vec::new();
    for process in 0..options.processes {
        for (key, engine, n, ratio) in probed(options) {
            let known = rows.iter().position(|r| r.key == key && r.engine == engine);
            let row = known.unwrap_or_else(|| {
                let ratios = vec![Vec::new(); options.sizes.len()];
                rows.push(Row { key, engine, ratios });
                rows.len() - 1
            });
            assert_eq!(rows[row].ratios[n].len(), process, "every process measures the same");
            rows[row].ratios[n].push(ratio);
        }
    }
    println!("### This library's time divided by the baseline's\n");
    let sizes: Vec<String> = options.sizes.iter().map(|n| format!("N = {n}")).collect();
    println!(
        "| median of {} processes [its 95 % interval] | {} |",
        options.processes,
        sizes.join(" | ")
    );
    println!("|---|{}", "---:|".repeat(sizes.len()));
    let mut slower = Vec::new();
    for row in &rows {
        let title = cases.iter().find(|c| c.key == row.key).map_or("", |c| c.title);
        let medians: Vec<Ratio> =
            row.ratios.iter().map(|r| Ratio::of(r, &vec![1.0; r.len()])).collect();
        let cells: Vec<String> = medians.iter().map(Ratio::to_string).collect();
        println!("| {title}; {} | {} |", row.engine, cells.join(" | "));
        for (ratio, size) in medians.into_iter().zip(&sizes) {
            if options.is_slower(ratio) {
                slower.push(format!("{ratio} {title}; {}; {size}", row.engine));
            }
        }
    }
    println!();
    slower
}

/// Runs [`probe`] in a fresh process; returns key, engine, index of the batch size and ratio.
fn probed(options: &Options) -> Vec<(String, String, usize, f64)> {
    let output = Command::new(std::env::current_exe().expect("this program"))
        .args(std::env::args_os().skip(1))
        .arg("--baseline-once")
        .output()
        .expect("this program again");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let mut found: Vec<(String, String, usize, f64)> = Vec::new();
    for line in text.lines() {
        let [key, engine, ratio] = line.split('\t').collect::<Vec<_>>()[..] else {
            panic!("unexpected line '{line}'")
        };
        let n = found.iter().filter(|(k, e, ..)| k == key && e == engine).count();
        assert!(n < options.sizes.len(), "too many lines");
        found.push((key.to_owned(), engine.to_owned(), n, ratio.parse().expect("ratio")));
    }
    found
}
