// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `vmaf-fr score` on logs: what it reports, and what it says of bad ones.

mod common;

use common::{Log, Run, V2, complete_only, file, program, score, shared};
use serde_json::Value;
use vmaf_fr_v2::{Config, EngineChoice, Score, Scorer};

fn json(run: &Run) -> Value {
    assert_eq!(run.status, 0, "{run:?}");
    serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {}", run.stdout))
}

fn path(path: &std::path::Path) -> &str {
    path.to_str().unwrap()
}

fn same(got: &Value, expected: f64) {
    match got.as_f64() {
        Some(got) => assert!((got - expected).abs() <= 1e-9, "{got} {expected}"),
        None => assert!(expected.is_nan(), "null, expected {expected}"),
    }
}

/// The library's own scores of the same values.
fn library(model: &str, codec: &str, rows: &[f32]) -> Vec<Score> {
    let config = Config { engine: EngineChoice::Embedded, ..Config::default() };
    let mut scorer = Scorer::open(Some(model), &config).unwrap();
    let n = rows.len() / scorer.feature_names().len();
    let id = scorer.codec_id(codec).unwrap();
    let none = Score { score: 0.0, stddev: 0.0, ci95_low: 0.0, ci95_high: 0.0 };
    let mut frames = vec![none; n];
    scorer.score(rows, Some(&vec![id; n]), &mut frames).unwrap();
    frames
}

#[test]
fn frames_score_as_the_library_scores_them() {
    // More than one block, and not a whole number of blocks.
    let log = Log::full(2500);
    let (_folder, file) = log.file();
    for codec in ["x264", "hevc", "libvvenc"] {
        let expected = library(V2, codec, &log.rows());
        let run =
            score(&[path(&file), "--model", V2, "--codec", codec, "--frames", "--format", "json"]);
        let report = json(&run);
        let frames = report["frames"].as_array().unwrap();
        assert_eq!(frames.len(), expected.len());
        for (number, (frame, expected)) in frames.iter().zip(&expected).enumerate() {
            assert_eq!(frame["frameNum"], number);
            same(&frame["score"], expected.score);
            same(&frame["stddev"], expected.stddev);
            same(&frame["ci95_low"], expected.ci95_low);
            same(&frame["ci95_high"], expected.ci95_high);
        }
        let scores = || expected.iter().map(|score| score.score);
        let n = expected.len() as f64;
        let pooled = &report["pooled_scores"];
        same(&pooled["mean"]["score"], scores().sum::<f64>() / n);
        same(
            &pooled["harmonic_mean"]["score"],
            n / scores().map(|score| 1.0 / (score + 1.0)).sum::<f64>() - 1.0,
        );
        same(&pooled["min"]["score"], scores().fold(f64::INFINITY, f64::min));
        same(&pooled["max"]["score"], scores().fold(f64::NEG_INFINITY, f64::max));
        assert_eq!(report["score"], pooled["mean"]["score"]);
        assert_eq!(report["worst_frames"][0]["score"], pooled["min"]["score"]);
    }
}

#[test]
fn the_pooling_method_chooses_the_score() {
    let (_folder, file) = Log::full(50).file();
    for method in ["mean", "harmonic_mean", "min", "max"] {
        let report = json(&score(&[path(&file), "--pool", method, "--format", "json"]));
        assert_eq!(report["pool"], method);
        assert!(report["score"].is_number());
        assert_eq!(report["score"], report["pooled_scores"][method]["score"]);
    }
}

#[test]
fn real_logs_of_four_versions_score() {
    let Some(folder) = shared("logs") else { return };
    for (name, missing) in [
        ("libvmaf-1.3.11-hevc-9-features.json", 13),
        ("libvmaf-2.3.0-hdr-av1-13-features.json", 9),
        ("libvmaf-17a67b23-vvc-no-cambi-no-ciede.json", 2),
        ("libvmaf-2b2cf9c-av1-22-features.json", 0),
    ] {
        let log = folder.join(name);
        for model in ["builtin:fr_regressor_v1", V2] {
            let run = score(&[path(&log), "--model", model, "--format", "json", "--frames"]);
            let report = json(&run);
            assert_eq!(report["n_frames"], 120);
            assert_eq!(report["frames"].as_array().unwrap().len(), 120);
            assert!((0.0..=100.0).contains(&report["score"].as_f64().unwrap()));
            let found = report["missing_features"].as_object().unwrap();
            assert_eq!(found.len(), missing, "{name}");
            assert!(found.values().all(|frames| *frames == 120));
            assert_eq!(
                run.stderr.matches("lacks").count(),
                usize::from(missing > 0),
                "{}",
                run.stderr
            );
        }
        let strict = score(&[path(&log), "--strict", "-q", "--model", "fr_regressor_v1"]);
        assert_eq!(strict.status, if missing > 0 { 2 } else { 0 }, "{strict:?}");
    }
}

