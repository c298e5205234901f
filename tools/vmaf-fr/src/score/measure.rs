// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Measures two videos, so that there is a log to score.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use tempfile::TempDir;
use vmaf_fr_measure::facts;
use vmaf_fr_measure::probe::Prober;
use vmaf_fr_measure::program::Tools;
use vmaf_fr_measure::run::{self, Request};
use vmaf_fr_measure::video::{PixelFormat, Video};

use super::report::{Source, title};
use crate::failure::{Failure, Notes};

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "Measuring")]
pub struct MeasureArgs {
    /// The pristine video: measure first, with libvmaf, then score
    #[arg(long, value_name = "VIDEO", requires = "distorted", conflicts_with = "log")]
    reference: Option<PathBuf>,
    /// The video to judge; its stream names the codec unless --codec does
    #[arg(long, value_name = "VIDEO", requires = "reference", conflicts_with = "log")]
    distorted: Option<PathBuf>,
    /// Size of .yuv files, such as 1920x1080
    #[arg(long, value_name = "WxH", value_parser = size)]
    size: Option<(u32, u32)>,
    /// Sample format of .yuv files, by FFmpeg's names
    #[arg(long, value_name = "NAME", default_value = "yuv420p")]
    pix_fmt: String,
    /// The vmaf to measure with, else the one on PATH
    #[arg(long, value_name = "PATH")]
    vmaf_bin: Option<PathBuf>,
    /// The ffmpeg to measure with (it needs libvmaf), else the one on PATH
    #[arg(long, value_name = "PATH")]
    ffmpeg_bin: Option<PathBuf>,
    /// The ffprobe that describes the videos, else the one beside ffmpeg, else the one on PATH
    #[arg(long, value_name = "PATH")]
    ffprobe_bin: Option<PathBuf>,
    /// libvmaf's threads, else as many as there are processors
    #[arg(long, value_name = "N")]
    measure_threads: Option<u32>,
    /// Measure also what the model uses only if it is there: a little more exact, and much slower
    #[arg(long)]
    pub measure_all: bool,
    /// Keep libvmaf's log in this file
    #[arg(long, value_name = "LOG.json")]
    keep_log: Option<PathBuf>,
}

/// Two videos and the log that was measured.
#[derive(Debug)]
pub struct Measured {
    reference: PathBuf,
    distorted: PathBuf,
    codec: Option<String>,
    log: PathBuf,
    videos: [Video; 2],
    /// What the measuring program said although it succeeded.
    complaints: String,
    /// Holds the log unless the user keeps it.
    _folder: Option<TempDir>,
}

impl Measured {
    pub fn source(&self) -> Source {
        Source::Videos {
            reference: self.reference.display().to_string(),
            distorted: self.distorted.display().to_string(),
        }
    }

    /// What to call the log in messages.
    pub fn name(&self) -> String {
        format!("the log of {}", self.distorted.display())
    }

    pub fn title(&self) -> String {
        title(&self.distorted)
    }

    pub fn codec(&self) -> Option<&str> {
        self.codec.as_deref()
    }

    /// Doubts what a log of so many frames says of the pair.
    pub fn check(&self, notes: &Notes, frames: u64) -> Result<(), Failure> {
        let [reference, distorted] = &self.videos;
        for doubt in facts::doubts_after(reference, distorted, frames, &self.complaints) {
            notes.doubt(format_args!("{}: {doubt}", self.distorted.display()))?;
        }
        Ok(())
    }

    pub fn open(&self) -> Result<File, Failure> {
        File::open(&self.log).map_err(|error| Failure::io(self.log.display(), &error))
    }
}

fn size(text: &str) -> Result<(u32, u32), String> {
    text.split_once(['x', 'X'])
        .and_then(|(w, h)| Some((w.parse().ok()?, h.parse().ok()?)))
        .filter(|(w, h)| *w > 0 && *h > 0)
        .ok_or_else(|| "expected WIDTHxHEIGHT, such as 1920x1080".to_owned())
}

