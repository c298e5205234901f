// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Paths that name a descriptor which is already open: `/dev/stdout`, `/dev/fd/3`.

use std::fs::File;
use std::path::Path;

/// The descriptor that a path names; `None` for every other path.
#[cfg(unix)]
fn number(path: &Path) -> Option<i32> {
    match path.to_str()? {
        "/dev/stdin" => Some(0),
        "/dev/stdout" => Some(1),
        "/dev/stderr" => Some(2),
        path => ["/dev/fd/", "/proc/self/fd/"]
            .iter()
            .find_map(|folder| path.strip_prefix(folder))
            .and_then(|number| number.parse().ok())
            .filter(|&number: &i32| number >= 0),
    }
}

/// The open file that `path` names, if it names a descriptor. Opening the path instead would start at the file's
/// beginning, over what others have written, and replacing what is behind it would be worse.
///
/// # Errors
/// The descriptor is not open.
#[cfg(unix)]
pub fn of_path(path: &Path) -> Option<std::io::Result<File>> {
    use std::os::fd::BorrowedFd;

    let number = number(path)?;
    // Whether it is open, without touching it.
    if let Err(error) = std::fs::metadata(path) {
        return Some(Err(error));
    }
    // SAFETY: it was open a moment ago, the caller named it, and it is borrowed only for the call that duplicates it. If
    // another thread has closed it since, duplicating fails.
    let borrowed = unsafe { BorrowedFd::borrow_raw(number) };
    Some(borrowed.try_clone_to_owned().map(File::from))
}

/// Other systems have no such paths.
#[cfg(not(unix))]
pub fn of_path(_: &Path) -> Option<std::io::Result<File>> {
    None
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn paths_of_descriptors() {
        for (path, expected) in [
            ("/dev/stdout", Some(1)),
            ("/dev/fd/3", Some(3)),
            ("/proc/self/fd/12", Some(12)),
            ("/dev/fd/-1", None),
            ("/dev/fd/x", None),
            ("/dev/null", None),
            ("out.json", None),
        ] {
            assert_eq!(number(Path::new(path)), expected, "{path}");
        }
        assert!(of_path(Path::new("/dev/fd/987")).unwrap().is_err());
        assert!(of_path(Path::new("/dev/null")).is_none());
    }
}
