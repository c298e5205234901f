// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Draws the score over time as SVG.

use std::fmt::Write as _;
use std::io::Write as _;

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::report::{Setup, Summary};
use super::trace::{Bin, Trace};
use crate::failure::Failure;
use crate::output::Output;

const SIZE: (u32, u32) = (1200, 480);
/// More points than this would share the plot's pixels.
const COLUMNS: usize = 1024;
/// The least the score axis spans, so that noise does not look like events.
const MIN_SPAN: f64 = 20.0;
const TICK: f64 = 5.0;
/// Share of the plot's height that a label below a mark takes.
const LABEL_ROOM: f64 = 0.07;

const SCORE: RGBColor = RGBColor(0x1f, 0x4e, 0x8c);
const BAND: RGBColor = RGBColor(0x8f, 0xbc, 0xe6);
const WORST: RGBColor = RGBColor(0xc0, 0x39, 0x2b);
const GRID: RGBColor = RGBColor(0xe4, 0xe7, 0xeb);
const INK: RGBColor = RGBColor(0x2b, 0x32, 0x3c);
const FAINT: RGBColor = RGBColor(0x6b, 0x74, 0x80);
const FONT: &str = "Helvetica, Arial, sans-serif";

/// Draws into `out`: a line for the scores, a band for their 95 % interval, a dashed line for the pooled score, a
/// mark for each of the worst frames. With more frames than columns, the line is the mean of a column's
/// frames, and a darker band reaches from the lowest of them to the highest.
pub fn draw(
    out: &mut Output,
    setup: &Setup,
    summary: &Summary,
    trace: &Trace,
) -> Result<(), Failure> {
    let mut svg = String::new();
    paint(&mut svg, setup, summary, &columns(trace.bins()))
        .map_err(|error| Failure::new(format_args!("the plot: {error}")))?;
    out.write_all(svg.as_bytes()).map_err(|error| out.failed(&error))
}

fn columns(bins: &[Bin]) -> Vec<Bin> {
    let per_column = bins.len().div_ceil(COLUMNS).max(1);
    bins.chunks(per_column).filter_map(Bin::merged).collect()
}

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn<'a> = Result<(), Box<dyn std::error::Error + 'a>>;

fn paint<'a>(svg: &'a mut String, setup: &Setup, summary: &Summary, columns: &[Bin]) -> Drawn<'a> {
    let root = SVGBackend::with_string(svg, SIZE).into_drawing_area();
    root.fill(&WHITE)?;
    let (header, body) = root.split_vertically(64);
    title(&header, setup, summary, columns)?;

    let (x, y) = ranges(summary, columns);
    let mut chart = ChartBuilder::on(&body)
        .margin_right(28)
        .margin_bottom(8)
        .x_label_area_size(44)
        .margin_left(14)
        .y_label_area_size(54)
        .build_cartesian_2d(x.0..x.1, y.0..y.1)?;
    chart
        .configure_mesh()
        .disable_x_mesh()
        .light_line_style(TRANSPARENT)
        .bold_line_style(GRID)
        .axis_style(FAINT)
        .y_labels(10)
        .y_label_formatter(&|score| format!("{score:.0}"))
        .x_label_formatter(&|frame| format!("{frame:.0}"))
        .label_style(text(14, FAINT))
        .axis_desc_style(text(14, INK))
        .x_desc("frame")
        .y_desc("score")
        .draw()?;

    if let Some(band) = outline(columns, Bin::interval) {
        chart.draw_series([Polygon::new(band, BAND.mix(0.45))])?;
    }
    if columns.iter().any(|column| column.count > 1)
        && let Some(range) = outline(columns, |column| Some((column.min, column.max)))
    {
        chart.draw_series([Polygon::new(range, SCORE.mix(0.25))])?;
    }
    let points: Vec<(f64, f64)> =
        columns.iter().map(|column| (column.middle(), column.mean())).collect();
    if points.len() == 1 {
        chart.draw_series([Circle::new(points[0], 4, SCORE.filled())])?;
    }
    chart.draw_series([PathElement::new(points, SCORE.stroke_width(2))])?;
    if let Some(pooled) = summary.pooled_by(setup.pool) {
        let ends = [(x.0, pooled.score), (x.1, pooled.score)];
        chart.draw_series(DashedLineSeries::new(ends, 7, 5, INK.stroke_width(1)))?;
    }
    for (frame, score) in &summary.worst {
        let at = (f64::from(*frame), *score);
        // The label goes above the mark where it would leave the plot below: on frames that score 0.
        let below = score - y.0 > LABEL_ROOM * (y.1 - y.0);
        let (shift, anchor) = if below { (9, VPos::Top) } else { (-9, VPos::Bottom) };
        let style = text(13, WORST).pos(Pos::new(HPos::Center, anchor));
        chart.draw_series([EmptyElement::at(at)
            + Circle::new((0, 0), 5, WHITE.filled())
            + Circle::new((0, 0), 5, WORST.stroke_width(2))
            + Text::new(frame.to_string(), (0, shift), style)])?;
    }
    root.present()?;
    Ok(())
}

