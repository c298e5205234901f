// SPDX-License-Identifier: BSD-2-Clause-Patent
//! How the program ends early, and what it leaves: signals, and outputs that others write to as well.
#![cfg(target_os = "linux")]

mod common;

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use common::{Log, ffmpeg, run_ffmpeg, score};

/// A pair that takes long to measure.
fn long_pair(folder: &Path) {
    for (name, filter) in [("reference.y4m", "null"), ("distorted.y4m", "boxblur=2")] {
        let source = "testsrc2=size=1280x720:rate=25";
        let made = ["-f", "lavfi", "-i", source, "-frames:v", "150", "-vf", filter];
        run_ffmpeg(folder, &[&made[..], &["-pix_fmt", "yuv420p", name]].concat());
    }
}

/// Processes whose command line names the folder, apart from this test's own.
fn running_in(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    fs::read_dir("/proc")
        .unwrap()
        .filter_map(|entry| fs::read(entry.ok()?.path().join("cmdline")).ok())
        .map(|line| String::from_utf8_lossy(&line).replace('\0', " "))
        .filter(|line| line.contains(folder))
        .collect()
}

fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let begin = Instant::now();
    while !holds() {
        assert!(begin.elapsed() < Duration::from_mins(1), "{what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn measuring(folder: &Path, scratch: &Path) -> Child {
    let child = Command::new(assert_cmd::cargo::cargo_bin("vmaf-fr"))
        .args(["score", "--engine", "embedded", "-q", "--measure-all", "--ffmpeg-bin"])
        .arg(ffmpeg())
        .arg("--reference")
        .arg(folder.join("reference.y4m"))
        .arg("--distorted")
        .arg(folder.join("distorted.y4m"))
        .arg("-o")
        .arg(folder.join("report.txt"))
        .env("TMPDIR", scratch)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    wait_until("ffmpeg starts", || running_in(folder).iter().any(|line| line.contains("libvmaf=")));
    child
}

#[test]
fn a_signal_ends_what_measures_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    long_pair(folder.path());
    for (name, signal) in [("TERM", 15), ("INT", 2), ("HUP", 1)] {
        let scratch = tempfile::tempdir().unwrap();
        let child = measuring(folder.path(), scratch.path());
        let status =
            Command::new("kill").args(["-s", name, &child.id().to_string()]).status().unwrap();
        assert!(status.success());
        let ended = child.wait_with_output().unwrap();
        assert_eq!(ended.status.signal(), Some(signal), "{ended:?}");
        assert!(ended.stdout.is_empty() && ended.stderr.is_empty(), "{ended:?}");
        wait_until("nothing runs any more", || running_in(folder.path()).is_empty());
        let left: Vec<_> = fs::read_dir(scratch.path()).unwrap().collect();
        assert!(left.is_empty(), "SIG{name}: {left:?}");
        let mut files: Vec<_> =
            fs::read_dir(folder.path()).unwrap().map(|f| f.unwrap().file_name()).collect();
        files.sort();
        assert_eq!(files, ["distorted.y4m", "reference.y4m"], "SIG{name}");
    }
}

#[test]
fn an_open_descriptor_is_written_to_where_it_stands() {
    let (folder, log) = Log::full(3).file();
    let program = assert_cmd::cargo::cargo_bin("vmaf-fr");
    let (program, log) = (program.display(), log.display());
    let command = format!("{program} score --engine embedded -q --format csv {log}");
    let all = folder.path().join("all.txt");
    for script in [
        format!("{{ echo a; {command} -o /dev/stdout; echo b; }} > '{}'", all.display()),
        format!("{{ echo a >&3; {command} -o /dev/fd/3; echo b >&3; }} 3> '{}'", all.display()),
        format!(
            "echo a > '{0}'; {command} -o /dev/stdout >> '{0}'; echo b >> '{0}'",
            all.display()
        ),
    ] {
        let status = Command::new("sh").args(["-c", &script]).status().unwrap();
        assert!(status.success(), "{script}");
        let text = fs::read_to_string(&all).unwrap();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines.len(), 4, "{script}: {text}");
        assert_eq!((lines[0], lines[3]), ("a", "b"), "{script}: {text}");
        assert!(lines[1].starts_with("source,model,"), "{script}: {text}");
    }
    let closed = score(&[&log.to_string(), "-o", "/dev/fd/77"]);
    assert_eq!(closed.status, 1, "{closed:?}");
    assert!(closed.stderr.contains("/dev/fd/77"), "{closed:?}");
}

#[test]
fn a_file_keeps_its_mode_and_its_link() {
    use std::os::unix::fs::PermissionsExt as _;
    let (folder, log) = Log::full(3).file();
    let [file, link] = ["report.txt", "link.txt"].map(|name| folder.path().join(name));
    File::create(&file).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink(&file, &link).unwrap();
    let run = score(&[log.to_str().unwrap(), "-o", link.to_str().unwrap()]);
    assert_eq!(run.status, 0, "{run:?}");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o640);
    assert!(fs::read_to_string(&file).unwrap().contains("score"));
}

#[test]
fn report_and_plot_in_one_file_are_refused() {
    let (folder, log) = Log::full(3).file();
    let file = folder.path().join("one.svg");
    let other_way = folder.path().join(".").join("one.svg");
    let run = score(&[
        log.to_str().unwrap(),
        "-o",
        file.to_str().unwrap(),
        "--plot",
        other_way.to_str().unwrap(),
    ]);
    assert_eq!(run.status, 64, "{run:?}");
    assert!(!file.exists());
}

#[test]
fn a_full_disk_says_so() {
    let (_folder, log) = Log::full(3).file();
    let run = score(&[log.to_str().unwrap(), "-o", "/dev/full"]);
    assert_eq!(run.status, 1, "{run:?}");
    assert!(run.stderr.contains("/dev/full") && run.stderr.contains("No space left"), "{run:?}");
}
