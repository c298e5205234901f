// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Measures a pair of clips: one run of `vmaf` or `ffmpeg`, one libvmaf JSON log.
//!
//! Frames are paired by their number, whatever their timestamps say, up to the end of the shorter clip. libvmaf's
//! default model runs along, so every log has a `vmaf` score beside the features.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use crate::Error;
use crate::clip::{Clip, PixelFormat, Storage};
use crate::extractors::{Extractor, extractors};
use crate::process::{self, Event};
use crate::tool::{Tool, is_planar};

pub use crate::process::Progress;

/// The VMAF model that runs along; the historical one, so that scores compare with published ones.
pub const VMAF_MODEL: &str = "vmaf_v0.6.1";

/// One measurement to make.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a, S: AsRef<str>> {
    /// The pristine clip; its geometry and sample format are those of the measurement.
    pub reference: &'a Clip,
    /// The clip to judge. ffmpeg scales (bicubic) and converts it to the reference's geometry; `vmaf` wants it equal.
    pub distorted: &'a Clip,
    /// Features the log must hold, by their names in a model card.
    pub features: &'a [S],
    /// libvmaf's worker threads; 0 computes in the calling thread. The values do not depend on it.
    pub threads: u32,
    /// Where the log goes; replaced in one step when it is complete.
    pub log: &'a Path,
}

/// Measures, and returns the time it took. Fails before anything runs where the tool cannot read the clips.
///
/// # Errors
/// [`Error::UnknownFeature`]; [`Error::Input`] where the clips do not suit the tool; [`Error::Spawn`] and
/// [`Error::Failed`] where it cannot be run or fails; [`Error::Output`] where it leaves no log; [`Error::Io`].
pub fn measure<S: AsRef<str>>(
    tool: &Tool,
    request: &Request<'_, S>,
    progress: &mut dyn FnMut(Progress),
) -> Result<Duration, Error> {
    let needed = extractors(request.features)?;
    check_size(request.reference, &needed)?;
    let folder = match request.log.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let scratch = tempfile::Builder::new()
        .prefix(".measure-")
        .tempdir_in(folder)
        .map_err(Error::io(folder))?;
    let written = scratch.path().join(LOG_NAME);
    let total = match (request.reference.n_frames, request.distorted.n_frames) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    };

    let begin = Instant::now();
    match tool {
        Tool::Vmaf(vmaf) => {
            let arguments = vmaf_arguments(request, &needed, Path::new(LOG_NAME))?;
            let mut command = Command::new(vmaf);
            command.current_dir(scratch.path()).args(arguments);
            let reading = request.distorted;
            process::run(vmaf, &mut command, &mut |event| {
                if let Event::Tick(id) = event
                    && let Some(frames) = frames_read(id, reading)
                {
                    progress(Progress { frames, total });
                }
            })?;
        }
        Tool::Ffmpeg(ffmpeg) => {
            let arguments = ffmpeg_arguments(request, &needed, LOG_NAME)?;
            process::ffmpeg(ffmpeg, scratch.path(), &arguments, total, progress)?;
        }
    }
    let elapsed = begin.elapsed();
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
    Ok(elapsed)
}

/// The command line of [`measure`] for a shell, with the log written to `request.log`.
///
/// # Errors
/// As [`measure`], before anything runs.
pub fn command_line<S: AsRef<str>>(tool: &Tool, request: &Request<'_, S>) -> Result<String, Error> {
    let needed = extractors(request.features)?;
    let mut words = vec![tool.path().display().to_string()];
    match tool {
        Tool::Vmaf(_) => words.extend(vmaf_arguments(request, &needed, request.log)?),
        Tool::Ffmpeg(_) => {
            words.extend(ffmpeg_arguments(request, &needed, &request.log.display().to_string())?);
        }
    }
    Ok(words.iter().map(|word| quote(word)).collect::<Vec<_>>().join(" "))
}

