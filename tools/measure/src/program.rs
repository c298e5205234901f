// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The programs that measure: where they are, what they are, and which one measures a pair.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::Error;
use crate::command;
use crate::process;
use crate::suitability::vmaf_reads;
use crate::video::Video;

/// The log's name in the temporary folder where a program works.
pub(crate) const LOG_NAME: &str = "log.json";

/// A program that computes libvmaf's features of two videos.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tool {
    /// libvmaf's own program: raw and Y4M files of equal geometry and format.
    Vmaf(PathBuf),
    /// An `ffmpeg` with the libvmaf filter: whatever it decodes; scales and converts to the reference's geometry.
    Ffmpeg(PathBuf),
}

impl Tool {
    /// The program's path.
    pub fn path(&self) -> &Path {
        match self {
            Self::Vmaf(path) | Self::Ffmpeg(path) => path,
        }
    }

    /// What distinguishes this build from another one that may measure differently: the program's own version
    /// text and, for ffmpeg, the version of the libvmaf inside it.
    ///
    /// # Errors
    /// If the program cannot be run, or has no working libvmaf.
    pub fn identify(&self) -> Result<String, Error> {
        match self {
            Self::Vmaf(path) => {
                let mut command = Command::new(path);
                let text = process::capture_all(path, command.args(command::vmaf::VERSION))?;
                let text = text.trim();
                if text.is_empty() {
                    return Err(Error::Output {
                        program: path.clone(),
                        reason: "it does not say its version".to_owned(),
                    });
                }
                Ok(format!("vmaf {text}"))
            }
            Self::Ffmpeg(path) => {
                Ok(format!("{}\nlibvmaf {}", ffmpeg_version(path)?, libvmaf_version(path)?))
            }
        }
    }
}

/// The whole text of `ffmpeg -version`: release, configuration and library versions.
///
/// # Errors
/// If it cannot be run.
pub fn ffmpeg_version(ffmpeg: &Path) -> Result<String, Error> {
    let text = process::capture(ffmpeg, Command::new(ffmpeg).args(command::ffmpeg::VERSION))?;
    Ok(text
        .lines()
        .take_while(|line| !line.is_empty() && !line.starts_with("Exiting"))
        .collect::<Vec<_>>()
        .join("\n"))
}

/// Whether this ffmpeg has the libvmaf filter.
///
/// # Errors
/// If it cannot be run.
pub fn ffmpeg_has_libvmaf(ffmpeg: &Path) -> Result<bool, Error> {
    let filters = process::capture(ffmpeg, Command::new(ffmpeg).args(command::ffmpeg::FILTERS))?;
    Ok(filters.lines().any(command::ffmpeg::is_libvmaf_filter))
}

/// The part of a log that says which libvmaf wrote it.
#[derive(serde::Deserialize)]
struct Head {
    version: String,
}

/// ffmpeg does not say its libvmaf's version; the log of two frames does.
fn libvmaf_version(ffmpeg: &Path) -> Result<String, Error> {
    let scratch = tempfile::tempdir().map_err(Error::io(std::env::temp_dir()))?;
    let arguments = command::ffmpeg::two_frames(LOG_NAME);
    process::ffmpeg(ffmpeg, scratch.path(), &arguments, None, &mut |_| {})?;
    let log = std::fs::read(scratch.path().join(LOG_NAME)).map_err(Error::io(LOG_NAME))?;
    serde_json::from_slice(&log).map(|head: Head| head.version).map_err(|e| Error::Output {
        program: ffmpeg.to_owned(),
        reason: format!("libvmaf's log has no version: {e}"),
    })
}

