// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The report for a terminal.

use std::fmt::Write as _;

use super::labels::{ORDER, label, lift_text};
use crate::evaluation::Evaluation;
use crate::statistics::median;

/// The main figures as plain text.
pub fn text(evaluation: &Evaluation) -> String {
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}, {} contents, {} seeds; {}",
        evaluation.scheme, evaluation.contents, evaluation.seeds, evaluation.primary
    );
    let _ = writeln!(
        out,
        "{:<56} {:>5} {:>7} {:>7} {:>7} {:>7}",
        "", "clips", "PLCC", "SROCC", "KROCC", "RMSE"
    );
    for name in ORDER {
        if let Some(figures) = evaluation.predictors.get(name) {
            let a = figures.primary;
            let _ = writeln!(
                out,
                "{:<56} {:>5} {:>7.4} {:>7.4} {:>7.4} {:>7.2}",
                label(name),
                a.clips,
                a.plcc,
                a.srocc,
                a.krocc,
                a.rmse
            );
        }
    }
    let _ =
        writeln!(out, "differences, 95 % intervals from {} draws of contents", evaluation.draws);
    for (pair, lifts) in &evaluation.lifts {
        let _ = writeln!(
            out,
            "{pair:<56} PLCC {}  within datasets {}",
            lift_text(&lifts.plcc),
            lift_text(&lifts.plcc_within_datasets)
        );
    }
    for (name, interval) in &evaluation.intervals {
        let _ = writeln!(
            out,
            "95 % interval, {name}: coverage {:.1} % (unscaled {:.1} %), mean width {:.1}, scale {:.3}",
            100.0 * interval.coverage,
            100.0 * interval.coverage_unscaled,
            interval.mean_width,
            interval.conformal_scale
        );
    }
    if let Some((name, worst)) =
        evaluation.missing.iter().min_by(|a, b| a.1.plcc.total_cmp(&b.1.plcc))
    {
        let middle = median(evaluation.missing.values().map(|m| m.plcc).collect());
        let _ = writeln!(
            out,
            "one feature missing: PLCC {middle:.4} (median over features), {:.4} without {name}",
            worst.plcc
        );
    }
    out
}
