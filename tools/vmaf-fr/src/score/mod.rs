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
mod trace;

use std::path::PathBuf;

use vmaf_fr_measure::log::{LogReader, NotANumber};
use vmaf_fr_v2::{Config, Score, Scorer};

use crate::failure::{Failure, Notes};
use crate::model::{EngineArgs, accepts_missing};
use crate::output::Output;
use blocks::Block;
use encode::EncodeArgs;
use input::Input;
use pool::{Method, Pool};
use report::{Format, Model, Setup, Summary};
use trace::Trace;

/// Lowest frames that a report lists.
const WORST_FRAMES: usize = 5;

/// Score a libvmaf log, or a distorted video against its reference
#[derive(Debug, clap::Args)]
#[command(override_usage = "vmaf-fr score [OPTIONS] LOG.json\n       \
                            vmaf-fr score [OPTIONS] --reference VIDEO --distorted VIDEO")]
pub struct Args {
    /// libvmaf's JSON log, by 'vmaf --json' or FFmpeg's libvmaf filter; - reads standard input
    #[arg(value_name = "LOG.json", required_unless_present_all = ["reference", "distorted"])]
    log: Option<PathBuf>,
    #[command(flatten)]
    videos: measure::MeasureArgs,

    #[command(flatten)]
    encode: EncodeArgs,

    /// An .onnx file with its card beside it, a card, or builtin:ID; the built-in release model by default
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
    let config = Config { disable_clip: args.disable_clip, ..args.engine.config() };
    let mut scorer = Scorer::open(args.model.as_deref(), &config)?;
    let input = Input::open(args, scorer.feature_names())?;
    score_log(args, &mut scorer, input)
}

/// Scores a log and reports.
fn score_log(args: &Args, scorer: &mut Scorer, input: Input) -> Result<(), Failure> {
    let notes = args.notes;
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
    // With --strict a model that takes missing features is treated as one that does not.
    let accepts_missing = accepts_missing(scorer) && !args.notes.strict;
    let policy = if accepts_missing { NotANumber::Missing } else { NotANumber::Refused };
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
        let mut results = Vec::new();
        let mut codec_ids = Vec::new();
        let mut incomplete = false;
        facts = blocks::read(log, features.len(), |block| {
            incomplete |= block.incomplete;
            if incomplete && !accepts_missing {
                // The rest of the log is read only to say what is missing where.
                return Ok(());
            }
            score_block(scorer, name, &features, block, codec_id, &mut codec_ids, &mut results)?;
            for (frame, score) in block.frames.iter().zip(&results) {
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
        let missing = missing::missing(&features, &facts);
        if !missing.is_empty() {
            if accepts_missing {
                missing::note_missing(notes, name, &setup.model.id, &features, &missing);
            } else {
                return Err(missing::lacks(name, &setup.model.id, &features, &missing));
            }
        }
        let summary = Summary {
            libvmaf_version: facts.version,
            frames: facts.frames,
            missing: missing.into_iter().map(|one| (one.feature, one.frames)).collect(),
            pooled: Method::ALL.map(|method| (method, pool.pooled(method))),
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

fn score_block(
    scorer: &mut Scorer,
    name: &str,
    features: &[String],
    block: &Block,
    codec_id: Option<i32>,
    codec_ids: &mut Vec<i32>,
    results: &mut Vec<Score>,
) -> Result<(), Failure> {
    const NO_SCORE: Score =
        Score { score: f64::NAN, stddev: f64::NAN, ci95_low: f64::NAN, ci95_high: f64::NAN };
    let n = block.frames.len();
    if block.incomplete {
        // The mean of every feature would score like an average video, whatever the frame shows.
        let rows = block.features.chunks_exact(features.len());
        for (frame, row) in block.frames.iter().zip(rows) {
            if row.iter().all(|value| value.is_nan()) {
                return Err(Failure::new(format_args!(
                    "{name}: frame {frame} has none of the model's features"
                )));
            }
        }
    }
    results.clear();
    results.resize(n, NO_SCORE);
    let ids = codec_id.map(|id| {
        codec_ids.clear();
        codec_ids.resize(n, id);
        &codec_ids[..]
    });
    scorer.score(&block.features, ids, results).map_err(|error| {
        let (first, last) = (block.frames.first(), block.frames.last());
        let range =
            first.zip(last).map_or_else(String::new, |(a, b)| format!("frames {a} to {b}: "));
        Failure::new(format_args!("{name}: {range}{error}"))
    })
}
