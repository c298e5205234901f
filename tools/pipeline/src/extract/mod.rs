// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `extract`: from videos or libvmaf logs to a table with one row per frame.
//!
//! A recipe ([`netflix`], [`bvi`], [`konvid`], [`sweep`], [`logs`]) lists [`job::Job`]s, one per distorted clip;
//! [`schedule`] runs them side by side; each encodes ([`encode`]), measures and scores ([`ssimulacra2`]) what the
//! [`cache`] does not hold yet; [`table`] writes the rows in the order of the list, whatever finished first.

mod bvi;
mod cache;
mod encode;
mod job;
mod konvid;
mod logs;
mod netflix;
mod schedule;
mod ssimulacra2;
mod sweep;
mod table;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, bail};
use clap::{Args, Subcommand};
use vmaf_fr_measure::probe::Prober;
use vmaf_fr_measure::tool::Tools;
use vmaf_fr_v2::catalogue::VOCABULARY_1;

use job::{Bench, Job};

/// Extracts per-frame features with codec labels into a parquet table.
#[derive(Debug, Args)]
pub struct ExtractArgs {
    #[command(subcommand)]
    recipe: Recipe,
}

#[derive(Debug, Subcommand)]
enum Recipe {
    NetflixPublic(netflix::NetflixArgs),
    BviDvc(bvi::BviArgs),
    #[command(name = "konvid-1k")]
    Konvid1k(konvid::KonvidArgs),
    Sweep(sweep::SweepArgs),
    Logs(logs::LogsArgs),
}

/// What every recipe takes.
#[derive(Debug, Args)]
struct Common {
    /// Parquet table to write; replaced in one step at the end
    #[arg(short, long, value_name = "FILE.parquet")]
    output: PathBuf,
    /// Clips worked on side by side; each encodes and measures on one thread [default: number of processors]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    jobs: Option<u16>,
}

/// What every recipe that measures takes.
#[derive(Debug, Args)]
struct Measuring {
    /// Folder that keeps what was measured, for the next run [default: FILE.parquet.cache]
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// libvmaf's vmaf program; where named, it measures everything, on Y4M files that ffmpeg decodes
    #[arg(long, value_name = "PROGRAM")]
    vmaf_bin: Option<PathBuf>,
    /// An ffmpeg with the encoders and, unless a vmaf measures, with libvmaf [default: from PATH]
    #[arg(long, value_name = "PROGRAM")]
    ffmpeg_bin: Option<PathBuf>,
    /// [default: beside ffmpeg, else from PATH]
    #[arg(long, value_name = "PROGRAM")]
    ffprobe_bin: Option<PathBuf>,
}

/// What a recipe wants done.
struct Plan {
    /// Its name, for the table's metadata.
    recipe: &'static str,
    jobs: Vec<Job>,
    columns: table::Optional,
    /// Said once, before and after the work, and kept in the table's metadata.
    caution: Option<&'static str>,
}

/// Runs `extract`. Exit status 1 where a clip failed; the others are in the table.
///
/// # Errors
/// Where nothing can be extracted: no input of the expected layout, a missing program, an output that cannot be
/// written, or every clip failed.
pub fn run(args: &ExtractArgs) -> Result<ExitCode> {
    match &args.recipe {
        Recipe::NetflixPublic(args) => {
            extract(&netflix::plan(args)?, &args.common, Some(&args.measuring))
        }
        Recipe::BviDvc(args) => extract(&bvi::plan(args)?, &args.common, Some(&args.measuring)),
        Recipe::Konvid1k(args) => {
            extract(&konvid::plan(args)?, &args.common, Some(&args.measuring))
        }
        Recipe::Sweep(args) => extract(&sweep::plan(args)?, &args.common, Some(&args.measuring)),
        Recipe::Logs(args) => extract(&logs::plan(args)?, &args.common, None),
    }
}

