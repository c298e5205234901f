// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Engines run a bound graph on checked frames and give what the graph computes.

pub(crate) mod embedded;
#[cfg(feature = "onnxruntime")]
pub(crate) mod onnxruntime;

use crate::batch::Batch;
use crate::config::{Config, EngineChoice, LogLevel};
use crate::error::{Error, Result, err};
use crate::features::{Column, Overflow, Standardizer};
use crate::model::BoundGraph;
use crate::simd::InstructionSet;

/// One graph with its statistics, ready to run. Scratch memory belongs to it, so calls need `&mut`.
pub(crate) trait Engine: Send {
    /// The most frames that one `run` takes.
    fn rows_per_run(&self) -> usize;

    /// Replaces the codec table: one row of the graph's codec width per codec id.
    /// Called before the first `run` of a codec-aware graph, never on a codec-blind one.
    fn set_codec_table(&mut self, table: &[f32]) -> Result<()>;

    /// Standardises the frames and runs the graph on them.
    ///
    /// `out`: frames x W values, row-major (W = 1: score; W = 2: score and log-variance).
    fn run(&mut self, batch: &Batch<'_>, out: &mut [f32]) -> Result<()>;
}

/// The engines of a model's graphs, all of one kind.
pub(crate) struct Engines {
    /// One per graph.
    pub(crate) all: Vec<Box<dyn Engine>>,
    pub(crate) choice: EngineChoice,
    /// Name and version.
    pub(crate) version: String,
}

/// Builds the engine that the caller chose for each graph; AUTO takes the first candidate that runs all of them.
///
/// # Errors
/// Of the only candidate, or of the one tried first with the other's reason added.
pub(crate) fn build(
    graphs: &[BoundGraph],
    set: InstructionSet,
    config: &Config,
    log: &dyn Fn(LogLevel, &str),
) -> Result<Engines> {
    let candidates: &[EngineChoice] = match (config.engine, &config.onnxruntime_path) {
        (EngineChoice::Embedded, _) => &[EngineChoice::Embedded],
        (EngineChoice::OnnxRuntime, _) => &[EngineChoice::OnnxRuntime],
        (EngineChoice::Auto, Some(_)) => &[EngineChoice::OnnxRuntime, EngineChoice::Embedded],
        (EngineChoice::Auto, None) => &[EngineChoice::Embedded, EngineChoice::OnnxRuntime],
    };
    let mut failure: Option<Error> = None;
    for &candidate in candidates {
        match build_all(graphs, set, candidate, config) {
            Ok(engines) => return Ok(engines),
            Err(e) if candidates.len() == 1 => return Err(e),
            Err(e) => {
                let level = if config.onnxruntime_path.is_some() {
                    LogLevel::Warning
                } else {
                    LogLevel::Info
                };
                log(level, &format!("{} cannot run the model: {e}", candidate.name()));
                failure = Some(match failure {
                    None => e,
                    Some(first) => first.and(&format!("{}: {e}", candidate.name())),
                });
            }
        }
    }
    Err(failure.unwrap_or_else(|| err!(NoEngine, "no engine to choose from")))
}

fn build_all(
    graphs: &[BoundGraph],
    set: InstructionSet,
    choice: EngineChoice,
    config: &Config,
) -> Result<Engines> {
    let mut all: Vec<Box<dyn Engine>> = Vec::with_capacity(graphs.len());
    let mut version = String::new();
    for bound in graphs {
        let standardizer = bound.statistics.standardizer(set);
        let of = |e: Error| e.of(&bound.name);
        match choice {
            EngineChoice::OnnxRuntime => {
                let (engine, of_runtime) = onnxruntime(bound, standardizer, config).map_err(of)?;
                version = of_runtime;
                all.push(engine);
            }
            EngineChoice::Embedded => {
                let engine =
                    embedded::Embedded::compile(&bound.graph, standardizer, set).map_err(of)?;
                version = format!("embedded {} ({})", env!("CARGO_PKG_VERSION"), set.name());
                all.push(Box::new(engine));
            }
            EngineChoice::Auto => return Err(err!(Internal, "AUTO is no engine of its own")),
        }
    }
    Ok(Engines { all, choice, version })
}

#[cfg(feature = "onnxruntime")]
fn onnxruntime(
    bound: &BoundGraph,
    standardizer: Standardizer,
    config: &Config,
) -> Result<(Box<dyn Engine>, String)> {
    let path = config.onnxruntime_path.as_deref();
    let (engine, version) =
        onnxruntime::OnnxRuntime::open(&bound.graph, standardizer, path, config.n_threads)?;
    Ok((Box::new(engine), version))
}

#[cfg(not(feature = "onnxruntime"))]
fn onnxruntime(_: &BoundGraph, _: Standardizer, _: &Config) -> Result<(Box<dyn Engine>, String)> {
    crate::error::bail!(NoEngine, "this library was built without ONNX Runtime")
}

/// Writes the standardised rows of a batch to `z`.
fn standardise(standardizer: &Standardizer, batch: &Batch<'_>, z: &mut [f32]) -> Result<()> {
    standardizer.apply(batch.features(), z).map_err(|Overflow { row, column }| {
        let Column { mean, std, .. } = standardizer.column(column);
        batch.refuse(row, column, &format!("too far from its mean {mean} (std {std})"))
    })
}