/// Whether `vmaf` reads this pair, and why not.
pub(crate) fn vmaf_can_read(reference: &Clip, distorted: &Clip) -> Result<(), String> {
    for clip in [reference, distorted] {
        if !is_planar(clip) {
            return Err(format!(
                "{} is neither Y4M nor raw YUV, which is all that vmaf reads",
                clip.path.display()
            ));
        }
        if clip.format().is_none() {
            return Err(format!(
                "{} has the pixel format {}, which libvmaf does not take",
                clip.path.display(),
                clip.pix_fmt.as_deref().unwrap_or("unknown")
            ));
        }
    }
    if reference.storage != distorted.storage {
        return Err("vmaf reads two Y4M files or two raw files, not one of each".to_owned());
    }
    let describe = |clip: &Clip| {
        format!(
            "{}x{} {}",
            clip.width,
            clip.height,
            clip.format().map_or_else(String::new, PixelFormat::ffmpeg_name)
        )
    };
    let (expected, got) = (describe(reference), describe(distorted));
    if expected == got {
        Ok(())
    } else {
        Err(format!(
            "vmaf compares clips of equal geometry and format, and the reference is {expected}, the distorted one {got}"
        ))
    }
}

/// MS-SSIM's five scales of an 11-tap window: in both directions.
const MS_SSIM_MIN: u32 = 176;
/// CAMBI: in one direction. libvmaf 2.x wants 320, and says no more than that it has a problem.
const CAMBI_MIN: u32 = 216;

/// Below these libvmaf fails in the middle, or silently leaves the feature out.
fn check_size(reference: &Clip, needed: &[Extractor]) -> Result<(), Error> {
    let (width, height) = (reference.width, reference.height);
    let reason =
        if width.min(height) < MS_SSIM_MIN && needed.iter().any(|e| e.name == "float_ms_ssim") {
            format!("float_ms_ssim needs at least {MS_SSIM_MIN} samples in both directions")
        } else if width.max(height) < CAMBI_MIN && needed.iter().any(|e| e.name == "cambi") {
            format!("cambi needs at least {CAMBI_MIN} samples in one direction")
        } else {
            return Ok(());
        };
    Err(Error::input(&reference.path, format!("{reason}, and this clip is {width}x{height}")))
}

const LOG_NAME: &str = "log.json";

fn absolute(path: &Path) -> Result<PathBuf, Error> {
    std::path::absolute(path).map_err(Error::io(path))
}

fn text(path: &Path) -> Result<String, Error> {
    absolute(path)?
        .into_os_string()
        .into_string()
        .map_err(|name| Error::input(PathBuf::from(name), "its path is not UTF-8"))
}

/// The model runs adm and vif with their default options already; asking for them again computes them twice.
fn beside_the_model(needed: &[Extractor]) -> impl Iterator<Item = &Extractor> {
    needed.iter().filter(|e| !matches!(e.name, "adm" | "vif"))
}

fn vmaf_arguments<S: AsRef<str>>(
    request: &Request<'_, S>,
    needed: &[Extractor],
    log: &Path,
) -> Result<Vec<String>, Error> {
    let Request { reference, distorted, .. } = request;
    vmaf_can_read(reference, distorted).map_err(|reason| Error::input(&distorted.path, reason))?;
    let mut arguments: Vec<String> = Vec::new();
    let mut option = |name: &str, value: String| arguments.extend([name.to_owned(), value]);
    option("--reference", text(&reference.path)?);
    option("--distorted", text(&distorted.path)?);
    if let (Storage::Raw, Some(format)) = (reference.storage, reference.format()) {
        option("--width", reference.width.to_string());
        option("--height", reference.height.to_string());
        option("--pixel_format", format.subsampling.name().to_owned());
        option("--bitdepth", format.bit_depth.to_string());
    }
    option("--model", format!("version={VMAF_MODEL}"));
    for extractor in beside_the_model(needed) {
        option(
            "--feature",
            match extractor.option {
                None => extractor.name.to_owned(),
                Some((key, value)) => format!("{}={key}={value}", extractor.name),
            },
        );
    }
    if request.threads > 0 {
        option("--threads", request.threads.to_string());
    }
    option("--output", log.display().to_string());
    arguments.extend(["--json".to_owned(), "--quiet".to_owned()]);
    Ok(arguments)
}

