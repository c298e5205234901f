// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Where a report goes: standard output, or a file that appears whole or not at all.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::failure::Failure;

/// A report being written.
#[derive(Debug)]
pub struct Output {
    name: String,
    sink: BufWriter<Sink>,
}

#[derive(Debug)]
enum Sink {
    /// Standard output, or a file that is no regular one and so cannot be replaced (`/dev/null`, a pipe).
    Direct(Box<dyn Handle>),
    /// Beside the file it will replace.
    Temporary(NamedTempFile, PathBuf),
}

trait Handle: Write + std::fmt::Debug {}
impl<T: Write + std::fmt::Debug> Handle for T {}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Direct(handle) => handle.write(bytes),
            Self::Temporary(file, _) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Direct(handle) => handle.flush(),
            Self::Temporary(file, _) => file.flush(),
        }
    }
}

impl Output {
    /// Opens `path`, or standard output where there is none (or it is `-`).
    pub fn create(path: Option<&Path>) -> Result<Self, Failure> {
        let (name, sink) = match path.filter(|path| *path != Path::new("-")) {
            None => ("standard output".to_owned(), Sink::Direct(Box::new(io::stdout()))),
            Some(path) => {
                let name = path.display().to_string();
                let sink = open(path).map_err(|error| Failure::io(&name, &error))?;
                (name, sink)
            }
        };
        Ok(Self { name, sink: BufWriter::with_capacity(64 << 10, sink) })
    }

    /// Ends the report; only now does a file replace the one before.
    pub fn commit(self) -> Result<(), Failure> {
        let Self { name, sink } = self;
        let commit = || -> io::Result<()> {
            match sink.into_inner().map_err(io::IntoInnerError::into_error)? {
                Sink::Direct(mut handle) => handle.flush(),
                Sink::Temporary(file, path) => {
                    file.as_file().sync_data()?;
                    file.persist(path)?;
                    Ok(())
                }
            }
        };
        commit().map_err(|error| Failure::io(name, &error))
    }

    /// Turns a failed write to this output into the program's failure.
    pub fn failed(&self, error: &io::Error) -> Failure {
        Failure::io(&self.name, error)
    }
}

impl Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sink.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

fn open(path: &Path) -> io::Result<Sink> {
    // The file behind a link is replaced, not the link.
    let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if let Ok(there) = fs::metadata(&target)
        && !there.is_file()
    {
        let file = fs::OpenOptions::new().write(true).open(&target)?;
        return Ok(Sink::Direct(Box::new(file)));
    }
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".vmaf-fr-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // As any newly made file: the process's umask takes away from this.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    Ok(Sink::Temporary(builder.tempfile_in(folder)?, target))
}
