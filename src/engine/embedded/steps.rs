// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The steps that a graph adds up to, and the versions of the rows between them.
//!
//! Values lie in slots: the features, the codec block and what each layer puts out. Layers may read a
//! slot again and again. A map or a sum changes it in its place; the node that makes the same change
//! again gets the same version, and a node that reads the slot as it was before is refused.

use std::fmt::Display;
use std::rc::Rc;

use super::dense::Dense;
use super::places::{self, Lifetime, MAX_VALUES};
use super::plan::{CodecInput, Input, Layer, Map, Plan, Step};
use crate::error::{Error, Result, bail, err};

/// The widest rows that memory is made for.
pub(super) const MAX_WIDTH: usize = 1 << 16;

/// One state of some columns.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Version(Rc<[Part]>);

/// A slot after some of its changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Part {
    slot: usize,
    n_changes: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Content {
    Features,
    Codec,
    /// What a layer puts out.
    Outputs,
}

/// Columns that have a place of their own.
struct Slot {
    content: Content,
    width: usize,
    changes: Vec<Change>,
    /// Whether all values are finite, whatever the frame.
    is_finite: bool,
}

#[derive(PartialEq)]
enum Change {
    Map(Map),
    Plus(Version),
}

#[derive(Default)]
pub(super) struct Steps {
    slots: Vec<Slot>,
    codec_maps: Vec<Map>,
    done: Vec<Step>,
}

impl Steps {
    fn begin(&mut self, content: Content, width: usize) -> Version {
        // Standardising refuses what is not finite.
        let is_finite = content == Content::Features;
        self.slots.push(Slot { content, width, changes: Vec::new(), is_finite });
        Version(Rc::new([Part { slot: self.slots.len() - 1, n_changes: 0 }]))
    }

    /// Begins with an input of the graph.
    pub(super) fn input(&mut self, name: &str, content: Content, width: usize) -> Result<Version> {
        if width == 0 || width > MAX_WIDTH {
            bail!(
                Unsupported,
                "input '{name}' of width {width}; the embedded engine takes {MAX_WIDTH}"
            );
        }
        Ok(self.begin(content, width))
    }

    /// Checks that nothing has changed the columns since.
    fn check(&self, at: &dyn Display, version: &Version) -> Result<()> {
        if version.0.iter().any(|part| part.n_changes < self.slots[part.slot].changes.len()) {
            return Err(changed(at));
        }
        Ok(())
    }

    /// Whether two versions have columns in common, in whatever state.
    pub(super) fn overlap(a: &Version, b: &Version) -> bool {
        a.0.iter().any(|a| b.0.iter().any(|b| a.slot == b.slot))
    }

    /// Puts columns side by side; also returns how many there are.
    pub(super) fn join(
        &mut self,
        at: &dyn Display,
        versions: &[Version],
    ) -> Result<(Version, usize)> {
        let mut parts: Vec<Part> = Vec::new();
        for version in versions {
            self.check(at, version)?;
            for part in version.0.iter() {
                if parts.iter().any(|p| p.slot == part.slot) {
                    bail!(Unsupported, "{at}: of the same columns twice");
                }
                parts.push(*part);
            }
        }
        if parts.len() > MAX_VALUES {
            let n = parts.len();
            bail!(Unsupported, "{at}: {n} values; the embedded engine takes {MAX_VALUES}");
        }
        let width: usize = parts.iter().map(|p| self.slots[p.slot].width).sum();
        if width > MAX_WIDTH {
            bail!(Unsupported, "{at}: {width} columns; the embedded engine takes {MAX_WIDTH}");
        }
        Ok((Version(parts.into()), width))
    }

    /// Adds a map.
    pub(super) fn map(
        &mut self,
        at: &dyn Display,
        version: &Version,
        map: &Map,
    ) -> Result<Version> {
        let mut first = 0;
        let mut parts = Vec::with_capacity(version.0.len());
        for part in version.0.iter() {
            let width = self.slots[part.slot].width;
            parts.push(self.change(at, *part, Change::Map(map.columns(first..first + width)))?);
            first += width;
        }
        Ok(Version(parts.into()))
    }

    /// Adds a sum of two values without columns in common; one of them has to be a layer's outputs.
    pub(super) fn add(&mut self, at: &dyn Display, a: &Version, b: &Version) -> Result<Version> {
        let outputs = |version: &Version| match &*version.0 {
            [part] if self.slots[part.slot].content == Content::Outputs => Some(*part),
            _ => None,
        };
        let has_codec = |version: &Version| {
            version.0.iter().any(|part| self.slots[part.slot].content == Content::Codec)
        };
        // The younger one is changed: the other may be what skips layers.
        let (to, from) = match (outputs(a), outputs(b)) {
            (Some(a), Some(part)) if a.slot > part.slot => (a, b),
            (_, Some(part)) => (part, a),
            (Some(part), None) => (part, b),
            (None, None) => bail!(Unsupported, "{at}: of two values of which none is a layer's"),
        };
        if has_codec(from) {
            bail!(Unsupported, "{at}: of a value and the codec block");
        }
        self.check(at, from)?;
        let to = self.change(at, to, Change::Plus(from.clone()))?;
        Ok(Version(Rc::new([to])))
    }

