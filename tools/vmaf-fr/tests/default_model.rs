// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What the default model makes of logs and clips on which scores went wrong before: SSIM in decibels, black-and-white
//! film, ffmpeg's default log, bit depth, upscaling, cuts, a ladder of bitrates, identical pictures.

mod common;

use std::path::{Path, PathBuf};

use common::{Log, ffmpeg, file, root, run, run_ffmpeg, score, shared};
use serde_json::Value;
use tempfile::TempDir;

/// Six features of VMAF and the two that the default model can do without.
const NEEDED: [&str; 6] = [
    "integer_adm2",
    "integer_motion2",
    "integer_vif_scale0",
    "integer_vif_scale1",
    "integer_vif_scale2",
    "integer_vif_scale3",
];

fn report(arguments: &[&str]) -> Value {
    let run = score(&[arguments, &["--format", "json", "-q"]].concat());
    assert_eq!(run.status, 0, "{run:?}");
    serde_json::from_str(&run.stdout).unwrap()
}

fn pooled(report: &Value) -> f64 {
    report["score"].as_f64().unwrap()
}

fn of_log(path: &Path) -> Value {
    report(&[path.to_str().unwrap()])
}

#[test]
fn the_default_says_first_whether_it_is_experimental() {
    let status = vmaf_fr_v2::model::builtin::default_model().unwrap().status;
    let log = root().join("samples/two-scenes-x265-crf34.json");
    for more in [&[][..], &["--frames"]] {
        let text = score(&[&[log.to_str().unwrap()], more].concat()).stdout;
        let first = text.lines().next().unwrap();
        assert_eq!(first.contains("is experimental"), status == "experimental", "{first}");
    }
    let readme = std::fs::read_to_string(root().join("README.md")).unwrap();
    let says = readme.lines().take(16).any(|line| line.contains("experimental"));
    assert_eq!(says, status == "experimental", "the first lines of README.md");
}

#[test]
fn ssim_in_decibels_is_refused() {
    let Some(log) = shared("cases/01-ctc-db-ssim/aomctc.json") else { return };
    let run = score(&[log.to_str().unwrap()]);
    assert_eq!(run.status, 1, "{run:?}");
    assert_eq!(run.stdout, "");
    for expected in ["aomctc.json", "frame 0", "float_ssim", "decibels", "enable_db"] {
        assert!(run.stderr.contains(expected), "{expected}: {}", run.stderr);
    }
}

#[test]
fn a_black_and_white_film_scores_as_its_twin_in_colour() {
    let Some(film) = shared("cases/02-monochrome/bw.json") else { return };
    let Some(colour) = shared("cases/01-ctc-db-ssim/full.json") else { return };
    let (film, colour) = (pooled(&of_log(&film)), pooled(&of_log(&colour)));
    assert!((film - colour).abs() < 10.0, "{film} {colour}");
}

#[test]
fn a_log_of_vmafs_own_features_is_enough() {
    let Some(few) = shared("cases/03-ffmpeg-default-log/default.json") else { return };
    let Some(all) = shared("cases/01-ctc-db-ssim/full.json") else { return };
    let (few, all) = (of_log(&few), of_log(&all));
    assert!((pooled(&few) - pooled(&all)).abs() < 10.0, "{few} {all}");
    let missing = few["missing_features"].as_object().unwrap();
    assert!(missing.contains_key("psnr_y"), "{few}");
    // An interval that knows less is wider, and has the score of the whole log in it.
    let interval =
        |report: &Value| ["ci95_low", "ci95_high"].map(|end| report[end].as_f64().unwrap());
    let [low, high] = interval(&few);
    let [whole_low, whole_high] = interval(&all);
    assert!((low..high).contains(&pooled(&all)), "{few}");
    assert!(high - low > whole_high - whole_low, "{few} {all}");
}

#[test]
fn a_log_without_a_feature_that_vmaf_itself_needs_is_refused() {
    for feature in NEEDED {
        let (_folder, log) = Log::full(3).without(&[feature]).file();
        let run = score(&[log.to_str().unwrap()]);
        assert_eq!(run.status, 2, "{feature}: {run:?}");
        assert!(run.stderr.contains(feature.trim_start_matches("integer_")), "{}", run.stderr);
    }
    let (_folder, log) = Log::full(3).without(&["psnr_y", "float_ssim"]).file();
    assert_eq!(score(&[log.to_str().unwrap()]).status, 0);
}

#[test]
fn hvs_that_is_null_in_frames_that_are_not_identical_is_missing() {
    for name in ["hvsnull", "hvsnan"] {
        let Some(log) = shared(&format!("cases/04-hvs-null-not-identical/{name}.json")) else {
            return;
        };
        let report = report(&[log.to_str().unwrap(), "--model", common::V2, "--codec", "x264"]);
        let missing = report["missing_features"].as_object().unwrap();
        assert!(missing.contains_key("psnr_hvs"), "{name}: {report}");
    }
}

#[test]
fn identical_pictures_score_95_or_more_whatever_was_measured() {
    let mut log = Log::full(31);
    for (number, (_, metrics)) in log.frames.iter_mut().enumerate() {
        for (key, value) in metrics {
            match key.as_str() {
                "integer_motion2" | "integer_motion" => *value = format!("{number}"),
                "psnr_y" | "psnr_cb" | "psnr_cr" => "60.0".clone_into(value),
                _ => "1.0".clone_into(value),
            }
        }
    }
    for absent in [&[][..], &["psnr_y"], &["float_ssim"], &["psnr_y", "float_ssim"]] {
        let log = Log { frames: log.frames.clone() }.without(absent);
        let (_folder, file) = log.file();
        let report = report(&[file.to_str().unwrap(), "--frames"]);
        for frame in report["frames"].as_array().unwrap() {
            assert!(frame["score"].as_f64().unwrap() >= 95.0, "without {absent:?}: {frame}");
        }
    }
}

