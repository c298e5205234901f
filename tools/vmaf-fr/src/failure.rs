// SPDX-License-Identifier: BSD-2-Clause-Patent
//! How the program ends when it cannot do what it was asked, and what it says along the way.

use std::fmt;
use std::io;
use std::process::ExitCode;

/// The exit statuses of `--help`, apart from success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    /// Bad input, no such model, an engine or a tool that failed.
    Failed = 1,
    /// The log lacks features that the model needs.
    MissingFeatures = 2,
    /// `EX_USAGE` of sysexits.h: clap's own 2 would be taken for missing features.
    Usage = 64,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// Why a subcommand ends without success.
#[derive(Debug)]
pub enum Failure {
    /// A message for standard error.
    Message(Status, String),
    /// Whoever read our output has gone; there is nobody to tell and nothing wrong.
    ReaderGone,
}

impl Failure {
    pub fn new(message: impl fmt::Display) -> Self {
        Self::Message(Status::Failed, message.to_string())
    }

    pub fn usage(message: impl fmt::Display) -> Self {
        Self::Message(Status::Usage, message.to_string())
    }

    /// An error of reading or writing the file `name`.
    pub fn io(name: impl fmt::Display, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::ReaderGone
        } else {
            Self::new(format_args!("{name}: {error}"))
        }
    }

    pub fn report(self) -> ExitCode {
        match self {
            Self::Message(status, message) => {
                eprintln_quietly(format_args!("vmaf-fr: {message}"));
                status.into()
            }
            Self::ReaderGone => ExitCode::SUCCESS,
        }
    }
}

impl From<vmaf_fr_v2::Error> for Failure {
    fn from(error: vmaf_fr_v2::Error) -> Self {
        Self::new(error)
    }
}

#[cfg(feature = "pipeline")]
impl From<anyhow::Error> for Failure {
    fn from(error: anyhow::Error) -> Self {
        Self::new(format_args!("{error:#}"))
    }
}

impl From<vmaf_fr_measure::log::LogError> for Failure {
    fn from(error: vmaf_fr_measure::log::LogError) -> Self {
        Self::new(error)
    }
}

/// Things worth knowing that are no failure, on standard error; with `--strict` they are one.
#[derive(Debug, Clone, Copy, clap::Args)]
#[command(next_help_heading = "Notes")]
pub struct Notes {
    /// No notes and no progress bar
    #[arg(short, long)]
    pub quiet: bool,
    /// Fail where a note would be given: features that are missing (exit status 2), an unknown codec, a codec,
    /// preset or crf that the model ignores, skipped frames
    #[arg(long)]
    pub strict: bool,
}

impl Notes {
    /// Says it, or fails with it.
    pub fn doubt(self, message: impl fmt::Display) -> Result<(), Failure> {
        if self.strict {
            return Err(Failure::new(message));
        }
        self.say(message);
        Ok(())
    }

    pub fn say(self, message: impl fmt::Display) {
        if !self.quiet {
            eprintln_quietly(format_args!("vmaf-fr: note: {message}"));
        }
    }
}

/// `eprintln!` panics where standard error is closed.
fn eprintln_quietly(message: fmt::Arguments<'_>) {
    use io::Write;
    let _ = writeln!(io::stderr().lock(), "{message}");
}
