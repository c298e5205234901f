// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The report as one HTML page: tables and plots, nothing to fetch.

use anyhow::Result;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::labels::{label, lift_text, order};
use super::plot::{calibration, residuals, scatter};
use crate::evaluate::Scheme;
use crate::evaluation::{ClipTable, Condition, Evaluation, Figures, MODEL, elsewhere};

const STYLE: &str = "\
body{font:15px/1.45 system-ui,sans-serif;max-width:78em;margin:2em auto;padding:0 1em;color:#222}\
table{border-collapse:collapse;margin:.8em 0}\
td,th{padding:.2em .7em;border-bottom:1px solid #ddd;text-align:right;font-variant-numeric:tabular-nums}\
td:first-child,th:first-child{text-align:left}svg{max-width:100%;height:auto}code{word-break:break-all}";

/// The page.
pub fn html(evaluation: &Evaluation, clips: &ClipTable) -> Result<String> {
    let title = format!("Evaluation of {}", evaluation.protocol.recipe.id);
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                h1 { (title) }
                (introduction(evaluation))
                @for scheme in Scheme::ALL {
                    h2 { "Agreement with ratings, " (scheme.label()) }
                    (predictors(evaluation, scheme))
                    (units(evaluation, scheme))
                }
                h2 { "The model minus others" }
                (differences(evaluation))
                h2 { "By test, each content left out" }
                (tests(evaluation))
                h2 { "Codec" }
                (codec(evaluation))
                h2 { "Checks" }
                (checks(&evaluation.checks))
                h2 { "Intervals" }
                (interval(evaluation))
                (PreEscaped(calibration(evaluation)?))
                h2 { "Features missing" }
                (missing(evaluation))
                h2 { "Predicted and rated, each content left out" }
                @for name in [MODEL.to_owned(), elsewhere(&evaluation.baseline)] {
                    (PreEscaped(scatter(clips, &name, evaluation.protocol.recipe.score_range)?))
                }
                h2 { "Errors by codec, each content left out" }
                @for name in [MODEL.to_owned(), elsewhere(&evaluation.baseline)] {
                    (PreEscaped(residuals(clips, &name)?))
                }
            }
        }
    };
    Ok(page.into_string() + "\n")
}

fn introduction(evaluation: &Evaluation) -> Markup {
    let evidence = &evaluation.evidence;
    html! {
        p {
            (evidence.primary_clips) " rated clips of known codecs, " (evidence.primary_contents) " contents, "
            (evidence.laboratories.len()) " laboratories, " (evidence.members)
            " networks. Within: mean over tests. Intervals of differences: 95 %, " (evidence.draws)
            " draws of contents. Intervals of scores: each from errors on other units. Tables "
            (evaluation.protocol.corpus_files()) ", protocol " code { (evaluation.protocol_sha256) } "."
        }
        @if !evidence.apart.is_empty() {
            p { "Outside the main figures by the recipe: " (evidence.apart.join(", ")) "." }
        }
        @if !evidence.too_small.is_empty() {
            p { "Too few clips for figures of their own: " (evidence.too_small.join(", ")) "." }
        }
    }
}

fn predictors(evaluation: &Evaluation, scheme: Scheme) -> Markup {
    let heads = [
        "predictor",
        "within: PLCC",
        "SROCC",
        "RMSE",
        "pooled: PLCC",
        "SROCC",
        "RMSE",
        "worst content",
        "RMSE",
        "coverage",
        "of clips",
        "worst content",
        "width",
        "uncut",
        "unknown codecs: PLCC",
        "RMSE",
    ];
    table(
        &heads,
        order(evaluation).into_iter().filter_map(|name| {
            let figures = evaluation.predictors[&name].schemes.get(&scheme)?;
            Some(predictor_row(label(&name), figures))
        }),
    )
}

fn predictor_row(name: String, figures: &Figures) -> Vec<String> {
    let (within, pooled, interval) = (&figures.within, &figures.pooled, &figures.interval);
    let mut row = vec![name];
    row.extend([within.plcc, within.srocc].map(|x| format!("{x:.4}")));
    row.push(format!("{:.2}", within.rmse));
    row.extend([pooled.plcc, pooled.srocc].map(|x| format!("{x:.4}")));
    row.push(format!("{:.2}", pooled.rmse));
    row.push(figures.worst_content.content.clone());
    row.push(format!("{:.1}", figures.worst_content.rmse));
    row.extend(
        [interval.coverage, interval.coverage_of_clips, interval.worst_content.coverage]
            .map(|x| format!("{x:.3}")),
    );
    row.extend([interval.mean_width, interval.mean_width_uncut].map(|x| format!("{x:.1}")));
    row.extend(match &figures.unknown {
        Some(unknown) => [format!("{:.4}", unknown.plcc), format!("{:.2}", unknown.rmse)],
        None => [String::new(), String::new()],
    });
    row
}

fn units(evaluation: &Evaluation, scheme: Scheme) -> Markup {
    let rows = order(evaluation).into_iter().flat_map(|name| {
        let figures = evaluation.predictors[&name].schemes.get(&scheme);
        let rows = figures.into_iter().flat_map(|figures| {
            figures.units.iter().map(|(unit, within)| {
                let covered = figures.interval.units.get(unit);
                vec![
                    unit.clone(),
                    label(&name),
                    format!("{:.4}", within.plcc),
                    format!("{:.4}", within.srocc),
                    format!("{:.2}", within.rmse),
                    covered.map_or_else(String::new, |c| format!("{:.3}", c.coverage)),
                    covered.map_or_else(String::new, |c| format!("{:.1}", c.mean_width)),
                ]
            })
        });
        rows.collect::<Vec<_>>()
    });
    let mut rows: Vec<Vec<String>> = rows.collect();
    rows.sort_by(|a, b| a[0].cmp(&b[0]));
    html! {
        @if !rows.is_empty() {
            (table(
                &["left out", "predictor", "within: PLCC", "SROCC", "RMSE", "coverage", "width"],
                rows.into_iter(),
            ))
        }
    }
}

