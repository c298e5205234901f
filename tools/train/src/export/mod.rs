// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A fitted model as ONNX graph and card, read back by both engines before it is kept.

mod card;
mod check;
mod graph;
mod merge;

use anyhow::Result;
use vmaf_fr_files::sha256_hex;

pub use card::Description;
use card::WrittenCard;
pub use check::{Difference, Probe, find_runtime, keep};
use graph::onnx_bytes;
use merge::merged;

use crate::model::Model;
use crate::output::card_bytes;
use crate::recipe::RecipeFile;

/// Folder of recipes beside the cards.
const RECIPES: &str = "recipes";

/// A file to be written: its name relative to the folder of the cards, and its bytes.
pub type NewFile = (String, Vec<u8>);

/// Files of a model: the recipe, the graph, and the card last.
///
/// # Errors
/// The model cannot be a graph of the family.
pub fn files(model: &Model, recipe: &RecipeFile, description: Description) -> Result<Vec<NewFile>> {
    let graph = onnx_bytes(&merged(model)?);
    let name = format!("{}.onnx", model.id);
    let pin = (name.clone(), sha256_hex(&graph));
    let card = WrittenCard::new(model, &recipe.recipe, pin, description);
    Ok(vec![
        (format!("{RECIPES}/{}.toml", model.id), recipe.bytes.clone()),
        (name, graph),
        (format!("{}.json", model.id), card_bytes(&card)?),
    ])
}
