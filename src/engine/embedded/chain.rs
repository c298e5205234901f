// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The chain of versions that rows go through, and the plan that it adds up to.
//!
//! Each step ends one version and begins the next. A node that reads an ended version branches, which
//! the family does not.

use std::collections::HashMap;
use std::fmt::Display;

use super::plan::{Layer, Map, Plan};
use crate::error::{Result, bail, err};

/// The widest rows that scratch memory is made for.
pub(super) const MAX_WIDTH: usize = 1 << 16;

/// One state of the rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Version(usize);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Features,
    Codec,
}

/// Columns that come from one input.
struct Part {
    role: Role,
    width: usize,
    maps: Vec<Map>,
}

/// What the live version of a chain is made of.
enum Stage {
    Input(Vec<Part>),
    /// Outputs of the last layer.
    Hidden,
}

#[derive(Default)]
pub(super) struct Chain {
    live: HashMap<Version, Stage>,
    n_versions: usize,
    feature_maps: Vec<Map>,
    codec_maps: Vec<Map>,
    codec_weights: Vec<f32>,
    layers: Vec<Layer>,
}

impl Chain {
    fn begin(&mut self, stage: Stage) -> Version {
        self.n_versions += 1;
        let version = Version(self.n_versions);
        self.live.insert(version, stage);
        version
    }

    fn end(&mut self, at: &dyn Display, version: Version) -> Result<Stage> {
        self.live.remove(&version).ok_or_else(|| {
            err!(
                Unsupported,
                "{at}: reads a value that another node has changed; branches other than GELU's are \
                 not supported"
            )
        })
    }

    /// Begins with an input of the graph.
    pub(super) fn input(&mut self, name: &str, role: Role, width: usize) -> Result<Version> {
        if width == 0 || width > MAX_WIDTH {
            bail!(
                Unsupported,
                "input '{name}' of width {width}; the embedded engine takes {MAX_WIDTH}"
            );
        }
        Ok(self.begin(Stage::Input(vec![Part { role, width, maps: Vec::new() }])))
    }

    /// Puts the columns of inputs side by side; also returns how many there are.
    pub(super) fn join(
        &mut self,
        at: &dyn Display,
        versions: Vec<Version>,
    ) -> Result<(Version, usize)> {
        let mut joined: Vec<Part> = Vec::new();
        for version in versions {
            match self.end(at, version)? {
                Stage::Input(parts) => joined.extend(parts),
                Stage::Hidden => bail!(Unsupported, "{at}: after the first layer"),
            }
        }
        let width: usize = joined.iter().map(|p| p.width).sum();
        if width > MAX_WIDTH {
            bail!(Unsupported, "{at}: {width} columns; the embedded engine takes {MAX_WIDTH}");
        }
        Ok((self.begin(Stage::Input(joined)), width))
    }

    /// Adds a map.
    pub(super) fn map(&mut self, at: &dyn Display, version: Version, map: Map) -> Result<Version> {
        let mut stage = self.end(at, version)?;
        match &mut stage {
            Stage::Input(parts) => {
                let mut first = 0;
                for part in parts {
                    part.maps.push(map.columns(first..first + part.width));
                    first += part.width;
                }
            }
            Stage::Hidden => {
                if let Some(layer) = self.layers.last_mut() {
                    match map {
                        // MatMul, then Add.
                        Map::Add(bias)
                            if layer.then.is_empty() && layer.bias.iter().all(|b| *b == 0.0) =>
                        {
                            layer.bias = bias;
                        }
                        map => layer.then.push(map),
                    }
                }
            }
        }
        Ok(self.begin(stage))
    }

    /// Adds a layer.
    pub(super) fn layer(
        &mut self,
        at: &dyn Display,
        version: Version,
        mut layer: Layer,
    ) -> Result<Version> {
        match self.end(at, version)? {
            Stage::Input(parts) => layer = self.first_layer(at, parts, layer)?,
            Stage::Hidden => {}
        }
        self.layers.push(layer);
        Ok(self.begin(Stage::Hidden))
    }

    /// Splits the first layer's weights into those of the features and those of the codec block.
    fn first_layer(&mut self, at: &dyn Display, parts: Vec<Part>, all: Layer) -> Result<Layer> {
        let Layer { n_outputs, weights, bias, .. } = all;
        if !self.layers.is_empty() {
            bail!(Unsupported, "{at}: a second first layer");
        }
        let mut features = None;
        let mut rest = weights.as_slice();
        for part in parts {
            let (own, after) = rest.split_at(part.width * n_outputs);
            rest = after;
            let own = own.to_vec();
            match part.role {
                Role::Features => {
                    self.feature_maps = part.maps;
                    features = Some((part.width, own));
                }
                Role::Codec => {
                    self.codec_maps = part.maps;
                    self.codec_weights = own;
                }
            }
        }
        let Some((n_inputs, weights)) = features else {
            bail!(Unsupported, "{at}: a layer of the codec block alone");
        };
        Ok(Layer { n_inputs, n_outputs, weights, bias, then: Vec::new() })
    }

    /// Ends with the output: the plan for inputs of these widths.
    pub(super) fn finish(
        mut self,
        at: &dyn Display,
        output: Version,
        n_features: usize,
        n_codecs: usize,
    ) -> Result<Plan> {
        let Stage::Hidden = self.end(at, output)? else {
            bail!(Unsupported, "{at}: no layer on the way to it");
        };
        // A codec block that the graph never reads adds nothing.
        self.codec_weights.resize(n_codecs * self.layers[0].n_outputs, 0.0);
        Ok(Plan {
            n_features,
            n_codecs,
            feature_maps: self.feature_maps,
            codec_maps: self.codec_maps,
            codec_weights: self.codec_weights,
            layers: self.layers,
        })
    }
}
