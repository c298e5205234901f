// SPDX-License-Identifier: BSD-2-Clause-Patent
//! One table per model: what scoring a frame costs, divided by what it costs the reference.

use std::cell::RefCell;

use crate::case::Case;
use crate::contender::{self, ENGINES, Libraries, REFERENCE};
use crate::library::VmafFrV2Score;
use crate::options::Options;
use crate::peak;
use crate::rounds::measure;
use crate::timing::{Samples, median_rate};

pub fn report(options: &Options, cases: &[Case]) {
    println!(
        "Peak of f32 multiply-adds in registers: {:.0} GFLOP/s at full width, {:.0} with 256 bits. \
         Memory copied: {:.1} GB/s\n",
        2e-9 * median_rate(options.rounds, || peak::multiply_adds(true, 20_000)),
        2e-9 * median_rate(options.rounds, || peak::multiply_adds(false, 20_000)),
        1e-9 * median_rate(options.rounds, peak::copied_bytes()),
    );
    let libraries = Libraries::load(options);
    for case in cases {
        let columns: Vec<Column> =
            options.sizes.iter().map(|&n| Column::measure(options, &libraries, case, n)).collect();
        print(case, &columns);
    }
}

/// All contenders' samples at one batch size.
struct Column {
    n: usize,
    samples: Vec<Samples>,
}

impl Column {
    fn measure(options: &Options, libraries: &Libraries, case: &Case, n: usize) -> Self {
        let sessions = libraries.sessions(case);
        let scores = RefCell::new(vec![VmafFrV2Score::default(); n]);
        let mut contenders = contender::all(options, libraries, case, &sessions, n, &scores);
        let sample = options.sample as f64 * 1e-3;
        Self { n, samples: measure(&mut contenders, options.rounds, sample) }
    }

    fn get(&self, name: &str) -> Option<&Samples> {
        self.samples.iter().find(|s| s.name == name)
    }

    /// The time divided by the reference's.
    fn by_reference(&self, name: &str) -> Option<f64> {
        Some(self.get(name)?.ratio_to(self.get(REFERENCE)?).median)
    }
}

fn print(case: &Case, columns: &[Column]) {
    let row = |name: &str, cell: &dyn Fn(&Column) -> Option<String>| {
        let cells: Option<Vec<String>> = columns.iter().map(cell).collect();
        if let Some(cells) = cells {
            println!("| {name} | {} |", cells.join(" | "));
        }
    };
    println!("### {}\n", case.title);
    row(&format!("time divided by that of {REFERENCE}"), &|c| Some(format!("N = {}", c.n)));
    println!("|---|{}", "---:|".repeat(columns.len()));
    row(&format!("{REFERENCE}, ns per frame"), &|c| {
        Some(format!("{:.0}", c.get(REFERENCE)?.median() * 1e9 / c.n as f64))
    });
    let is_row = |name: &str| {
        let is_peak = |e: &contender::EngineUse| e.peak.is_some_and(|p| p.name == name);
        name != REFERENCE && !ENGINES.iter().any(is_peak)
    };
    for name in columns[0].samples.iter().map(|s| s.name).filter(|name| is_row(name)) {
        row(name, &|c| Some(format!("{:.3}", c.by_reference(name)?)));
    }
    for engine in &ENGINES {
        let Some(peak) = engine.peak else { continue };
        row(&format!("{}: multiply-adds of the layers by peak", engine.name), &|c| {
            // Both times by that of the reference: the clock's frequency cancels out.
            let work = (case.multiply_adds * c.n) as f64 / c.by_reference(engine.name)?;
            let most = peak.multiply_adds() as f64 / c.by_reference(peak.name)?;
            Some(format!("{:.2}", work / most))
        });
    }
    println!(
        "\nLayers: {} multiply-adds per frame. Through the C ABI {} bytes per frame come in and 32 go out.\n",
        case.multiply_adds,
        4 * case.n_features + if case.ids.is_empty() { 0 } else { 4 }
    );
}
