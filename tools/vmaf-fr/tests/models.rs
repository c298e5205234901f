// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `vmaf-fr models` and `vmaf-fr inspect`.

mod common;

use common::{V2, file, model_with, run, shared};
use serde_json::Value;

#[test]
fn models_lists_what_is_built_in() {
    let text = run(&["models"]);
    assert_eq!(text.status, 0, "{text:?}");
    let listed: Value = serde_json::from_str(&run(&["models", "--format", "json"]).stdout).unwrap();
    let listed = listed.as_array().unwrap();
    assert_eq!(listed.len(), vmaf_fr_v2::model::builtin::models().len());
    for (row, model) in listed.iter().zip(vmaf_fr_v2::model::builtin::models()) {
        assert_eq!(
            (&row["id"], &row["status"]),
            (&Value::from(model.id), &Value::from(model.status))
        );
        assert!(text.stdout.contains(model.id));
    }
    let defaults: Vec<_> = listed.iter().filter(|row| row["default"] == true).collect();
    assert_eq!(defaults.len(), 1);
    assert_eq!(defaults[0]["id"], vmaf_fr_v2::model::builtin::default_model().unwrap().id);
}

#[test]
fn inspect_shows_card_graph_and_engines() {
    let text = run(&["inspect", V2]);
    assert_eq!(text.status, 0, "{text:?}");
    let json = run(&["inspect", V2, "--format", "json"]);
    let value: Value = serde_json::from_str(&json.stdout).unwrap();
    assert_eq!(value["card"]["codec_vocab"].as_array().unwrap().len(), 6);
    let graph = &value["graphs"][0];
    assert_eq!(graph["inputs"][0]["shape"], "[N, 22]");
    assert_eq!(graph["inputs"][1]["shape"], "[N, 6]");
    assert_eq!(value["engines"][0]["engine"], "embedded");
    assert!(value["engines"][0]["version"].is_string(), "{value}");
    for expected in ["codec_vocab", "codec block", "engine     embedded: yes", "gate       "] {
        assert!(text.stdout.contains(expected), "{expected}: {}", text.stdout);
    }
}

#[test]
fn inspect_tells_the_gates_verdict() {
    let (_folder, card) = model_with("fr_regressor_v1", |card| {
        card["gate"] = serde_json::json!({"checks": [
            {"what": "lift in PLCC", "measured": 0.0125, "at_least": 0.005, "passed": true},
            {"what": "coverage", "measured": 0.9, "at_least": 0.93, "at_most": 0.97, "passed": false},
        ]});
    });
    let text = run(&["inspect", card.to_str().unwrap()]).stdout;
    for line in [
        "gate       1 of 2 conditions passed",
        "  passed   lift in PLCC: 0.0125 (at least 0.005)",
        "  failed   coverage: 0.9 (at least 0.93, at most 0.97)",
    ] {
        assert!(text.lines().any(|found| found == line), "{line}: {text}");
    }
}

#[test]
fn inspect_reads_published_models_with_external_data() {
    for (model, inputs) in [("fr_regressor_v1.onnx", 1), ("fr_regressor_v2.json", 2)] {
        let Some(path) = shared(&format!("models/fork/{model}")) else { return };
        let run = run(&["inspect", path.to_str().unwrap(), "--format", "json"]);
        let value: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|_| panic!("{run:?}"));
        assert_eq!(value["graphs"][0]["inputs"].as_array().unwrap().len(), inputs);
    }
}

#[test]
fn inspect_says_what_is_wrong_with_a_model() {
    let missing = run(&["inspect", "/nowhere/model.onnx"]);
    assert_eq!(missing.status, 1, "{missing:?}");
    assert!(missing.stderr.contains("/nowhere/model.onnx"), "{}", missing.stderr);
    let (_folder, path) = file("model.json", "{\"id\": ");
    let broken = run(&["inspect", path.to_str().unwrap()]);
    assert_eq!(broken.status, 1, "{broken:?}");
    assert!(broken.stderr.contains("model.json"), "{}", broken.stderr);
    let unknown = run(&["inspect", "builtin:nothing"]);
    assert_eq!(unknown.status, 1);
    assert!(unknown.stderr.contains("nothing"));
}