#[test]
fn missing_features_exit_with_2_and_say_how_to_measure_them() {
    let log = Log::full(3).without(&["cambi", "integer_motion", "psnr_hvs"]);
    let (_folder, file) = log.file();
    let (_model_folder, model) = complete_only();
    let run = score(&[path(&file), "--model", path(&model), "--codec", "x264"]);
    assert_eq!(run.status, 2, "{run:?}");
    assert!(run.stdout.is_empty());
    assert!(run.stderr.contains("lacks 3 of the 22 features that"), "{}", run.stderr);
    for (feature, extractor) in [("motion", "motion"), ("cambi", "cambi"), ("psnr_hvs", "psnr_hvs")]
    {
        let listed = run.stderr.lines().any(|line| {
            let mut words = line.split_whitespace();
            words.next() == Some(feature) && words.next_back() == Some(extractor)
        });
        assert!(listed, "{feature}: {}", run.stderr);
    }
    assert!(run.stderr.contains("\n  vmaf --reference "), "{}", run.stderr);
    assert!(run.stderr.contains("\n  ffmpeg -i "), "{}", run.stderr);
    // The same log with a model that takes their mean.
    let lenient = score(&[path(&file), "--model", V2, "--codec", "x264"]);
    assert_eq!(lenient.status, 0, "{lenient:?}");
    assert_eq!(lenient.stderr.matches("lacks 3 of the 22 features").count(), 1);
    let strict = score(&[path(&file), "--model", V2, "--codec", "x264", "--strict"]);
    assert_eq!(strict.status, 2, "{strict:?}");
}

#[test]
fn a_feature_missing_in_some_frames_is_a_bad_log_or_noted() {
    let mut log = Log::full(4);
    log.frames[2].1.retain(|(key, _)| key != "cambi");
    let (_folder, file) = log.file();
    let (_model_folder, model) = complete_only();
    let run = score(&[path(&file), "--model", path(&model), "--codec", "x264"]);
    assert_eq!(run.status, 1, "{run:?}");
    assert!(
        run.stderr.contains("clip.json: frame 2: cambi: the value is missing"),
        "{}",
        run.stderr
    );
    let lenient = score(&[path(&file), "--model", V2, "--codec", "x264"]);
    assert_eq!(lenient.status, 0, "{lenient:?}");
    assert!(
        lenient.stderr.contains("cambi is missing in 1 frames, first in frame 2"),
        "{}",
        lenient.stderr
    );
}

#[test]
fn values_that_libvmaf_could_not_compute_are_missing() {
    for token in ["null", "nan", "NaN"] {
        let (_folder, file) = Log::full(3).with(1, "cambi", token).file();
        let (_model_folder, model) = complete_only();
        let run = score(&[path(&file), "--model", path(&model), "--codec", "x264"]);
        assert_eq!(run.status, 1, "{run:?}");
        let expected = format!(": frame 1: cambi: expected a finite number, got {token}");
        assert!(run.stderr.contains(&expected), "{}", run.stderr);
        let lenient = score(&[path(&file), "--model", V2, "--codec", "x264"]);
        assert_eq!(lenient.status, 0, "{lenient:?}");
        assert!(lenient.stderr.contains("cambi is missing in 1 frames"), "{}", lenient.stderr);
    }
}