fn text(size: u32, color: RGBColor) -> TextStyle<'static> {
    (FONT, size).into_font().color(&color)
}

/// Two lines of text on the left, the legend on the right.
fn title<'a>(area: &Area<'a>, setup: &Setup, summary: &Summary, columns: &[Bin]) -> Drawn<'a> {
    let mut headline = shortened(&setup.name, 60);
    if let Some(pooled) = summary.pooled_by(setup.pool) {
        let _ = write!(headline, ":  {} {:.2}", setup.pool.name().replace('_', " "), pooled.score);
        if let (Some(low), Some(high)) = (pooled.ci95_low, pooled.ci95_high) {
            let _ = write!(headline, "  (95 % interval {low:.1} to {high:.1})");
        }
    }
    let bold = (FONT, 19).into_font().style(FontStyle::Bold).color(&INK);
    area.draw(&Text::new(headline, (24, 14), bold))?;
    let mut details = format!("{} ({})", setup.model.id, setup.model.status);
    if setup.model.codec_aware {
        let _ = write!(details, ", codec {}", setup.codec.as_deref().unwrap_or("unknown"));
    }
    area.draw(&Text::new(details, (24, 40), text(14, FAINT)))?;

    let right = i32::try_from(SIZE.0).unwrap_or(i32::MAX) - 28;
    let mut x = right;
    let mut entry = |name: &str| {
        // Sample, gap, and about 7 pixels for a character.
        x -= 46 + 7 * i32::try_from(name.len()).unwrap_or(0);
        area.draw(&Text::new(name.to_owned(), (x + 26, 40), text(13, FAINT)))?;
        Ok::<i32, DrawingAreaErrorKind<_>>(x)
    };
    let middle = 47;
    let at = entry("worst frames")?;
    area.draw(&Circle::new((at + 11, middle), 5, WORST.stroke_width(2)))?;
    let at = entry(&format!("pooled ({})", setup.pool.name().replace('_', " ")))?;
    for dash in [0, 12] {
        let ends = [(at + dash, middle), (at + dash + 7, middle)];
        area.draw(&PathElement::new(ends, INK.stroke_width(1)))?;
    }
    if columns.iter().any(|column| column.interval().is_some()) {
        let at = entry("95 % interval")?;
        area.draw(&Rectangle::new(
            [(at, middle - 6), (at + 20, middle + 6)],
            BAND.mix(0.45).filled(),
        ))?;
    }
    if columns.iter().any(|column| column.count > 1) {
        let at = entry("lowest to highest")?;
        area.draw(&Rectangle::new(
            [(at, middle - 6), (at + 20, middle + 6)],
            SCORE.mix(0.25).filled(),
        ))?;
    }
    let at = entry("score")?;
    area.draw(&PathElement::new([(at, middle), (at + 20, middle)], SCORE.stroke_width(2)))?;
    Ok(())
}

/// The last `length` characters of a name that is longer.
fn shortened(name: &str, length: usize) -> String {
    let n = name.chars().count();
    if n <= length {
        return name.to_owned();
    }
    let tail: String = name.chars().skip(n - length + 1).collect();
    format!("…{tail}")
}

/// What the axes span: all frames; all scores and intervals, but no less than `MIN_SPAN`, in whole ticks.
fn ranges(summary: &Summary, columns: &[Bin]) -> ((f64, f64), (f64, f64)) {
    let (first, last) = summary.frames.range.unwrap_or_default();
    let x = (f64::from(first), f64::from(last.max(first + 1)));
    let mut low = f64::INFINITY;
    let mut high = f64::NEG_INFINITY;
    for column in columns {
        let (a, b) = column.interval().unwrap_or((column.min, column.max));
        low = low.min(a).min(column.min);
        high = high.max(b).max(column.max);
    }
    let lowest = columns.iter().map(|column| column.min).fold(f64::INFINITY, f64::min);
    low = low.min(lowest - 1.5 * LABEL_ROOM * (high - low));
    let missing = (MIN_SPAN - (high - low)).max(0.0) / 2.0;
    low = ((low - missing) / TICK).floor() * TICK;
    high = ((high + missing) / TICK).ceil() * TICK;
    // Scores of 0 to 100 get no axis beyond these.
    if high > 100.0 && columns.iter().all(|column| column.max <= 100.0) {
        (low, high) = (low.min(100.0 - MIN_SPAN), 100.0);
    }
    if low < 0.0 && columns.iter().all(|column| column.min >= 0.0) {
        (low, high) = (0.0, high.max(MIN_SPAN));
    }
    (x, (low, high))
}

/// The closed outline of a band over the columns; `None` where one has none.
fn outline(columns: &[Bin], ends: impl Fn(&Bin) -> Option<(f64, f64)>) -> Option<Vec<(f64, f64)>> {
    let ends: Vec<(f64, (f64, f64))> = columns
        .iter()
        .map(|column| Some((column.middle(), ends(column)?)))
        .collect::<Option<_>>()?;
    let low = ends.iter().map(|(x, (low, _))| (*x, *low));
    let high = ends.iter().rev().map(|(x, (_, high))| (*x, *high));
    Some(low.chain(high).collect())
}