/// The programs at hand.
#[derive(Clone, Debug)]
pub struct Tools {
    vmaf: Option<PathBuf>,
    ffmpeg: Option<PathBuf>,
    /// Named by the user: use this program and no other.
    only: Option<Only>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Only {
    Vmaf,
    Ffmpeg,
}

impl Tools {
    /// Takes what the user named (`--vmaf-bin`, `--ffmpeg-bin`), else what is on PATH. A program that the user named
    /// measures even if the other one would be preferred; if both are named, `vmaf` does.
    ///
    /// # Errors
    /// [`Error::NoTool`] if a named program is not an executable file.
    pub fn find(vmaf_bin: Option<&Path>, ffmpeg_bin: Option<&Path>) -> Result<Self, Error> {
        Ok(Self {
            vmaf: find_program("vmaf", "--vmaf-bin", vmaf_bin)?,
            ffmpeg: find_program("ffmpeg", "--ffmpeg-bin", ffmpeg_bin)?,
            only: match (vmaf_bin, ffmpeg_bin) {
                (Some(_), _) => Some(Only::Vmaf),
                (None, Some(_)) => Some(Only::Ffmpeg),
                (None, None) => None,
            },
        })
    }

    /// The ffmpeg found, with libvmaf or without.
    pub fn ffmpeg(&self) -> Option<&Path> {
        self.ffmpeg.as_deref()
    }

    /// The program for this pair: `vmaf` if both files are raw or Y4M of equal geometry and format, else an
    /// `ffmpeg` that has libvmaf.
    ///
    /// # Errors
    /// [`Error::NoTool`] says what is missing and how to name it.
    pub fn choose(&self, reference: &Video, distorted: &Video) -> Result<Tool, Error> {
        let for_vmaf = vmaf_reads(reference, distorted);
        if let Some(vmaf) = &self.vmaf
            && self.only != Some(Only::Ffmpeg)
        {
            match &for_vmaf {
                Ok(()) => return Ok(Tool::Vmaf(vmaf.clone())),
                Err(reason) if self.only == Some(Only::Vmaf) => {
                    return Err(Error::NoTool(format!(
                        "{} cannot measure this pair: {reason}; an ffmpeg that has libvmaf can (--ffmpeg-bin)",
                        vmaf.display()
                    )));
                }
                Err(_) => {}
            }
        }
        let Some(ffmpeg) = &self.ffmpeg else {
            return Err(Error::NoTool(match for_vmaf {
                Ok(()) => {
                    "neither a vmaf nor an ffmpeg was found on PATH: name one with --vmaf-bin or \
                           --ffmpeg-bin (an ffmpeg built with --enable-libvmaf)"
                        .to_owned()
                }
                Err(reason) => format!(
                    "no ffmpeg was found on PATH, and vmaf does not measure this pair ({reason}): name an ffmpeg \
                     built with --enable-libvmaf with --ffmpeg-bin"
                ),
            }));
        };
        if !ffmpeg_has_libvmaf(ffmpeg)? {
            return Err(Error::NoTool(format!(
                "{} was built without libvmaf: name an ffmpeg built with --enable-libvmaf with --ffmpeg-bin{}",
                ffmpeg.display(),
                match for_vmaf {
                    Ok(()) => ", or a vmaf with --vmaf-bin".to_owned(),
                    Err(reason) => format!("; vmaf does not measure this pair: {reason}"),
                }
            )));
        }
        Ok(Tool::Ffmpeg(ffmpeg.clone()))
    }

    /// The vmaf that the user named, if so.
    pub fn named_vmaf(&self) -> Option<Tool> {
        match (&self.vmaf, self.only) {
            (Some(path), Some(Only::Vmaf)) => Some(Tool::Vmaf(path.clone())),
            _ => None,
        }
    }
}

/// A program that the user named, else the one of that name on PATH, else none.
///
/// # Errors
/// [`Error::NoTool`] if a named program is not an executable file.
pub fn find_program(
    name: &str,
    flag: &str,
    named: Option<&Path>,
) -> Result<Option<PathBuf>, Error> {
    match named {
        Some(path) => match which::which(path) {
            Ok(found) => Ok(Some(std::path::absolute(&found).map_err(Error::io(found))?)),
            Err(_) => {
                Err(Error::NoTool(format!("{flag} {}: not an executable file", path.display())))
            }
        },
        None => Ok(which::which(name).ok()),
    }
}
