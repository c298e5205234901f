// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `evaluate`: how well a recipe predicts contents it has not seen, beside VMAF and beside its own controls.
//!
//! Leave one content out: for each content and seed, networks are fitted to all other contents and predict its
//! clips. Four kinds share a seed's pre-training: codec-blind (with a variance output, which does not touch the score),
//! codec-aware, codec-aware with labels shuffled within each dataset (what a codec block gains by chance), and one with
//! the dataset's own one-hot in the codec block's place (what it could gain by telling datasets apart).
//!
//! [`fold`] fits and predicts, [`folds`] runs and keeps all of them, [`predictions`] and [`baselines`] collect what is
//! judged on the [`test_set`], and [`summary`] puts [`figures`], [`lifts`] and [`interval`]s together.

mod baselines;
mod figures;
mod fold;
mod folds;
mod interval;
mod lifts;
mod predictions;
mod summary;
mod test_set;

use std::path::PathBuf;

use anyhow::{Result, ensure};
use clap::Args;

use crate::data::Data;
use crate::options::{DataArgs, RecipeArgs, result_path};
use crate::output::{write_file, write_json};
use crate::report;

/// Judges a recipe by leave-one-content-out
#[derive(Debug, Clone, Args)]
pub struct EvaluateArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    recipe: RecipeArgs,
    /// Result, JSON; the report is written beside it as .html, predictions per clip as .clips.json
    #[arg(short, long, value_parser = result_path)]
    output: PathBuf,
    /// Seeds per content
    #[arg(long, default_value_t = 5)]
    seeds: u64,
    /// Draws of the bootstrap over contents
    #[arg(long, default_value_t = 2000)]
    draws: usize,
    /// No progress bar
    #[arg(long)]
    quiet: bool,
}

/// Runs the subcommand.
pub fn run(args: &EvaluateArgs) -> Result<()> {
    ensure!(args.seeds > 0 && args.draws > 0, "--seeds and --draws must be at least 1");
    let data = Data::read(&args.data, &args.recipe)?;
    let protocol_sha256 = data.protocol.fingerprint()?;
    // Another protocol is another folder: its folds are not taken for this one's.
    let folder = args.output.with_extension(format!("{}.jobs", &protocol_sha256[..12]));
    let folds = folds::run(&data, args.seeds, &folder, args.quiet)?;
    let (evaluation, clips) = summary::summarise(&data, &folds, args.draws, protocol_sha256)?;
    write_json(&args.output, &evaluation)?;
    write_json(&args.output.with_extension("clips.json"), &clips)?;
    write_file(&args.output.with_extension("html"), report::html(&evaluation, &clips)?.as_bytes())?;
    print!("{}", report::text(&evaluation));
    Ok(())
}
