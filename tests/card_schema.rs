// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `docs/card.schema.json` describes what the library reads: its properties are the members of the Rust structs, and
//! every card at hand is one of its cards.

mod schema;

use std::path::{Path, PathBuf};

use serde::de::value::Error as Captured;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde_json::{Value, json};
use vmaf_fr_v2::model::builtin;
use vmaf_fr_v2::model::card::{
    Affine, Calibration, Card, DifferenceInterval, DomainCard, Imputation, MemberCard,
    TransformCard,
};

use schema::{complaints, schema, validator};

/// Learns the names that a struct's `Deserialize` asks for, aliases included.
struct Names<'a>(&'a mut Vec<String>);

impl<'de> Deserializer<'de> for Names<'_> {
    type Error = Captured;

    fn deserialize_any<V: Visitor<'de>>(self, _: V) -> Result<V::Value, Captured> {
        Err(Captured::custom("no struct"))
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        _: V,
    ) -> Result<V::Value, Captured> {
        self.0.extend(fields.iter().map(|&f| f.to_owned()));
        Err(Captured::custom("only the names were asked for"))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map enum identifier ignored_any
    }
}

fn members<'de, T: Deserialize<'de>>() -> Vec<String> {
    let mut names = Vec::new();
    assert!(T::deserialize(Names(&mut names)).is_err());
    assert!(!names.is_empty());
    names.sort();
    names
}

fn properties(schema: &Value, place: &str) -> Vec<String> {
    let properties = schema.pointer(&format!("{place}/properties")).and_then(Value::as_object);
    let mut names: Vec<String> = properties
        .unwrap_or_else(|| panic!("no properties at '{place}'"))
        .keys()
        .cloned()
        .collect();
    names.sort();
    names
}

#[test]
fn properties_are_the_members_that_the_library_reads() {
    let schema = schema();
    for (place, members) in [
        ("", members::<Card>()),
        ("/$defs/member", members::<MemberCard>()),
        ("/$defs/affine", members::<Affine>()),
        ("/$defs/transform", members::<TransformCard>()),
        ("/$defs/imputation", members::<Imputation>()),
        ("/$defs/domain", members::<DomainCard>()),
        ("/$defs/calibration", members::<Calibration>()),
        ("/$defs/difference_interval", members::<DifferenceInterval>()),
    ] {
        assert_eq!(properties(&schema, place), members, "'{place}' of docs/card.schema.json");
    }
}

#[test]
fn every_property_is_explained() {
    let schema = schema();
    for (name, property) in schema["properties"].as_object().unwrap() {
        let referred = property["$ref"].as_str().and_then(|r| schema.pointer(&r[1..]));
        let explained = [Some(property), referred].into_iter().flatten();
        assert!(explained.into_iter().any(|p| p["description"].is_string()), "{name}");
    }
}

#[test]
fn built_in_cards_are_cards() {
    let validator = validator();
    for model in builtin::models() {
        let complaints = complaints(&validator, model.card);
        assert!(complaints.is_empty(), "{}:\n{complaints}", model.id);
    }
}

/// Cards of files in a folder, and of those in its folders.
fn cards(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            cards(&path, found);
        } else if path.extension().is_some_and(|e| e == "json")
            && path.with_extension("onnx").is_file()
        {
            found.push(path);
        }
    }
}

#[test]
fn published_cards_are_cards() {
    let root = std::env::var_os("VMAF_FR_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let folder = root.join("models");
    if !folder.is_dir() {
        eprintln!("skipped: {} is not there (VMAF_FR_SHARED names its folder)", folder.display());
        return;
    }
    let (validator, mut found) = (validator(), Vec::new());
    cards(&folder, &mut found);
    assert!(!found.is_empty());
    for path in found {
        let complaints = complaints(&validator, &std::fs::read(&path).unwrap());
        assert!(complaints.is_empty(), "{}:\n{complaints}", path.display());
    }
}

#[test]
fn the_schemas_own_example_is_a_card() {
    let validator = validator();
    let schema = schema();
    for example in schema["examples"].as_array().unwrap() {
        let text = example.to_string();
        assert_eq!(complaints(&validator, text.as_bytes()), "");
        Card::parse(text.as_bytes()).unwrap();
        // It shows every part at least once.
        for part in ["feature_transform", "imputation", "domain", "calibration"] {
            assert!(example[part].is_object(), "{part}");
        }
    }
}

#[test]
fn what_the_library_refuses_is_no_card() {
    let validator = validator();
    let whole = &schema()["examples"][0];
    for (place, value) in [
        ("/kind", json!("regressor")),
        ("/sha256", json!("abc")),
        ("/feature_std/0", json!(0)),
        ("/feature_mean/1", json!(null)),
        ("/feature_clip_sigma", json!(0)),
        ("/missing_features", json!("guess")),
        ("/missing_features", json!("mean")),
        ("/optional_features/psnr_y", json!(3)),
        ("/feature_transform/adm2/op", json!("sqrt")),
        ("/feature_transform/adm2/top", json!(1)),
        ("/feature_transform/adm2", json!({"op": "log_distance"})),
        ("/imputation/psnr_y/interval_factor", json!(0.5)),
        ("/imputation/psnr_y/from", json!("adm2")),
        ("/imputation/psnr_y", json!({"from": ["adm2"], "intercept": 0})),
        ("/domain/edge", json!(0)),
        ("/domain/interval_slope", json!(-1)),
        ("/domain/whiten", json!([1, 2])),
        ("/calibration/slope", json!(0)),
        ("/calibration/stddev", json!(-1)),
        ("/difference_interval/half_width", json!(0)),
        ("/score_range", json!([0])),
        ("/conformal_scale", json!("1")),
    ] {
        let mut card = whole.clone();
        *card.pointer_mut(place).unwrap_or_else(|| panic!("{place}")) = value;
        assert_ne!(complaints(&validator, card.to_string().as_bytes()), "", "{place}");
    }
    for (missing, rest) in [
        ("feature_order", ""),
        ("onnx", ""),
        ("feature_std", ""),
        ("optional_features", "of regress"),
        ("imputation", "of regress"),
        ("missing_features", "of optional_features"),
    ] {
        let mut card = whole.clone();
        card.as_object_mut().unwrap().remove(missing);
        assert_ne!(complaints(&validator, card.to_string().as_bytes()), "", "{missing} {rest}");
    }
    let mut ensemble = whole.clone();
    ensemble["kind"] = json!("fr_ensemble");
    assert_ne!(complaints(&validator, ensemble.to_string().as_bytes()), "", "no members");
    ensemble["members"] = json!([{"onnx": "a.onnx"}]);
    assert_ne!(complaints(&validator, ensemble.to_string().as_bytes()), "", "one member");
    ensemble["members"] = json!([{"onnx": "a.onnx"}, {"onnx": "b.onnx"}]);
    ensemble.as_object_mut().unwrap().remove("onnx");
    assert_eq!(complaints(&validator, ensemble.to_string().as_bytes()), "");
}

#[test]
fn free_members_may_say_anything() {
    let mut card = schema()["examples"][0].clone();
    card["provenance"] = json!([{"anything": null}]);
    assert_eq!(complaints(&validator(), card.to_string().as_bytes()), "");
}
