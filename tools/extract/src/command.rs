// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The subcommand `extract`.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use vmaf_fr_files::create_parent;
use vmaf_fr_measure::probe::Prober;
use vmaf_fr_measure::program::Tools;

use crate::cache::Cache;
use crate::collection::{bvi, konvid, logs, netflix, sweep};
use crate::instruments::Instruments;
use crate::options::{MeasuringOptions, OutputOptions};
use crate::task::{ClipTask, Listing};
use crate::{schedule, table};

/// Extracts per-frame features with codec labels into a parquet table.
#[derive(Debug, Args)]
pub struct ExtractArgs {
    #[command(subcommand)]
    collection: Collection,
}

#[derive(Debug, Subcommand)]
enum Collection {
    NetflixPublic(netflix::NetflixArgs),
    BviDvc(bvi::BviArgs),
    #[command(name = "konvid-1k")]
    Konvid1k(konvid::KonvidArgs),
    Sweep(sweep::SweepArgs),
    Logs(logs::LogsArgs),
}

/// Runs `extract`. Exit status 1 if a clip failed; the others are in the table.
///
/// # Errors
/// If nothing can be extracted: no input of the expected layout, a missing program, an output that cannot be
/// written, or every clip failed.
pub fn run(args: &ExtractArgs) -> Result<ExitCode> {
    match &args.collection {
        Collection::NetflixPublic(args) => {
            extract(&netflix::list(args)?, &args.output, Some(&args.measuring))
        }
        Collection::BviDvc(args) => extract(&bvi::list(args)?, &args.output, Some(&args.measuring)),
        Collection::Konvid1k(args) => {
            extract(&konvid::list(args)?, &args.output, Some(&args.measuring))
        }
        Collection::Sweep(args) => {
            extract(&sweep::list(args)?, &args.output, Some(&args.measuring))
        }
        Collection::Logs(args) => extract(&logs::list(args)?, &args.output, None),
    }
}

fn extract(
    listing: &Listing,
    options: &OutputOptions,
    measuring: Option<&MeasuringOptions>,
) -> Result<ExitCode> {
    let begin = Instant::now();
    check_unique(&listing.tasks)?;
    create_parent(&options.output).context("cannot create")?;
    if let Some(caution) = listing.caution {
        eprintln!("note: {caution}");
    }
    let instruments = measuring.map(|m| instruments(m, &options.output)).transpose()?;
    let workers = options.jobs.map_or_else(
        || std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        usize::from,
    );
    let outcome = schedule::run(&listing.tasks, instruments.as_ref(), workers);

    let good = outcome.results.iter().filter(|r| r.is_ok()).count();
    if good > 0 {
        let metadata = [
            // The name that tables have carried from the start.
            ("vmaf_fr.recipe", Some(listing.collection.to_owned())),
            ("vmaf_fr.caution", listing.caution.map(str::to_owned)),
            ("vmaf_fr.measured_by", instruments.as_ref().map(Instruments::describe)),
        ];
        let rows = listing
            .tasks
            .iter()
            .zip(&outcome.results)
            .filter_map(|(task, result)| result.as_ref().ok().map(|finished| (task, finished)));
        let summary = table::write(&options.output, listing.columns, &metadata, rows)?;
        eprintln!("{}: {}", options.output.display(), outcome.describe(&summary, begin.elapsed()));
        if let Some(caution) = listing.caution {
            eprintln!("note: {caution}");
        }
    }
    let failed: Vec<_> = listing
        .tasks
        .iter()
        .zip(&outcome.results)
        .filter_map(|(task, result)| result.as_ref().err().map(|e| (task, e)))
        .collect();
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{} of {} clips failed:", failed.len(), listing.tasks.len());
    for (task, error) in &failed {
        eprintln!("  {}: {}", task.key, format!("{error:#}").replace('\n', "\n    "));
    }
    if good == 0 {
        bail!("every clip failed, {} was not written", options.output.display());
    }
    Ok(ExitCode::FAILURE)
}

fn instruments(args: &MeasuringOptions, output: &Path) -> Result<Instruments> {
    let tools = Tools::find(args.vmaf_bin.as_deref(), args.ffmpeg_bin.as_deref())?;
    let prober = Prober::find(args.ffprobe_bin.as_deref(), tools.ffmpeg())?;
    let cache = args.cache.clone().unwrap_or_else(|| {
        let mut name = output.as_os_str().to_owned();
        name.push(".cache");
        name.into()
    });
    Instruments::new(tools, prober, Cache::open(&cache)?)
}

/// A row is named by its clip's key and its frame; two clips of one name would become one.
fn check_unique(tasks: &[ClipTask]) -> Result<()> {
    let mut keys = std::collections::HashSet::new();
    for task in tasks {
        if !keys.insert(task.key.as_str()) {
            bail!(
                "two clips would have the key \"{}\"; keys must be unique within a table",
                task.key
            );
        }
    }
    Ok(())
}
