// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Opens the models of `c_tests/make_models.py` through the Rust API: the same table as the C tests'.
//!
//! Needs a Python with onnx (`scripts/test-needs.sh` gets one); skips without.

mod schema;

use std::path::{Path, PathBuf};
use std::process::Command;

use vmaf_fr_v2::{Config, EngineChoice, Scorer};

/// The Python of scripts/test-needs.sh, or another that has onnx.
fn python() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let named = std::env::var_os("VMAF_FR_TEST_PYTHON").map(PathBuf::from);
    [named, Some(root.join(".deps/venv/bin/python")), Some(PathBuf::from("python3"))]
        .into_iter()
        .flatten()
        .find(|python| {
            let probe = Command::new(python).args(["-c", "import onnx, numpy"]).output();
            probe.is_ok_and(|output| output.status.success())
        })
}

fn errno(name: &str) -> Option<i32> {
    Some(match name {
        "0" => 0,
        "ENOENT" => libc::ENOENT,
        "EACCES" => libc::EACCES,
        "E2BIG" => libc::E2BIG,
        "EBADMSG" => libc::EBADMSG,
        "EPROTO" => libc::EPROTO,
        "EILSEQ" => libc::EILSEQ,
        "EPERM" => libc::EPERM,
        "ENOTSUP" => libc::ENOTSUP,
        "EIO" => libc::EIO,
        _ => return None,
    })
}

#[test]
fn every_generated_model_opens_or_fails_as_the_table_says() {
    let Some(python) = python() else {
        eprintln!("skipped: no Python with onnx (see scripts/test-needs.sh)");
        return;
    };
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("generated_models");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("c_tests/make_models.py");
    let made = Command::new(python).arg(script).arg(&directory).status().unwrap();
    assert!(made.success(), "make_models.py failed");

    let table = std::fs::read_to_string(directory.join("cases.tsv")).unwrap();
    let validator = schema::validator();
    let mut wrong = Vec::new();
    let mut cases = 0;
    for line in table.lines() {
        let fields: Vec<&str> = line.split('\t').collect();
        let &[name, model, expected, engine, flags, text] = fields.as_slice() else {
            panic!("six fields were expected: {line}");
        };
        // The embedded engine is always there; what ONNX Runtime makes of the table is the C tests' matter.
        if engine == "onnxruntime" {
            continue;
        }
        cases += 1;
        let config = Config {
            engine: EngineChoice::Embedded,
            allow_unpinned: flags == "unpinned",
            ..Config::default()
        };
        let path = if model.starts_with("builtin:") {
            model.to_owned()
        } else {
            directory.join(model).display().to_string()
        };
        let (got, message) = match Scorer::open(Some(&path), &config) {
            Ok(_) => (0, String::new()),
            Err(e) => (-vmaf_fr_v2::capi::errno::code(e.kind()), e.message().to_owned()),
        };
        let codes: Vec<i32> = expected
            .split('|')
            .map(|e| errno(e).unwrap_or_else(|| panic!("{name}: no errno '{e}'")))
            .collect();
        // What opens has a card as docs/card.schema.json describes it, if it has one.
        let card = directory.join(model).with_extension("json");
        if expected == "0" && card.is_file() {
            let complaints = schema::complaints(&validator, &std::fs::read(&card).unwrap());
            if !complaints.is_empty() {
                wrong.push(format!("{name}: not as the schema has it:\n{complaints}"));
            }
        }
        if !codes.contains(&got) || (got != 0 && !message.contains(text)) {
            wrong.push(format!("{name}: {got} \"{message}\", expected {expected} with \"{text}\""));
        }
    }
    assert!(cases > 50, "{cases} cases");
    assert!(wrong.is_empty(), "{} of {cases}:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn cards_with_every_part_are_cards_and_open() {
    let Some(python) = python() else {
        eprintln!("skipped: no Python with onnx (see scripts/test-needs.sh)");
        return;
    };
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("numbers");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("c_tests/make_numbers.py");
    let made = Command::new(python).arg(script).arg(&directory).status().unwrap();
    if !made.success() {
        eprintln!("skipped: make_numbers.py failed (no onnxruntime in Python?)");
        return;
    }
    let (validator, mut cards) = (schema::validator(), 0);
    for entry in std::fs::read_dir(&directory).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|e| e != "json") {
            continue;
        }
        cards += 1;
        let complaints = schema::complaints(&validator, &std::fs::read(&path).unwrap());
        assert_eq!(complaints, "", "{}", path.display());
        let config = Config { engine: EngineChoice::Embedded, ..Config::default() };
        let mut scorer = Scorer::open(path.to_str(), &config).unwrap();
        let features = vec![0.9; 2 * scorer.feature_names().len()];
        let mut distances = [9.0; 2];
        scorer.domain(&features, &mut distances).unwrap();
        assert_eq!(distances[0].is_nan(), scorer.card().domain.is_none());
        assert_eq!(distances[0].to_bits(), distances[1].to_bits());
    }
    assert_eq!(cards, 8);
}

#[test]
fn a_card_with_a_byte_order_mark_is_shown_without_it() {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("byte_order_mark");
    std::fs::create_dir_all(&folder).unwrap();
    let model = vmaf_fr_v2::model::builtin::default_model().unwrap();
    for (name, bytes) in model.files {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    let path = folder.join("card.json");
    std::fs::write(&path, [b"\xef\xbb\xbf", model.card].concat()).unwrap();
    let read = vmaf_fr_v2::model::read(path.to_str()).unwrap();
    assert_eq!(read.card_json(), Some(model.card));
    Scorer::open(path.to_str(), &Config::default()).unwrap();
}

/// A difference between two clips keeps its interval in points of the calibrated scale.
#[test]
fn the_interval_of_a_difference_follows_the_calibration() {
    let Some(python) = python() else {
        eprintln!("skipped: no Python with onnx (see scripts/test-needs.sh)");
        return;
    };
    let directory = Path::new(env!("CARGO_TARGET_TMPDIR")).join("difference");
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("c_tests/make_models.py");
    assert!(Command::new(python).arg(script).arg(&directory).status().unwrap().success());
    let config = Config { engine: EngineChoice::Embedded, ..Config::default() };
    let half_width =
        |card: &Path| Scorer::open(card.to_str(), &config).unwrap().difference_half_width();
    let card = directory.join("good_difference.json");
    assert_eq!(half_width(&card), Some(5.0));
    assert_eq!(half_width(&directory.join("good_v1.json")), None);
    let text = std::fs::read_to_string(&card).unwrap();
    let calibrated =
        text.replacen('{', r#"{"calibration": {"offset": 3, "slope": 0.5, "stddev": 1}, "#, 1);
    std::fs::write(&card, calibrated).unwrap();
    assert_eq!(half_width(&card), Some(2.5));
}
