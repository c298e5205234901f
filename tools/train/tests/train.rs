// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Training, export and the way back, on a table whose truth is known.

mod synthetic;

use std::path::Path;

use clap::Parser;
use vmaf_fr_train::corpus::{Corpus, CorpusSource, Selection};
use vmaf_fr_train::evaluate::{self, EvaluateArgs};
use vmaf_fr_train::gate::{self, GateArgs, check_registry};
use vmaf_fr_train::train::{self, TrainArgs};

#[derive(Parser)]
struct Train {
    #[command(flatten)]
    args: TrainArgs,
}

#[derive(Parser)]
struct Evaluate {
    #[command(flatten)]
    args: EvaluateArgs,
}

#[derive(Parser)]
struct Gate {
    #[command(flatten)]
    args: GateArgs,
}

/// Small enough for a debug build.
const RECIPE: [&str; 10] = [
    "--hidden",
    "8",
    "--epochs",
    "4",
    "--batch",
    "128",
    "--finetune-steps",
    "120",
    "--variance-steps",
    "40",
];

fn train_args(corpus: &Path, output: &Path, more: &[&str]) -> TrainArgs {
    let fixed =
        ["train", corpus.to_str().unwrap(), "-o", output.to_str().unwrap(), "--id", "m", "--quiet"];
    Train::parse_from(fixed.iter().chain(&RECIPE).chain(more)).args
}

/// Where the tests find ONNX Runtime; a test that needs it says so and passes where there is none.
fn onnxruntime(test: &str) -> Option<String> {
    let path = std::env::var("VMAF_FR_V2_ONNXRUNTIME").ok();
    if path.is_none() {
        eprintln!("{test} skipped: VMAF_FR_V2_ONNXRUNTIME does not name a libonnxruntime");
    }
    path
}

#[test]
fn a_table_is_read_with_nulls_and_missing_columns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frames.parquet");
    synthetic::write(&path, 3, 0.0, 1);
    let features: Vec<String> =
        ["adm2", "motion", "cambi", "no_such_feature"].map(str::to_owned).to_vec();
    let source = CorpusSource {
        teacher_column: Some("vmaf".to_owned()),
        ..CorpusSource::new("lab", &path, "mos")
    };
    let read = |source: &CorpusSource, frames_per_clip| {
        let selection = Selection { features: &features, frames_per_clip, ..Selection::default() };
        Corpus::read_all(std::slice::from_ref(source), &selection)
    };
    let all = read(&source, 0).unwrap();
    assert_eq!((all.clips.len(), all.rows), (72, 288));
    for row in 0..all.rows {
        let frame = all.frame(row);
        assert!(frame[0].is_finite() && frame[2].is_nan() && frame[3].is_nan());
    }
    let missing = (0..all.rows).filter(|&r| all.frame(r)[1].is_nan()).count();
    assert_eq!(missing, 96);
    assert_eq!(read(&source, 2).unwrap().features.len(), 72 * 2 * 4);
    let other = CorpusSource { target: "dmos".to_owned(), ..source.clone() };
    let error = anyhow::Error::from(read(&other, 0).unwrap_err());
    assert!(format!("{error:#}").contains("no column \"dmos\""), "{error:#}");
    std::fs::write(&path, b"PAR1 nothing").unwrap();
    let error = format!("{:#}", anyhow::Error::from(read(&source, 0).unwrap_err()));
    assert!(error.contains("frames.parquet") && error.contains("not a parquet file"), "{error}");
}

