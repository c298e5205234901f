// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `train`: fits one network, or an ensemble of seeds, to a whole corpus and exports it.

mod describe;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use clap::Args;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::Value;
use vmaf_fr_files::sha256_hex;
use vmaf_fr_v2::catalogue::VOCABULARY_1;

use crate::data::Data;
use crate::export::{self, Description, Probe};
use crate::fit::{Fit, checkpoint};
use crate::network::Weights;
use crate::options::{DataArgs, RecipeArgs};
use crate::predict::predict_frames;
use crate::samples::Samples;
use describe::{Variant, matching};

/// Work that a kill may cost.
const CHECKPOINT_EVERY: Duration = Duration::from_secs(1);

/// Fits a model to a table of rated clips and exports it as ONNX with its card
#[derive(Debug, Clone, Args)]
pub struct TrainArgs {
    #[command(flatten)]
    data: DataArgs,
    #[command(flatten)]
    recipe: RecipeArgs,
    /// Name of the model and stem of its files
    #[arg(long)]
    id: String,
    /// Folder of the exported files
    #[arg(short, long, default_value = ".")]
    output: PathBuf,
    /// Width of the codec block: 6 (vocabulary 1) or 0 (codec-blind)
    #[arg(long, default_value_t = 0, value_parser = parse_codecs)]
    num_codecs: usize,
    /// A second output, the log-variance
    #[arg(long)]
    emit_variance: bool,
    /// Networks of an ensemble, of consecutive seeds
    #[arg(long, default_value_t = 1)]
    members: u64,
    /// Seed: the same seed, data and program give the same bytes
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// Result of `evaluate` with the same data and recipe, to put its figures and conformal scale into the card
    #[arg(long)]
    evaluation: Option<PathBuf>,
    /// JSON to copy into the card: whose data, how to cite them, which licences
    #[arg(long)]
    provenance: Option<PathBuf>,
    /// libonnxruntime that the exported model is checked with, besides the embedded engine
    #[arg(long)]
    onnxruntime: Option<PathBuf>,
    /// No progress bar
    #[arg(long)]
    quiet: bool,
}

impl TrainArgs {
    fn variant(&self) -> Variant {
        Variant {
            codecs: self.num_codecs,
            variance: self.emit_variance,
            members: self.members,
            seed: self.seed,
        }
    }

    /// Where a member's state is kept until the model is exported.
    fn checkpoint(&self, member: u64) -> PathBuf {
        self.output.join(format!(".{}.m{member}.checkpoint", self.id))
    }
}

fn parse_codecs(text: &str) -> Result<usize, String> {
    const CODECS: usize = VOCABULARY_1.len();
    [0, CODECS]
        .into_iter()
        .find(|n| n.to_string() == text)
        .ok_or_else(|| format!("expected {CODECS} (vocabulary 1) or 0"))
}

/// Runs the subcommand.
pub fn run(args: &TrainArgs) -> Result<()> {
    let trained = train(args, None)?.context("the training stopped early")?;
    eprintln!("fitted in {:.3} s", trained.seconds);
    let difference =
        export::keep(&args.output, &trained.files, &trained.probe, args.onnxruntime.as_deref())?;
    for path in &trained.checkpoints {
        match std::fs::remove_file(path) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(error).with_context(|| format!("cannot remove {}", path.display()));
            }
            _ => {}
        }
    }
    eprintln!(
        "{}: engines agree to {:.1e}, with the trained network to {:.1e} points",
        args.output.join(format!("{}.json", args.id)).display(),
        difference.engines,
        difference.training
    );
    Ok(())
}

/// A finished training: files that are not written yet, and what to check them with.
pub struct Trained {
    /// Name and bytes, the card last.
    pub files: Vec<(String, Vec<u8>)>,
    /// Real rows.
    pub probe: Probe,
    /// Time that the steps took in this call.
    pub seconds: f64,
    /// To be removed once the files are kept.
    pub checkpoints: Vec<PathBuf>,
}

