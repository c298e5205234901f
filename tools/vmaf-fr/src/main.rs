// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `vmaf-fr`: scores video quality from the command line.
//!
//! This file only dispatches; every subcommand has its own module with its arguments and its `run`.

#[cfg(feature = "pipeline")]
mod calibrate;
mod failure;
mod inspect;
mod interrupt;
mod model;
mod models;
mod output;
mod score;

use std::process::ExitCode;

use clap::Parser;

use failure::{EXIT_STATUS, Failure};

/// Scores video quality from libvmaf's features and the codec that made the video.
#[derive(Debug, Parser)]
#[command(name = "vmaf-fr", version, after_help = EXIT_STATUS)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    Score(Box<score::Args>),
    #[cfg(feature = "pipeline")]
    Extract(Box<vmaf_fr_extract::ExtractArgs>),
    Models(models::Args),
    Inspect(inspect::Args),
    #[cfg(feature = "pipeline")]
    Train(Box<vmaf_fr_train::train::TrainArgs>),
    #[cfg(feature = "pipeline")]
    Evaluate(Box<vmaf_fr_train::evaluate::EvaluateArgs>),
    #[cfg(feature = "pipeline")]
    Gate(vmaf_fr_train::gate::GateArgs),
    #[cfg(feature = "pipeline")]
    Calibrate(Box<calibrate::Args>),
}

impl Command {
    fn run(self) -> Result<ExitCode, Failure> {
        match self {
            Self::Score(args) => score::run(&args)?,
            #[cfg(feature = "pipeline")]
            Self::Extract(args) => return Ok(vmaf_fr_extract::run(&args)?),
            Self::Models(args) => models::run(&args)?,
            Self::Inspect(args) => inspect::run(&args)?,
            #[cfg(feature = "pipeline")]
            Self::Train(args) => vmaf_fr_train::train::run(&args)?,
            #[cfg(feature = "pipeline")]
            Self::Evaluate(args) => vmaf_fr_train::evaluate::run(&args)?,
            #[cfg(feature = "pipeline")]
            Self::Gate(args) => vmaf_fr_train::gate::run(&args)?,
            #[cfg(feature = "pipeline")]
            Self::Calibrate(args) => calibrate::run(&args)?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn main() -> ExitCode {
    interrupt::watch();
    let run = || Cli::try_parse()?.command.run();
    let status = run().unwrap_or_else(|failure| {
        // A child that was killed for it is no news.
        if interrupt::was_caught() { ExitCode::FAILURE } else { failure.report() }
    });
    interrupt::finish();
    status
}
