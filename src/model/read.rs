// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Third step of opening: what card and graphs say.

use super::card::{BYTE_ORDER_MARK, Card};
use super::source::Source;
use super::verify::{Verified, VerifiedGraph};
use crate::error::Result;
use crate::onnx::{self, Graph, Names};

/// A model whose card and graphs are parsed, and not yet held against each other.
pub struct Read {
    pub(super) source: Source,
    pub(super) card: Option<Card>,
    pub(super) card_json: Option<Vec<u8>>,
    pub(super) graphs: Vec<(String, Graph)>,
}

impl Verified {
    /// Parses and scans the graphs, external data included.
    ///
    /// # Errors
    /// Those of [`onnx::load`]; `NotPinned`, `TooLarge`, `NotFound` of external data.
    pub(crate) fn read(self) -> Result<Read> {
        let Self { source, card, card_json, graphs } = self;
        let names = card.as_ref().map_or_else(Names::default, |card| Names {
            inputs: &card.input_names,
            outputs: &card.output_names,
        });
        let mut read = Vec::with_capacity(graphs.len());
        for VerifiedGraph { name, bytes, mut external } in graphs {
            let graph = onnx::load(bytes, names, &mut |location| external.read(location))
                .map_err(|e| e.of(&name))?;
            read.push((name, graph));
        }
        Ok(Read { source, card, card_json, graphs: read })
    }
}

impl Read {
    /// How errors name the model.
    pub fn name(&self) -> String {
        self.source.card_name()
    }

    /// The card as it stands in its file, without a byte-order mark; `None` for a graph without one.
    pub fn card_json(&self) -> Option<&[u8]> {
        self.card_json.as_deref().map(|json| json.strip_prefix(BYTE_ORDER_MARK).unwrap_or(json))
    }

    /// The graphs, each with the name that errors give it.
    pub fn graphs(&self) -> &[(String, Graph)] {
        &self.graphs
    }
}
