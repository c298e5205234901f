// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The report as a table: one line per frame, or one for the summary.

use std::io::{self, Write};

use vmaf_fr_v2::Score;

use super::{Report, Setup, Source, Summary};
use crate::score::pool::Method;

pub struct Csv<'a, W: Write> {
    out: csv::Writer<&'a mut W>,
    setup: &'a Setup,
    frames: bool,
}

impl<'a, W: Write> Csv<'a, W> {
    pub fn start(out: &'a mut W, setup: &'a Setup, frames: bool) -> io::Result<Self> {
        let mut out = csv::Writer::from_writer(out);
        if frames {
            out.write_record(["frame", "score", "stddev", "ci95_low", "ci95_high"])?;
        } else {
            out.write_record([
                "source",
                "model",
                "status",
                "codec",
                "n_frames",
                "pool",
                "score",
                "ci95_low",
                "ci95_high",
                "mean",
                "harmonic_mean",
                "min",
                "max",
                "doubts",
            ])?;
        }
        Ok(Self { out, setup, frames })
    }
}

/// Empty if there is no number.
fn cell(number: Option<f64>) -> String {
    number.filter(|n| n.is_finite()).map_or_else(String::new, |n| n.to_string())
}

impl<W: Write> Report for Csv<'_, W> {
    fn frame(&mut self, frame: u32, score: &Score) -> io::Result<()> {
        let Score { score, stddev, ci95_low, ci95_high } = *score;
        let numbers = [score, stddev, ci95_low, ci95_high].map(|number| cell(Some(number)));
        self.out.write_field(frame.to_string())?;
        self.out.write_record(&numbers)?;
        Ok(())
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        if !self.frames {
            let chosen = summary.pooled_by(self.setup.pool);
            let mut record = vec![
                match &self.setup.source {
                    Source::Log(log) => log.clone(),
                    Source::Videos { distorted, .. } => distorted.clone(),
                },
                self.setup.model.id.clone(),
                self.setup.model.status.clone(),
                self.setup.codec.clone().unwrap_or_default(),
                summary.frames.count.to_string(),
                self.setup.pool.name().to_owned(),
                cell(chosen.map(|pooled| pooled.score)),
                cell(chosen.and_then(|pooled| pooled.ci95_low)),
                cell(chosen.and_then(|pooled| pooled.ci95_high)),
            ];
            record.extend(
                Method::ALL
                    .map(|method| cell(summary.pooled_by(method).map(|pooled| pooled.score))),
            );
            record.push(summary.doubts.join("; "));
            self.out.write_record(record)?;
        }
        self.out.flush()
    }
}
