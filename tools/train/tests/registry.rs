// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The library's own registry.

use std::path::Path;

#[test]
fn the_librarys_registry_is_backed_by_gate_results() {
    let registry = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/registry.json");
    vmaf_fr_train::gate::check_registry(&registry).unwrap();
}

#[test]
fn both_engines_reproduce_the_golden_vectors_of_every_listed_model() {
    use vmaf_fr_v2::{Config, EngineChoice, Score, Scorer};
    const TOLERANCE: f64 = 1e-4;
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models");
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&std::fs::read(folder.join(name)).unwrap()).unwrap()
    };
    let runtime = std::env::var_os("VMAF_FR_V2_ONNXRUNTIME");
    if runtime.is_none() {
        eprintln!("embedded engine only: VMAF_FR_V2_ONNXRUNTIME does not name a libonnxruntime");
    }
    for model in read("registry.json")["models"].as_array().unwrap() {
        let id = model["id"].as_str().unwrap();
        let golden = read(&format!("{id}.golden.json"));
        let numbers = |name: &str| -> Vec<f64> {
            golden[name].as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
        };
        let features: Vec<f32> = golden["features"]
            .as_array()
            .unwrap()
            .iter()
            .flat_map(|row| row.as_array().unwrap())
            .map(|v| v.as_f64().map_or(f32::NAN, |x| x as f32))
            .collect();
        let codec: Vec<i32> = numbers("codec").into_iter().map(|c| c as i32).collect();
        let expected = numbers("score");
        let path = folder.join(model["card"].as_str().unwrap());
        let mut engines = vec![EngineChoice::Embedded];
        if runtime.is_some() {
            engines.push(EngineChoice::OnnxRuntime);
        }
        for engine in engines {
            let config = Config { engine, disable_clip: true, ..Config::default() };
            let mut opened = Scorer::open(path.to_str(), &config).unwrap();
            let nan = Score {
                score: f64::NAN,
                stddev: f64::NAN,
                ci95_low: f64::NAN,
                ci95_high: f64::NAN,
            };
            let mut scores = vec![nan; expected.len()];
            opened.score(&features, Some(&codec), &mut scores).unwrap();
            for (row, (score, expected)) in scores.iter().zip(&expected).enumerate() {
                let difference = (score.score - expected).abs();
                assert!(
                    difference <= TOLERANCE,
                    "{id}, {engine:?}, row {row}: {} is not {expected}",
                    score.score
                );
                if golden.get("stddev").is_some() {
                    let expected = golden["stddev"][row].as_f64().unwrap();
                    assert!(
                        (score.stddev - expected).abs() <= TOLERANCE,
                        "{id}, row {row}: stddev {} is not {expected}",
                        score.stddev
                    );
                }
            }
        }
    }
}
