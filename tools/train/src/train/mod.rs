// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `train`: fits a recipe's model to all of its corpora and exports it.

mod describe;

use std::path::PathBuf;
use std::time::Instant;

use anyhow::Result;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::data::Data;
use crate::evaluation;
use crate::export::{self, Description, NewFile, Probe};
use crate::fit::{self, Fitted, Pretrained};
use crate::model::Model;
use crate::options::DataArgs;

/// Fits a model to tables of rated clips and exports it: graph, card, and the recipe
#[derive(Debug, Clone, Args)]
pub struct TrainArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Folder of the exported files; the recipe goes to its folder `recipes`
    #[arg(short, long, default_value = ".")]
    output: PathBuf,
    /// Result of `evaluate` with the same recipe and tables: its interval and figures go into the card
    #[arg(long)]
    evaluation: Option<PathBuf>,
    /// libonnxruntime that the exported model is checked with, besides the embedded engine
    #[arg(long)]
    onnxruntime: Option<PathBuf>,
    /// No progress bar
    #[arg(long)]
    quiet: bool,
}

/// Runs the subcommand.
///
/// # Errors
/// Anything that keeps the model from being fitted, or the engines from agreeing on it; nothing is written then.
pub fn run(args: &TrainArgs) -> Result<()> {
    export::find_runtime(args.onnxruntime.as_deref())?;
    let trained = train(args)?;
    eprintln!("fitted in {:.3} s", trained.seconds);
    let difference =
        export::keep(&args.output, &trained.files, &trained.probe, args.onnxruntime.as_deref())?;
    eprintln!(
        "{}: engines agree to {:.1e}, with the trained network to {:.1e} points",
        args.output.join(format!("{}.json", trained.fitted.model.id)).display(),
        difference.engines,
        difference.training
    );
    Ok(())
}

/// A finished training: files that are not written yet, and what to check them with.
pub struct Trained {
    /// The model and what was fitted along.
    pub fitted: Fitted,
    /// Name and bytes, the card last.
    pub files: Vec<NewFile>,
    /// Real rows.
    pub probe: Probe,
    /// Time that the fit took.
    pub seconds: f64,
}

/// Reads the data, fits, and makes the files.
///
/// # Errors
/// Anything that keeps the model from being fitted.
pub fn train(args: &TrainArgs) -> Result<Trained> {
    let data = Data::read(&args.data)?;
    let protocol_sha256 = data.protocol.fingerprint()?;
    let recipe = &data.recipe.recipe;
    let evaluation = match &args.evaluation {
        Some(path) => Some(describe::matching(path, &protocol_sha256)?),
        None => None,
    };

    let begin = Instant::now();
    let bar = progress_bar(fit::steps(recipe), args.quiet)?;
    let step = || bar.inc(1);
    let train = vec![true; data.corpus.clips.len()];
    let mut fitted = Pretrained::fit(&data.corpus, &data.taught, recipe, &train, &step)?.refit(
        recipe,
        &data.codec,
        &step,
    )?;
    bar.finish_and_clear();
    let seconds = begin.elapsed().as_secs_f64();

    if let Some((evaluation, _)) = &evaluation {
        fitted.model.interval = evaluation.interval.of_model();
    }
    let description = Description {
        training: describe::training(&data, &fitted, &protocol_sha256)?,
        metrics: match &evaluation {
            Some((evaluation, sha256)) => Some(evaluation::metrics(evaluation, sha256)?),
            None => None,
        },
        provenance: describe::provenance(&data),
    };
    let files = export::files(&fitted.model, &data.recipe, description)?;
    let probe = probe(&data, &fitted.model)?;
    Ok(Trained { fitted, files, probe, seconds })
}

fn progress_bar(steps: usize, quiet: bool) -> Result<ProgressBar> {
    let bar = ProgressBar::with_draw_target(Some(steps as u64), ProgressDrawTarget::hidden());
    if !quiet {
        bar.set_draw_target(ProgressDrawTarget::stderr());
    }
    bar.set_style(ProgressStyle::with_template(
        "{elapsed_precise} {bar:30} {pos}/{len} steps, {eta} left",
    )?);
    Ok(bar)
}

/// Up to 512 real rows, evenly over the corpus, with codecs and missing features as they are.
fn probe(data: &Data, model: &Model) -> Result<Probe> {
    const ROWS: usize = 512;
    let mut rows: Vec<(usize, usize)> = data
        .corpus
        .clips
        .iter()
        .enumerate()
        .flat_map(|(clip, of)| of.frames.clone().map(move |frame| (frame, clip)))
        .collect();
    let step = rows.len().div_ceil(ROWS).max(1);
    rows = rows.into_iter().step_by(step).collect();
    let features: Vec<f32> =
        rows.iter().flat_map(|&(frame, _)| data.corpus.frame(frame).iter().copied()).collect();
    let codec: Vec<usize> = rows.iter().map(|&(_, clip)| data.codec[clip]).collect();
    Ok(Probe {
        expected: model.raw_scores(&features, &codec)?,
        half_width: model
            .score_frames(&features, &codec)?
            .iter()
            .map(|frame| frame.half_width)
            .collect(),
        codec: codec.into_iter().map(i32::try_from).collect::<Result<_, _>>()?,
        features,
    })
}