#[test]
fn bad_values_are_named_with_line_frame_and_feature() {
    for (value, expected) in [
        ("\"36.0\"", "expected a number, got the string \"36.0\""),
        ("inf", "expected a finite number, got inf"),
        ("[1]", "expected a number, got an array"),
    ] {
        let (_folder, file) = Log::full(3).with(2, "psnr_y", value).file();
        let run = score(&[path(&file)]);
        assert_eq!(run.status, 1, "{run:?}");
        // Frame 2 begins in line 59; its values begin 3 lines below, psnr_y is the 12th.
        let expected = format!("clip.json:73:19: frame 2: psnr_y: {expected}");
        assert!(run.stderr.contains(&expected), "{}", run.stderr);
        assert!(run.stdout.is_empty());
    }
}

#[test]
fn frame_numbers_are_checked() {
    for (numbers, expected) in [
        (["0", "1", "1"], "frame 1: this frame number is there twice"),
        (["0", "2", "1"], "frame 1: frame numbers must rise, got 1 behind 2"),
        (["0", "-1", "1"], "expected a frame number (0 or more), got -1"),
    ] {
        let (_folder, file) = Log::full(3).numbered(&numbers).file();
        let run = score(&[path(&file)]);
        assert_eq!(run.status, 1, "{run:?}");
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
    let (_folder, file) = Log::full(4).numbered(&["0", "1", "5", "6"]).file();
    let run = score(&[path(&file)]);
    assert_eq!(run.status, 0, "{run:?}");
    assert!(
        run.stderr.contains("frames are skipped in 1 places (between 1 and 5)"),
        "{}",
        run.stderr
    );
    assert_eq!(score(&[path(&file), "--strict"]).status, 1);
    // Subsampling skips nothing.
    let (_folder, file) = Log::full(4).numbered(&["0", "5", "10", "15"]).file();
    let run = score(&[path(&file), "--strict", "--format", "json"]);
    assert_eq!(run.stderr, "");
    assert_eq!(json(&run)["frame_step"], 5);
}

#[test]
fn a_log_that_ends_too_early_is_refused() {
    let text = Log::full(3).text();
    let cut = text.rfind("\"cambi\"").unwrap();
    let (_folder, file) = file("cut.json", &text[..cut]);
    let run = score(&[path(&file), "--frames"]);
    assert_eq!(run.status, 1, "{run:?}");
    assert!(
        run.stderr.contains("cut.json:78:9: frame 2: the log ends in the middle of this frame"),
        "{}",
        run.stderr
    );
}

#[test]
fn what_is_no_log_is_refused() {
    for (text, expected) in [
        ("", "the log is empty"),
        ("{\"frames\": []}", "the log has no frames"),
        ("<VMAF>", "got an XML log"),
        ("{\"a\": 1}", "the log has no 'frames'"),
    ] {
        let (_folder, file) = file("x.json", text);
        let run = score(&[path(&file)]);
        assert_eq!(run.status, 1, "{run:?}");
        assert!(run.stderr.contains(expected), "{}", run.stderr);
    }
    let run = score(&["/nowhere/clip.json"]);
    assert_eq!(run.status, 1);
    assert!(run.stderr.contains("/nowhere/clip.json: "), "{}", run.stderr);
    let folder = tempfile::tempdir().unwrap();
    assert_eq!(score(&[folder.path()]).status, 1);
}

#[test]
fn a_frame_without_any_feature_has_no_score() {
    let mut log = Log::full(3);
    log.frames[1].1 = vec![("vmaf".to_owned(), "90".to_owned())];
    let (_folder, file) = log.file();
    let run = score(&[path(&file)]);
    assert_eq!(run.status, 1, "{run:?}");
    assert!(run.stderr.contains("frame 1: adm2: the value is missing"), "{}", run.stderr);
}

#[test]
fn standard_input_is_read() {
    let run: Run = program()
        .args(["score", "-", "--engine", "embedded", "--format", "json", "-q"])
        .write_stdin(Log::full(10).text())
        .output()
        .unwrap()
        .into();
    let report = json(&run);
    assert_eq!((&report["n_frames"], &report["log"]), (&Value::from(10), &Value::from("-")));
}

#[test]
fn a_codec_is_doubted_once() {
    let (_folder, file) = Log::full(3000).file();
    let blind = score(&[path(&file), "--model", "builtin:fr_regressor_v1", "--codec", "x264"]);
    assert_eq!(blind.status, 0, "{blind:?}");
    assert_eq!(blind.stderr.matches("codec-blind: --codec has no effect").count(), 1);
    let unknown = score(&[path(&file), "--model", V2, "--codec", "theora"]);
    assert_eq!(unknown.status, 0, "{unknown:?}");
    assert_eq!(unknown.stderr.matches("does not know the codec 'theora'").count(), 1);
    let named = score(&[path(&file), "--model", V2, "--codec", "unknown"]);
    assert_eq!((named.status, named.stderr.as_str()), (0, ""));
    let none = score(&[path(&file), "--model", V2]);
    assert_eq!(none.stderr.matches("scored as 'unknown'").count(), 1);
    assert_eq!(none.stdout.replace("codec", ""), named.stdout.replace("codec", ""));
    for arguments in [["--codec", "theora"], ["--preset", "fast"]] {
        let run = score(
            &[&[path(&file), "--model", V2, "--codec", "x264", "--strict"], &arguments[..]]
                .concat(),
        );
        // clap takes an option once; the second --codec is a usage error.
        assert_eq!(run.status, if arguments[0] == "--codec" { 64 } else { 1 }, "{run:?}");
    }
    let preset = score(&[path(&file), "--model", V2, "--codec", "x264", "--preset", "fast"]);
    assert_eq!(preset.status, 0, "{preset:?}");
    assert_eq!(preset.stderr.matches("takes no preset and no crf").count(), 1);
    let quiet = score(&[path(&file), "--model", V2, "--codec", "theora", "-q"]);
    assert_eq!((quiet.status, quiet.stderr.as_str()), (0, ""));
}

#[test]
fn preset_and_crf_reach_a_model_that_takes_them() {
    let Some(model) = shared("models/fork/fr_regressor_v2.onnx") else { return };
    let (_folder, file) = Log::full(10).file();
    let scored = |more: &[&str]| {
        let arguments =
            [&[path(&file), "--model", path(&model), "--format", "json"], more].concat();
        let run = score(&arguments);
        assert_eq!(run.stderr, "");
        json(&run)["score"].as_f64().unwrap()
    };
    let low = scored(&["--codec", "libx264", "--preset", "medium", "--crf", "18"]);
    let high = scored(&["--codec", "libx264", "--preset", "medium", "--crf", "45"]);
    assert!((low - high).abs() > 1e-3, "{low} {high}");
    let wrong =
        score(&[path(&file), "--model", path(&model), "--codec", "libx264", "--preset", "warp"]);
    assert_eq!(wrong.status, 1, "{wrong:?}");
    assert!(wrong.stderr.contains("warp"), "{}", wrong.stderr);
}

#[test]
fn tables_hold_a_line_per_clip_or_frame() {
    let (_folder, file) = Log::full(5).file();
    let clip = score(&[path(&file), "--model", V2, "--codec", "x264", "--format", "csv"]);
    let mut lines = clip.stdout.lines();
    assert_eq!(
        lines.next().unwrap(),
        "source,model,status,codec,n_frames,pool,score,ci95_low,ci95_high,mean,harmonic_mean,min,max,doubts"
    );
    let cells: Vec<&str> = lines.next().unwrap().split(',').collect();
    assert_eq!(cells[0], path(&file));
    assert_eq!(&cells[3..6], ["x264", "5", "mean"]);
    assert_eq!(cells[6], cells[9]);
    assert_eq!(lines.next(), None);

    let frames =
        score(&[path(&file), "--model", V2, "--codec", "x264", "--format", "csv", "--frames"]);
    let lines: Vec<&str> = frames.stdout.lines().collect();
    assert_eq!(lines.len(), 6);
    assert_eq!(lines[0], "frame,score,stddev,ci95_low,ci95_high");
    assert!(lines[5].starts_with("4,"));
}

#[test]
fn text_tells_the_score_and_its_frames() {
    let (_folder, file) = Log::full(5).file();
    let run = score(&[
        path(&file),
        "--model",
        V2,
        "--codec",
        "x264",
        "--pool",
        "harmonic_mean",
        "--frames",
    ]);
    assert_eq!(run.status, 0, "{run:?}");
    assert!(run.stdout.contains("(libvmaf 2.3.1)"), "{}", run.stdout);
    assert!(run.stdout.contains("frames   5: 0 to 4"));
    assert!(run.stdout.lines().any(|line| line.starts_with("score    harmonic mean")));
    assert!(run.stdout.lines().any(|line| line.starts_with("worst    frame ")));
    // What the model is, the header, and the frames.
    assert_eq!(run.stdout.lines().take_while(|line| !line.is_empty()).count(), 7);
}

#[test]
fn wrong_usage_has_its_own_status() {
    for arguments in [
        &["score"][..],
        &["score", "a.json", "--nonsense"],
        &["score", "--reference", "a.y4m"],
        &["score", "a.json", "--reference", "a.y4m", "--distorted", "b.y4m"],
        &["score", "a.json", "--preset", "fast"],
        &["nonsense"],
        &[],
    ] {
        let run = common::run(arguments);
        assert_eq!(run.status, 64, "{arguments:?} {run:?}");
        assert!(run.stdout.is_empty());
    }
    let help = common::run(&["--help"]);
    assert_eq!(help.status, 0);
    assert!(help.stdout.contains("lacks features"), "{}", help.stdout);
}

#[test]
fn an_engine_that_is_not_there_is_an_error() {
    let (_folder, file) = Log::full(5).file();
    let run: Run = program()
        .args([
            "score",
            path(&file),
            "--engine",
            "onnxruntime",
            "--onnxruntime",
            "/nowhere/libonnxruntime.so",
        ])
        .output()
        .unwrap()
        .into();
    assert_eq!(run.status, 1, "{run:?}");
    assert!(run.stderr.contains("/nowhere/libonnxruntime.so"), "{}", run.stderr);
}

#[test]
fn both_engines_agree() {
    let library = std::env::var_os("VMAF_FR_TEST_ONNXRUNTIME");
    let Some(library) = library else {
        eprintln!("skipped: VMAF_FR_TEST_ONNXRUNTIME is not set (. .deps/env.sh)");
        return;
    };
    let (_folder, file) = Log::full(3000).file();
    let arguments = ["score", path(&file), "--model", V2, "--codec", "x265", "--format", "json"];
    let embedded = json(&score(&arguments[1..]));
    let run: Run = program()
        .args(arguments)
        .args(["--engine", "onnxruntime", "--onnxruntime"])
        .arg(library)
        .output()
        .unwrap()
        .into();
    let other = json(&run);
    assert_eq!(other["model"]["engine"], "onnxruntime");
    let difference = embedded["score"].as_f64().unwrap() - other["score"].as_f64().unwrap();
    assert!(difference.abs() <= 1e-4, "{difference}");
}

#[test]
fn a_decimal_comma_is_called_by_its_name() {
    let text = "{\"version\": \"3.2.0\", \"fps\": 18,44, \"frames\": []}";
    let (_folder, file) = file("comma.json", text);
    let run = score(&[path(&file)]);
    assert_eq!(run.status, 1, "{run:?}");
    assert!(run.stderr.contains("comma.json:1:32: a decimal comma"), "{}", run.stderr);
}

#[test]
fn features_of_libvmaf_3_are_found() {
    let mut log = Log::full(3);
    for (_, metrics) in &mut log.frames {
        for (name, value) in [("adm3", "0.95"), ("aim", "0.03"), ("motion3", "4.5")] {
            metrics.push((format!("integer_{name}"), value.to_owned()));
        }
    }
    // Cards may name them; the library's own models do not.
    let names = ["adm3", "aim", "motion3"];
    for name in names {
        let feature = vmaf_fr_v2::catalogue::feature(name).unwrap();
        let there = |frame: &(String, Vec<(String, String)>)| {
            frame.1.iter().any(|(key, _)| feature.log_names.contains(&key.as_str()))
        };
        assert!(log.frames.iter().all(there), "{name}");
    }
    let Some(card) = shared("cases/14-libvmaf3-and-1x-names/names_v3.json") else { return };
    let (_folder, file) = log.file();
    let run = score(&[path(&file), "--model", path(&card), "--codec", "x264"]);
    assert_eq!(run.status, 0, "{run:?}");
    let (_folder, file) = log.without(&["integer_aim"]).file();
    let run = score(&[path(&file), "--model", path(&card)]);
    assert_eq!(run.status, 2, "{run:?}");
    let line = run.stderr.lines().find(|line| line.trim_start().starts_with("aim ")).unwrap();
    assert!(line.ends_with("libvmaf's extractor adm"), "{line}");
}
