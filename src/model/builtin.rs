// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The models that come with the library: what `models/registry.json` lists, embedded by build.rs.

use std::ffi::CStr;

use crate::error::{Result, bail};

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

/// A model that was inside the library once.
#[derive(Debug)]
pub struct Removed {
    /// The id that it had.
    pub id: &'static str,
    /// The id of the built-in model to use in its place.
    pub successor: &'static str,
}

include!(concat!(env!("OUT_DIR"), "/registry.rs"));

/// Names and the models that they stand for.
pub(super) struct Registry<'a> {
    models: &'a [Builtin],
    removed: &'a [Removed],
}

/// The library's own.
pub(super) static REGISTRY: Registry<'static> = Registry { models: MODELS, removed: REMOVED };

impl<'a> Registry<'a> {
    /// The built-in model that a caller names, `builtin:ID` or the bare `ID`; `None` for the path of a file.
    ///
    /// # Errors
    /// `NotFound`: no model of that id, or no longer, with the id of its successor.
    pub(super) fn named(&self, model: &str) -> Result<Option<&'a Builtin>> {
        if let Some(id) = model.strip_prefix("builtin:") {
            return self.find(id).map(Some);
        }
        // Option parsers split at colons, so the bare id does as well.
        let is_id =
            self.models.iter().any(|m| m.id == model) || self.removed.iter().any(|r| r.id == model);
        if is_id { self.find(model).map(Some) } else { Ok(None) }
    }

    fn find(&self, id: &str) -> Result<&'a Builtin> {
        if let Some(model) = self.models.iter().find(|m| m.id == id) {
            return Ok(model);
        }
        if let Some(Removed { successor, .. }) = self.removed.iter().find(|r| r.id == id) {
            bail!(NotFound, "the built-in model '{id}' was removed; use '{successor}'");
        }
        let known: Vec<&str> = self.models.iter().map(|m| m.id).collect();
        bail!(NotFound, "no built-in model '{id}'; there are {known:?}")
    }
}

/// All built-in models, in the registry's order.
pub fn models() -> &'static [Builtin] {
    MODELS
}

/// Models that are built in no longer.
pub fn removed() -> &'static [Removed] {
    REMOVED
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
/// `NotFound` where the library has no such model, or no longer, with the id of its successor.
pub fn find(id: &str) -> Result<&'static Builtin> {
    REGISTRY.find(id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::model::verify::sha256;

    fn registry() -> serde_json::Value {
        serde_json::from_str(include_str!("../../models/registry.json")).unwrap()
    }

    #[test]
    fn a_removed_model_is_there_as_its_successor() {
        let listed = registry()["removed"].as_array().cloned().unwrap_or_default();
        assert_eq!(listed.len(), removed().len());
        for (i, (entry, removed)) in listed.iter().zip(removed()).enumerate() {
            assert_eq!(entry["id"], removed.id);
            assert_eq!(entry["successor"], removed.successor, "{}", removed.id);
            find(removed.successor).unwrap_or_else(|e| panic!("successor of {}: {e}", removed.id));
            assert!(models().iter().all(|m| m.id != removed.id), "{} is built in", removed.id);
            assert!(REMOVED[..i].iter().all(|r| r.id != removed.id), "{} is twice", removed.id);
        }
    }

    #[test]
    fn a_removed_id_names_its_successor() {
        let removed = [Removed { id: "of_old", successor: DEFAULT }];
        let registry = Registry { models: MODELS, removed: &removed };
        for name in ["of_old", "builtin:of_old"] {
            let e = registry.named(name).unwrap_err();
            assert_eq!(e.kind(), ErrorKind::NotFound);
            assert_eq!(
                e.message(),
                format!("the built-in model 'of_old' was removed; use '{DEFAULT}'")
            );
        }
        for name in [DEFAULT.to_owned(), format!("builtin:{DEFAULT}")] {
            assert_eq!(registry.named(&name).unwrap().unwrap().id, DEFAULT);
        }
        // Files may be called as they like.
        for path in ["of_old.json", "./of_old", "folder/of_old", "of_older"] {
            assert!(registry.named(path).unwrap().is_none());
        }
        let e = registry.named("builtin:of_older").unwrap_err();
        assert!(e.message().contains("no built-in model 'of_older'; there are"), "{e}");
    }

    #[test]
    fn the_registry_pins_the_cards_it_lists() {
        let registry = registry();
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
    fn the_registry_is_below_200_kb() {
        let files = models().iter().flat_map(|m| m.files.iter().map(|(_, bytes)| bytes.len()));
        let cards = models().iter().map(|m| m.card.len());
        let size: usize = files.chain(cards).sum::<usize>() + registry().to_string().len();
        assert!(size < 200_000, "{size} bytes");
    }

    #[test]
    fn the_default_is_a_release_if_there_is_one() {
        if models().iter().any(|model| model.status == "release") {
            assert_eq!(default_model().unwrap().status, "release");
        }
    }
}