#[test]
fn an_interrupted_training_resumes_to_the_same_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let corpus = folder.path().join("frames.parquet");
    synthetic::write(&corpus, 4, 5.0, 1);
    let more = [
        "--num-codecs",
        "6",
        "--emit-variance",
        "--members",
        "2",
        "--dropout",
        "0.1",
        "--feature-dropout-finetune",
        "0.05",
    ];
    let whole = train::train(&train_args(&corpus, &folder.path().join("whole"), &more), None)
        .unwrap()
        .unwrap();
    let again = train::train(&train_args(&corpus, &folder.path().join("again"), &more), None)
        .unwrap()
        .unwrap();
    assert_eq!(whole.files, again.files);

    let args = train_args(&corpus, &folder.path().join("parts"), &more);
    let mut calls = 0;
    let parts = loop {
        calls += 1;
        if let Some(done) = train::train(&args, Some(3)).unwrap() {
            break done;
        }
    };
    assert!(
        calls > 8,
        "the training was over after {calls} calls, too few to have been interrupted in every stage"
    );
    assert_eq!(whole.files, parts.files);
    assert_eq!(whole.files.len(), 3);

    let other = train_args(&corpus, &folder.path().join("parts"), &["--seed", "7"]);
    let error = format!("{:#}", train::train(&other, None).err().unwrap());
    assert!(error.contains("another corpus, recipe or seed"), "{error}");
}

#[test]
fn exported_models_are_kept_only_when_both_engines_agree() {
    let Some(runtime) = onnxruntime("exported_models_are_kept_only_when_both_engines_agree") else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let corpus = folder.path().join("frames.parquet");
    synthetic::write(&corpus, 3, 5.0, 1);
    for more in [
        &["--num-codecs", "0"][..],
        &["--num-codecs", "6"],
        &["--emit-variance"],
        &["--members", "3"],
        &["--features", "canonical", "--depth", "1"],
    ] {
        let out = tempfile::tempdir().unwrap();
        let mut more = more.to_vec();
        more.extend(["--onnxruntime", &runtime]);
        let args = train_args(&corpus, out.path(), &more);
        train::run(&args).unwrap();
        let mut names: Vec<String> = std::fs::read_dir(out.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().into_string().unwrap())
            .collect();
        names.sort();
        let expected: &[&str] = if more[0] == "--members" {
            &["m.json", "m_m0.onnx", "m_m1.onnx", "m_m2.onnx"]
        } else {
            &["m.json", "m.onnx"]
        };
        assert_eq!(names, expected);
    }
    // What was trained and what was exported differ by more than the tolerance: nothing may be left behind.
    let out = folder.path().join("spoiled");
    let mut trained = train::train(&train_args(&corpus, &out, &[]), None).unwrap().unwrap();
    trained.probe.expected[5] += 0.01;
    let error = vmaf_fr_train::export::keep(
        &out,
        &trained.files,
        &trained.probe,
        Some(Path::new(&runtime)),
    )
    .unwrap_err();
    assert!(format!("{error:#}").contains("differs from the trained one"), "{error:#}");
    assert!(!out.join("m.json").exists() && !out.join("m.onnx").exists());
}

/// Evaluates, trains both kinds and lets the gate decide; returns the folder of the registry.
fn pipeline(codec_effect: f32, runtime: &str, folder: &Path) {
    let corpus = folder.join("frames.parquet");
    synthetic::write(&corpus, 6, codec_effect, 4);
    let result = folder.join("evaluation.json");
    let fixed = [
        "evaluate",
        corpus.to_str().unwrap(),
        "-o",
        result.to_str().unwrap(),
        "--seeds",
        "2",
        "--draws",
        "200",
        "--quiet",
    ];
    evaluate::run(&Evaluate::parse_from(fixed.iter().chain(&RECIPE)).args).unwrap();
    assert!(result.with_extension("html").exists() && result.with_extension("clips.json").exists());
    let models = folder.join("models");
    for (id, codecs) in [("blind", "0"), ("aware", "6")] {
        let mut args: Vec<&str> = vec![
            "train",
            corpus.to_str().unwrap(),
            "-o",
            models.to_str().unwrap(),
            "--id",
            id,
            "--num-codecs",
            codecs,
        ];
        args.extend([
            "--quiet",
            "--onnxruntime",
            runtime,
            "--evaluation",
            result.to_str().unwrap(),
        ]);
        train::run(&Train::parse_from(args.iter().chain(&RECIPE)).args).unwrap();
    }
    let registry = models.join("registry.json");
    let args = [
        "gate",
        "blind.json",
        "aware.json",
        "--evaluation",
        result.to_str().unwrap(),
        "--registry",
        registry.to_str().unwrap(),
        "--default",
        "blind",
    ];
    gate::run(&Gate::parse_from(args).args).unwrap();
    check_registry(&registry).unwrap();
}