/// A cut gives a frame a high motion, and VMAF nearly 100 for it.
#[test]
fn motion_alone_lifts_no_frame_far_above_its_neighbours() {
    let path = root().join("samples/two-scenes-x265-crf34.json");
    let mut log: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let at_the_cut = |log: &Value| {
        let (_folder, path) = file("log.json", &log.to_string());
        let report = report(&[path.to_str().unwrap(), "--frames"]);
        report["frames"][30]["score"].as_f64().unwrap()
    };
    let with = at_the_cut(&log);
    let before = log["frames"][29]["metrics"]["integer_motion2"].clone();
    let motion = &mut log["frames"][30]["metrics"]["integer_motion2"];
    assert!(motion.as_f64().unwrap() > 5.0 * before.as_f64().unwrap(), "a cut");
    *motion = before;
    let lift = with - at_the_cut(&log);
    assert!((0.0..10.0).contains(&lift), "{lift}");
}

/// A real clip, and what ffmpeg makes of it.
struct Clip {
    folder: TempDir,
    source: PathBuf,
}

impl Clip {
    fn park_joy() -> Option<Self> {
        let source = shared("video/park_joy_420_720p50_frm0to9_480x270.y4m")?;
        Some(Self { folder: tempfile::tempdir().unwrap(), source })
    }

    /// A file in the clip's folder, made by ffmpeg.
    fn make(&self, input: &Path, options: &str, name: &str) -> PathBuf {
        let input = std::path::absolute(input).unwrap();
        let options = options.split_whitespace().chain([name]);
        let arguments: Vec<&str> =
            ["-i", input.to_str().unwrap()].into_iter().chain(options).collect();
        run_ffmpeg(self.folder.path(), &arguments);
        self.folder.path().join(name)
    }

    fn encode(&self, input: &Path, options: &str, name: &str) -> PathBuf {
        self.make(input, &format!("-preset veryfast {options}"), name)
    }
}

fn of_pair(reference: &Path, distorted: &Path) -> f64 {
    let ffmpeg = ffmpeg();
    pooled(&report(&[
        "--reference",
        reference.to_str().unwrap(),
        "--distorted",
        distorted.to_str().unwrap(),
        "--ffmpeg-bin",
        ffmpeg.to_str().unwrap(),
    ]))
}

#[test]
fn a_ladder_of_bitrates_comes_out_in_order() {
    let Some(clip) = Clip::park_joy() else { return };
    for encoder in ["libx264", "libx265"] {
        let scores: Vec<f64> = [20, 26, 32, 38, 44]
            .iter()
            .map(|crf| {
                let options = format!("-c:v {encoder} -crf {crf}");
                of_pair(&clip.source, &clip.encode(&clip.source, &options, "ladder.mkv"))
            })
            .collect();
        assert!(scores.windows(2).all(|pair| pair[0] > pair[1]), "{encoder}: {scores:?}");
        assert!(scores[0] - scores[4] > 30.0, "{encoder}: {scores:?}");
    }
}

#[test]
fn bit_depth_and_colour_decide_little() {
    let Some(clip) = Clip::park_joy() else { return };
    let distorted = clip.encode(&clip.source, "-c:v libx264 -crf 34", "eight.mkv");
    let eight = of_pair(&clip.source, &distorted);
    // The same pictures in ten bits.
    let lossless = "-pix_fmt yuv420p10le -c:v ffv1";
    let ten = of_pair(
        &clip.make(&clip.source, lossless, "reference10.mkv"),
        &clip.make(&distorted, lossless, "distorted10.mkv"),
    );
    assert!((ten - eight).abs() < 2.0, "8 bits {eight}, 10 bits {ten}");
    let grey = "-vf lutyuv=u=128:v=128 -c:v ffv1";
    let film = of_pair(
        &clip.make(&clip.source, grey, "reference-grey.mkv"),
        &clip.make(&distorted, grey, "distorted-grey.mkv"),
    );
    assert!((film - eight).abs() < 2.0, "colour {eight}, black and white {film}");
}

#[test]
fn upscaled_video_scores_below_the_same_at_full_size() {
    let Some(clip) = Clip::park_joy() else { return };
    let full = clip.encode(&clip.source, "-c:v libx264 -crf 26", "full.mkv");
    let half = clip.encode(&clip.source, "-vf scale=240:134 -c:v libx264 -crf 26", "half.mkv");
    let upscaled = clip.make(&half, "-vf scale=480:270 -c:v ffv1", "upscaled.mkv");
    let (full, upscaled) = (of_pair(&clip.source, &full), of_pair(&clip.source, &upscaled));
    assert!(upscaled < full - 5.0, "full size {full}, upscaled {upscaled}");
}

#[test]
fn a_removed_model_names_its_successor() {
    let log = root().join("samples/two-scenes-x265-crf34.json");
    for id in ["fr_regressor_v1_variance", "fr_regressor_v1_ensemble"] {
        let error = run(&["score", log.to_str().unwrap(), "--model", id]);
        assert_ne!(error.status, 0);
        assert!(error.stderr.contains("was removed; use 'fr_regressor_v3'"), "{}", error.stderr);
    }
}
