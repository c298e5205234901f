// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `vmaf-fr score`: a libvmaf log, or two videos, in; a quality score out.

mod blocks;
mod measure;
mod missing;
mod plot;
mod pool;
mod report;
mod trace;

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use vmaf_fr_measure::log::{LogReader, NotANumber};
use vmaf_fr_v2::{Config, Score, Scorer};

use crate::failure::{Failure, Notes, Status};
use crate::model::{EngineArgs, accepts_missing};
use crate::output::Output;
use blocks::{Block, LogFacts};
use pool::{Method, Pool};
use report::{Clip, Format, Setup};
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

    /// Codec or encoder that made the distorted video, such as x264, hevc, libsvtav1
    #[arg(long, value_name = "NAME", help_heading = "Encode")]
    codec: Option<String>,
    /// The encoder's preset, for models that take it
    #[arg(long, value_name = "PRESET", requires = "codec", help_heading = "Encode")]
    preset: Option<String>,
    /// The encoder's constant rate factor, for models that take it
    #[arg(long, value_name = "N", requires = "codec", help_heading = "Encode")]
    crf: Option<f64>,

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

/// Where a log comes from.
struct Input<R> {
    source: report::Source,
    /// The log's name in messages.
    name: String,
    title: String,
    bytes: R,
    codec: Option<String>,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    let notes = args.notes;
    let mut scorer = open(args)?;
    match &args.log {
        None => {
            let measured = measure::measure(
                &args.videos,
                notes,
                scorer.feature_names(),
                args.codec.is_none(),
            )?;
            let input = Input {
                source: measured.source(),
                name: measured.name(),
                title: measured.title(),
                bytes: measured.open()?,
                codec: args.codec.clone().or_else(|| measured.codec().map(str::to_owned)),
            };
            score_log(args, notes, &mut scorer, input)
        }
        Some(path) if path == Path::new("-") => {
            let name = "standard input".to_owned();
            let codec = args.codec.clone();
            let source = report::Source::Log("-".to_owned());
            let title = name.clone();
            let input = Input { source, name, title, bytes: io::stdin(), codec };
            score_log(args, notes, &mut scorer, input)
        }
        Some(path) => {
            let name = path.display().to_string();
            let bytes = File::open(path).map_err(|error| Failure::io(&name, &error))?;
            let input = Input {
                source: report::Source::Log(name.clone()),
                title: title(path),
                name,
                bytes,
                codec: args.codec.clone(),
            };
            score_log(args, notes, &mut scorer, input)
        }
    }
}