fn status(folder: &Path, id: &str) -> String {
    let registry: gate::Registry =
        serde_json::from_slice(&std::fs::read(folder.join("models/registry.json")).unwrap())
            .unwrap();
    registry.models.into_iter().find(|m| m.id == id).unwrap().status
}

#[test]
fn the_gate_releases_a_codec_input_that_helps_and_only_that() {
    let Some(runtime) = onnxruntime("the_gate_releases_a_codec_input_that_helps_and_only_that")
    else {
        return;
    };
    let helps = tempfile::tempdir().unwrap();
    pipeline(15.0, &runtime, helps.path());
    assert_eq!(status(helps.path(), "aware"), "release");
    let useless = tempfile::tempdir().unwrap();
    pipeline(0.0, &runtime, useless.path());
    assert_eq!(status(useless.path(), "aware"), "experimental");
    assert_eq!(status(useless.path(), "blind"), "release");

    // A registry that no gate result backs is refused, whatever was changed.
    let registry = useless.path().join("models/registry.json");
    let tampered = |file: &str, from: &str, to: &str| {
        let path = useless.path().join("models").join(file);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{file} has no {from:?}");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let error = check_registry(&registry).expect_err(file);
        std::fs::write(&path, text).unwrap();
        format!("{error:#}")
    };
    assert!(
        tampered("registry.json", "\"experimental\"", "\"release\"")
            .contains("the registry says release")
    );
    assert!(
        tampered("aware.json", "\"codec_aware\": true", "\"codec_aware\": false")
            .contains("the registry pins")
    );
    assert!(
        tampered("gate/aware.json", "\"experimental\"", "\"release\"")
            .contains("the evaluation experimental")
    );
    let verdict: gate::GateResult = serde_json::from_slice(
        &std::fs::read(useless.path().join("models/gate/aware.json")).unwrap(),
    )
    .unwrap();
    let evaluation = format!("gate/{}", verdict.evaluation);
    assert!(
        tampered(&evaluation, "leave-one-content-out", "leave-nothing-out")
            .contains("not the one that the gate read")
    );
    std::fs::remove_file(useless.path().join("models/gate/blind.json")).unwrap();
    assert!(format!("{:#}", check_registry(&registry).unwrap_err()).contains("no gate result"));
}

#[test]
fn two_laboratories_train_one_model_whose_card_names_both() {
    let folder = tempfile::tempdir().unwrap();
    let tables = ["a.parquet", "b.parquet"].map(|name| folder.path().join(name));
    synthetic::write(&tables[0], 2, 0.0, 1);
    synthetic::write(&tables[1], 2, 0.0, 2);
    let second = format!("other={}", tables[1].display());
    let args = train_args(&tables[0], folder.path(), &[&second, "--exclude-dataset", "other/odd"]);
    let trained = train::train(&args, None).unwrap().unwrap();
    let card: serde_json::Value = serde_json::from_slice(&trained.files.last().unwrap().1).unwrap();
    let training = &card["training"];
    assert_eq!((&training["contents"], &training["clips"]), (&4.into(), &72.into()));
    let corpora = training["protocol"]["corpora"].as_array().unwrap();
    let names: Vec<&str> = corpora.iter().map(|c| c["source"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["a", "other"]);
    assert_eq!(corpora[1]["file"], "b.parquet");
    assert_eq!(corpora[1]["rows"], 192);
}
