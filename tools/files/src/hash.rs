// SPDX-License-Identifier: BSD-2-Clause-Patent
//! SHA-256, as lower-case hexadecimal digits.

use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::Error;

/// Bytes read at a time.
const CHUNK: usize = 1 << 20;

/// The SHA-256 of `bytes`.
pub fn sha256_hex(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

/// The SHA-256 of a file, which may be larger than memory.
///
/// # Errors
/// Names the file.
pub fn sha256_file(path: &Path) -> Result<String, Error> {
    File::open(path)
        .and_then(|mut file| sha256_copy(&mut file, &mut io::sink()))
        .map_err(Error::of(path))
}

/// Copies all of `from` to `to`, flushes it, and returns the SHA-256 of what was copied.
///
/// # Errors
/// Of reading or of writing.
pub fn sha256_copy(from: &mut impl Read, to: &mut impl Write) -> io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    loop {
        match from.read(&mut buffer) {
            Ok(0) => break,
            Ok(n) => {
                hasher.update(&buffer[..n]);
                to.write_all(&buffer[..n])?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    to.flush()?;
    Ok(hex::encode(hasher.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OF_NOTHING: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const OF_ABC: &str = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    #[test]
    fn the_standards_examples() {
        assert_eq!(sha256_hex(b""), OF_NOTHING);
        assert_eq!(sha256_hex(b"abc"), OF_ABC);
    }

    #[test]
    fn a_file_and_a_copy_hash_as_their_bytes_do() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        let bytes = vec![7; 2 * CHUNK + 13];
        let mut copy = Vec::new();
        let hash = sha256_copy(&mut &bytes[..], &mut copy).unwrap();
        assert_eq!((hash.as_str(), &copy), (sha256_hex(&bytes).as_str(), &bytes));
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(sha256_file(&path).unwrap(), hash);
    }

    #[test]
    fn a_missing_file_is_named() {
        let error = sha256_file(Path::new("/nowhere/a")).unwrap_err().to_string();
        assert!(error.starts_with("/nowhere/a: "), "{error}");
    }
}
