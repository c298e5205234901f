// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What the tests of the program share.
#![allow(dead_code, reason = "not every test file needs all of it")]

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use tempfile::TempDir;
use vmaf_fr_v2::catalogue::FEATURES;

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// A file of the shared folder; `None`, and a message, where it is not there.
pub fn shared(path: &str) -> Option<PathBuf> {
    let folder =
        std::env::var_os("VMAF_FR_SHARED").map_or_else(|| root().join("../shared"), PathBuf::from);
    let found = folder.join(path);
    if found.exists() {
        return Some(found);
    }
    eprintln!("skipped: {} is missing (set VMAF_FR_SHARED)", found.display());
    None
}

/// A program the tests need: named by the environment, else where scripts/test-needs.sh puts it.
pub fn needed(variable: &str, below_deps: &str) -> PathBuf {
    let path = std::env::var_os(variable)
        .map_or_else(|| root().join(".deps").join(below_deps), PathBuf::from);
    assert!(
        path.is_file(),
        "{} is missing: run scripts/test-needs.sh, or set {variable}",
        path.display()
    );
    path
}

pub fn ffmpeg() -> PathBuf {
    needed("VMAF_FR_TEST_FFMPEG", "bin/ffmpeg")
}

/// Runs ffmpeg in `folder`, over what is there; the last argument names what it makes.
pub fn run_ffmpeg<S: AsRef<std::ffi::OsStr>>(folder: &Path, arguments: &[S]) {
    let mut command = std::process::Command::new(ffmpeg());
    command.args(["-nostdin", "-y", "-loglevel", "error"]).args(arguments).current_dir(folder);
    assert!(command.status().unwrap().success(), "{command:?}");
}

pub fn vmaf() -> PathBuf {
    needed("VMAF_FR_TEST_VMAF", "libvmaf/bin/vmaf")
}

pub fn program() -> Command {
    let mut command = Command::cargo_bin("vmaf-fr").unwrap();
    // What the machine has installed must not decide what the tests see.
    command.env_remove("VMAF_FR_V2_ONNXRUNTIME");
    command
}

/// How a run ended, as text.
#[derive(Debug)]
pub struct Run {
    pub status: i32,
    pub stdout: String,
    pub stderr: String,
}

impl From<Output> for Run {
    fn from(output: Output) -> Self {
        Self {
            status: output.status.code().expect("ended by a signal"),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }
}

/// Runs `vmaf-fr` with the embedded engine, where the subcommand takes one.
pub fn run<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Run {
    program().args(arguments).output().unwrap().into()
}

/// Scores with the embedded engine.
pub fn score<S: AsRef<std::ffi::OsStr>>(arguments: &[S]) -> Run {
    program().args(["score", "--engine", "embedded"]).args(arguments).output().unwrap().into()
}

pub const V2: &str = "builtin:fr_regressor_v2_codec_aware";

/// Plausible values of the full feature set: middle and spread.
const VALUES: [(f64, f64); 22] = [
    (0.9, 0.05),
    (0.9, 0.05),
    (0.85, 0.05),
    (0.9, 0.05),
    (0.95, 0.03),
    (0.5, 0.1),
    (0.8, 0.1),
    (0.85, 0.1),
    (0.9, 0.05),
    (4.0, 2.0),
    (3.5, 2.0),
    (36.0, 4.0),
    (40.0, 4.0),
    (41.0, 4.0),
    (0.95, 0.04),
    (0.96, 0.03),
    (1.0, 0.9),
    (36.0, 4.0),
    (33.0, 4.0),
    (37.0, 4.0),
    (38.0, 4.0),
    (34.0, 4.0),
];

/// A log being put together: frames, each a number and its `metrics`.
#[derive(Debug, Clone)]
pub struct Log {
    pub frames: Vec<(String, Vec<(String, String)>)>,
}

impl Log {
    /// Frames 0, 1, 2, ... with all features, no two frames alike.
    pub fn full(n: u32) -> Self {
        let value = |frame: u32, column: usize| {
            let (mean, spread) = VALUES[column];
            let phase = f64::from(frame) * 0.7 + column as f64;
            format!("{:.6}", mean + spread * phase.sin())
        };
        let metrics = |frame| {
            FEATURES[..VALUES.len()]
                .iter()
                .enumerate()
                .map(|(column, feature)| (feature.log_names[0].to_owned(), value(frame, column)))
                .collect()
        };
        Self { frames: (0..n).map(|frame| (frame.to_string(), metrics(frame))).collect() }
    }

    /// Without these keys in any frame.
    pub fn without(mut self, keys: &[&str]) -> Self {
        for (_, metrics) in &mut self.frames {
            metrics.retain(|(key, _)| !keys.contains(&key.as_str()));
        }
        self
    }

    /// With this text in place of one value.
    pub fn with(mut self, frame: usize, key: &str, value: &str) -> Self {
        let metrics = &mut self.frames[frame].1;
        value.clone_into(&mut metrics.iter_mut().find(|(k, _)| k == key).unwrap().1);
        self
    }

    /// With these frame numbers.
    pub fn numbered(mut self, numbers: &[&str]) -> Self {
        assert_eq!(numbers.len(), self.frames.len());
        for (frame, number) in self.frames.iter_mut().zip(numbers) {
            (*number).clone_into(&mut frame.0);
        }
        self
    }

    /// The rows as a model with all features gets them.
    pub fn rows(&self) -> Vec<f32> {
        let row = |metrics: &Vec<(String, String)>| {
            metrics
                .iter()
                .map(|(_, value)| value.parse::<f64>().unwrap() as f32)
                .collect::<Vec<_>>()
        };
        self.frames.iter().flat_map(|(_, metrics)| row(metrics)).collect()
    }

    pub fn text(&self) -> String {
        let mut text = "{\n  \"version\": \"2.3.1\",\n  \"fps\": 1.00,\n  \"frames\": [".to_owned();
        for (index, (number, metrics)) in self.frames.iter().enumerate() {
            let comma = if index > 0 { "," } else { "" };
            let metrics: Vec<String> =
                metrics.iter().map(|(key, value)| format!("        \"{key}\": {value}")).collect();
            let _ = write!(
                text,
                "{comma}\n    {{\n      \"frameNum\": {number},\n      \"metrics\": {{\n{}\n      }}\n    }}",
                metrics.join(",\n")
            );
        }
        text + "\n  ]\n}\n"
    }

    /// Written to `clip.json` in a folder of its own.
    pub fn file(&self) -> (TempDir, PathBuf) {
        file("clip.json", &self.text())
    }
}

pub fn file(name: &str, text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join(name);
    std::fs::write(&path, text).unwrap();
    (folder, path)
}

/// A copy of a built-in model whose card says what `change` makes of it; the card's path.
pub fn model_with(id: &str, change: impl FnOnce(&mut serde_json::Value)) -> (TempDir, PathBuf) {
    let model = vmaf_fr_v2::model::builtin::find(id).unwrap();
    let mut card: serde_json::Value = serde_json::from_slice(model.card).unwrap();
    change(&mut card);
    let (folder, path) = file("model.json", &card.to_string());
    for (name, bytes) in model.files {
        std::fs::write(folder.path().join(name), bytes).unwrap();
    }
    (folder, path)
}

/// The same model, which takes no missing features.
pub fn complete_only() -> (TempDir, PathBuf) {
    model_with("fr_regressor_v2_codec_aware", |card| {
        for member in ["missing_features", "optional_features", "imputation"] {
            card.as_object_mut().unwrap().remove(member);
        }
    })
}
