// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Measuring with the real tools, and the command lines that the program tells people to run
//! (`scripts/test-needs.sh` installs them).

mod common;

use std::path::Path;
use std::process::Command;

use common::{Log, complete_only, ffmpeg, run_ffmpeg, score, vmaf};
use serde_json::Value;
use tempfile::TempDir;

const FRAMES: u32 = 12;

/// REFERENCE and DISTORTED, as y4m and as files of a codec.
fn videos() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        "-f lavfi -i testsrc2=size=320x180:rate=25 -frames:v 12 -pix_fmt yuv420p REFERENCE.y4m",
        "-i REFERENCE.y4m -c:v libx264 -crf 36 DISTORTED.mp4",
        "-i DISTORTED.mp4 -pix_fmt yuv420p DISTORTED.y4m",
        "-i REFERENCE.y4m -c:v libx264 -qp 0 REFERENCE.mp4",
    ] {
        run_ffmpeg(folder.path(), &arguments.split_whitespace().collect::<Vec<_>>());
    }
    folder
}

fn json(run: &common::Run) -> Value {
    assert_eq!(run.status, 0, "{run:?}");
    serde_json::from_str(&run.stdout).unwrap()
}

/// The command lines printed for a log that lacks features, run by a shell as they stand.
#[test]
fn the_commands_that_are_told_produce_what_is_missing() {
    let (_folder, log) = Log::full(2).without(&["cambi", "integer_motion"]).file();
    let (_model_folder, model) = complete_only();
    let model = model.to_str().unwrap();
    let advice = score(&[log.to_str().unwrap(), "--model", model]);
    assert_eq!(advice.status, 2, "{advice:?}");
    let folder = videos();
    for (name, program) in [("vmaf", vmaf()), ("ffmpeg", ffmpeg())] {
        let line =
            advice.stderr.lines().find(|line| line.starts_with(&format!("  {name} "))).unwrap();
        let shell = Command::new("sh")
            .arg("-c")
            // The name on PATH may be another build of it.
            .arg(format!("{name}() {{ '{}' \"$@\"; }}\n{line}", program.display()))
            .current_dir(folder.path())
            .output()
            .unwrap();
        assert!(shell.status.success(), "{line}: {}", String::from_utf8_lossy(&shell.stderr));
        let made = folder.path().join("LOG.json");
        let run = score(&[
            made.to_str().unwrap(),
            "--model",
            model,
            "--codec",
            "x264",
            "--format",
            "json",
        ]);
        assert_eq!(run.stderr, "", "{name}");
        let report = json(&run);
        assert_eq!(report["n_frames"], FRAMES, "{name}");
        std::fs::remove_file(made).unwrap();
    }
}

fn measured(reference: &Path, distorted: &Path, more: &[&str]) -> common::Run {
    let arguments =
        ["--reference", reference.to_str().unwrap(), "--distorted", distorted.to_str().unwrap()];
    let fixed = ["--format", "json", "--model", common::V2, "--measure-all"];
    score(&[&arguments[..], &fixed, more].concat())
}

#[test]
fn two_videos_are_measured_and_scored() {
    let folder = videos();
    let file = |name: &str| folder.path().join(name);
    let ffmpeg = ffmpeg();
    let vmaf = vmaf();
    let keep = file("kept.json");

    let by_ffmpeg = measured(
        &file("REFERENCE.mp4"),
        &file("DISTORTED.mp4"),
        &["--ffmpeg-bin", ffmpeg.to_str().unwrap(), "--keep-log", keep.to_str().unwrap()],
    );
    let report = json(&by_ffmpeg);
    assert_eq!(report["n_frames"], FRAMES);
    assert_eq!(report["codec"], "h264", "taken from the stream");
    assert!(by_ffmpeg.stderr.contains("its stream says h264"), "{}", by_ffmpeg.stderr);
    assert!(report["missing_features"].as_object().unwrap().is_empty());

    // The kept log scores alike, by any spelling of the codec.
    let kept = json(&score(&[
        keep.to_str().unwrap(),
        "--format",
        "json",
        "--model",
        common::V2,
        "--codec",
        "x264",
    ]));
    assert_eq!(kept["score"], report["score"]);

    // Raw video names no codec.
    let by_vmaf = measured(
        &file("REFERENCE.y4m"),
        &file("DISTORTED.y4m"),
        &["--vmaf-bin", vmaf.to_str().unwrap(), "--codec", "x264"],
    );
    let other = json(&by_vmaf);
    assert_eq!((&other["codec"], &other["n_frames"]), (&Value::from("x264"), &Value::from(FRAMES)));
    let difference = other["score"].as_f64().unwrap() - report["score"].as_f64().unwrap();
    assert!(difference.abs() < 0.1, "libvmaf's versions differ by rounding only: {difference}");
    let unnamed = measured(
        &file("REFERENCE.y4m"),
        &file("DISTORTED.y4m"),
        &["--vmaf-bin", vmaf.to_str().unwrap()],
    );
    assert!(unnamed.stderr.contains("scored as 'unknown'"), "{}", unnamed.stderr);
}

#[test]
fn videos_that_cannot_be_measured_are_refused() {
    let folder = videos();
    let file = |name: &str| folder.path().join(name);
    let vmaf = vmaf();
    let missing = measured(&file("nowhere.y4m"), &file("DISTORTED.y4m"), &[]);
    assert_eq!(missing.status, 1, "{missing:?}");
    assert!(missing.stderr.contains("nowhere.y4m"), "{}", missing.stderr);
    let no_tool =
        measured(&file("REFERENCE.y4m"), &file("DISTORTED.y4m"), &["--vmaf-bin", "/nowhere/vmaf"]);
    assert_eq!(no_tool.status, 1, "{no_tool:?}");
    assert!(no_tool.stderr.contains("/nowhere/vmaf"), "{}", no_tool.stderr);
    let container = measured(
        &file("REFERENCE.mp4"),
        &file("DISTORTED.mp4"),
        &["--vmaf-bin", vmaf.to_str().unwrap()],
    );
    assert_eq!(container.status, 1, "{container:?}");
    let raw = measured(&file("a.yuv"), &file("b.yuv"), &[]);
    assert_eq!(raw.status, 64, "{raw:?}");
    assert!(raw.stderr.contains("--size"), "{}", raw.stderr);
}
