// SPDX-License-Identifier: BSD-2-Clause-Patent
//! An evaluation for people: a table for the terminal, and one self-contained HTML page.

use std::fmt::Write as _;

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use crate::evaluate::{ClipTable, Evaluation, median};
use crate::statistics::{Agreement, Lift};

const ORDER: [&str; 11] = [
    "codec_blind",
    "codec_aware",
    "codec_shuffled",
    "dataset_onehot",
    "codec_blind_ensemble",
    "codec_aware_ensemble",
    "vmaf_logistic",
    "vmaf_logistic_in_sample",
    "vmaf_linear",
    "vmaf",
    "vmaf_as_reported",
];

/// What a predictor is, in words.
fn label(name: &str) -> &str {
    match name {
        "codec_blind" => "codec-blind network",
        "codec_aware" => "codec-aware network",
        "codec_shuffled" => "control: codec labels shuffled within datasets",
        "dataset_onehot" => "control: dataset one-hot for codec",
        "codec_blind_ensemble" => "codec-blind, mean of the seeds",
        "codec_aware_ensemble" => "codec-aware, mean of the seeds",
        "vmaf_logistic" => "VMAF, one scale, logistic fitted on the other contents",
        "vmaf_logistic_in_sample" => "VMAF, one scale, logistic fitted on these clips",
        "vmaf_linear" => "VMAF, one scale, line fitted on the other contents",
        "vmaf" => "VMAF, one scale, as it is",
        "vmaf_as_reported" => "VMAF as reported",
        other => other,
    }
}

fn lift_text(lift: &Lift) -> String {
    format!("{:+.4} [{:+.4}, {:+.4}]", lift.value, lift.low, lift.high)
}

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

