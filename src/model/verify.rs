// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Second step of opening: every file within its size and equal to its pin, before anything parses it.
//!
//! The card is the root: it holds the pins, and nothing pins it but the registry of the built-in models.

use std::rc::Rc;

use sha2::{Digest, Sha256};

use super::card::{Card, ExternalPins};
use super::source::{Folder, Found, GRAPH_LIMIT, Source};
use crate::error::{ErrorKind, Result, bail, err};

/// A model whose graphs are the ones that its card names.
pub(crate) struct Verified {
    pub(super) source: Source,
    /// `None` where the caller accepts a graph without one.
    pub(super) card: Option<Card>,
    /// The card as it stands in its file.
    pub(super) card_json: Option<Vec<u8>>,
    pub(super) graphs: Vec<VerifiedGraph>,
}

/// The bytes of a graph, and the way to its external data.
pub(super) struct VerifiedGraph {
    /// How errors name the graph.
    pub(super) name: String,
    pub(super) bytes: Vec<u8>,
    pub(super) external: ExternalData,
}

/// External data of one graph: its bytes are handed out only after their pin was checked.
pub(super) struct ExternalData {
    folder: Folder,
    pins: Option<ExternalPins>,
    /// Bytes that it may still have.
    left: usize,
    read: Vec<(String, Rc<[u8]>)>,
}

impl Found {
    /// Reads the card's pins and holds the graphs against them.
    ///
    /// # Errors
    /// `NotPinned`: another sha256 than the card's, or none and no `allow_unpinned`. `TooLarge`, `NotFound`,
    /// `NotReadable`, `Forbidden`, of a file. `Malformed` and `Inconsistent`, of the card.
    pub(crate) fn verify(self, allow_unpinned: bool) -> Result<Verified> {
        let Self { source, card: card_json } = self;
        let name = source.card_name();
        let card = match &card_json {
            Some(bytes) => Some(Card::parse(bytes).map_err(|e| e.of(&name))?),
            None if allow_unpinned => None,
            None => {
                // A graph that is not there either is that, rather than one without a card.
                source.read_graph(None)?;
                bail!(
                    NotPinned,
                    "{name}: no card, and so no sha256 of the model; the caller may allow that"
                );
            }
        };
        let no_card = Card::default();
        let parts = card.as_ref().unwrap_or(&no_card).parts().map_err(|e| e.of(&name))?;
        let mut graphs = Vec::with_capacity(parts.len());
        for part in parts {
            let (file, bytes) = source.read_graph(part.onnx).map_err(|e| e.of(&name))?;
            let sha256 = sha256(&bytes);
            match part.sha256 {
                Some(pin) if pin.eq_ignore_ascii_case(&sha256) => {}
                Some(pin) => bail!(NotPinned, "{file}: sha256 is {sha256}, the card has {pin}"),
                None if allow_unpinned => {}
                None => bail!(
                    NotPinned,
                    "{file}: the card {name} has no sha256 of it; the caller may allow that"
                ),
            }
            let external = ExternalData {
                folder: source.folder(),
                pins: part.external_data_sha256.cloned(),
                left: GRAPH_LIMIT - bytes.len(),
                read: Vec::new(),
            };
            graphs.push(VerifiedGraph { name: file, bytes, external });
        }
        Ok(Verified { source, card, card_json, graphs })
    }
}

impl ExternalData {
    /// The bytes of an external data file, which its pin was checked against; a file is read once.
    pub(super) fn read(&mut self, location: &str) -> Result<Rc<[u8]>> {
        if let Some((_, bytes)) = self.read.iter().find(|(name, _)| name == location) {
            return Ok(Rc::clone(bytes));
        }
        let (_, bytes) = self.folder.read(location, self.left).map_err(|e| match e.kind() {
            ErrorKind::TooLarge => err!(
                TooLarge,
                "external data '{location}': graph and external data exceed {GRAPH_LIMIT} bytes"
            ),
            _ => e.of("external data"),
        })?;
        let pin = match &self.pins {
            None => None,
            Some(ExternalPins::One(pin)) => Some(pin),
            Some(ExternalPins::ByLocation(pins)) => Some(pins.get(location).ok_or_else(|| {
                err!(NotPinned, "external_data_sha256 has no pin of '{location}'")
            })?),
        };
        if let Some(pin) = pin {
            let sha256 = sha256(&bytes);
            if !pin.eq_ignore_ascii_case(&sha256) {
                bail!(
                    NotPinned,
                    "external data '{location}': sha256 is {sha256}, the card has {pin}"
                );
            }
        }
        self.left -= bytes.len();
        let bytes: Rc<[u8]> = bytes.into();
        self.read.push((location.to_owned(), Rc::clone(&bytes)));
        Ok(bytes)
    }
}

/// sha256, lower-case hexadecimal.
pub(super) fn sha256(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
