// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A fitted network as ONNX and card, read back by both engines before it is kept.

mod card;
mod check;
mod graph;

use anyhow::{Context as _, Result, ensure};
use vmaf_fr_files::sha256_hex;
use vmaf_fr_v2::catalogue::Vocabulary;

pub use card::Description;
use card::{WrittenCard, WrittenMember};
pub use check::{Difference, Probe, keep};
use graph::{OPSET, onnx_bytes};

use crate::network::Weights;
use crate::output::json_bytes;
use crate::samples::{CAP, CLIP_SIGMA, FeatureStatistics, is_capped};

/// Files of a model: name and bytes, the card last.
pub fn files(
    networks: &[Weights],
    statistics: &FeatureStatistics,
    description: Description,
) -> Result<Vec<(String, Vec<u8>)>> {
    let first = networks.first().context("no network to export")?;
    ensure!(
        networks.iter().all(|n| n.architecture == first.architecture),
        "members of an ensemble differ in shape"
    );
    let architecture = &first.architecture;
    let vocabulary = Vocabulary::v1();
    let aware = architecture.codecs > 0;
    ensure!(
        !aware || architecture.codecs == vocabulary.names().len(),
        "a codec block of {} does not fit the vocabulary of {}",
        architecture.codecs,
        vocabulary.names().len()
    );
    let single = networks.len() == 1;
    let mut out = Vec::new();
    let mut members = Vec::new();
    for (index, network) in networks.iter().enumerate() {
        let name = if single {
            format!("{}.onnx", description.id)
        } else {
            format!("{}_m{index}.onnx", description.id)
        };
        let bytes = onnx_bytes(network);
        members.push(WrittenMember { onnx: name.clone(), sha256: sha256_hex(&bytes) });
        out.push((name, bytes));
    }
    let card = WrittenCard {
        kind: if single { "fr" } else { "fr_ensemble" },
        // Only the gate says otherwise.
        status: "experimental",
        onnx: single.then(|| members[0].onnx.clone()),
        sha256: single.then(|| members[0].sha256.clone()),
        members: if single { Vec::new() } else { members },
        opset: OPSET,
        input_names: if aware { vec!["features", "codec_onehot"] } else { vec!["features"] },
        output_names: vec![if architecture.outputs == 2 { "score_logvar" } else { "score" }],
        feature_order: statistics.names.clone(),
        feature_mean: statistics.mean.clone(),
        feature_std: statistics.std.clone(),
        feature_cap: statistics
            .names
            .iter()
            .filter(|n| is_capped(n))
            .map(|n| (n.clone(), CAP))
            .collect(),
        feature_clip_sigma: CLIP_SIGMA,
        missing_features: "mean",
        codec_aware: aware,
        codec_vocab: aware.then(|| vocabulary.names().to_vec()),
        codec_vocab_version: aware.then(|| vocabulary.version()),
        score_range: description.score_range,
        conformal_scale: description.conformal_scale,
        training: description.training,
        metrics: description.metrics,
        provenance: description.provenance,
        id: description.id.clone(),
    };
    out.push((format!("{}.json", description.id), json_bytes(&card)?));
    Ok(out)
}
