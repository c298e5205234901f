// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The arguments of `vmaf`, `ffmpeg` and `ffprobe`. Nothing runs here.

pub mod ffmpeg;
pub mod vmaf;

use std::path::{Path, PathBuf};

use vmaf_fr_v2::catalogue::Extractor;

use crate::Error;

/// The VMAF model that runs along; the historical one, so that scores compare with published ones.
pub const VMAF_MODEL: &str = "vmaf_v0.6.1";

/// A program and its arguments as one line for a POSIX shell.
///
/// # Errors
/// [`Error::Input`] if a word holds a NUL, which no shell can pass on.
pub fn shell_line(program: &Path, arguments: &[String]) -> Result<String, Error> {
    let name = program.display().to_string();
    let words = std::iter::once(name.as_str()).chain(arguments.iter().map(String::as_str));
    shlex::try_join(words).map_err(|error| Error::input(program, error.to_string()))
}

/// The extractors that the VMAF model does not run itself. Asking for its own again would compute them twice.
fn beside_the_model<'a>(needed: &[&'a Extractor]) -> impl Iterator<Item = &'a Extractor> {
    needed.iter().copied().filter(|extractor| !extractor.in_vmaf_model)
}

/// A path that means the same from any folder, whose name is never taken for an option.
fn path_text(path: &Path) -> Result<String, Error> {
    std::path::absolute(path)
        .map_err(Error::io(path))?
        .into_os_string()
        .into_string()
        .map_err(|name| Error::input(PathBuf::from(name), "its path is not UTF-8"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_reads_the_words_that_were_meant() {
        let words = ["/a/b-c.json", "it's", "", "a b", r"name=x\:y='z'|$HOME`"].map(str::to_owned);
        let line = shell_line(Path::new("/bin/a tool"), &words).unwrap();
        let mut expected = vec!["/bin/a tool".to_owned()];
        expected.extend(words);
        assert_eq!(shlex::split(&line).unwrap(), expected, "{line}");
        assert_eq!(shell_line(Path::new("vmaf"), &expected[1..2]).unwrap(), "vmaf /a/b-c.json");
        assert!(shell_line(Path::new("vmaf"), &["\0".to_owned()]).is_err());
    }
}
