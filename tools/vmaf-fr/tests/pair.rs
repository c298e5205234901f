// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Pairs that do not belong together: a doubt says so, `--strict` fails.

mod common;

use std::path::{Path, PathBuf};

use common::{Run, ffmpeg, run_ffmpeg, score, shared};
use serde_json::Value;
use tempfile::TempDir;

/// A clip of 24 frames, and what ffmpeg makes of it.
struct Bench {
    folder: TempDir,
    reference: PathBuf,
}

impl Bench {
    fn new() -> Option<Self> {
        if which_ffprobe().is_none() {
            eprintln!("skipped: no ffprobe on PATH");
            return None;
        }
        let folder = tempfile::tempdir().unwrap();
        let reference = folder.path().join("reference.mkv");
        let bench = Self { folder, reference };
        bench.ffmpeg(
            "-f lavfi -i mandelbrot=size=320x240:rate=24 -frames:v 24 -pix_fmt yuv420p -c:v ffv1",
            "reference.mkv",
        );
        Some(bench)
    }

    fn ffmpeg(&self, arguments: &str, name: &str) -> PathBuf {
        let arguments: Vec<&str> = arguments.split_whitespace().chain([name]).collect();
        run_ffmpeg(self.folder.path(), &arguments);
        self.folder.path().join(name)
    }

    fn encode(&self, options: &str, name: &str) -> PathBuf {
        self.ffmpeg(&format!("-i reference.mkv {options}"), name)
    }
}

fn which_ffprobe() -> Option<PathBuf> {
    std::env::split_paths(&std::env::var_os("PATH")?)
        .map(|folder| folder.join("ffprobe"))
        .find(|path| path.is_file())
}

fn compare_as(reference: &Path, distorted: &Path, more: &[&str]) -> Run {
    let ffmpeg = ffmpeg();
    let fixed = [
        "--reference",
        reference.to_str().unwrap(),
        "--distorted",
        distorted.to_str().unwrap(),
        "--ffmpeg-bin",
        ffmpeg.to_str().unwrap(),
    ];
    score(&[&fixed, more].concat())
}

/// The same, in JSON.
fn compare(reference: &Path, distorted: &Path, more: &[&str]) -> Run {
    compare_as(reference, distorted, &[&["--format", "json"], more].concat())
}

fn report(run: &Run) -> Value {
    assert_eq!(run.status, 0, "{run:?}");
    serde_json::from_str(&run.stdout).unwrap()
}

