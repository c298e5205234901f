// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Puts a verdict into a card, and leaves every other byte of its values alone.

use std::fmt;

use anyhow::{Context as _, Result};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::evaluation::Condition;

/// The members of a JSON object in the order of the file, as they are written there.
struct Members(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct InOrder;
        impl<'de> Visitor<'de> for InOrder {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a card")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Members, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(InOrder)
    }
}

/// The card `bytes` with this status and the gate's section.
pub(super) fn with_verdict(
    bytes: &[u8],
    status: &str,
    evaluation_sha256: &str,
    checks: &[Condition],
) -> Result<Vec<u8>> {
    let Members(mut members) = serde_json::from_slice(bytes).context("not a card")?;
    let section = json!({ "evaluation_sha256": evaluation_sha256, "checks": checks });
    for (name, value) in [("status", json!(status)), ("gate", section)] {
        let raw = RawValue::from_string(indented(&value)?)?;
        match members.iter_mut().find(|(have, _)| have == name) {
            Some((_, old)) => *old = raw,
            None => members.push((name.to_owned(), raw)),
        }
    }
    let lines = members
        .iter()
        .map(|(name, value)| Ok(format!("  {}: {}", serde_json::to_string(name)?, value.get())))
        .collect::<Result<Vec<String>>>()?;
    Ok(format!("{{\n{}\n}}\n", lines.join(",\n")).into_bytes())
}

/// Pretty, as a member of an object.
fn indented(value: &Value) -> Result<String> {
    Ok(serde_json::to_string_pretty(value)?.replace('\n', "\n  "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stay_as_they_are_written() {
        let card = br#"{
  "id": "m",
  "feature_mean": [
    0.8355378276344372,
    1e-7,
    0.10
  ],
  "status": "experimental",
  "note": "a \"b\" \u00e9"
}
"#;
        let check = Condition::reported("x", 0.1).at_least(0.0);
        let judged = with_verdict(card, "release", "abc", std::slice::from_ref(&check)).unwrap();
        let text = String::from_utf8(judged.clone()).unwrap();
        assert!(text.contains("    0.8355378276344372,\n    1e-7,\n    0.10\n  ],"), "{text}");
        assert!(
            text.contains("\"status\": \"release\",\n  \"note\": \"a \\\"b\\\" \\u00e9\""),
            "{text}"
        );
        assert!(text.contains("  \"gate\": {\n    \"checks\": [\n"), "{text}");
        // A second verdict takes the place of the first, and the same one changes nothing.
        let again = with_verdict(&judged, "release", "abc", &[check]).unwrap();
        assert_eq!(again, judged);
        assert!(with_verdict(b"[1]", "release", "abc", &[]).is_err());
    }
}
