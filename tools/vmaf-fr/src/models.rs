// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `vmaf-fr models`: what is built in.

use std::io::Write;

use serde::Serialize;
use vmaf_fr_v2::model::builtin;

use crate::failure::Failure;
use crate::model::optional_features;
use crate::output::Output;

/// List the built-in models
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Form of the list
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text)]
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Debug, Serialize)]
struct Row {
    id: &'static str,
    default: bool,
    status: &'static str,
    codec_aware: bool,
    variance: bool,
    n_features: usize,
    n_members: usize,
    /// Those that may be missing.
    optional_features: Vec<String>,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let default = builtin::default_model()?.id;
    let mut rows = Vec::new();
    for model in builtin::models() {
        let scorer = vmaf_fr_v2::Scorer::open(
            Some(&format!("builtin:{}", model.id)),
            &vmaf_fr_v2::Config {
                engine: vmaf_fr_v2::EngineChoice::Embedded,
                ..vmaf_fr_v2::Config::default()
            },
        )?;
        let info = scorer.info();
        rows.push(Row {
            id: model.id,
            default: model.id == default,
            status: model.status,
            codec_aware: info.codec_aware,
            variance: info.has_variance,
            n_features: scorer.feature_names().len(),
            n_members: info.n_members,
            optional_features: (scorer.feature_names().iter())
                .zip(optional_features(&scorer))
                .filter(|(_, optional)| *optional)
                .map(|(name, _)| name.clone())
                .collect(),
        });
    }
    let mut out = Output::create(None)?;
    let written = match args.format {
        Format::Text => text(&mut out, &rows),
        Format::Json => serde_json::to_writer_pretty(&mut out, &rows)
            .map_err(Into::into)
            .and_then(|()| writeln!(out)),
    };
    written.map_err(|error| out.failed(&error))?;
    out.commit()
}

fn text(out: &mut Output, rows: &[Row]) -> std::io::Result<()> {
    let width = rows.iter().map(|row| row.id.len()).max().unwrap_or(0).max(5);
    writeln!(
        out,
        "  {:width$}  {:12}  {:>8}  {:11}  {:9}  may be missing",
        "model", "status", "features", "codec", "interval"
    )?;
    for row in rows {
        writeln!(
            out,
            "{} {:width$}  {:12}  {:>8}  {:11}  {:9}  {}",
            if row.default { '*' } else { ' ' },
            row.id,
            row.status,
            row.n_features,
            if row.codec_aware { "codec-aware" } else { "codec-blind" },
            if row.variance { "yes" } else { "no" },
            match row.optional_features.len() {
                0 => "none".to_owned(),
                1..=4 => row.optional_features.join(", "),
                n => format!("{n} of them (vmaf-fr inspect {})", row.id),
            },
        )?;
    }
    writeln!(out, "* the default of --model; name another by its id")
}