fn doubts(run: &Run) -> Vec<String> {
    let doubts = report(run)["doubts"].as_array().unwrap().clone();
    doubts.iter().map(|doubt| doubt.as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_sound_pair_is_not_doubted() {
    let Some(bench) = Bench::new() else { return };
    let x264 = "-c:v libx264 -preset veryfast -crf 34";
    for (options, name) in [
        (x264.to_owned(), "a.mp4"),
        (format!("{x264} -pix_fmt yuv420p10le"), "b.mkv"),
        (format!("-vf scale=160:120 {x264}"), "c.mp4"),
        ("-c:v libvpx-vp9 -crf 40 -b:v 0 -deadline realtime".to_owned(), "d.webm"),
        ("-c:v libx265 -preset ultrafast -x265-params log-level=none -crf 34".to_owned(), "e.mp4"),
    ] {
        let distorted = bench.encode(&options, name);
        let run = compare(&bench.reference, &distorted, &["--strict"]);
        assert_eq!(doubts(&run), Vec::<String>::new(), "{name}");
    }
}

#[test]
fn broken_pairs_are_doubted_in_every_report_and_refused_by_strict() {
    let Some(bench) = Bench::new() else { return };
    let x264 = "-c:v libx264 -preset veryfast -crf 34";
    for (options, name, expected) in [
        (
            format!("-frames:v 23 {x264}"),
            "short.mp4",
            "number of frames: reference 24, distorted 23",
        ),
        (
            format!("-vf trim=start_frame=1,setpts=PTS-STARTPTS {x264}"),
            "late.mp4",
            "number of frames: reference 24, distorted 23",
        ),
        (format!("-r 12 {x264}"), "half.mp4", "frame rate: reference 24/1, distorted 12/1"),
        (
            format!("-vf crop=320:180 {x264}"),
            "crop.mp4",
            "as displayed: reference 1.333, distorted 1.778",
        ),
        (
            format!("-vf setsar=2 {x264}"),
            "wide.mp4",
            "as displayed: reference 1.333, distorted 2.667",
        ),
        (
            format!(
                "-vf setparams=color_trc=smpte2084:color_primaries=bt2020:colorspace=bt2020nc {x264}"
            ),
            "hdr.mp4",
            "HDR",
        ),
        (format!("-vf setparams=range=pc {x264}"), "full.mp4", "range: reference tv, distorted pc"),
        (format!("{x264} -flags +ildct+ilme -x264opts tff=1"), "fields.mp4", "interlaced"),
    ] {
        let distorted = bench.encode(&options, name);
        let run = compare(&bench.reference, &distorted, &[]);
        let found = doubts(&run);
        assert!(found.iter().any(|doubt| doubt.contains(expected)), "{name}: {found:?}");
        assert!(run.stderr.contains(expected), "{name}: {}", run.stderr);
        let strict = compare(&bench.reference, &distorted, &["--strict"]);
        assert_eq!((strict.status, strict.stdout.as_str()), (1, ""), "{name}: {strict:?}");
        for format in ["text", "csv"] {
            let run = compare_as(&bench.reference, &distorted, &["--format", format, "-q"]);
            assert!(run.stdout.contains(expected), "{name}, {format}: {}", run.stdout);
        }
    }
}

#[test]
fn a_damaged_stream_is_doubted() {
    let Some(bench) = Bench::new() else { return };
    let whole = bench.encode("-c:v libx264 -preset veryfast -crf 20 -g 4", "whole.mkv");
    let mut bytes = std::fs::read(&whole).unwrap();
    let cut = bytes.len() * 6 / 10;
    let truncated = bench.folder.path().join("truncated.mkv");
    std::fs::write(&truncated, &bytes[..cut]).unwrap();
    let run = compare(&bench.reference, &truncated, &[]);
    assert!(!doubts(&run).is_empty(), "{run:?}");
    for at in (cut / 2..cut / 2 + 400).step_by(7) {
        bytes[at] ^= 0x5a;
    }
    let damaged = bench.folder.path().join("damaged.mkv");
    std::fs::write(&damaged, &bytes).unwrap();
    let found = doubts(&compare(&bench.reference, &damaged, &[]));
    assert!(found.iter().any(|doubt| doubt.contains("errors while decoding")), "{found:?}");
}

#[test]
fn a_turned_video_is_turned_as_players_do() {
    let (Some(turned), Some(reference)) = (
        shared("cases/06-rotation-aspect/rot.mp4"),
        shared("cases/06-rotation-aspect/portrait.mp4"),
    ) else {
        return;
    };
    if which_ffprobe().is_none() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let upright = folder.path().join("upright.mkv");
    run_ffmpeg(folder.path(), &["-i", turned.to_str().unwrap(), "-c:v", "ffv1", "upright.mkv"]);
    let run = compare(&reference, &turned, &[]);
    assert_eq!(doubts(&run), Vec::<String>::new());
    assert!(run.stderr.contains("turned by"), "{}", run.stderr);
    let [by_container, in_the_file] = [turned, upright]
        .map(|video| report(&compare(&reference, &video, &["-q"]))["score"].as_f64().unwrap());
    assert!((by_container - in_the_file).abs() < 2.0, "{by_container} {in_the_file}");
    assert!(by_container > 20.0, "{by_container}");
}
