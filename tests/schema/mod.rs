// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `docs/card.schema.json`, compiled.

use jsonschema::Validator;
use serde_json::Value;

/// The schema itself.
pub fn schema() -> Value {
    serde_json::from_str(include_str!("../../docs/card.schema.json")).expect("the schema is JSON")
}

/// What holds cards against it.
pub fn validator() -> Validator {
    jsonschema::draft202012::new(&schema()).expect("the schema is one of 2020-12")
}

/// What the schema has against a card, "; " between; empty for a card that it allows.
pub fn complaints(validator: &Validator, card: &[u8]) -> String {
    let card = card.strip_prefix(b"\xef\xbb\xbf").unwrap_or(card);
    let card: Value = match serde_json::from_slice(card) {
        Ok(card) => card,
        Err(e) => return format!("not JSON: {e}"),
    };
    let errors = validator.iter_errors(&card);
    errors.map(|e| format!("{}: {e}", e.instance_path())).collect::<Vec<_>>().join("; ")
}
