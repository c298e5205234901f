// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `vmaf-fr score`: a libvmaf log, or two videos, in; a quality score out.

mod blocks;
mod encode;
mod input;
mod measure;
mod missing;
mod plot;
mod pool;
mod report;
mod scoring;
mod trace;

use std::path::PathBuf;

use vmaf_fr_files::is_same_file;
use vmaf_fr_measure::log::{LogReader, NotANumber};
use vmaf_fr_v2::{Config, Scorer};

use crate::failure::{Failure, Notes};
use crate::interrupt;
use crate::model::{EngineArgs, optional_features};
use crate::output::Output;
use encode::EncodeArgs;
use input::{Input, InputArgs};
use pool::{Method, Pool};
use report::{Format, Model, Setup, Summary};
use scoring::Scoring;
use trace::Trace;

/// Lowest frames that a report lists.
const WORST_FRAMES: usize = 5;
/// [`Scorer::feature_optional`] of a feature that is used if it is there, and not worth measuring.
const ONLY_IF_THERE: i32 = 2;

/// Score a libvmaf log, or a distorted video against its reference
#[derive(Debug, clap::Args)]
#[command(override_usage = "vmaf-fr score [OPTIONS] LOG.json\n       \
                            vmaf-fr score [OPTIONS] --reference VIDEO --distorted VIDEO")]
pub struct Args {
    #[command(flatten)]
    input: InputArgs,
    #[command(flatten)]
    encode: EncodeArgs,

    /// A built-in model's id, an .onnx file with its card beside it, or a card; by default the built-in default (vmaf-fr models)
    #[arg(long, value_name = "MODEL", help_heading = "Model")]
    model: Option<String>,
    /// Do not clip scores to the range of the model's card
    #[arg(long, help_heading = "Model")]
    disable_clip: bool,
    #[command(flatten)]
    engine: EngineArgs,

    /// How the frames' scores become the clip's
    #[arg(long, value_enum, value_name = "METHOD", default_value_t = Method::Mean, help_heading = "Report")]
    pool: Method,
    /// Form of the report
    #[arg(long, value_enum, value_name = "FORMAT", default_value_t = Format::Text, help_heading = "Report")]
    format: Format,
    /// Report every frame, too
    #[arg(long, help_heading = "Report")]
    frames: bool,
    /// Write the report to this file; it appears whole or not at all
    #[arg(short, long, value_name = "FILE", help_heading = "Report")]
    output: Option<PathBuf>,
    /// Draw the score over time, with its 95 % band and the worst frames
    #[arg(long, value_name = "FILE.svg", help_heading = "Report")]
    plot: Option<PathBuf>,
    #[command(flatten)]
    notes: Notes,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    if let (Some(output), Some(plot)) = (&args.output, &args.plot)
        && is_same_file(output, plot)
    {
        return Err(Failure::usage(format_args!(
            "--output and --plot both name {}",
            output.display()
        )));
    }
    let config = Config { disable_clip: args.disable_clip, ..args.engine.config() };
    let mut scorer = Scorer::open(args.model.as_deref(), &config)?;
    let codec = args.encode.codec.as_deref();
    let features: Vec<String> = scorer
        .feature_names()
        .iter()
        .enumerate()
        .filter(|(i, _)| !spared(args, &scorer, *i))
        .map(|(_, name)| name.clone())
        .collect();
    let input = Input::open(&args.input, codec, &args.notes, &features)?;
    score_log(args, &mut scorer, input)
}

/// Whether feature `i` is not worth its cost, so that it is not measured.
fn spared(args: &Args, scorer: &Scorer, i: usize) -> bool {
    !args.input.measures_all() && scorer.feature_optional(i) == Some(ONLY_IF_THERE)
}

/// Scores a log and reports.
fn score_log(args: &Args, scorer: &mut Scorer, input: Input) -> Result<(), Failure> {
    let notes = &args.notes;
    let name = input.name.as_str();
    let codec_id = args.encode.apply(input.codec.as_deref(), notes, scorer)?;
    let features = scorer.feature_names().to_vec();
    let model = Model::of(scorer);
    let setup = Setup {
        source: input.source,
        name: input.title,
        codec: input.codec,
        preset: args.encode.preset.clone(),
        crf: args.encode.crf,
        pool: args.pool,
        model,
    };
    // What was not worth measuring is not missed.
    let was_spared: Vec<bool> =
        (0..features.len()).map(|i| input.measured.is_some() && spared(args, scorer, i)).collect();
    // With --strict a model that can do without features is treated as one that cannot.
    let optional: Vec<bool> = optional_features(scorer)
        .into_iter()
        .zip(&was_spared)
        .map(|(optional, was_spared)| optional && (!notes.strict || *was_spared))
        .collect();
    let policy = if optional.contains(&true) { NotANumber::Missing } else { NotANumber::Refused };
    let log = LogReader::new(input.bytes, name, &features).not_a_number(policy);

    let mut output = Output::create(args.output.as_deref())?;
    let mut plot = args.plot.as_deref().map(|path| Output::create(Some(path))).transpose()?;
    let mut pool = Pool::new();
    let mut trace = Trace::new();
    let facts;
    let summary = {
        let mut written = Ok(());
        let mut report = report::start(args.format, &mut output, &setup, args.frames)
            .map_err(|error| Failure::io("the report", &error))?;
        let mut scoring = Scoring::new(scorer, name, codec_id);
        let mut incomplete = false;
        facts = blocks::read(log, &optional, |block| {
            interrupt::check()?;
            incomplete |= block.incomplete;
            if incomplete {
                // The rest of the log is read only to say what is missing where.
                return Ok(());
            }
            for (frame, score) in block.frames.iter().zip(scoring.block(block)?) {
                pool.push(score);
                trace.push(*frame, score);
                if args.frames && written.is_ok() {
                    written = report.frame(*frame, score);
                }
            }
            match &written {
                Ok(()) => Ok(()),
                Err(error) => Err(Failure::io("the report", error)),
            }
        })?;
        missing::check_frames(notes, name, &facts)?;
        if let Some(measured) = &input.measured {
            measured.check(notes, facts.frames.count)?;
        }
        let missing = missing::missing(&features, &facts);
        let (replaced, needed): (Vec<_>, Vec<_>) =
            missing.iter().cloned().partition(|one| optional[one.index]);
        if !needed.is_empty() {
            return Err(missing::lacks(name, &setup.model.id, &features, &needed));
        }
        let replaced: Vec<_> = replaced.into_iter().filter(|one| !was_spared[one.index]).collect();
        missing::note_missing(notes, name, &setup.model.id, &features, &replaced);
        let summary = Summary {
            libvmaf_version: facts.version,
            frames: facts.frames,
            missing: missing.into_iter().map(|one| (one.feature, one.frames)).collect(),
            pooled: Method::ALL.map(|method| (method, pool.pooled(method))),
            doubts: notes.doubts(),
            worst: trace.worst(WORST_FRAMES),
        };
        report.end(&summary).map_err(|error| Failure::io("the report", &error))?;
        summary
    };
    if let Some(plot) = &mut plot {
        plot::draw(plot, &setup, &summary, &trace)?;
    }
    output.commit()?;
    plot.map_or(Ok(()), Output::commit)
}
