// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What the subcommands write: whole files, JSON among them.

use std::fmt;
use std::path::Path;

use anyhow::{Context as _, Result};
use serde::Serialize;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::Value;
use serde_json::value::RawValue;
use vmaf_fr_files::{create_parent, write_whole};

/// Pretty JSON with a final newline.
pub fn json_bytes<T: Serialize>(value: &T) -> Result<Vec<u8>> {
    let mut bytes = serde_json::to_vec_pretty(value)?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// A card: a line for each member, so that many fit into the library and two are compared by eye.
pub fn card_bytes<T: Serialize>(card: &T) -> Result<Vec<u8>> {
    serde_json::from_slice::<Members>(&serde_json::to_vec(card)?)?.lines()
}

/// The members of a JSON object in the order of the file, as they are written there.
pub struct Members(pub Vec<(String, Box<RawValue>)>);

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

impl Members {
    /// Puts a member in the place of the one of its name, or last.
    pub fn set(&mut self, name: &str, value: &Value) -> Result<()> {
        let raw = RawValue::from_string(value.to_string())?;
        match self.0.iter_mut().find(|(have, _)| have == name) {
            Some((_, old)) => *old = raw,
            None => self.0.push((name.to_owned(), raw)),
        }
        Ok(())
    }

    /// The object, a line for each member.
    pub fn lines(&self) -> Result<Vec<u8>> {
        let lines = self
            .0
            .iter()
            .map(|(name, value)| Ok(format!("  {}: {}", serde_json::to_string(name)?, value.get())))
            .collect::<Result<Vec<String>>>()?;
        Ok(format!("{{\n{}\n}}\n", lines.join(",\n")).into_bytes())
    }
}

/// Writes [`json_bytes`], as [`write_file`].
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<()> {
    write_file(path, &json_bytes(value)?)
}

/// Writes a whole file; its folder is created unless it exists.
pub fn write_file(path: &Path, bytes: &[u8]) -> Result<()> {
    create_parent(path).context("cannot create")?;
    write_whole(path, bytes).context("cannot write")
}
