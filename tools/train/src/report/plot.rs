// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Plots as inline SVG.

use anyhow::{Result, anyhow};
use plotters::prelude::*;

use super::labels::{label, order};
use crate::evaluate::Scheme;
use crate::evaluation::{ClipTable, Evaluation};

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

/// Prediction and rating of a codec's clips that have both.
fn judged<'a>(
    clips: &'a ClipTable,
    predicted: &'a [Option<f64>],
    codec: &'a str,
) -> impl Iterator<Item = (f64, f64)> + 'a {
    (0..predicted.len())
        .filter(move |&i| clips.codec[i] == codec)
        .filter_map(|i| predicted[i].zip(clips.rated[i]))
}

/// Draws on white and returns the SVG.
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

/// Ratings over predictions.
pub(super) fn scatter(clips: &ClipTable, name: &str, [low, high]: [f64; 2]) -> Result<String> {
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
            let points = judged(clips, predicted, codec).map(|(predicted, rated)| {
                Circle::new((predicted.clamp(low, high), rated), 2, colour(index).mix(0.6).filled())
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

/// Prediction minus rating, by codec.
pub(super) fn residuals(clips: &ClipTable, name: &str) -> Result<String> {
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
            let values: Vec<f64> = judged(clips, predicted, codec)
                .map(|(predicted, rated)| predicted - rated)
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

/// Observed over nominal coverage of every interval.
pub(super) fn calibration(evaluation: &Evaluation) -> Result<String> {
    plot(480, 420, |area| {
        let mut chart = ChartBuilder::on(area)
            .caption(
                "Coverage with each content left out: nominal and observed",
                ("sans-serif", 15),
            )
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
        for (index, name) in order(evaluation).iter().enumerate() {
            let interval = &evaluation.predictors[name].schemes[&Scheme::Content].interval;
            chart
                .draw_series(LineSeries::new(
                    interval.calibration.iter().map(|p| (p[0], p[1])),
                    colour(index).stroke_width(2),
                ))
                .map_err(|e| anyhow!("{e}"))?
                .label(label(name))
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
