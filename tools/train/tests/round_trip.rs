// SPDX-License-Identifier: BSD-2-Clause-Patent
//! JSON that is read and written again has the same bytes, whatever its numbers: hashes pin evaluations and cards.

use std::path::Path;

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use vmaf_fr_train::evaluation::Evaluation;
use vmaf_fr_train::output::json_bytes;

fn models() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models")
}

/// A finite number of any bits.
fn number(rng: &mut ChaCha8Rng) -> f64 {
    loop {
        let x = f64::from_bits(rng.random());
        if x.is_finite() {
            return x;
        }
    }
}

/// Every number that is not whole becomes one of any bits.
fn scramble(value: &mut Value, rng: &mut ChaCha8Rng) {
    match value {
        Value::Number(x) if x.is_f64() => *value = number(rng).into(),
        Value::Array(values) => values.iter_mut().for_each(|value| scramble(value, rng)),
        Value::Object(fields) => fields.values_mut().for_each(|value| scramble(value, rng)),
        _ => {}
    }
}

#[test]
fn numbers_of_any_bits_come_back() {
    let mut rng = ChaCha8Rng::seed_from_u64(1);
    let numbers: Vec<f64> = (0..200_000).map(|_| number(&mut rng)).collect();
    let bytes = json_bytes(&numbers).unwrap();
    let read: Vec<f64> = serde_json::from_slice(&bytes).unwrap();
    assert!(read.iter().zip(&numbers).all(|(a, b)| a.to_bits() == b.to_bits()));
    let tree: Value = serde_json::from_slice(&bytes).unwrap();
    assert!(json_bytes(&tree).unwrap() == bytes);
}

#[test]
fn evaluations_and_cards_come_back() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    let read =
        |path: &Path| -> Value { serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap() };
    let (mut cards, mut evaluations) = (0, 0);
    for model in read(&models().join("registry.json"))["models"].as_array().unwrap() {
        let path = models().join(model["card"].as_str().unwrap());
        let mut card = read(&path);
        // The gate reads a card and writes it again.
        assert!(json_bytes(&card).unwrap() == std::fs::read(&path).unwrap(), "{}", path.display());
        scramble(&mut card, &mut rng);
        let bytes = json_bytes(&card).unwrap();
        let again: Value = serde_json::from_slice(&bytes).unwrap();
        assert!(json_bytes(&again).unwrap() == bytes, "{}", path.display());
        cards += 1;
    }
    for entry in std::fs::read_dir(models().join("gate")).unwrap() {
        let path = entry.unwrap().path();
        if !path.file_name().unwrap().to_str().unwrap().starts_with("evaluation-") {
            continue;
        }
        let mut evaluation = read(&path);
        scramble(&mut evaluation, &mut rng);
        let typed: Evaluation = serde_json::from_value(evaluation).unwrap();
        let bytes = json_bytes(&typed).unwrap();
        let again: Evaluation = serde_json::from_slice(&bytes).unwrap();
        assert!(json_bytes(&again).unwrap() == bytes, "{}", path.display());
        evaluations += 1;
    }
    assert!(cards > 0 && evaluations > 0);
}
