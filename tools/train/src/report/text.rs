// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The report for a terminal.

use std::fmt::Write as _;

use super::labels::{label, lift_text, order};
use crate::evaluate::Scheme;
use crate::evaluation::Evaluation;

/// The main figures as plain text.
pub fn text(evaluation: &Evaluation) -> String {
    let mut out = String::new();
    let evidence = &evaluation.evidence;
    let _ = writeln!(
        out,
        "{}: {} rated clips of known codecs, {} contents, {} laboratories, {} networks",
        evaluation.protocol.recipe.id,
        evidence.primary_clips,
        evidence.primary_contents,
        evidence.laboratories.len(),
        evidence.members
    );
    for scheme in Scheme::ALL {
        scheme_text(&mut out, evaluation, scheme);
    }
    let _ = writeln!(
        out,
        "\nthe model minus, PLCC within tests, 95 % interval of {} draws of contents",
        evidence.draws
    );
    for (other, schemes) in &evaluation.differences {
        for (scheme, difference) in schemes {
            let _ = writeln!(
                out,
                "  {:<48} {:<30} {}",
                label(other),
                scheme.label(),
                lift_text(&difference.plcc_within)
            );
        }
    }
    for (laboratory, worth) in evaluation.codec.iter().flatten() {
        let shuffled: Vec<String> = worth.shuffled.iter().map(|x| format!("{x:+.4}")).collect();
        let _ = writeln!(
            out,
            "codec input, {laboratory}: {}; shuffled labels {}",
            lift_text(&worth.lift),
            shuffled.join(", ")
        );
    }
    for (name, laboratories) in &evaluation.codec_bias {
        for (laboratory, bias) in laboratories {
            let _ =
                writeln!(out, "codec bias, {}, {laboratory}: {:.2} points", label(name), bias.size);
        }
    }
    for (names, loss) in &evaluation.missing {
        let _ = writeln!(
            out,
            "without {names}: PLCC within tests {:.4} ({:.4} with it), RMSE {:.2} ({:.2})",
            loss.plcc_within, loss.plcc_within_complete, loss.rmse, loss.rmse_complete
        );
    }
    let interval = &evaluation.interval;
    let _ = writeln!(
        out,
        "95 % interval of a score: standard deviation {:.2}, scale {:.3}; of a difference: {:.1} points either way, \
         covers {:.3} with families left out, {:.2} of a score's width",
        interval.stddev,
        interval.conformal_scale,
        interval.difference.half_width,
        interval.difference.coverage,
        interval.difference.width_over_scores
    );
    for check in &evaluation.checks {
        let mark = match (check.is_bounded(), check.passed) {
            (false, _) => "    ",
            (true, true) => "pass",
            (true, false) => "FAIL",
        };
        let _ = writeln!(out, "{mark}  {}: {} {}", check.what, check.value(), check.bounds());
    }
    out
}

fn scheme_text(out: &mut String, evaluation: &Evaluation, scheme: Scheme) {
    let _ = writeln!(
        out,
        "\n{:<52} {:>21} {:>15} {:>7} {:>15}",
        scheme.label(),
        "within tests",
        "pooled",
        "worst",
        "95 % interval"
    );
    let _ = writeln!(
        out,
        "{:<52} {:>7} {:>7} {:>5} {:>7} {:>7} {:>7} {:>7} {:>7}",
        "", "PLCC", "SROCC", "RMSE", "PLCC", "RMSE", "content", "covers", "width"
    );
    for name in order(evaluation) {
        let Some(figures) = evaluation.predictors[&name].schemes.get(&scheme) else { continue };
        let _ = writeln!(
            out,
            "{:<52} {:>7.4} {:>7.4} {:>5.1} {:>7.4} {:>7.2} {:>7.1} {:>7.3} {:>7.1}",
            label(&name),
            figures.within.plcc,
            figures.within.srocc,
            figures.within.rmse,
            figures.pooled.plcc,
            figures.pooled.rmse,
            figures.worst_content.rmse,
            figures.interval.coverage,
            figures.interval.mean_width
        );
        for (unit, within) in &figures.units {
            let covered = figures.interval.units.get(unit);
            let _ = writeln!(
                out,
                "  {unit:<50} {:>7.4} {:>7.4} {:>5.1} {:>24} {:>7} {:>7}",
                within.plcc,
                within.srocc,
                within.rmse,
                "",
                covered.map_or_else(String::new, |c| format!("{:.3}", c.coverage)),
                covered.map_or_else(String::new, |c| format!("{:.1}", c.mean_width)),
            );
        }
    }
}
