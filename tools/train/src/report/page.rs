// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The report as one HTML page: tables and plots, nothing to fetch.

use anyhow::Result;
use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::labels::{ORDER, label, lift_text};
use super::plot::{calibration, residuals, scatter};
use crate::evaluation::{ClipTable, Evaluation};
use crate::statistics::Agreement;

const STYLE: &str = "\
body{font:15px/1.45 system-ui,sans-serif;max-width:72em;margin:2em auto;padding:0 1em;color:#222}\
table{border-collapse:collapse;margin:.8em 0}\
td,th{padding:.2em .7em;border-bottom:1px solid #ddd;text-align:right;font-variant-numeric:tabular-nums}\
td:first-child,th:first-child{text-align:left}svg{max-width:100%;height:auto}code{word-break:break-all}";

/// The page.
pub fn html(evaluation: &Evaluation, clips: &ClipTable) -> Result<String> {
    let title = format!("Evaluation of {}", evaluation.protocol.corpus_files());
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
                h2 { "Agreement with ratings" }
                (predictors(evaluation))
                h2 { "Differences" }
                (differences(evaluation))
                (groups(evaluation))
                h2 { "Predicted and rated" }
                (scatters(evaluation, clips)?)
                h2 { "Residuals by codec" }
                @for name in ["codec_blind", "codec_aware"] { (PreEscaped(residuals(clips, name)?)) }
                h2 { "Intervals" }
                (intervals(evaluation))
                (PreEscaped(calibration(evaluation)?))
                h2 { "One feature missing" }
                (missing_features(evaluation))
            }
        }
    };
    Ok(page.into_string() + "\n")
}

fn introduction(evaluation: &Evaluation) -> Markup {
    let protocol = &evaluation.protocol;
    html! {
        p {
            (protocol.corpora.iter().map(|corpus| corpus.rows).sum::<usize>()) " rows, " (evaluation.contents) " contents, " (evaluation.seeds) " seeds, "
            (evaluation.scheme) "; figures over " (evaluation.primary) ". Intervals: 95 %, " (evaluation.draws)
            " bootstrap draws of contents. "
            @for corpus in &protocol.corpora { (corpus.file) " sha256 " code { (corpus.sha256) } ", " }
            "protocol "
            code { (evaluation.protocol_sha256) } "."
        }
        @if let Some(harmonisation) = &protocol.harmonisation {
            p {
                "VMAF is re-scored on the scale of " (harmonisation.reference_datasets.join(", "))
                " (reproduced there to " (format!("{:.2}", harmonisation.rmse)) " points RMSE per frame)."
            }
        }
    }
}

fn predictors(evaluation: &Evaluation) -> Markup {
    let rows = ORDER.into_iter().filter_map(|name| {
        evaluation.predictors.get(name).map(|figures| (label(name), figures.primary))
    });
    agreements("predictor", rows)
}

fn differences(evaluation: &Evaluation) -> Markup {
    table(
        &["pair", "PLCC", "SROCC", "RMSE", "PLCC within datasets"],
        evaluation.lifts.iter().map(|(pair, lifts)| {
            let each = [&lifts.plcc, &lifts.srocc, &lifts.rmse, &lifts.plcc_within_datasets];
            [pair.clone()].into_iter().chain(each.map(lift_text)).collect()
        }),
    )
}

fn groups(evaluation: &Evaluation) -> Markup {
    html! {
        @for name in ["codec_blind", "codec_aware", "vmaf_logistic"] {
            @if let Some(figures) = evaluation.predictors.get(name) {
                h2 { "By dataset and codec: " (label(name)) }
                (agreements("dataset", figures.datasets.iter().map(|(k, v)| (k.as_str(), *v))))
                (agreements("codec", figures.codecs.iter().map(|(k, v)| (k.as_str(), *v))))
            }
        }
    }
}

fn scatters(evaluation: &Evaluation, clips: &ClipTable) -> Result<Markup> {
    Ok(html! {
        @for name in ["codec_blind", "codec_aware", "vmaf_logistic"] {
            @if clips.predicted.contains_key(name) {
                (PreEscaped(scatter(clips, name, evaluation.protocol.score_range)?))
            }
        }
    })
}

fn intervals(evaluation: &Evaluation) -> Markup {
    table(
        &["predictor", "coverage", "unscaled", "mean width", "unclipped", "scale"],
        evaluation.intervals.iter().map(|(name, i)| {
            vec![
                name.clone(),
                format!("{:.3}", i.coverage),
                format!("{:.3}", i.coverage_unscaled),
                format!("{:.1}", i.mean_width),
                format!("{:.1}", i.mean_width_unclipped),
                format!("{:.3}", i.conformal_scale),
            ]
        }),
    )
}

fn missing_features(evaluation: &Evaluation) -> Markup {
    table(
        &["feature", "PLCC", "RMSE"],
        evaluation.missing.iter().map(|(name, without)| {
            vec![name.clone(), format!("{:.4}", without.plcc), format!("{:.2}", without.rmse)]
        }),
    )
}

fn agreements<'a>(what: &str, rows: impl Iterator<Item = (&'a str, Agreement)>) -> Markup {
    table(
        &[what, "clips", "PLCC", "SROCC", "KROCC", "RMSE", "bias"],
        rows.map(|(name, a)| {
            vec![
                name.to_owned(),
                a.clips.to_string(),
                format!("{:.4}", a.plcc),
                format!("{:.4}", a.srocc),
                format!("{:.4}", a.krocc),
                format!("{:.2}", a.rmse),
                format!("{:+.2}", a.bias),
            ]
        }),
    )
}

fn table(heads: &[&str], rows: impl Iterator<Item = Vec<String>>) -> Markup {
    html! {
        table {
            tr { @for head in heads { th { (head) } } }
            @for row in rows { tr { @for cell in row { td { (cell) } } } }
        }
    }
}
