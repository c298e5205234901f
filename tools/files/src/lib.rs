// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Files that are whole or absent, and the hashes that pin them.
//!
//! ```
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use std::io::Write;
//! use vmaf_fr_files::{WholeFile, create_parent, sha256_file, sha256_hex, write_whole};
//!
//! # let folder = tempfile::tempdir()?;
//! # let folder = folder.path();
//! let report = folder.join("reports/clip.txt");
//! create_parent(&report)?;
//! write_whole(&report, b"score 80\n")?;
//! assert_eq!(sha256_file(&report)?, sha256_hex(b"score 80\n"));
//!
//! let mut file = WholeFile::create(&report)?;
//! writeln!(file, "score 81")?;
//! assert_eq!(std::fs::read_to_string(&report)?, "score 80\n");
//! file.commit()?;
//! assert_eq!(std::fs::read_to_string(&report)?, "score 81\n");
//! # Ok(())
//! # }
//! ```

mod descriptor;
mod error;
mod hash;
mod whole;

use std::fs;
use std::path::Path;

pub use error::Error;
pub use hash::{sha256_copy, sha256_file, sha256_hex};
pub use whole::{WholeFile, write_whole};

/// The folder that holds `path`; `.` for a bare file name.
pub fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Creates the folder that is to hold `path`, and those above it, unless they exist.
///
/// # Errors
/// Names the folder.
pub fn create_parent(path: &Path) -> Result<(), Error> {
    let folder = parent(path);
    std::fs::create_dir_all(folder).map_err(Error::of(folder))
}

/// Whether two paths name one file, there or not.
pub fn is_same_file(a: &Path, b: &Path) -> bool {
    let place = |path: &Path| {
        fs::canonicalize(path).ok().or_else(|| {
            let folder = fs::canonicalize(parent(path)).ok()?;
            Some(folder.join(path.file_name()?))
        })
    };
    a == b || place(a).is_some_and(|a| place(b) == Some(a))
}
