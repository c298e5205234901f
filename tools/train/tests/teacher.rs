// SPDX-License-Identifier: BSD-2-Clause-Patent
//! libvmaf's models, evaluated from features, against libvmaf itself.

mod vmaf_model;

use std::path::{Path, PathBuf};

use vmaf_fr_train::corpus::{Corpus, CorpusSource, Selection};
use vmaf_fr_train::teacher::Teacher;
use vmaf_fr_v2::catalogue::{CANONICAL_FEATURES, log_names};

/// The model files that scripts/build-libvmaf.sh installs beside the vmaf program.
fn installed(test: &str, name: &str) -> Option<Teacher> {
    let path = std::env::var_os("VMAF_FR_TEST_VMAF")
        .and_then(|vmaf| Some(Path::new(&vmaf).parent()?.parent()?.join("share/model").join(name)))
        .filter(|path| path.is_file());
    if path.is_none() {
        eprintln!("{test} skipped: no {name} beside VMAF_FR_TEST_VMAF");
    }
    Some(Teacher::read(&path?).unwrap())
}

#[test]
fn a_model_is_the_sum_of_its_support_vectors() {
    let folder = tempfile::tempdir().unwrap();
    let path = vmaf_model::write(folder.path());
    let teacher = Teacher::read(&path).unwrap();
    assert_eq!(teacher.name, "teacher");
    for q in [0.0_f32, 0.3, 0.75, 1.0] {
        let q64 = f64::from(q);
        let sum = (-0.2 * 6.0 * (1.0 - q64).powi(2)).exp() - (-0.2 * 6.0 * q64.powi(2)).exp();
        assert!((teacher.score(&[q; 6]) - (sum + 1.0) / 0.02).abs() < 1e-9);
    }
    // Cut to the model's range; what lacks a feature has no score.
    assert!(teacher.score(&[1.0, 1.0, 1.0, 1.0, f32::NAN, 1.0]).is_nan());

    let text = std::fs::read_to_string(&path).unwrap();
    for (from, to, says) in [
        ("LIBSVMNUSVR", "RESIDUEBOOTSTRAP_LIBSVMNUSVR", "expected a LIBSVMNUSVR"),
        ("rbf", "linear", "kernel_type is linear"),
        ("adm2", "adm7", "adm7_score\" is not known"),
        ("6:1 ", "7:1 ", "is malformed"),
        ("gamma", "alpha", "has no gamma"),
        ("\"score_clip\"", "\"feature_opts_dicts\":[{\"gain\":1.0}],\"score_clip\"", "options"),
        ("{\"model_dict\"", "{\"model\"", "is not a model of libvmaf"),
    ] {
        assert!(text.contains(from), "{from}");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let error = format!("{:#}", Teacher::read(&path).unwrap_err());
        assert!(error.contains(says) && error.contains("teacher.json"), "{error}");
    }
}

#[test]
fn a_log_has_the_scores_that_libvmaf_gave_it() {
    let Some(teacher) = installed("a_log_has_the_scores_that_libvmaf_gave_it", "vmaf_v0.6.1.json")
    else {
        return;
    };
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../samples/two-scenes-x265-crf34.json");
    let log: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
    let frames = log["frames"].as_array().unwrap();
    assert_eq!(frames.len(), 60);
    for frame in frames {
        let metrics = &frame["metrics"];
        let number = |name: &str| {
            log_names(name).into_iter().find_map(|name| metrics[name].as_f64()).unwrap() as f32
        };
        let features: Vec<f32> = teacher.features().iter().map(|name| number(name)).collect();
        let (score, expected) = (teacher.score(&features), metrics["vmaf"].as_f64().unwrap());
        // The log rounds features to six decimals.
        assert!((score - expected).abs() < 2e-3, "{score} is not {expected}");
    }
}

#[test]
fn reports_of_vmaf_4k_have_its_scores() {
    let test = "reports_of_vmaf_4k_have_its_scores";
    let shared = std::env::var_os("VMAF_FR_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let table = shared.join("corpora/lbmfr.parquet");
    if !table.is_file() {
        eprintln!("{test} skipped: no {}", table.display());
        return;
    }
    let Some(teacher) = installed(test, "vmaf_4k_v0.6.1.json") else { return };
    let features = CANONICAL_FEATURES.map(str::to_owned);
    let source = CorpusSource {
        teacher_column: Some("vmaf".to_owned()),
        ..CorpusSource::new("lbmfr", &table, "mos")
    };
    let selection = Selection { features: &features, frames_per_clip: 2, ..Selection::default() };
    let corpus = Corpus::read_all(&[source], &selection).unwrap();
    let scores = teacher.scores(&corpus).unwrap();
    for (score, reported) in scores.iter().zip(&corpus.teacher) {
        assert!((score - reported).abs() < 1e-3, "{score} is not {reported}");
    }
}
