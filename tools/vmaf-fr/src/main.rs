// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `vmaf-fr`: scores video quality at a shell.
//!
//! This file only dispatches; every subcommand has its own module with its arguments and its `run`.

mod failure;
mod inspect;
mod model;
mod models;
mod output;
mod score;

use std::process::ExitCode;

use clap::Parser;

use failure::{Failure, Status};

const EXIT_STATUS: &str = "\
Exit status:
  0   success
  1   failure: bad input, no such model, an engine or a tool that failed
  2   the log lacks features that the model needs
  64  wrong usage";

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
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(message) => {
            // A reader of the help that went away is no failure of ours.
            let _ = message.print();
            return if message.use_stderr() { Status::Usage.into() } else { ExitCode::SUCCESS };
        }
    };
    match cli.command.run() {
        Ok(status) => status,
        Err(failure) => failure.report(),
    }
}
