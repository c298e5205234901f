// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Codec labels of a table.

use vmaf_fr_v2::catalogue::{UNKNOWN, VOCABULARY_1, Vocabulary};

/// A codec label given by the user: a name of vocabulary 1 or an alias of one. A name outside it is most likely a slip, and an error here;
/// `unknown` is there for the rest.
pub(crate) fn codec_label(name: &str) -> Result<String, String> {
    let label = vocabulary_name(name);
    if label == UNKNOWN && !name.trim().eq_ignore_ascii_case(UNKNOWN) {
        return Err(format!("not a codec of the vocabulary ({})", VOCABULARY_1.join(", ")));
    }
    Ok(label.to_owned())
}

/// The name in vocabulary 1 for a codec, an encoder or a stream's `codec_name`.
pub(crate) fn vocabulary_name(name: &str) -> &'static str {
    let id = Vocabulary::v1().id(name).ok();
    id.and_then(|id| usize::try_from(id).ok())
        .and_then(|id| VOCABULARY_1.get(id).copied())
        .unwrap_or(UNKNOWN)
}
