// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What a card says of its training and of its evaluation.

use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use crate::data::Data;
use crate::evaluation::{self, Evaluation};
use crate::network::Weights;
use crate::predict::predict;
use crate::samples::Samples;
use crate::statistics::Agreement;

/// Which model is trained: what decides the predictor of an evaluation that speaks for it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Variant {
    /// Width of the codec block; 0 for a codec-blind network.
    pub(super) codecs: usize,
    /// Whether there is a second output, the log-variance.
    pub(super) variance: bool,
    /// Networks.
    pub(super) members: u64,
    /// Seed of the first.
    pub(super) seed: u64,
}

impl Variant {
    /// The predictor of an evaluation that speaks for this model.
    fn predictor(self) -> &'static str {
        match (self.codecs > 0, self.members > 1) {
            (false, false) => "codec_blind",
            (true, false) => "codec_aware",
            (false, true) => "codec_blind_ensemble",
            (true, true) => "codec_aware_ensemble",
        }
    }

    /// The scale of this model's interval, if the evaluation has one.
    pub(super) fn conformal_scale(self, evaluation: &Evaluation) -> Option<f64> {
        let name = match (self.codecs, self.members) {
            (0, 1) if self.variance => "codec_blind",
            // The spread of an ensemble is that of as many members as were evaluated.
            (0, n) if n > 1 && n == evaluation.seeds => "codec_blind_ensemble",
            _ => return None,
        };
        evaluation.intervals.get(name).map(|interval| interval.conformal_scale)
    }

    /// Data, recipe, seed, and agreement with the ratings it was trained on.
    pub(super) fn training(
        self,
        data: &Data,
        samples: &Samples,
        networks: &[Weights],
        protocol_sha256: &str,
    ) -> Result<Value> {
        let rated: Vec<usize> =
            (0..samples.target.len()).filter(|&i| samples.weight[i] > 0.0).collect();
        let mut mean = vec![0.0; rated.len()];
        for network in networks {
            let all = predict(network, samples, &samples.codec, Some(data.protocol.score_range))?;
            for (to, &i) in mean.iter_mut().zip(&rated) {
                *to += all[i].score / networks.len() as f64;
            }
        }
        let target: Vec<f64> = rated.iter().map(|&i| data.corpus.clips[i].target).collect();
        Ok(json!({
            "program": concat!("vmaf-fr train ", env!("CARGO_PKG_VERSION")),
            "protocol": data.protocol,
            "protocol_sha256": protocol_sha256,
            "seed": self.seed,
            "members": self.members,
            "num_codecs": self.codecs,
            "emit_variance": self.variance,
            "clips": rated.len(),
            "contents": data.corpus.contents().len(),
            "in_sample": Agreement::of(&mean, &target),
        }))
    }

    /// What the evaluation with this sha256 found.
    pub(super) fn metrics(self, evaluation: &Evaluation, sha256: &str) -> Result<Value> {
        let kind = self.predictor();
        let figures = evaluation
            .predictors
            .get(kind)
            .with_context(|| format!("the evaluation has no {kind:?}"))?;
        let lifts: serde_json::Map<String, Value> = evaluation
            .lifts
            .iter()
            .filter(|(pair, _)| pair.starts_with(&format!("{kind} - ")))
            .map(|(pair, lifts)| Ok((pair.clone(), serde_json::to_value(lifts)?)))
            .collect::<Result<_>>()?;
        let interval = evaluation.intervals.get(kind);
        Ok(json!({
            "evaluation_sha256": sha256,
            "scheme": evaluation.scheme,
            "contents": evaluation.contents,
            "seeds": evaluation.seeds,
            "clips": evaluation.primary,
            "predictor": kind,
            "agreement": figures.primary,
            "datasets": figures.datasets,
            "lifts": lifts,
            "interval95": interval.map(|i| json!({
                "coverage": i.coverage,
                "mean_width": i.mean_width,
            })),
        }))
    }
}

/// Reads an evaluation and its sha256, and refuses one of another protocol.
pub(super) fn matching(path: &Path, protocol_sha256: &str) -> Result<(Evaluation, String)> {
    let (evaluation, sha256) = evaluation::read(path)?;
    ensure!(
        evaluation.protocol_sha256 == protocol_sha256,
        "{} evaluates another corpus or recipe (protocol {}, expected {protocol_sha256})",
        path.display(),
        evaluation.protocol_sha256
    );
    Ok((evaluation, sha256))
}