fn ffmpeg_arguments<S: AsRef<str>>(
    request: &Request<'_, S>,
    needed: &[Extractor],
    log: &str,
) -> Result<Vec<String>, Error> {
    let Request { reference, distorted, .. } = request;
    let common = common_format(reference, distorted);
    let mut arguments = Vec::new();
    for clip in [distorted, reference] {
        arguments.extend(input_arguments(clip, request.threads)?);
    }
    let rate = reference
        .frame_rate
        .or(distorted.frame_rate)
        .map_or_else(|| "25/1".to_owned(), |rate| rate.to_string());
    // Both clips get the timestamps 0, 1, 2, ... of one clock, so that the filter pairs frames by number.
    let clock = {
        let (num, den) = rate.split_once('/').unwrap_or(("25", "1"));
        format!("settb={den}/{num},setpts=N")
    };
    let format = common.map_or_else(String::new, |f| format!(",format={}", f.ffmpeg_name()));
    let scale = if (reference.width, reference.height) == (distorted.width, distorted.height) {
        String::new()
    } else {
        format!(",scale={}:{}:flags=bicubic", reference.width, reference.height)
    };
    let features = beside_the_model(needed)
        .map(|extractor| match extractor.option {
            None => format!("name={}", extractor.name),
            Some((key, value)) => format!("name={}\\:{key}={value}", extractor.name),
        })
        .collect::<Vec<_>>()
        .join("|");
    let features = if features.is_empty() { features } else { format!(":feature='{features}'") };
    arguments.extend([
        "-filter_complex".to_owned(),
        format!(
            "[0:v:0]{clock}{scale}{format}[distorted];[1:v:0]{clock}{format}[reference];\
             [distorted][reference]libvmaf=shortest=1:n_threads={}:model='version={VMAF_MODEL}'{features}:\
             log_fmt=json:log_path={}",
            request.threads,
            escape_in_filter(log),
        ),
        "-f".to_owned(),
        "null".to_owned(),
        "-".to_owned(),
    ]);
    Ok(arguments)
}

/// How ffmpeg is told to read a clip: as coded, without rotation, on so many decoder threads (0: one).
///
/// # Errors
/// [`Error::Input`] where the path is not UTF-8.
pub fn input_arguments(clip: &Clip, threads: u32) -> Result<Vec<String>, Error> {
    let mut arguments = vec!["-threads".to_owned(), threads.max(1).to_string()];
    if clip.storage == Storage::Raw {
        arguments.extend(["-f".to_owned(), "rawvideo".to_owned(), "-video_size".to_owned()]);
        arguments.push(format!("{}x{}", clip.width, clip.height));
        if let Some(format) = &clip.pix_fmt {
            arguments.extend(["-pixel_format".to_owned(), format.clone()]);
        }
        if let Some(rate) = clip.frame_rate {
            arguments.extend(["-framerate".to_owned(), rate.to_string()]);
        }
    } else {
        arguments.push("-noautorotate".to_owned());
    }
    arguments.extend(["-i".to_owned(), text(&clip.path)?]);
    Ok(arguments)
}

/// The reference's chroma at the deeper of both depths: nothing is dithered down for the measurement.
fn common_format(reference: &Clip, distorted: &Clip) -> Option<PixelFormat> {
    let format = reference.format()?;
    let other = distorted.format().map_or(0, |f| f.bit_depth);
    Some(PixelFormat { bit_depth: format.bit_depth.max(other), ..format })
}