fn extract(plan: &Plan, common: &Common, measuring: Option<&Measuring>) -> Result<ExitCode> {
    let begin = Instant::now();
    check_unique(&plan.jobs)?;
    let folder = match common.output.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    if let Some(caution) = plan.caution {
        eprintln!("note: {caution}");
    }
    let bench = measuring.map(|m| bench(m, &common.output)).transpose()?;
    let workers = common.jobs.map_or_else(
        || std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        usize::from,
    );
    let outcome = schedule::run(&plan.jobs, bench.as_ref(), workers);

    let good = outcome.results.iter().filter(|r| r.is_ok()).count();
    if good > 0 {
        let metadata = [
            ("vmaf_fr.recipe", Some(plan.recipe.to_owned())),
            ("vmaf_fr.caution", plan.caution.map(str::to_owned)),
            ("vmaf_fr.measured_by", bench.as_ref().map(Bench::describe)),
        ];
        let rows = plan
            .jobs
            .iter()
            .zip(&outcome.results)
            .filter_map(|(job, result)| result.as_ref().ok().map(|stored| (job, stored)));
        let summary = table::write(&common.output, plan.columns, &metadata, rows)?;
        eprintln!("{}: {}", common.output.display(), outcome.describe(&summary, begin.elapsed()));
        if let Some(caution) = plan.caution {
            eprintln!("note: {caution}");
        }
    }
    let failed: Vec<_> = plan
        .jobs
        .iter()
        .zip(&outcome.results)
        .filter_map(|(job, result)| result.as_ref().err().map(|e| (job, e)))
        .collect();
    if failed.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    eprintln!("{} of {} clips failed:", failed.len(), plan.jobs.len());
    for (job, error) in &failed {
        eprintln!("  {}: {}", job.key, format!("{error:#}").replace('\n', "\n    "));
    }
    if good == 0 {
        bail!("every clip failed, {} was not written", common.output.display());
    }
    Ok(ExitCode::FAILURE)
}

fn bench(args: &Measuring, output: &Path) -> Result<Bench> {
    let tools = Tools::find(args.vmaf_bin.as_deref(), args.ffmpeg_bin.as_deref())?;
    let prober = Prober::find(args.ffprobe_bin.as_deref(), tools.ffmpeg())?;
    let cache = args.cache.clone().unwrap_or_else(|| {
        let mut name = output.as_os_str().to_owned();
        name.push(".cache");
        name.into()
    });
    Bench::new(tools, prober, cache::Cache::open(&cache)?)
}

/// A row is named by its clip's key and its frame; two clips of one name would become one.
fn check_unique(jobs: &[Job]) -> Result<()> {
    let mut keys = std::collections::HashSet::new();
    for job in jobs {
        if !keys.insert(job.key.as_str()) {
            bail!(
                "two clips would have the key \"{}\"; keys must be unique within a table",
                job.key
            );
        }
    }
    Ok(())
}

/// A codec label given by the user: a name of vocabulary 1 or an alias of one. A name outside it is an error here,
/// where it is most likely a slip; `unknown` is there for the rest.
fn codec_label(name: &str) -> Result<String, String> {
    let label = vocabulary_name(name);
    if label == "unknown" && !name.trim().eq_ignore_ascii_case("unknown") {
        return Err(format!("not a codec of the vocabulary ({})", VOCABULARY_1.join(", ")));
    }
    Ok(label.to_owned())
}

/// The name in vocabulary 1 for a codec, an encoder or a stream's `codec_name`.
fn vocabulary_name(name: &str) -> &'static str {
    let id = vmaf_fr_v2::catalogue::Vocabulary::v1().id(name).ok();
    id.and_then(|id| usize::try_from(id).ok())
        .and_then(|id| VOCABULARY_1.get(id).copied())
        .unwrap_or("unknown")
}

/// Files of a folder in the order of their names, those with this extension only.
fn files(folder: &Path, extension: &str) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in
        std::fs::read_dir(folder).with_context(|| format!("cannot list {}", folder.display()))?
    {
        let path = entry.with_context(|| format!("cannot list {}", folder.display()))?.path();
        if path.extension().is_some_and(|e| e.eq_ignore_ascii_case(extension)) && path.is_file() {
            found.push(path);
        }
    }
    if found.is_empty() {
        bail!("no .{extension} files in {}", folder.display());
    }
    found.sort();
    Ok(found)
}

/// A file's name without its extension; names that are not UTF-8 could not be told apart in the table.
fn stem(path: &Path) -> Result<String> {
    path.file_stem()
        .and_then(std::ffi::OsStr::to_str)
        .map(str::to_owned)
        .with_context(|| format!("the name of {} is not UTF-8", path.display()))
}