/// One page with tables and plots, nothing to fetch.
pub fn html(evaluation: &Evaluation, clips: &ClipTable) -> Result<String> {
    let protocol = &evaluation.protocol;
    let mut body = String::new();
    let _ = write!(
        body,
        "<h1>Evaluation of {}</h1><p>{} rows, {} contents, {} seeds, {}; figures over {}. Intervals: 95 %, {} bootstrap \
         draws of contents. Corpus sha256 <code>{}</code>, protocol <code>{}</code>.</p>",
        escape(&protocol.corpus),
        protocol.rows,
        evaluation.contents,
        evaluation.seeds,
        evaluation.scheme,
        evaluation.primary,
        evaluation.draws,
        protocol.corpus_sha256,
        evaluation.protocol_sha256
    );
    if let Some(harmonisation) = &protocol.harmonisation {
        let _ = write!(
            body,
            "<p>VMAF is re-scored on the scale of {} (reproduced there to {:.2} points RMSE per frame).</p>",
            escape(&harmonisation.reference_datasets.join(", ")),
            harmonisation.rmse
        );
    }
    let names: Vec<&str> =
        ORDER.into_iter().filter(|name| evaluation.predictors.contains_key(*name)).collect();
    body.push_str("<h2>Agreement with ratings</h2>");
    table(
        &mut body,
        "predictor",
        names.iter().map(|name| (label(name).to_owned(), evaluation.predictors[*name].primary)),
    );
    body.push_str("<h2>Differences</h2><table><tr><th>pair<th>PLCC<th>SROCC<th>RMSE<th>PLCC within datasets</tr>");
    for (pair, lifts) in &evaluation.lifts {
        let _ = write!(
            body,
            "<tr><td>{}<td>{}<td>{}<td>{}<td>{}</tr>",
            escape(pair),
            lift_text(&lifts.plcc),
            lift_text(&lifts.srocc),
            lift_text(&lifts.rmse),
            lift_text(&lifts.plcc_within_datasets)
        );
    }
    body.push_str("</table>");
    for name in ["codec_blind", "codec_aware", "vmaf_logistic"] {
        if let Some(figures) = evaluation.predictors.get(name) {
            let _ = write!(body, "<h2>By dataset and codec: {}</h2>", label(name));
            table(&mut body, "dataset", figures.datasets.iter().map(|(k, v)| (k.clone(), *v)));
            table(&mut body, "codec", figures.codecs.iter().map(|(k, v)| (k.clone(), *v)));
        }
    }
    body.push_str("<h2>Predicted and rated</h2>");
    for name in ["codec_blind", "codec_aware", "vmaf_logistic"] {
        if clips.predicted.contains_key(name) {
            body.push_str(&scatter(clips, name, protocol.score_range)?);
        }
    }
    body.push_str("<h2>Residuals by codec</h2>");
    for name in ["codec_blind", "codec_aware"] {
        body.push_str(&residuals(clips, name)?);
    }
    body.push_str("<h2>Intervals</h2><table><tr><th>predictor<th>coverage<th>unscaled<th>mean width<th>unclipped<th>scale</tr>");
    for (name, i) in &evaluation.intervals {
        let _ = write!(
            body,
            "<tr><td>{name}<td>{:.3}<td>{:.3}<td>{:.1}<td>{:.1}<td>{:.3}</tr>",
            i.coverage,
            i.coverage_unscaled,
            i.mean_width,
            i.mean_width_unclipped,
            i.conformal_scale
        );
    }
    body.push_str("</table>");
    body.push_str(&calibration(evaluation)?);
    body.push_str("<h2>One feature missing</h2><table><tr><th>feature<th>PLCC<th>RMSE</tr>");
    for (name, m) in &evaluation.missing {
        let _ = write!(body, "<tr><td>{name}<td>{:.4}<td>{:.2}</tr>", m.plcc, m.rmse);
    }
    body.push_str("</table>");
    Ok(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Evaluation of {}</title><style>\
         body{{font:15px/1.45 system-ui,sans-serif;max-width:72em;margin:2em auto;padding:0 1em;color:#222}}\
         table{{border-collapse:collapse;margin:.8em 0}}td,th{{padding:.2em .7em;border-bottom:1px solid #ddd;text-align:right;\
         font-variant-numeric:tabular-nums}}td:first-child,th:first-child{{text-align:left}}svg{{max-width:100%;height:auto}}\
         code{{word-break:break-all}}</style><body>{body}</body></html>\n",
        escape(&protocol.corpus)
    ))
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn table(body: &mut String, what: &str, rows: impl Iterator<Item = (String, Agreement)>) {
    let _ = write!(
        body,
        "<table><tr><th>{what}<th>clips<th>PLCC<th>SROCC<th>KROCC<th>RMSE<th>bias</tr>"
    );
    for (name, a) in rows {
        let _ = write!(
            body,
            "<tr><td>{}<td>{}<td>{:.4}<td>{:.4}<td>{:.4}<td>{:.2}<td>{:+.2}</tr>",
            escape(&name),
            a.clips,
            a.plcc,
            a.srocc,
            a.krocc,
            a.rmse,
            a.bias
        );
    }
    body.push_str("</table>");
}

/// Colours that differ in lightness too.
fn colour(index: usize) -> RGBColor {
    const COLOURS: [RGBColor; 7] = [
        RGBColor(0, 114, 178),
        RGBColor(213, 94, 0),
        RGBColor(0, 158, 115),
        RGBColor(204, 121, 167),
        RGBColor(230, 159, 0),
        RGBColor(86, 180, 233),
        RGBColor(90, 90, 90),
    ];
    COLOURS[index % COLOURS.len()]
}

fn codecs(clips: &ClipTable) -> Vec<String> {
    let mut names: Vec<String> = clips.codec.clone();
    names.sort();
    names.dedup();
    names
}

fn plot(
    width: u32,
    height: u32,
    draw: impl FnOnce(&DrawingArea<SVGBackend<'_>, plotters::coord::Shift>) -> Result<()>,
) -> Result<String> {
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, (width, height)).into_drawing_area();
        area.fill(&WHITE).map_err(|e| anyhow!("{e}"))?;
        draw(&area)?;
        area.present().map_err(|e| anyhow!("{e}"))?;
    }
    Ok(svg)
}

fn scatter(clips: &ClipTable, name: &str, [low, high]: [f64; 2]) -> Result<String> {
    let predicted = &clips.predicted[name];
    plot(520, 480, |area| {
        let mut chart = ChartBuilder::on(area)
            .caption(label(name), ("sans-serif", 15))
            .margin(8)
            .x_label_area_size(36)
            .y_label_area_size(42)
            .build_cartesian_2d(low..high, low..high)
            .map_err(|e| anyhow!("{e}"))?;
        chart
            .configure_mesh()
            .x_desc("predicted")
            .y_desc("rated")
            .draw()
            .map_err(|e| anyhow!("{e}"))?;
        chart
            .draw_series(LineSeries::new([(low, low), (high, high)], BLACK.mix(0.4)))
            .map_err(|e| anyhow!("{e}"))?;
        for (index, codec) in codecs(clips).iter().enumerate() {
            let points = (0..predicted.len())
                .filter(|&i| &clips.codec[i] == codec && !clips.rated[i].is_nan())
                .map(|i| {
                    Circle::new(
                        (predicted[i].clamp(low, high), clips.rated[i]),
                        2,
                        colour(index).mix(0.6).filled(),
                    )
                });
            chart
                .draw_series(points)
                .map_err(|e| anyhow!("{e}"))?
                .label(codec.clone())
                .legend(move |(x, y)| Circle::new((x + 8, y), 4, colour(index).filled()));
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::UpperLeft)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.2))
            .draw()
            .map_err(|e| anyhow!("{e}"))?;
        Ok(())
    })
}

