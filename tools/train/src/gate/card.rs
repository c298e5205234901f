// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Puts a verdict into a card, and leaves every other byte of its values alone.

use anyhow::{Context as _, Result};
use serde_json::json;

use crate::evaluation::Condition;
use crate::output::Members;

/// The card `bytes` with this status and the gate's section.
pub(super) fn with_verdict(
    bytes: &[u8],
    status: &str,
    evaluation_sha256: &str,
    checks: &[Condition],
) -> Result<Vec<u8>> {
    let mut members: Members = serde_json::from_slice(bytes).context("not a card")?;
    let section = json!({ "evaluation_sha256": evaluation_sha256, "checks": checks });
    members.set("status", &json!(status))?;
    members.set("gate", &section)?;
    members.lines()
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
        assert!(text.contains(",\n  \"gate\": {\"checks\":[{"), "{text}");
        // A second verdict takes the place of the first, and the same one changes nothing.
        let again = with_verdict(&judged, "release", "abc", &[check]).unwrap();
        assert_eq!(again, judged);
        assert!(with_verdict(b"[1]", "release", "abc", &[]).is_err());
    }
}
