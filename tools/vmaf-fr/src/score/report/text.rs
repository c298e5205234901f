// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The report for people.

use std::fmt::Write as _;
use std::io::{self, Write};

use vmaf_fr_v2::Score;

use super::{Report, Setup, Source, Summary};
use crate::score::pool::Method;

pub struct Text<'a, W> {
    out: &'a mut W,
    setup: &'a Setup,
    frames: bool,
}

impl<'a, W: Write> Text<'a, W> {
    pub fn start(out: &'a mut W, setup: &'a Setup, frames: bool) -> io::Result<Self> {
        if frames {
            note_experimental(out, setup)?;
            if setup.model.has_variance {
                writeln!(out, "   frame     score    stddev   95 % interval")?;
            } else {
                writeln!(out, "   frame     score")?;
            }
        }
        Ok(Self { out, setup, frames })
    }
}

impl<W: Write> Report for Text<'_, W> {
    fn frame(&mut self, frame: u32, score: &Score) -> io::Result<()> {
        write!(self.out, "{frame:8}  {:8.4}", score.score)?;
        if self.setup.model.has_variance {
            write!(
                self.out,
                "  {:8.4}   {:.2} .. {:.2}",
                score.stddev, score.ci95_low, score.ci95_high
            )?;
        }
        writeln!(self.out)
    }

    fn end(&mut self, summary: &Summary) -> io::Result<()> {
        let out = &mut *self.out;
        let Setup { source, name: _, model, codec, preset, crf, pool } = self.setup;
        if self.frames {
            writeln!(out)?;
        } else {
            note_experimental(out, self.setup)?;
        }
        for doubt in &summary.doubts {
            writeln!(out, "doubt    {doubt}")?;
        }
        let version = summary
            .libvmaf_version
            .as_ref()
            .map_or_else(String::new, |v| format!(" (libvmaf {v})"));
        match source {
            Source::Log(log) => writeln!(out, "log      {log}{version}")?,
            Source::Videos { reference, distorted } => {
                writeln!(out, "video    {distorted}\nagainst  {reference}{version}")?;
            }
        }
        let range = summary
            .frames
            .range
            .map_or_else(String::new, |(first, last)| format!(": {first} to {last}"));
        let step = match summary.frames.step {
            0 | 1 => String::new(),
            step => format!(", one in {step}"),
        };
        writeln!(out, "frames   {}{range}{step}", summary.frames.count)?;
        let mut made = codec.clone().unwrap_or_else(|| "unknown".to_owned());
        if let Some(preset) = preset {
            let _ = write!(made, ", preset {preset}");
        }
        if let Some(crf) = crf {
            let _ = write!(made, ", crf {crf}");
        }
        if model.codec_aware {
            writeln!(out, "codec    {made}")?;
        }
        writeln!(
            out,
            "model    {} ({}), {} engine {}",
            model.id, model.status, model.engine, model.engine_version
        )?;
        writeln!(out)?;
        for (method, pooled) in &summary.pooled {
            let mark = if method == pool { "score" } else { "" };
            let name = match method {
                Method::HarmonicMean => "harmonic mean",
                method => method.name(),
            };
            let line = match pooled {
                None => "undefined: a frame scores -1 or less".to_owned(),
                Some(pooled) => {
                    let mut line = format!("{:6.2}", pooled.score);
                    if let (Some(low), Some(high)) = (pooled.ci95_low, pooled.ci95_high) {
                        let _ = write!(line, "   95 % interval {low:.2} .. {high:.2}");
                    }
                    line
                }
            };
            writeln!(out, "{mark:7}  {name:13}  {line}")?;
        }
        if !summary.worst.is_empty() {
            let worst: Vec<String> = summary
                .worst
                .iter()
                .map(|(frame, score)| format!("{frame} ({score:.2})"))
                .collect();
            writeln!(out, "\nworst    frame {}", worst.join(", "))?;
        }
        Ok(())
    }
}

/// The first line, if the model has not earned its release.
fn note_experimental(out: &mut impl Write, setup: &Setup) -> io::Result<()> {
    let id = &setup.model.id;
    if setup.model.status == "experimental" {
        writeln!(
            out,
            "note     {id} is experimental: it did not pass the release gate (vmaf-fr inspect {id})"
        )?;
    }
    Ok(())
}
