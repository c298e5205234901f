// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The calibrated model's files: the old card with another calibration, over the same graphs.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use vmaf_fr_files::{is_same_file, parent};
use vmaf_fr_train::output::Members;
use vmaf_fr_v2::model::{self, builtin};

use super::fit::{Components, Line};
use crate::failure::Failure;

/// A model's card and where its graphs are.
pub struct Source {
    /// As errors name it.
    pub name: String,
    bytes: Vec<u8>,
    value: Value,
    graphs: Graphs,
}

enum Graphs {
    Builtin(&'static builtin::Builtin),
    Folder(PathBuf),
}

impl Source {
    /// Reads the card of a model that opens.
    pub fn read(model: &str) -> Result<Self, Failure> {
        let read = model::read(Some(model))?;
        let name = read.name();
        let Some(bytes) = read.card_json().map(<[u8]>::to_vec) else {
            return Err(Failure::new(format_args!(
                "{model}: no card, which a calibration is part of"
            )));
        };
        let mut value: Value = serde_json::from_slice(&bytes)
            .map_err(|error| Failure::new(format_args!("{name}: {error}")))?;
        let id = model.strip_prefix("builtin:").unwrap_or(model);
        let graphs = match builtin::find(id) {
            Ok(found) => Graphs::Builtin(found),
            Err(_) => Graphs::Folder(parent(Path::new(model)).to_owned()),
        };
        // A graph that is named by its own path is scored with, whatever its card calls it.
        let path = Path::new(model);
        let is_card = path.extension().is_some_and(|end| end.eq_ignore_ascii_case("json"));
        if matches!(graphs, Graphs::Folder(_)) && !is_card {
            value["onnx"] = json!(path.file_name().unwrap_or_default().to_string_lossy());
        }
        Ok(Self { name, bytes, value, graphs })
    }

    /// Refuses a card that this one would be lost under, and a folder that its graph cannot go to.
    pub fn check_output(&self, card: &Path) -> Result<(), Failure> {
        let folder = parent(card);
        if !folder.is_dir() {
            return Err(Failure::new(format_args!("{}: no such folder", folder.display())));
        }
        if is_same_file(card, Path::new(&self.name)) {
            return Err(Failure::usage(format_args!(
                "--output: {} is the model's own card; expected another name",
                card.display()
            )));
        }
        let external = self
            .graphs_in_card()
            .any(|graph| graph.get("external_data_sha256").is_some_and(|pins| !pins.is_null()));
        match &self.graphs {
            Graphs::Folder(from) if external && !is_same_file(from, folder) => {
                Err(Failure::usage(format_args!(
                    "--output: the model has external data; expected a card in its folder, {}",
                    from.display()
                )))
            }
            _ => Ok(()),
        }
    }

    fn number(&self, pointer: &str) -> Option<f64> {
        self.value.pointer(pointer)?.as_f64()
    }

    /// Offset, slope and deviation of its calibration.
    pub fn calibration(&self) -> [f64; 3] {
        let or = |pointer: &str, usual: f64| self.number(pointer).unwrap_or(usual);
        [
            or("/calibration/offset", 0.0),
            or("/calibration/slope", 1.0),
            or("/calibration/stddev", 0.0),
        ]
    }

    pub fn conformal_scale(&self) -> f64 {
        self.number("/conformal_scale").unwrap_or(1.0)
    }

    /// What ratings differ from its scores by.
    pub fn components(&self) -> Components {
        // As evaluated, or as an earlier calibration kept them.
        let found = ["/metrics", "/calibrated"].into_iter().find_map(|section| {
            let of = |name: &str| self.number(&format!("{section}/interval_components/{name}"));
            Some(Components {
                test: of("test")?.max(1.0),
                content: of("content")? + of("content_test").unwrap_or(0.0),
                within: of("within")?.max(1.0),
            })
        });
        found.unwrap_or(Components::USUAL)
    }

    pub fn sha256(&self) -> String {
        vmaf_fr_files::sha256_hex(&self.bytes)
    }

    /// Writes the calibrated card, and the graphs beside it if they are elsewhere.
    pub fn write(&self, line: &Line, record: &Value, card: &Path) -> Result<(), Failure> {
        let folder = parent(card);
        for file in self.graph_names() {
            self.copy(&file, folder)?;
        }
        let bytes = self.calibrated(line, record, card)?;
        vmaf_fr_files::write_whole(card, &bytes)?;
        Ok(())
    }

    /// What names a graph: the card itself, and an ensemble's members.
    fn graphs_in_card(&self) -> impl Iterator<Item = &Value> {
        std::iter::once(&self.value).chain(self.value["members"].as_array().into_iter().flatten())
    }

    fn graph_names(&self) -> Vec<String> {
        let mut names: Vec<String> = self
            .graphs_in_card()
            .filter_map(|graph| graph["onnx"].as_str().map(str::to_owned))
            .collect();
        names.dedup();
        names
    }

    fn copy(&self, file: &str, folder: &Path) -> Result<(), Failure> {
        let to = folder.join(file);
        let bytes = match &self.graphs {
            Graphs::Builtin(model) => {
                let found = model.files.iter().find(|(name, _)| *name == file);
                found.map(|(_, bytes)| bytes.to_vec()).unwrap_or_default()
            }
            Graphs::Folder(from) => {
                let from = from.join(file);
                std::fs::read(&from).map_err(|error| Failure::io(from.display(), &error))?
            }
        };
        match std::fs::read(&to) {
            Ok(there) if there == bytes => Ok(()),
            Ok(_) => Err(Failure::new(format_args!(
                "{}: another graph is there; write the card to another folder",
                to.display()
            ))),
            Err(_) => Ok(vmaf_fr_files::write_whole(&to, &bytes)?),
        }
    }

    /// The old card's members, with the new ones in their places.
    fn calibrated(&self, line: &Line, record: &Value, card: &Path) -> Result<Vec<u8>, Failure> {
        let mut members: Members = serde_json::from_slice(&self.bytes)
            .map_err(|error| Failure::new(format_args!("{}: {error}", self.name)))?;
        // Figures and verdict are those of the model as it was.
        members.0.retain(|(name, _)| !["metrics", "gate"].contains(&name.as_str()));
        let id = card.file_stem().unwrap_or_default().to_string_lossy();
        let calibration =
            json!({ "offset": line.offset, "slope": line.slope, "stddev": line.stddev });
        members.set("id", &json!(id))?;
        members.set("calibration", &calibration)?;
        members.set("calibrated", record)?;
        if let Some(graph) = self.value.get("onnx") {
            members.set("onnx", graph)?;
        }
        members.set("conformal_scale", &json!(line.conformal_scale))?;
        Ok(members.lines()?)
    }
}
