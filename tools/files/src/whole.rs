// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A file that appears whole or not at all.

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use crate::{Error, descriptor, parent};

/// Bytes collected before they go to the system.
const BUFFER: usize = 64 << 10;

/// A file being written. [`WholeFile::commit`] puts it in its place; dropped before that, it leaves nothing and
/// whatever stood in that place stays.
///
/// Its permissions are those of the file before, or of any new file: the process's umask decides. If `path` is a
/// link, the file it points to is replaced and the link stays. A path that names an open descriptor (`/dev/stdout`,
/// `/dev/fd/3`) is written to where that stands. What is no regular file (`/dev/null`, a pipe) cannot be replaced and
/// is written to directly.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    sink: BufWriter<Sink>,
}

#[derive(Debug)]
enum Sink {
    Direct(File),
    Temporary { file: NamedTempFile, target: PathBuf },
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Direct(file) => file.write(bytes),
            Self::Temporary { file, .. } => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Direct(file) => file.flush(),
            Self::Temporary { file, .. } => file.flush(),
        }
    }
}

impl WholeFile {
    /// Begins to write the file `path`, beside it. Its folder must exist (see [`crate::create_parent`]).
    ///
    /// # Errors
    /// Names `path`.
    pub fn create(path: &Path) -> Result<Self, Error> {
        Self::open(path, None)
    }

    /// [`WholeFile::create`] with the unfinished file in `scratch`, a folder on the same file system, where the
    /// caller looks after what a killed process leaves.
    ///
    /// # Errors
    /// Names `path`.
    pub fn create_in(scratch: &Path, path: &Path) -> Result<Self, Error> {
        Self::open(path, Some(scratch))
    }

    fn open(path: &Path, scratch: Option<&Path>) -> Result<Self, Error> {
        let sink = Sink::open(path, scratch).map_err(Error::of(path))?;
        Ok(Self { path: path.to_owned(), sink: BufWriter::with_capacity(BUFFER, sink) })
    }

    /// The path as the caller named it.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Ends the file, waits until the disk has it, and puts it in its place in one step.
    ///
    /// # Errors
    /// Names the file; then the one before is still there.
    pub fn commit(self) -> Result<(), Error> {
        let Self { path, sink } = self;
        let commit = || match sink.into_inner().map_err(io::IntoInnerError::into_error)? {
            Sink::Direct(mut file) => file.flush(),
            Sink::Temporary { file, target } => {
                file.as_file().sync_all()?;
                file.persist(target)?;
                Ok(())
            }
        };
        commit().map_err(Error::of(&path))
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.sink.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.sink.flush()
    }
}

impl Sink {
    fn open(path: &Path, scratch: Option<&Path>) -> io::Result<Self> {
        if let Some(open) = descriptor::of_path(path) {
            return Ok(Self::Direct(open?));
        }
        let target = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if let Ok(there) = fs::metadata(&target)
            && !there.is_file()
        {
            return Ok(Self::Direct(fs::OpenOptions::new().write(true).open(&target)?));
        }
        let mut builder = tempfile::Builder::new();
        builder.prefix(".vmaf-fr-");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            // tempfile's own default is 0o600; the system takes the umask away from this.
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(scratch.unwrap_or_else(|| parent(&target)))?;
        if let Ok(there) = fs::metadata(&target) {
            file.as_file().set_permissions(there.permissions())?;
        }
        Ok(Self::Temporary { file, target })
    }
}

/// Writes `bytes` as the file `path`, as [`WholeFile`] does.
///
/// # Errors
/// Names the file; then the one before is still there.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let mut file = WholeFile::create(path)?;
    file.write_all(bytes).map_err(Error::of(path))?;
    file.commit()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::create_parent;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_appears_with_commit_only() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_whole(&path, b"old").unwrap();
        let mut file = WholeFile::create(&path).unwrap();
        assert_eq!(file.path(), path);
        file.write_all(b"new").unwrap();
        file.flush().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"old");
        file.commit().unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"new");
        assert_eq!(names(folder.path()), ["a.json"]);
    }

    #[test]
    fn what_is_dropped_or_fails_leaves_the_old_file_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.json");
        write_whole(&path, b"old").unwrap();
        let mut file = WholeFile::create(&path).unwrap();
        file.write_all(b"new").unwrap();
        drop(file);
        assert!(write_whole(&path.join("below-a-file"), b"new").is_err());
        assert_eq!(fs::read(&path).unwrap(), b"old");
        assert_eq!(names(folder.path()), ["a.json"]);
    }

    #[test]
    fn a_folder_is_created_only_when_asked_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("b/c/a.json");
        let error = write_whole(&path, b"x").unwrap_err().to_string();
        assert!(error.contains("a.json: "), "{error}");
        assert!(names(folder.path()).is_empty());
        create_parent(&path).unwrap();
        write_whole(&path, b"x").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"x");
    }

    #[test]
    fn the_unfinished_file_may_be_elsewhere() {
        let folder = tempfile::tempdir().unwrap();
        let scratch = tempfile::tempdir_in(folder.path()).unwrap();
        let path = folder.path().join("a.json");
        let mut file = WholeFile::create_in(scratch.path(), &path).unwrap();
        file.write_all(b"x").unwrap();
        assert_eq!(names(scratch.path()).len(), 1);
        file.commit().unwrap();
        assert!(names(scratch.path()).is_empty());
        assert_eq!(fs::read(&path).unwrap(), b"x");
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_those_of_a_new_file() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let (whole, plain) = (folder.path().join("whole"), folder.path().join("plain"));
        write_whole(&whole, b"x").unwrap();
        fs::write(&plain, b"x").unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&whole), mode(&plain));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_a_device_is_written_to() {
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("target"), folder.path().join("link"));
        fs::write(&target, b"old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        write_whole(&link, b"new").unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&target).unwrap(), b"new");
        write_whole(Path::new("/dev/null"), b"x").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }
}
