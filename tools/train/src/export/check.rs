// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Reads exported files back with both engines before they are kept.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use vmaf_fr_files::write_whole;
use vmaf_fr_v2::{Config, EngineChoice, Score, Scorer};

/// Worst difference between the two engines, and to the training's own network, in points.
const TOLERANCE: f64 = 1e-4;
/// The training's erf is another than the engines'.
const TRAINING_TOLERANCE: f64 = 1e-3;

/// Real rows, and what the network under training made of them.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Raw features, row-major, NaN if missing.
    pub features: Vec<f32>,
    /// Codec of each row.
    pub codec: Vec<i32>,
    /// Mean over the members of the training's own scores, not clipped.
    pub expected: Vec<f64>,
}

/// Worst absolute differences found by [`check`], in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Between the engines.
    pub engines: f64,
    /// Between the embedded engine and the training's network.
    pub training: f64,
}

/// Writes the files into `folder`, but only after both engines have read them back and agree on `probe`.
pub fn keep(
    folder: &Path,
    files: &[(String, Vec<u8>)],
    probe: &Probe,
    onnxruntime: Option<&Path>,
) -> Result<Difference> {
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot create {}", folder.display()))?;
    let trial = tempfile::Builder::new()
        .prefix(".vmaf-fr-")
        .tempdir_in(folder)
        .with_context(|| format!("cannot create a temporary folder in {}", folder.display()))?;
    for (name, bytes) in files {
        write_whole(&trial.path().join(name), bytes).context("cannot write")?;
    }
    let (card, _) = files.last().context("no files to keep")?;
    let difference = check(&trial.path().join(card), probe, onnxruntime)?;
    // Graphs first: a card that pins a graph which is not there yet is refused, a graph without a card never scores.
    for (name, _) in files {
        std::fs::rename(trial.path().join(name), folder.join(name))
            .with_context(|| format!("cannot write {}", folder.join(name).display()))?;
    }
    Ok(difference)
}

/// Scores `probe` with both engines.
pub fn check(card: &Path, probe: &Probe, onnxruntime: Option<&Path>) -> Result<Difference> {
    let embedded = score(card, EngineChoice::Embedded, None, probe).context("embedded engine")?;
    let runtime = score(card, EngineChoice::OnnxRuntime, onnxruntime.map(Path::to_path_buf), probe)
        .context(
            "ONNX Runtime (point --onnxruntime or VMAF_FR_V2_ONNXRUNTIME at a libonnxruntime)",
        )?;
    let worst = |other: &mut dyn Iterator<Item = f64>| {
        embedded
            .iter()
            .zip(other)
            .map(|(a, b)| (a.score - b).abs())
            .fold(0.0, |a: f64, b| if b.is_nan() { f64::NAN } else { a.max(b) })
    };
    let deviation = embedded
        .iter()
        .zip(&runtime)
        .map(|(a, b)| (a.stddev - b.stddev).abs())
        .filter(|d| !d.is_nan())
        .fold(0.0, f64::max);
    let difference = Difference {
        engines: worst(&mut runtime.iter().map(|s| s.score)).max(deviation),
        training: worst(&mut probe.expected.iter().copied()),
    };
    if difference.engines.is_nan() || difference.engines > TOLERANCE {
        bail!(
            "the engines differ by {} points on real rows, expected at most {TOLERANCE}",
            difference.engines
        );
    }
    if difference.training.is_nan() || difference.training > TRAINING_TOLERANCE {
        bail!(
            "the exported model differs from the trained one by {} points, expected at most {TRAINING_TOLERANCE}",
            difference.training
        );
    }
    Ok(difference)
}

fn score(
    card: &Path,
    engine: EngineChoice,
    onnxruntime_path: Option<PathBuf>,
    probe: &Probe,
) -> Result<Vec<Score>> {
    let config = Config { engine, onnxruntime_path, disable_clip: true, ..Config::default() };
    let path = card.to_str().context("path is not UTF-8")?;
    let mut model = Scorer::open(Some(path), &config)?;
    let mut scores = vec![Score::NONE; probe.codec.len()];
    model.score(&probe.features, Some(&probe.codec), &mut scores)?;
    Ok(scores)
}