fn differences(evaluation: &Evaluation) -> Markup {
    let rows = evaluation.differences.iter().flat_map(|(other, schemes)| {
        schemes.iter().map(move |(scheme, difference)| {
            let each = [
                &difference.plcc_within,
                &difference.srocc_within,
                &difference.rmse_within,
                &difference.plcc,
                &difference.srocc,
                &difference.rmse,
            ];
            [label(other), scheme.label().to_owned()]
                .into_iter()
                .chain(each.map(lift_text))
                .collect()
        })
    });
    let heads =
        ["minus", "scheme", "within: PLCC", "SROCC", "RMSE", "pooled: PLCC", "SROCC", "RMSE"];
    table(&heads, rows)
}

fn tests(evaluation: &Evaluation) -> Markup {
    let rows = order(evaluation).into_iter().flat_map(|name| {
        let figures = &evaluation.predictors[&name].schemes[&Scheme::Content];
        let rows = figures.tests.iter().map(|(test, a)| {
            let covered = figures.interval.tests.get(test);
            vec![
                test.clone(),
                label(&name),
                a.clips.to_string(),
                format!("{:.4}", a.plcc),
                format!("{:.4}", a.srocc),
                format!("{:.2}", a.rmse),
                format!("{:+.2}", a.bias),
                covered.map_or_else(String::new, |c| format!("{:.3}", c.coverage)),
            ]
        });
        rows.collect::<Vec<_>>()
    });
    let mut rows: Vec<Vec<String>> = rows.collect();
    rows.sort_by(|a, b| a[0].cmp(&b[0]));
    table(
        &["test", "predictor", "clips", "PLCC", "SROCC", "RMSE", "bias", "coverage"],
        rows.into_iter(),
    )
}

fn codec(evaluation: &Evaluation) -> Markup {
    let worth = evaluation.codec.iter().flatten().map(|(laboratory, worth)| {
        let shuffled: Vec<String> = worth.shuffled.iter().map(|x| format!("{x:+.4}")).collect();
        vec![
            laboratory.clone(),
            worth.codecs.join(", "),
            lift_text(&worth.lift),
            shuffled.join(", "),
        ]
    });
    let bias = evaluation.codec_bias.iter().flat_map(|(name, laboratories)| {
        laboratories.iter().flat_map(move |(laboratory, bias)| {
            bias.pairs.iter().map(move |(pair, lift)| {
                let numbers = format!("{:+.2} [{:+.2}, {:+.2}]", lift.value, lift.low, lift.high);
                vec![label(name), laboratory.clone(), pair.clone(), numbers]
            })
        })
    });
    html! {
        @if evaluation.codec.is_some() {
            p { "What the codec input is worth: PLCC within tests, over the same recipe without it." }
            (table(&["laboratory", "codecs", "lift", "labels shuffled within content and test"], worth))
        }
        p { "Rating minus prediction at equal score, within contents: how much higher the first codec is rated." }
        (table(&["predictor", "laboratory", "codecs", "points"], bias))
    }
}

fn checks(checks: &[Condition]) -> Markup {
    table(
        &["what", "measured", "bound", ""],
        checks.iter().map(|check| {
            let verdict = match (check.is_bounded(), check.passed) {
                (false, _) => "",
                (true, true) => "pass",
                (true, false) => "FAIL",
            };
            vec![check.what.clone(), check.value(), check.bounds(), verdict.to_owned()]
        }),
    )
}

fn interval(evaluation: &Evaluation) -> Markup {
    let interval = &evaluation.interval;
    let components = &interval.components;
    let rows = [
        ("standard deviation of an error in a new laboratory", interval.stddev),
        ("of it: test", components.test.sqrt()),
        ("of it: content", components.content.sqrt()),
        ("of it: content in one test", components.content_test.sqrt()),
        ("of it: clip", components.within.sqrt()),
        ("degrees of freedom", components.degrees_of_freedom),
        ("Student's half width, in standard deviations", interval.students_half_width),
        ("conformal factor", interval.conformal_factor),
        ("scale of the card", interval.conformal_scale),
        ("half width of a difference between two encodes", interval.difference.half_width),
        ("its coverage, families left out", interval.difference.coverage),
        ("its width over a score's", interval.difference.width_over_scores),
    ];
    html! {
        (table(
            &["", ""],
            rows.into_iter().map(|(what, value)| vec![what.to_owned(), format!("{value:.3}")]),
        ))
    }
}

fn missing(evaluation: &Evaluation) -> Markup {
    html! {
        (table(
            &["hidden", "clips", "within: PLCC", "complete", "RMSE", "complete", "error ratio"],
            evaluation.missing.iter().map(|(names, loss)| {
                vec![
                    names.clone(),
                    loss.clips.to_string(),
                    format!("{:.4}", loss.plcc_within),
                    format!("{:.4}", loss.plcc_within_complete),
                    format!("{:.2}", loss.rmse),
                    format!("{:.2}", loss.rmse_complete),
                    format!("{:.3}", loss.error_ratio),
                ]
            }),
        ))
        (table(
            &["feature", "factor on half widths"],
            evaluation.interval.missing.iter().map(|(name, f)| vec![name.clone(), format!("{f:.3}")]),
        ))
    }
}

fn table(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Markup {
    html! {
        table {
            tr { @for head in heads { th { (head) } } }
            @for row in rows { tr { @for cell in row { td { (cell) } } } }
        }
    }
}