fn residuals(clips: &ClipTable, name: &str) -> Result<String> {
    let names = codecs(clips);
    let predicted = &clips.predicted[name];
    plot(760, 320, |area| {
        let mut chart = ChartBuilder::on(area)
            .caption(
                format!(
                    "{}: predicted minus rated; box: quartiles, whiskers 1.5 times their distance",
                    label(name)
                ),
                ("sans-serif", 14),
            )
            .margin(8)
            .x_label_area_size(30)
            .y_label_area_size(42)
            .build_cartesian_2d(names[..].into_segmented(), -60f32..60f32)
            .map_err(|e| anyhow!("{e}"))?;
        chart.configure_mesh().disable_x_mesh().draw().map_err(|e| anyhow!("{e}"))?;
        for (index, codec) in names.iter().enumerate() {
            let values: Vec<f64> = (0..predicted.len())
                .filter(|&i| &clips.codec[i] == codec && !clips.rated[i].is_nan())
                .map(|i| predicted[i] - clips.rated[i])
                .collect();
            if values.is_empty() {
                continue;
            }
            let quartiles = Quartiles::new(&values);
            chart
                .draw_series([Boxplot::new_vertical(SegmentValue::CenterOf(codec), &quartiles)
                    .width(36)
                    .style(colour(index))])
                .map_err(|e| anyhow!("{e}"))?;
        }
        Ok(())
    })
}

fn calibration(evaluation: &Evaluation) -> Result<String> {
    plot(480, 420, |area| {
        let mut chart = ChartBuilder::on(area)
            .caption("Coverage: nominal and observed", ("sans-serif", 15))
            .margin(8)
            .x_label_area_size(36)
            .y_label_area_size(42)
            .build_cartesian_2d(0.0..1.0, 0.0..1.0)
            .map_err(|e| anyhow!("{e}"))?;
        chart
            .configure_mesh()
            .x_desc("nominal")
            .y_desc("observed")
            .draw()
            .map_err(|e| anyhow!("{e}"))?;
        chart
            .draw_series(LineSeries::new([(0.0, 0.0), (1.0, 1.0)], BLACK.mix(0.4)))
            .map_err(|e| anyhow!("{e}"))?;
        for (index, (name, interval)) in evaluation.intervals.iter().enumerate() {
            chart
                .draw_series(LineSeries::new(
                    interval.calibration.iter().map(|p| (p[0], p[1])),
                    colour(index).stroke_width(2),
                ))
                .map_err(|e| anyhow!("{e}"))?
                .label(name.clone())
                .legend(move |(x, y)| {
                    PathElement::new([(x, y), (x + 16, y)], colour(index).stroke_width(2))
                });
        }
        chart
            .configure_series_labels()
            .position(SeriesLabelPosition::LowerRight)
            .background_style(WHITE.mix(0.8))
            .border_style(BLACK.mix(0.2))
            .draw()
            .map_err(|e| anyhow!("{e}"))?;
        Ok(())
    })
}
