// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Reads exported files back with both engines before they are kept.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use vmaf_fr_files::{create_parent, write_whole};
use vmaf_fr_v2::{Config, EngineChoice, Score, Scorer};

use super::NewFile;

/// Worst difference between the two engines, and to the training's own network, in points.
const TOLERANCE: f64 = 1e-4;
/// Where ONNX Runtime is looked for.
const RUNTIME: &str =
    "ONNX Runtime (point --onnxruntime or VMAF_FR_V2_ONNXRUNTIME at a libonnxruntime)";
/// The training's erf is another than the engines'.
const TRAINING_TOLERANCE: f64 = 1e-3;

/// Real rows, and what the model under training made of them.
#[derive(Debug, Clone)]
pub struct Probe {
    /// Raw features, row-major, NaN if missing.
    pub features: Vec<f32>,
    /// Codec of each row.
    pub codec: Vec<i32>,
    /// The training's own scores, not cut to the model's range.
    pub expected: Vec<f64>,
    /// The training's own half widths of the 95 % interval; NaN if the model has none.
    pub half_width: Vec<f64>,
}

/// Worst absolute differences found by [`check`], in points.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Difference {
    /// Between the engines.
    pub engines: f64,
    /// Between the embedded engine and the training's model, in scores and in ends of intervals.
    pub training: f64,
}

/// Refuses to go on without the ONNX Runtime that [`keep`] needs.
///
/// # Errors
/// It is not there, or cannot be loaded.
pub fn find_runtime(onnxruntime: Option<&Path>) -> Result<()> {
    let config = Config {
        engine: EngineChoice::OnnxRuntime,
        onnxruntime_path: onnxruntime.map(Path::to_path_buf),
        ..Config::default()
    };
    Scorer::open(None, &config).map(drop).context(RUNTIME)
}

/// Writes the files into `folder`, but only after both engines have read them back and agree on `probe`.
///
/// # Errors
/// A file cannot be written, or the engines and the training do not agree: then nothing is left in `folder`.
pub fn keep(
    folder: &Path,
    files: &[NewFile],
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
        let path = trial.path().join(name);
        create_parent(&path).context("cannot create")?;
        write_whole(&path, bytes).context("cannot write")?;
    }
    let (card, _) = files.last().context("no files to keep")?;
    let difference = check(&trial.path().join(card), probe, onnxruntime)?;
    // Graphs first: a card that pins a graph which is not there yet is refused, a graph without a card never scores.
    for (name, _) in files {
        let path = folder.join(name);
        create_parent(&path).context("cannot create")?;
        std::fs::rename(trial.path().join(name), &path)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(difference)
}

/// Scores `probe` with both engines.
pub fn check(card: &Path, probe: &Probe, onnxruntime: Option<&Path>) -> Result<Difference> {
    let embedded = score(card, EngineChoice::Embedded, None, probe).context("embedded engine")?;
    let runtime = score(card, EngineChoice::OnnxRuntime, onnxruntime.map(Path::to_path_buf), probe)
        .context(RUNTIME)?;
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
    let interval = embedded
        .iter()
        .zip(probe.expected.iter().zip(&probe.half_width))
        .flat_map(|(a, (score, half))| [(a.ci95_low, score - half), (a.ci95_high, score + half)])
        .filter(|(a, b)| !(a.is_nan() && b.is_nan()))
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, |a: f64, b| if b.is_nan() { f64::NAN } else { a.max(b) });
    let difference = Difference {
        engines: worst(&mut runtime.iter().map(|s| s.score)).max(deviation),
        training: worst(&mut probe.expected.iter().copied()).max(interval),
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