/// Two levels of FFmpeg's escaping: the option's value, then the filter graph's description.
fn escape_in_filter(value: &str) -> String {
    let mut once = String::new();
    for c in value.chars() {
        if matches!(c, '\\' | '\'' | ':') {
            once.push('\\');
        }
        once.push(c);
    }
    let mut twice = String::new();
    for c in once.chars() {
        if matches!(c, '\\' | '\'' | '[' | ']' | ',' | ';') {
            twice.push('\\');
        }
        twice.push(c);
    }
    twice
}

fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=:+,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

/// `vmaf` reports frames to a terminal only; how far it has read the distorted file tells the same, where the
/// system says so (Linux).
fn frames_read(process: u32, clip: &Clip) -> Option<u64> {
    let frame = clip.format()?.frame_bytes(clip.width, clip.height);
    let path = fs::canonicalize(&clip.path).ok()?;
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

/// The part of a log that says which libvmaf wrote it.
#[derive(serde::Deserialize)]
struct Head {
    version: String,
}

/// ffmpeg does not tell its libvmaf's version; the log of two frames does.
pub(crate) fn libvmaf_version_of_ffmpeg(ffmpeg: &Path) -> Result<String, Error> {
    let scratch = tempfile::tempdir().map_err(Error::io(std::env::temp_dir()))?;
    let graph = format!(
        "testsrc=size=192x108:rate=25:duration=0.08,format=yuv420p,split[a][b];\
         [a][b]libvmaf=log_fmt=json:log_path={LOG_NAME}[out]"
    );
    let arguments =
        ["-filter_complex", &graph, "-map", "[out]", "-f", "null", "-"].map(str::to_owned);
    process::ffmpeg(ffmpeg, scratch.path(), &arguments, None, &mut |_| {})?;
    let log = fs::read(scratch.path().join(LOG_NAME)).map_err(Error::io(LOG_NAME))?;
    serde_json::from_slice(&log).map(|head: Head| head.version).map_err(|e| Error::Output {
        program: ffmpeg.to_owned(),
        reason: format!("libvmaf's log has no version: {e}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(storage: Storage, width: u32, pix_fmt: &str) -> Clip {
        Clip {
            path: PathBuf::from("/v/a"),
            storage,
            width,
            height: 4,
            pix_fmt: Some(pix_fmt.to_owned()),
            frame_rate: None,
            n_frames: None,
            codec_name: "rawvideo".to_owned(),
        }
    }

    #[test]
    fn what_vmaf_reads() {
        let y4m = clip(Storage::Y4m, 8, "yuv420p");
        assert_eq!(vmaf_can_read(&y4m, &y4m), Ok(()));
        for (other, reason) in [
            (clip(Storage::Raw, 8, "yuv420p"), "one of each"),
            (clip(Storage::Container, 8, "yuv420p"), "neither Y4M nor raw"),
            (clip(Storage::Y4m, 10, "yuv420p"), "8x4 yuv420p, the distorted one 10x4 yuv420p"),
            (clip(Storage::Y4m, 8, "yuv420p10le"), "the distorted one 8x4 yuv420p10le"),
            (clip(Storage::Y4m, 8, "gray"), "does not take"),
        ] {
            let got = vmaf_can_read(&y4m, &other).unwrap_err();
            assert!(got.contains(reason), "{got}");
        }
    }

    #[test]
    fn deeper_of_both() {
        let eight = clip(Storage::Y4m, 8, "yuv422p");
        let ten = clip(Storage::Y4m, 8, "yuv420p10le");
        assert_eq!(common_format(&eight, &ten).unwrap().ffmpeg_name(), "yuv422p10le");
        assert_eq!(common_format(&ten, &eight).unwrap().ffmpeg_name(), "yuv420p10le");
    }

    #[test]
    fn shell_words() {
        assert_eq!(quote("/a/b-c.json"), "/a/b-c.json");
        assert_eq!(quote("it's"), r"'it'\''s'");
        assert_eq!(quote(""), "''");
    }
}