pub fn measure(
    args: &MeasureArgs,
    notes: &Notes,
    features: &[String],
    codec_wanted: bool,
) -> Result<Measured, Failure> {
    let (Some(reference), Some(distorted)) = (&args.reference, &args.distorted) else {
        return Err(Failure::usage("both --reference and --distorted are needed, or a log"));
    };
    let tools = Tools::find(args.vmaf_bin.as_deref(), args.ffmpeg_bin.as_deref())?;
    let prober = Prober::find(args.ffprobe_bin.as_deref(), tools.ffmpeg())?;
    let reference_video = describe(args, &prober, reference)?;
    let distorted_video = describe(args, &prober, distorted)?;
    let tool = tools.choose(&reference_video, &distorted_video)?;
    let codec = distorted_video.codec().map(str::to_owned);
    if codec_wanted && let Some(codec) = &codec {
        notes.say(format_args!("{}: its stream says {codec}", distorted.display()));
    }

    let (log, folder) = if let Some(log) = &args.keep_log {
        (log.clone(), None)
    } else {
        let folder =
            tempfile::tempdir().map_err(|error| Failure::io("a temporary folder", &error))?;
        (folder.path().join("log.json"), Some(folder))
    };
    let threads = args.measure_threads.unwrap_or_else(|| {
        std::thread::available_parallelism().map_or(1, |n| u32::try_from(n.get()).unwrap_or(1))
    });
    let request = Request {
        reference: &reference_video,
        distorted: &distorted_video,
        features,
        threads,
        log: &log,
    };
    for doubt in facts::doubts(&reference_video, &distorted_video) {
        notes.doubt(format_args!("{}: {doubt}", distorted.display()))?;
    }
    for conversion in facts::conversions(&reference_video, &distorted_video) {
        notes.say(format_args!("{}: {conversion}", distorted.display()));
    }
    let bar = bar(notes, distorted);
    let measured = run::measure(&tool, &request, &mut |progress| {
        if let Some(total) = progress.total
            && bar.length() != Some(total)
        {
            bar.set_length(total);
            bar.set_style(style("{msg} {wide_bar} {pos}/{len} frames, {per_sec}, {eta} left"));
        }
        bar.set_position(progress.frames);
    });
    bar.finish_and_clear();
    let complaints = measured?.complaints;
    Ok(Measured {
        videos: [reference_video, distorted_video],
        complaints,
        reference: reference.clone(),
        distorted: distorted.clone(),
        codec,
        log,
        _folder: folder,
    })
}

fn describe(args: &MeasureArgs, prober: &Prober, path: &Path) -> Result<Video, Failure> {
    if !path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("yuv")) {
        return Ok(prober.probe(path)?);
    }
    let Some((width, height)) = args.size else {
        return Err(Failure::usage(format_args!(
            "{}: a .yuv file has no header: --size WIDTHxHEIGHT is needed (and --pix-fmt, unless it is yuv420p)",
            path.display()
        )));
    };
    let format = PixelFormat::from_ffmpeg(&args.pix_fmt).ok_or_else(|| {
        Failure::usage(format_args!(
            "--pix-fmt: expected a planar YUV format such as yuv420p or yuv422p10le, got '{}'",
            args.pix_fmt
        ))
    })?;
    Ok(Video::raw(path, width, height, format, None)?)
}

/// Indicatif draws only if standard error is a terminal.
fn bar(notes: &Notes, distorted: &Path) -> ProgressBar {
    let target =
        if notes.quiet { ProgressDrawTarget::hidden() } else { ProgressDrawTarget::stderr() };
    let bar = ProgressBar::with_draw_target(None, target)
        .with_style(style("{spinner} {msg} {pos} frames, {per_sec}, {elapsed}"))
        .with_message(format!("measuring {}", title(distorted)));
    bar.enable_steady_tick(Duration::from_millis(200));
    bar
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).expect("the templates above are well formed")
}
