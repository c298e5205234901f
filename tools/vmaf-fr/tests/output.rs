// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Where reports and plots go, and what is left when something fails.

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::Stdio;

use common::{Log, V2, file, score};

#[test]
fn a_file_appears_whole() {
    let (folder, log) = Log::full(20).file();
    let report = folder.path().join("report.json");
    let run = score(&[
        log.as_os_str(),
        "-o".as_ref(),
        report.as_os_str(),
        "--format".as_ref(),
        "json".as_ref(),
    ]);
    assert_eq!(run.status, 0, "{run:?}");
    assert!(run.stdout.is_empty());
    let value: serde_json::Value = serde_json::from_slice(&fs::read(&report).unwrap()).unwrap();
    assert_eq!(value["n_frames"], 20);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: &std::path::Path| fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode(&report), mode(&log), "a new file has the mode that the umask leaves");
    }
}

#[test]
fn a_failure_leaves_the_old_file_and_nothing_else() {
    let text = Log::full(5000).text();
    let (folder, log) = file("clip.json", &text[..text.len() - 100]);
    let report = folder.path().join("report.csv");
    let plot = folder.path().join("plot.svg");
    fs::write(&report, "the old one").unwrap();
    let run = score(&[
        log.to_str().unwrap(),
        "-o",
        report.to_str().unwrap(),
        "--plot",
        plot.to_str().unwrap(),
        "--format",
        "csv",
        "--frames",
    ]);
    assert_eq!(run.status, 1, "{run:?}");
    assert_eq!(fs::read_to_string(&report).unwrap(), "the old one");
    let mut names: Vec<_> =
        fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    assert_eq!(names, ["clip.json", "report.csv"]);
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let (_folder, log) = Log::full(2).file();
    let run = score(&[log.to_str().unwrap(), "-o", "/nowhere/report.txt"]);
    assert_eq!(run.status, 1, "{run:?}");
    assert!(run.stderr.contains("/nowhere/report.txt: "), "{}", run.stderr);
}

#[cfg(unix)]
#[test]
fn a_link_stays_and_devices_are_written_to() {
    let (folder, log) = Log::full(2).file();
    let target = folder.path().join("target.txt");
    let link = folder.path().join("link.txt");
    fs::write(&target, "").unwrap();
    std::os::unix::fs::symlink(&target, &link).unwrap();
    assert_eq!(score(&[log.to_str().unwrap(), "-q", "-o", link.to_str().unwrap()]).status, 0);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert!(fs::read_to_string(&target).unwrap().contains("score"));
    assert_eq!(score(&[log.to_str().unwrap(), "-q", "-o", "/dev/null"]).status, 0);
    let run = score(&[log.to_str().unwrap(), "-q", "-o", "/dev/stdout"]);
    assert!(run.stdout.contains("score"), "{run:?}");
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let (_folder, log) = Log::full(20_000).file();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("vmaf-fr"))
        .args(["score", "--engine", "embedded", "-q", "--frames"])
        .arg(&log)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    {
        let mut reader = BufReader::with_capacity(64, child.stdout.take().unwrap());
        reader.read_line(&mut line).unwrap();
    }
    let status = child.wait().unwrap();
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!((status.code(), stderr.as_str()), (Some(0), ""));
    assert!(line.ends_with('\n'), "{line}");
}

#[test]
fn the_plot_shows_scores_and_marks_the_worst_frames() {
    // A name that XML would take for markup.
    let (folder, log) = file("a<b>&c.json", &Log::full(300).text());
    let plot = folder.path().join("plot.svg");
    let arguments = [
        log.to_str().unwrap(),
        "--model",
        V2,
        "--codec",
        "x265",
        "--format",
        "json",
        "--plot",
        plot.to_str().unwrap(),
    ];
    let run = score(&arguments);
    assert_eq!(run.status, 0, "{run:?}");
    let report: serde_json::Value = serde_json::from_str(&run.stdout).unwrap();
    let svg = fs::read_to_string(&plot).unwrap();
    assert!(svg.starts_with("<svg ") && svg.trim_end().ends_with("</svg>"));
    assert!(svg.contains("a&lt;b&gt;&amp;c.json"), "the title is escaped");
    for worst in report["worst_frames"].as_array().unwrap() {
        let label = format!("\n{}\n</text>", worst["frameNum"]);
        assert!(svg.contains(&label), "frame {} is not labelled", worst["frameNum"]);
    }
    // Every frame is a point of the line.
    let longest = svg
        .lines()
        .filter(|line| line.starts_with("<polyline"))
        .map(|line| line.matches(',').count())
        .max();
    assert_eq!(longest, Some(300));
}

#[test]
fn a_plot_of_one_frame_and_of_very_many_can_be_drawn() {
    for n in [1, 2, 9000] {
        let (folder, log) = Log::full(n).file();
        let plot = folder.path().join("plot.svg");
        let run = score(&[log.to_str().unwrap(), "--plot", plot.to_str().unwrap()]);
        assert_eq!(run.status, 0, "{run:?}");
        let size = fs::metadata(&plot).unwrap().len();
        assert!((1000..200_000).contains(&size), "{size}");
    }
}