    fn change(&mut self, at: &dyn Display, part: Part, change: Change) -> Result<Part> {
        let slot = &mut self.slots[part.slot];
        match slot.changes.get(part.n_changes) {
            Some(earlier) if *earlier == change => {}
            Some(_) => return Err(changed(at)),
            None => {
                slot.is_finite = stays_finite(slot.is_finite, &change);
                self.push(part.slot, &change);
                self.slots[part.slot].changes.push(change);
            }
        }
        Ok(Part { n_changes: part.n_changes + 1, ..part })
    }

    fn push(&mut self, slot: usize, change: &Change) {
        match change {
            Change::Map(map) if self.slots[slot].content == Content::Codec => {
                self.codec_maps.push(map.clone());
            }
            Change::Map(map) => {
                // MatMul, then Add.
                if let Map::Add(bias) = map
                    && let Some(Step::Layer(layer)) = self.done.last_mut()
                    && layer.to == slot
                    && layer.bias.iter().all(|b| *b == 0.0)
                {
                    layer.bias.clone_from(bias);
                    return;
                }
                self.done.push(Step::Map { slot, map: map.clone() });
            }
            Change::Plus(version) => {
                let mut first = 0;
                for part in version.0.iter() {
                    self.done.push(Step::Add { slot, first, from: part.slot });
                    first += self.slots[part.slot].width;
                }
            }
        }
    }

    /// Adds a layer.
    pub(super) fn layer(
        &mut self,
        at: &dyn Display,
        version: &Version,
        dense: Dense,
    ) -> Result<Version> {
        self.check(at, version)?;
        let Dense { n_outputs, weights: all, bias, .. } = dense;
        let (mut inputs, mut weights, mut codec) = (Vec::new(), Vec::new(), None);
        let mut rest = all.as_slice();
        for part in version.0.iter() {
            let slot = &self.slots[part.slot];
            let (own, after) = rest.split_at(slot.width * n_outputs);
            rest = after;
            if slot.content == Content::Codec {
                codec = Some(CodecInput { n_maps: part.n_changes, weights: own.to_vec() });
            } else {
                inputs.push(Input { slot: part.slot, is_finite: slot.is_finite });
                weights.extend_from_slice(own);
            }
        }
        if inputs.is_empty() {
            bail!(Unsupported, "{at}: a layer of the codec block alone");
        }
        let outputs = self.begin(Content::Outputs, n_outputs);
        let to = outputs.0[0].slot;
        self.done.push(Step::Layer(Layer { inputs, codec, n_outputs, weights, bias, to }));
        Ok(outputs)
    }

    /// Ends with the output: the plan for inputs of these widths.
    pub(super) fn finish(
        self,
        at: &dyn Display,
        output: &Version,
        n_features: usize,
        n_codecs: usize,
    ) -> Result<Plan> {
        self.check(at, output)?;
        let content = |part: &Part| self.slots[part.slot].content;
        if output.0.iter().any(|part| content(part) != Content::Outputs) {
            bail!(Unsupported, "{at}: no layer on the way to it");
        }
        let outputs: Vec<usize> = output.0.iter().map(|part| part.slot).collect();
        let features = self.slots.iter().position(|slot| slot.content == Content::Features);
        let Some(features) = features else {
            bail!(Internal, "{at}: a graph without features");
        };
        let (slots, n_columns) = places::assign(&self.lifetimes(&outputs)).map_err(|e| e.of(at))?;
        Ok(Plan {
            n_features,
            n_codecs,
            codec_maps: self.codec_maps,
            steps: self.done,
            slots,
            n_columns,
            features,
            outputs,
        })
    }

    fn lifetimes(&self, outputs: &[usize]) -> Vec<Lifetime> {
        let mut lifetimes: Vec<Lifetime> = self
            .slots
            .iter()
            .map(|slot| match slot.content {
                // It has no place in a row: layers look up what it adds.
                Content::Codec => Lifetime { width: 0, first: 0, last: 0 },
                _ => Lifetime { width: slot.width, first: 0, last: 0 },
            })
            .collect();
        for (i, step) in self.done.iter().enumerate() {
            match step {
                Step::Layer(layer) => {
                    lifetimes[layer.to].first = i;
                    lifetimes[layer.to].last = i;
                    for input in &layer.inputs {
                        lifetimes[input.slot].last = i;
                    }
                }
                Step::Map { slot, .. } => lifetimes[*slot].last = i,
                Step::Add { slot, from, .. } => {
                    lifetimes[*slot].last = i;
                    lifetimes[*from].last = i;
                }
            }
        }
        for &slot in outputs {
            lifetimes[slot].last = self.done.len();
        }
        lifetimes
    }
}

/// Whether values are finite after a change.
fn stays_finite(is_finite: bool, change: &Change) -> bool {
    match change {
        Change::Map(Map::Erf) => true,
        Change::Map(Map::Clamp { min, max }) => is_finite || min.is_finite() && max.is_finite(),
        Change::Map(Map::Relu | Map::Gelu { .. }) => is_finite,
        Change::Map(Map::Add(_) | Map::Sub(_) | Map::SubFrom(_) | Map::Mul(_) | Map::Div(_))
        | Change::Plus(_) => false,
    }
}

fn changed(at: &dyn Display) -> Error {
    err!(
        Unsupported,
        "{at}: reads a value as it was before another node changed it; the embedded engine keeps no \
         copy, but for GELU"
    )
}
