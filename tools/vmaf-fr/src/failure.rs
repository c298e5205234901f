// SPDX-License-Identifier: BSD-2-Clause-Patent
//! How the program ends when it cannot do what it was asked, and what it says along the way. Exit statuses are
//! decided here only.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::process::ExitCode;

/// The end of `--help`.
pub const EXIT_STATUS: &str = "\
Exit status:
  0   success
  1   failure: bad input, no such model, an engine or a tool that failed
  2   the log lacks features that the model needs
  64  wrong usage";

/// The exit statuses of [`EXIT_STATUS`], apart from success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Status {
    /// Bad input, no such model, an engine or a tool that failed.
    Failed = 1,
    /// The log lacks features that the model needs.
    MissingFeatures = 2,
    /// `EX_USAGE` of sysexits.h; clap's own 2 means missing features here.
    Usage = 64,
}

impl From<Status> for ExitCode {
    fn from(status: Status) -> Self {
        Self::from(status as u8)
    }
}

/// Why a subcommand ends without success.
#[derive(Debug)]
pub struct Failure(Reason);

#[derive(Debug)]
enum Reason {
    /// A message for standard error.
    Message(Status, String),
    /// clap's message about the command line, or the help or version that was asked for.
    CommandLine(clap::Error),
    /// Whoever read the output closed it, which is no failure.
    ReaderGone,
    /// A signal came; the program ends by it.
    Interrupted,
}

impl Failure {
    pub fn new(message: impl fmt::Display) -> Self {
        Self::with(Status::Failed, message)
    }

    pub fn usage(message: impl fmt::Display) -> Self {
        Self::with(Status::Usage, message)
    }

    /// The log was measured without features that the model needs.
    pub fn missing_features(message: impl fmt::Display) -> Self {
        Self::with(Status::MissingFeatures, message)
    }

    fn with(status: Status, message: impl fmt::Display) -> Self {
        Self(Reason::Message(status, message.to_string()))
    }

    pub fn interrupted() -> Self {
        Self(Reason::Interrupted)
    }

    /// An error of reading or writing the file `name`.
    pub fn io(name: impl fmt::Display, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self(Reason::ReaderGone)
        } else {
            Self::new(format_args!("{name}: {error}"))
        }
    }

    pub fn report(self) -> ExitCode {
        match self.0 {
            Reason::Message(status, message) => {
                eprintln_quietly(format_args!("vmaf-fr: {message}"));
                status.into()
            }
            Reason::CommandLine(message) => {
                // Whoever reads the help may close it early.
                let _ = message.print();
                if message.use_stderr() { Status::Usage.into() } else { ExitCode::SUCCESS }
            }
            Reason::ReaderGone => ExitCode::SUCCESS,
            Reason::Interrupted => ExitCode::FAILURE,
        }
    }
}

impl From<clap::Error> for Failure {
    fn from(error: clap::Error) -> Self {
        Self(Reason::CommandLine(error))
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

impl From<vmaf_fr_files::Error> for Failure {
    fn from(error: vmaf_fr_files::Error) -> Self {
        Self::io(error.path.display(), &error.reason)
    }
}

impl From<vmaf_fr_measure::Error> for Failure {
    fn from(error: vmaf_fr_measure::Error) -> Self {
        Self::new(error)
    }
}

impl From<vmaf_fr_measure::log::LogError> for Failure {
    fn from(error: vmaf_fr_measure::log::LogError) -> Self {
        Self::new(error)
    }
}

/// Things worth knowing that are no failure, on standard error; with `--strict` they are one.
#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Notes")]
pub struct Notes {
    /// No notes and no progress bar
    #[arg(short, long)]
    pub quiet: bool,
    /// Fail instead of giving a note: on missing features (exit status 2), an unknown codec, a codec,
    /// preset or crf that the model ignores, skipped frames, videos that do not belong together
    #[arg(long)]
    pub strict: bool,
    #[arg(skip)]
    doubts: RefCell<Vec<String>>,
}

impl Notes {
    /// Says it and keeps it for the report, or fails with it.
    pub fn doubt(&self, message: impl fmt::Display) -> Result<(), Failure> {
        if self.strict {
            return Err(Failure::new(message));
        }
        self.say(&message);
        self.doubts.borrow_mut().push(message.to_string());
        Ok(())
    }

    /// What was doubted so far.
    pub fn doubts(&self) -> Vec<String> {
        self.doubts.borrow().clone()
    }

    pub fn say(&self, message: impl fmt::Display) {
        if !self.quiet {
            eprintln_quietly(format_args!("vmaf-fr: note: {message}"));
        }
    }
}

/// `eprintln!` panics if standard error is closed.
fn eprintln_quietly(message: fmt::Arguments<'_>) {
    use io::Write;
    let _ = writeln!(io::stderr().lock(), "{message}");
}
