// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The models that come with the library: what `models/registry.json` lists, embedded by build.rs.

use std::ffi::CStr;

use crate::error::{Result, err};

/// A model inside the library.
#[derive(Debug)]
pub struct Builtin {
    /// Its id, as in `builtin:ID`.
    pub id: &'static str,
    /// The id for C.
    pub c_id: &'static CStr,
    /// `release` or `experimental`, by the release gate's verdict.
    pub status: &'static str,
    /// The card, JSON.
    pub card: &'static [u8],
    /// The files that the card names, by relative path.
    pub files: &'static [(&'static str, &'static [u8])],
}

include!(concat!(env!("OUT_DIR"), "/registry.rs"));

/// All built-in models, in the registry's order.
pub fn models() -> &'static [Builtin] {
    MODELS
}

/// The model that opens where none is named.
pub fn default_model() -> Result<&'static Builtin> {
    find(DEFAULT)
}

/// Model `i` of those built in: the default first, then the releases, then the others.
pub fn by_rank(i: usize) -> Option<&'static Builtin> {
    let rank = |m: &Builtin| match m.status {
        _ if m.id == DEFAULT => 0,
        "release" => 1,
        _ => 2,
    };
    (0..=2).flat_map(|r| MODELS.iter().filter(move |m| rank(m) == r)).nth(i)
}

/// A built-in model by its id.
///
/// # Errors
/// `NotFound` where the library has no such model.
pub fn find(id: &str) -> Result<&'static Builtin> {
    MODELS.iter().find(|m| m.id == id).ok_or_else(|| {
        let known: Vec<&str> = MODELS.iter().map(|m| m.id).collect();
        err!(NotFound, "no built-in model '{id}'; there are {known:?}")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::verify::sha256;

    #[test]
    fn the_registry_pins_the_cards_it_lists() {
        let registry: serde_json::Value =
            serde_json::from_str(include_str!("../../models/registry.json")).unwrap();
        let listed = registry["models"].as_array().unwrap();
        assert_eq!(listed.len(), models().len());
        for (entry, model) in listed.iter().zip(models()) {
            assert_eq!(entry["id"], model.id);
            assert_eq!(entry["sha256"], sha256(model.card), "{}", model.id);
        }
    }

    #[test]
    fn every_model_has_one_rank() {
        assert_eq!(by_rank(0).unwrap().id, DEFAULT);
        let ranked: Vec<&str> = (0..).map_while(by_rank).map(|m| m.status).collect();
        assert_eq!(ranked.len(), MODELS.len());
        assert!(ranked[1..].is_sorted_by_key(|status| *status != "release"));
    }

    #[test]
    fn the_default_is_a_release() {
        assert_eq!(default_model().unwrap().status, "release");
    }
}
