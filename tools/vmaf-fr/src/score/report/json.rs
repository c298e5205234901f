// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The report as one JSON object, written as the frames come.

use std::io::{self, Write};

use serde::Serialize;
use serde_json::{Map, Value, json};
use vmaf_fr_v2::Score;

use super::{Report, Setup, Source, Summary};
use crate::score::pool::Method;

/// Raised when a member changes its meaning or goes away.
const FORMAT_VERSION: u32 = 1;

pub struct Json<'a, W> {
    out: &'a mut W,
    pool: Method,
    frames: bool,
    count: u64,
}

#[derive(Serialize)]
struct Frame {
    #[serde(rename = "frameNum")]
    number: u32,
    score: f64,
    stddev: Option<f64>,
    ci95_low: Option<f64>,
    ci95_high: Option<f64>,
}

impl<'a, W: Write> Json<'a, W> {
    pub fn start(out: &'a mut W, setup: &'a Setup, frames: bool) -> io::Result<Self> {
        write!(out, "{{\n \"format_version\": {FORMAT_VERSION}")?;
        let mut json = Self { out, pool: setup.pool, frames, count: 0 };
        json.member("vmaf_fr_version", env!("CARGO_PKG_VERSION"))?;
        match &setup.source {
            Source::Log(log) => json.member("log", log)?,
            Source::Videos { reference, distorted } => {
                json.member("reference", reference)?;
                json.member("distorted", distorted)?;
            }
        }
        json.member("model", &setup.model)?;
        json.member("codec", &setup.codec)?;
        json.member("preset", &setup.preset)?;
        json.member("crf", &setup.crf)?;
        json.member("pool", &setup.pool)?;
        if frames {
            write!(json.out, ",\n \"frames\": [")?;
        }
        Ok(json)
    }

    fn member(&mut self, name: &str, value: &(impl Serialize + ?Sized)) -> io::Result<()> {
        write!(self.out, ",\n \"{name}\": ")?;
        Ok(serde_json::to_writer(&mut *self.out, value)?)
    }
}

/// JSON has no NaN.
fn known(number: f64) -> Option<f64> {
    number.is_finite().then_some(number)
}

impl<W: Write> Report for Json<'_, W> {
    fn frame(&mut self, frame: u32, score: &Score) -> io::Result<()> {
        self.out.write_all(if self.count == 0 { b"\n  " } else { b",\n  " })?;
        self.count += 1;
        let frame = Frame {
            number: frame,
            score: score.score,
            stddev: known(score.stddev),
            ci95_low: known(score.ci95_low),
            ci95_high: known(score.ci95_high),
        };
        Ok(serde_json::to_writer(&mut *self.out, &frame)?)
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        if self.frames {
            write!(self.out, "\n ]")?;
        }
        self.member("libvmaf_version", &summary.libvmaf_version)?;
        let (first, last) = summary.frames.range.unzip();
        let gaps: Vec<_> = summary.frames.gaps.iter().map(|gap| [gap.after, gap.before]).collect();
        self.member("n_frames", &summary.frames.count)?;
        self.member("first_frame", &first)?;
        self.member("last_frame", &last)?;
        self.member("frame_step", &summary.frames.step)?;
        self.member("n_gaps", &summary.frames.gap_count)?;
        self.member("gaps", &gaps)?;
        let missing: Map<String, Value> =
            summary.missing.iter().map(|(feature, n)| (feature.clone(), json!(n))).collect();
        self.member("missing_features", &missing)?;
        self.member("doubts", &summary.doubts)?;
        let worst: Vec<_> = summary
            .worst
            .iter()
            .map(|(frame, score)| json!({"frameNum": frame, "score": score}))
            .collect();
        self.member("worst_frames", &worst)?;
        let pooled: Map<String, Value> = summary
            .pooled
            .iter()
            .map(|(method, pooled)| (method.name().to_owned(), json!(pooled)))
            .collect();
        self.member("pooled_scores", &pooled)?;
        let chosen = summary.pooled_by(self.pool);
        self.member("score", &chosen.map(|pooled| pooled.score))?;
        self.member("ci95_low", &chosen.and_then(|pooled| pooled.ci95_low))?;
        self.member("ci95_high", &chosen.and_then(|pooled| pooled.ci95_high))?;
        writeln!(self.out, "\n}}")
    }
}
