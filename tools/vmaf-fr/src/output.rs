// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Where a report goes: standard output, or a file that appears whole or not at all.

use std::io::{self, BufWriter, Stdout, Write};
use std::path::Path;

use vmaf_fr_files::WholeFile;

use crate::failure::Failure;

/// A report being written.
#[derive(Debug)]
pub enum Output {
    Standard(BufWriter<Stdout>),
    File(WholeFile),
}

impl Output {
    /// Opens `path`; without one, or for `-`, standard output.
    pub fn create(path: Option<&Path>) -> Result<Self, Failure> {
        Ok(match path.filter(|path| *path != Path::new("-")) {
            None => Self::Standard(BufWriter::with_capacity(64 << 10, io::stdout())),
            Some(path) => Self::File(WholeFile::create(path)?),
        })
    }

    /// Ends the report; only now does a file replace the one before.
    pub fn commit(self) -> Result<(), Failure> {
        match self {
            Self::Standard(mut out) => {
                out.flush().map_err(|error| Failure::io("standard output", &error))
            }
            Self::File(file) => Ok(file.commit()?),
        }
    }

    /// Turns a failed write to this output into the program's failure.
    pub fn failed(&self, error: &io::Error) -> Failure {
        match self {
            Self::Standard(_) => Failure::io("standard output", error),
            Self::File(file) => Failure::io(file.path().display(), error),
        }
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Standard(out) => out.write(bytes),
            Self::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Standard(out) => out.flush(),
            Self::File(file) => file.flush(),
        }
    }
}
