// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Measures a pair of videos: one run of `vmaf` or `ffmpeg`, one libvmaf JSON log.
//!
//! Frames are paired by their number, whatever their timestamps say, up to the end of the shorter video. libvmaf's
//! default model runs along, so every log has a `vmaf` score beside the features.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use vmaf_fr_files::parent;

use crate::Error;
use crate::command::{self, shell_line};
use crate::process::{self, Event};
use crate::program::{LOG_NAME, Tool};
use crate::request::extractors;
use crate::suitability::{check_size, vmaf_reads};
use crate::video::Video;

pub use crate::process::Progress;
pub use crate::request::Request;

/// A measurement that succeeded.
#[derive(Clone, Debug)]
pub struct Measurement {
    /// The time it took.
    pub time: Duration,
    /// What ffmpeg complained of: errors of decoding. Empty for vmaf, which shows its progress in the same place.
    pub complaints: String,
}

/// Measures. Fails before anything runs if the tool cannot read the videos.
///
/// # Errors
/// [`Error::UnknownFeature`]; [`Error::Input`] if the videos do not suit the tool; [`Error::Spawn`] and
/// [`Error::Failed`] if it cannot be run or fails; [`Error::Output`] if it leaves no log; [`Error::Io`].
pub fn measure<S: AsRef<str>>(
    tool: &Tool,
    request: &Request<'_, S>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Measurement, Error> {
    check_size(request.reference, &extractors(request.features)?)?;
    let arguments = arguments(tool, request, LOG_NAME)?;
    let folder = parent(request.log);
    let scratch = tempfile::Builder::new()
        .prefix(".measure-")
        .tempdir_in(folder)
        .map_err(Error::io(folder))?;
    let total = request.n_frames();

    let begin = Instant::now();
    let complaints = match tool {
        Tool::Vmaf(vmaf) => {
            let mut command = Command::new(vmaf);
            command.current_dir(scratch.path()).args(arguments);
            process::run(vmaf, &mut command, &mut |event| {
                if let Event::Tick(id) = event
                    && let Some(frames) = frames_read(id, request.distorted)
                {
                    progress(Progress { frames, total });
                }
            })?;
            String::new()
        }
        Tool::Ffmpeg(ffmpeg) => {
            process::ffmpeg(ffmpeg, scratch.path(), &arguments, total, progress)?
        }
    };
    let time = begin.elapsed();
    let written = scratch.path().join(LOG_NAME);
    match fs::metadata(&written) {
        Ok(metadata) if metadata.len() > 0 => {}
        _ => {
            return Err(Error::Output {
                program: tool.path().to_owned(),
                reason: format!(
                    "it succeeded and wrote no log for {} against {}",
                    request.distorted.path.display(),
                    request.reference.path.display()
                ),
            });
        }
    }
    fs::rename(&written, request.log).map_err(Error::io(request.log))?;
    Ok(Measurement { time, complaints })
}

/// The command line of [`measure`] for a shell, with the log written to `request.log`.
///
/// # Errors
/// As [`measure`], before anything runs.
pub fn command_line<S: AsRef<str>>(tool: &Tool, request: &Request<'_, S>) -> Result<String, Error> {
    let log = request.log.display().to_string();
    shell_line(tool.path(), &arguments(tool, request, &log)?)
}

fn arguments<S: AsRef<str>>(
    tool: &Tool,
    request: &Request<'_, S>,
    log: &str,
) -> Result<Vec<String>, Error> {
    let needed = extractors(request.features)?;
    match tool {
        Tool::Vmaf(_) => {
            vmaf_reads(request.reference, request.distorted)
                .map_err(|reason| Error::input(&request.distorted.path, reason))?;
            command::vmaf::arguments(request, &needed, log)
        }
        Tool::Ffmpeg(_) => command::ffmpeg::arguments(request, &needed, log),
    }
}

/// `vmaf` reports frames to a terminal only. Linux says how far it has read the distorted file.
fn frames_read(process: u32, video: &Video) -> Option<u64> {
    let frame = video.format()?.frame_bytes(video.width, video.height);
    let path = fs::canonicalize(&video.path).ok()?;
    let proc = PathBuf::from(format!("/proc/{process}"));
    let descriptor = fs::read_dir(proc.join("fd"))
        .ok()?
        .filter_map(Result::ok)
        .find(|entry| fs::read_link(entry.path()).is_ok_and(|target| target == path))?;
    let info = fs::read_to_string(proc.join("fdinfo").join(descriptor.file_name())).ok()?;
    let position: u64 =
        info.lines().find_map(|line| line.strip_prefix("pos:"))?.trim().parse().ok()?;
    Some(position / frame)
}