/// A file's name without its folder.
fn title(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn open(args: &Args) -> Result<Scorer, Failure> {
    let config = Config { disable_clip: args.disable_clip, ..args.engine.config() };
    Ok(Scorer::open(args.model.as_deref(), &config)?)
}

/// Scores a log and reports.
fn score_log<R: Read + Send>(
    args: &Args,
    notes: Notes,
    scorer: &mut Scorer,
    input: Input<R>,
) -> Result<(), Failure> {
    let name = input.name.as_str();
    let codec_id = set_codec(args, notes, scorer, input.codec.as_deref())?;
    let features = scorer.feature_names().to_vec();
    let model = model_of(scorer);
    let setup = Setup {
        source: input.source,
        name: input.title,
        codec: input.codec,
        preset: args.preset.clone(),
        crf: args.crf,
        pool: args.pool,
        model,
    };
    // With --strict what is missing is reported as it is for a model that needs every value.
    let accepts_missing = accepts_missing(scorer) && !args.notes.strict;
    let policy = if accepts_missing { NotANumber::Missing } else { NotANumber::Refused };
    let log = LogReader::new(input.bytes, name, &features).not_a_number(policy);

    let mut output = Output::create(args.output.as_deref())?;
    let mut plot = args.plot.as_deref().map(|path| Output::create(Some(path))).transpose()?;
    let mut pool = Pool::new();
    let mut trace = Trace::new();
    let facts;
    let clip = {
        let mut written = Ok(());
        let mut report = report::start(args.format, &mut output, &setup, args.frames)
            .map_err(|error| Failure::io("the report", &error))?;
        let mut results = Vec::new();
        let mut codec_ids = Vec::new();
        let mut incomplete = false;
        facts = blocks::read(log, features.len(), |block| {
            incomplete |= block.incomplete;
            if incomplete && !accepts_missing {
                // The log is read on, only to tell what is missing where.
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
        check_frames(notes, name, &facts)?;
        let missing = missing::missing(&features, &facts);
        if !missing.is_empty() {
            if accepts_missing {
                note_missing(notes, name, &setup.model.id, &features, &missing);
            } else {
                return Err(lacks(name, &setup.model.id, &features, &missing));
            }
        }
        let clip = Clip {
            libvmaf_version: facts.version,
            frames: facts.frames,
            missing: missing.into_iter().map(|one| (one.feature, one.frames)).collect(),
            pooled: Method::ALL.map(|method| (method, pool.pooled(method))),
            worst: trace.worst(WORST_FRAMES),
        };
        report.clip(&clip).map_err(|error| Failure::io("the report", &error))?;
        clip
    };
    if let Some(plot) = &mut plot {
        plot::draw(plot, &setup, &clip, &trace)?;
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

/// Resolves the codec and sets what else the model takes of the encode. `None`: unknown for every frame.
fn set_codec(
    args: &Args,
    notes: Notes,
    scorer: &mut Scorer,
    codec: Option<&str>,
) -> Result<Option<i32>, Failure> {
    let info = scorer.info();
    if !info.codec_aware {
        if args.codec.is_some() {
            notes.doubt(format_args!("{} is codec-blind: --codec has no effect", info.id))?;
        }
        return Ok(None);
    }
    let Some(name) = codec else {
        notes.say(format_args!(
            "{} is codec-aware and the codec is not named: scored as 'unknown' (--codec; it knows {})",
            info.id,
            scorer.codec_names().join(", ")
        ));
        return Ok(None);
    };
    let id = scorer.codec_id(name)?;
    let is_unknown = |name: &str| name.trim().eq_ignore_ascii_case("unknown");
    let resolved = usize::try_from(id).ok().and_then(|id| scorer.codec_names().get(id));
    if resolved.is_some_and(|resolved| is_unknown(resolved)) && !is_unknown(name) {
        notes.doubt(format_args!(
            "{} does not know the codec '{name}': scored as 'unknown' (it knows {})",
            info.id,
            scorer.codec_names().join(", ")
        ))?;
    }
    if args.preset.is_some() || args.crf.is_some() {
        match scorer.set_encode(id, args.preset.as_deref(), args.crf) {
            Err(error) if error.kind() == vmaf_fr_v2::ErrorKind::Unsupported => {
                notes.doubt(format_args!(
                    "{} takes no preset and no crf: they have no effect",
                    info.id
                ))?;
            }
            other => other?,
        }
    }
    Ok(Some(id))
}

fn model_of(scorer: &Scorer) -> report::Model {
    let info = scorer.info();
    report::Model {
        id: info.id,
        status: info.status,
        engine: match info.engine {
            vmaf_fr_v2::EngineChoice::OnnxRuntime => "onnxruntime",
            _ => "embedded",
        },
        engine_version: info.engine_version,
        codec_aware: info.codec_aware,
        has_variance: info.has_variance,
        n_members: info.n_members,
        n_features: scorer.feature_names().len(),
    }
}

fn check_frames(notes: Notes, name: &str, facts: &LogFacts) -> Result<(), Failure> {
    let frames = &facts.frames;
    if frames.count == 0 {
        return Err(Failure::new(format_args!("{name}: the log has no frames")));
    }
    if frames.gap_count > 0 {
        let gaps: Vec<String> = frames
            .gaps
            .iter()
            .map(|gap| format!("between {} and {}", gap.after, gap.before))
            .collect();
        let more = if frames.gap_count as usize > gaps.len() { ", ..." } else { "" };
        notes.doubt(format_args!(
            "{name}: frames are skipped in {} places ({}{more}); what is there was scored",
            frames.gap_count,
            gaps.join(", ")
        ))?;
    }
    Ok(())
}

fn note_missing(
    notes: Notes,
    name: &str,
    model: &str,
    features: &[String],
    missing: &[missing::Missing],
) {
    let (everywhere, some): (Vec<_>, Vec<_>) = missing.iter().partition(|one| one.everywhere);
    if !everywhere.is_empty() {
        let names: Vec<&str> = everywhere.iter().map(|one| one.feature.as_str()).collect();
        notes.say(format_args!(
            "{name}: lacks {} of the {} features of {model} ({}); it takes their mean, which is less exact \
             (--strict refuses, and says how to measure them)",
            names.len(),
            features.len(),
            names.join(", ")
        ));
    }
    for one in some {
        notes.say(format_args!(
            "{name}: {} is missing in {} frames, first in frame {}; {model} takes its mean there",
            one.feature, one.frames, one.first
        ));
    }
}

/// What is missing everywhere was not measured: exit status 2. What is missing in some frames only is a bad log.
fn lacks(name: &str, model: &str, features: &[String], missing: &[missing::Missing]) -> Failure {
    let everywhere: Vec<_> = missing.iter().filter(|one| one.everywhere).cloned().collect();
    if everywhere.is_empty() {
        let lines: Vec<String> = missing
            .iter()
            .map(|one| {
                format!(
                    "{name}: frame {}: {}: the value is missing (as in {} frames in all), and {model} needs it",
                    one.first, one.feature, one.frames
                )
            })
            .collect();
        return Failure::new(lines.join("\n"));
    }
    Failure::Message(Status::MissingFeatures, missing::advice(name, model, features, &everywhere))
}
