// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A fit's state on disk, so that an interrupted training goes on where it was.

use std::collections::HashMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use safetensors::tensor::{Dtype, SafeTensors, TensorView, serialize};

use super::optimiser::AdamW;
use super::state::{FitStage, FitState};
use crate::network::{Architecture, LayerWeights, Weights};
use crate::output::write_file;

/// Writes `state`, atomically.
pub fn save(path: &Path, fingerprint: &str, state: &FitState) -> Result<()> {
    let mut arrays: Vec<(String, Vec<u8>, usize)> = Vec::new();
    let groups = [
        ("w", state.weights.flat()),
        ("m", state.optimiser.first.clone()),
        ("v", state.optimiser.second.clone()),
    ];
    for (prefix, values) in groups {
        for (i, array) in values.into_iter().enumerate() {
            let bytes = array.iter().flat_map(|x| x.to_le_bytes()).collect();
            arrays.push((format!("{prefix}{i:03}"), bytes, array.len()));
        }
    }
    let views = arrays
        .iter()
        .map(|(name, bytes, n)| Ok((name.clone(), TensorView::new(Dtype::F32, vec![*n], bytes)?)))
        .collect::<Result<Vec<_>>>()?;
    let metadata = HashMap::from([
        ("fingerprint".to_owned(), fingerprint.to_owned()),
        ("stage".to_owned(), serde_json::to_string(&state.stage)?),
        ("done".to_owned(), state.done.to_string()),
        ("steps".to_owned(), state.optimiser.steps.to_string()),
        ("architecture".to_owned(), serde_json::to_string(&state.weights.architecture)?),
    ]);
    write_file(path, &serialize(views, Some(metadata))?)
}

/// Reads the state of the fit with this fingerprint; `None` if there is no file.
pub fn load(path: &Path, fingerprint: &str) -> Result<Option<FitState>> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
    };
    parse(&bytes, fingerprint).with_context(|| format!("checkpoint {}", path.display())).map(Some)
}

fn parse(bytes: &[u8], fingerprint: &str) -> Result<FitState> {
    let (_, header) = SafeTensors::read_metadata(bytes)?;
    let metadata = header.metadata().as_ref().context("has no metadata")?;
    let field = |name: &str| metadata.get(name).with_context(|| format!("lacks {name:?}"));
    if field("fingerprint")? != fingerprint {
        bail!("belongs to another corpus, recipe or seed; delete it to start anew");
    }
    let tensors = SafeTensors::deserialize(bytes)?;
    let array = |name: String| -> Result<Vec<f32>> {
        Ok(tensors
            .tensor(&name)?
            .data()
            .chunks_exact(4)
            .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
            .collect())
    };
    let architecture: Architecture = serde_json::from_str(field("architecture")?)?;
    let widths = architecture.widths();
    let group = |prefix: &str| {
        (0..2 * widths.len()).map(|i| array(format!("{prefix}{i:03}"))).collect::<Result<Vec<_>>>()
    };
    let flat = group("w")?;
    let layers = widths
        .iter()
        .zip(flat.chunks(2))
        .map(|((inputs, _), pair)| LayerWeights {
            inputs: *inputs,
            weight: pair[0].clone(),
            bias: pair[1].clone(),
        })
        .collect();
    let stage: FitStage = serde_json::from_str(field("stage")?)?;
    Ok(FitState {
        stage,
        done: field("done")?.parse()?,
        weights: Weights { architecture, layers },
        optimiser: AdamW {
            first: group("m")?,
            second: group("v")?,
            steps: field("steps")?.parse()?,
        },
    })
}
