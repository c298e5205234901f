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