/// Trains, for at most `budget` units of work in this call; `None` if the budget ran out first.
///
/// The state stays beside the output, so that the next call goes on where this one stopped.
pub fn train(args: &TrainArgs, budget: Option<usize>) -> Result<Option<Trained>> {
    ensure!(args.members > 0, "--members must be at least 1");
    let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
    ensure!(
        !args.id.is_empty() && args.id.chars().all(safe) && !args.id.starts_with('.'),
        "--id {:?} is not a file name",
        args.id
    );
    let provenance = args.provenance.as_deref().map(read_json).transpose()?;
    let data = Data::read(&args.data, &args.recipe)?;
    let protocol_sha256 = data.protocol.fingerprint()?;
    let evaluation =
        args.evaluation.as_deref().map(|path| matching(path, &protocol_sha256)).transpose()?;
    let (samples, statistics) = Samples::new(
        &data.corpus,
        &data.teacher,
        &data.codec,
        data.unknown,
        &data.protocol.weighting,
        |_| false,
    )?;

    let begin = Instant::now();
    let Some(networks) = fit_members(args, &data, &samples, &protocol_sha256, budget)? else {
        return Ok(None);
    };
    let seconds = begin.elapsed().as_secs_f64();

    let variant = args.variant();
    let description = Description {
        id: args.id.clone(),
        score_range: data.protocol.score_range,
        conformal_scale: evaluation.as_ref().and_then(|(e, _)| variant.conformal_scale(e)),
        training: variant.training(&data, &samples, &networks, &protocol_sha256)?,
        metrics: evaluation.as_ref().map(|(e, sha256)| variant.metrics(e, sha256)).transpose()?,
        provenance,
    };
    let files = export::files(&networks, &statistics, description)?;
    let probe = probe(&data, &samples, &networks)?;
    let checkpoints = (0..args.members).map(|member| args.checkpoint(member)).collect();
    Ok(Some(Trained { files, probe, seconds, checkpoints }))
}

/// The members' networks, or `None` if `budget` ran out first.
fn fit_members(
    args: &TrainArgs,
    data: &Data,
    samples: &Samples,
    protocol_sha256: &str,
    mut budget: Option<usize>,
) -> Result<Option<Vec<Weights>>> {
    let bar = ProgressBar::hidden();
    if !args.quiet {
        bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
    }
    bar.set_style(ProgressStyle::with_template(
        "{elapsed_precise} {bar:30} {pos}/{len} {msg}, {eta} left",
    )?);
    let mut networks = Vec::new();
    let mut saved = Instant::now();
    for member in 0..args.members {
        let seed = args.seed + member;
        let fit =
            Fit::new(samples, &data.protocol.recipe, args.num_codecs, args.emit_variance, seed)?;
        let fingerprint = sha256_hex(
            format!(
                "{protocol_sha256} codecs {} variance {} seed {seed}",
                args.num_codecs, args.emit_variance
            )
            .as_bytes(),
        );
        let path = args.checkpoint(member);
        let mut state = checkpoint::load(&path, &fingerprint)?.unwrap_or_else(|| fit.start());
        bar.set_length((fit.length() as u64) * args.members);
        bar.set_message(format!("member {}/{}", member + 1, args.members));
        loop {
            bar.set_position(member * fit.length() as u64 + fit.position(&state) as u64);
            if budget == Some(0) {
                return Ok(None);
            }
            if !fit.advance(&mut state)? {
                break;
            }
            budget = budget.map(|left| left - 1);
            // Writing costs as much as a short epoch: not after each of them.
            if saved.elapsed() >= CHECKPOINT_EVERY || budget == Some(0) {
                checkpoint::save(&path, &fingerprint, &state)?;
                saved = Instant::now();
            }
        }
        if args.members > 1 {
            checkpoint::save(&path, &fingerprint, &state)?;
        }
        networks.push(fit.finished(&state).context("the fit did not finish")?);
    }
    bar.finish_and_clear();
    Ok(Some(networks))
}

fn read_json(path: &Path) -> Result<Value> {
    let bytes = std::fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    serde_json::from_slice(&bytes).with_context(|| format!("{} is not JSON", path.display()))
}

/// Up to 512 real rows, evenly over the corpus, with codecs and missing features as they are.
fn probe(data: &Data, samples: &Samples, networks: &[Weights]) -> Result<Probe> {
    const ROWS: usize = 512;
    let mut rows: Vec<(usize, usize)> = samples
        .frames
        .iter()
        .enumerate()
        .flat_map(|(clip, frames)| frames.clone().map(move |f| (f, clip)))
        .collect();
    let step = rows.len().div_ceil(ROWS).max(1);
    rows = rows.into_iter().step_by(step).collect();
    let mut expected = vec![0.0; rows.len()];
    for network in networks {
        let out = predict_frames(network, samples, &samples.codec)?;
        for (to, &(frame, _)) in expected.iter_mut().zip(&rows) {
            *to += f64::from(out[frame][0]) * 100.0 / networks.len() as f64;
        }
    }
    Ok(Probe {
        features: rows
            .iter()
            .flat_map(|&(frame, _)| data.corpus.frame(frame).iter().copied())
            .collect(),
        codec: rows
            .iter()
            .map(|&(_, clip)| i32::try_from(samples.codec[clip]))
            .collect::<Result<_, _>>()?,
        expected,
    })
}
