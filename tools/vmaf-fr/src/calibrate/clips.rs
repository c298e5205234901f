// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Rated clips, from a table of frames or from a list of logs, scored.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::BufReader;
use std::path::Path;

use serde::Deserialize;
use vmaf_fr_files::parent;
use vmaf_fr_measure::log::LogReader;
use vmaf_fr_train::corpus::{Corpus, CorpusSource, Selection};
use vmaf_fr_v2::catalogue::{UNKNOWN, Vocabulary};
use vmaf_fr_v2::{Score, Scorer, Z95};

use super::Args;
use super::fit::Clip;
use crate::failure::Failure;

/// A clip's frames, and what is said of it.
struct Rated {
    name: String,
    content: String,
    codec: String,
    rating: f64,
    rows: Vec<f32>,
}

/// A line of the list of logs.
#[derive(Deserialize)]
struct Line {
    log: String,
    rating: f64,
    content: String,
    #[serde(default)]
    codec: String,
}

/// Reads the rated clips and scores them. `calibration` is the card's offset, slope and deviation, `conformal_scale` its own.
pub fn scored(
    args: &Args,
    scorer: &mut Scorer,
    calibration: [f64; 3],
    conformal_scale: f64,
) -> Result<Vec<Clip>, Failure> {
    let features = scorer.feature_names().to_vec();
    let is_list = args.rated.extension().is_some_and(|end| end.eq_ignore_ascii_case("csv"));
    if is_list && args.dataset.is_some() {
        return Err(Failure::usage("--dataset: a list of logs has no tests; expected a table"));
    }
    let clips = if is_list { of_logs(args, &features)? } else { of_table(args, &features)? };
    // Of a table, its summary says so.
    if is_list && scorer.info().codec_aware {
        note_unknown_codecs(&clips);
    }
    clips.iter().map(|clip| score(clip, scorer, calibration, conformal_scale)).collect()
}

fn note_unknown_codecs(clips: &[Rated]) {
    let vocabulary = Vocabulary::v1();
    let unknown: BTreeSet<&str> = clips
        .iter()
        .map(|clip| clip.codec.as_str())
        .filter(|codec| !codec.eq_ignore_ascii_case(UNKNOWN) && !vocabulary.knows(codec))
        .collect();
    for codec in unknown {
        let n = clips.iter().filter(|clip| clip.codec == codec).count();
        eprintln!(
            "vmaf-fr: note: codec {codec:?} of {n} clips is none of the vocabulary's: unknown"
        );
    }
}

fn of_table(args: &Args, features: &[String]) -> Result<Vec<Rated>, Failure> {
    let source = CorpusSource {
        content_column: args.content_column.clone(),
        target_range: args.target_range.as_ref().map(|range| [range[0], range[1]]),
        ..CorpusSource::new("rated", &args.rated, &args.target)
    };
    // All frames, as `vmaf-fr score` takes them: the calibration is of its scores.
    let selection = Selection { features, ..Selection::default() };
    let corpus = Corpus::read_all(&[source], &selection).map_err(anyhow::Error::from)?;
    eprint!("{}", corpus.summary());
    let datasets: BTreeSet<&str> = corpus.clips.iter().map(|clip| clip.dataset.as_str()).collect();
    match &args.dataset {
        Some(name) if !datasets.contains(name.as_str()) => {
            return Err(Failure::new(format_args!(
                "{}: no dataset {name:?}; it has {}",
                args.rated.display(),
                Vec::from_iter(datasets).join(", ")
            )));
        }
        None if datasets.len() > 1 => eprintln!(
            "vmaf-fr: note: {} tests in one table, each with its own use of the scale: --dataset takes one of them",
            datasets.len()
        ),
        _ => {}
    }
    let taken = |dataset: &String| args.dataset.as_ref().is_none_or(|name| name == dataset);
    Ok(corpus
        .clips
        .iter()
        .filter(|clip| clip.target.is_finite() && taken(&clip.dataset))
        .map(|clip| Rated {
            name: clip.name.clone(),
            content: clip.content.clone(),
            codec: clip.codec.clone(),
            rating: clip.target,
            rows: clip.frames.clone().flat_map(|frame| corpus.frame(frame).to_vec()).collect(),
        })
        .collect())
}

fn of_logs(args: &Args, features: &[String]) -> Result<Vec<Rated>, Failure> {
    let name = args.rated.display();
    let failed = |error: csv::Error| Failure::new(format_args!("{name}: {error}"));
    let mut list =
        csv::ReaderBuilder::new().trim(csv::Trim::All).from_path(&args.rated).map_err(failed)?;
    let mut clips: Vec<Rated> = Vec::new();
    for line in list.deserialize() {
        let line: Line = line.map_err(failed)?;
        let refused =
            |what: String| Err(Failure::new(format_args!("{name}: {}: {what}", line.log)));
        if !line.rating.is_finite() {
            return refused(format!("rating is {}, expected a finite number", line.rating));
        }
        if line.content.is_empty() {
            return refused("content is empty, expected a name".to_owned());
        }
        if clips.iter().any(|clip| clip.name == line.log) {
            return refused("the log is there twice, expected once".to_owned());
        }
        let differ = |clip: &&Rated| {
            clip.content != line.content
                && clip.content.to_lowercase() == line.content.to_lowercase()
        };
        if let Some(clip) = clips.iter().find(differ) {
            return refused(format!(
                "content {:?} and {:?} differ only in case; expected one spelling",
                line.content, clip.content
            ));
        }
        let rating = match args.target_range.as_deref() {
            Some([low, high]) => (line.rating - low) / (high - low) * 100.0,
            _ => line.rating,
        };
        let path = parent(&args.rated).join(&line.log);
        let rows = frames(&path, features)?;
        clips.push(Rated {
            name: line.log,
            content: line.content,
            codec: line.codec,
            rating,
            rows,
        });
    }
    Ok(clips)
}

/// All frames of a log.
fn frames(path: &Path, features: &[String]) -> Result<Vec<f32>, Failure> {
    let file = File::open(path).map_err(|error| Failure::io(path.display(), &error))?;
    let name = path.display().to_string();
    let mut log = LogReader::new(BufReader::new(file), &name, features);
    let mut row = vec![0.0; features.len()];
    let mut rows = Vec::new();
    while log.next_frame(&mut row)?.is_some() {
        rows.extend(row.iter().map(|&value| value as f32));
    }
    if rows.is_empty() {
        return Err(Failure::new(format_args!("{name}: the log has no frames")));
    }
    Ok(rows)
}

fn score(
    clip: &Rated,
    scorer: &mut Scorer,
    [offset, slope, stddev]: [f64; 3],
    conformal_scale: f64,
) -> Result<Clip, Failure> {
    let frames = clip.rows.len() / scorer.feature_names().len();
    let codec = if clip.codec.is_empty() { "unknown" } else { clip.codec.as_str() };
    let ids = vec![scorer.codec_id(codec)?; frames];
    let mut of_frames = vec![Score::NONE; frames];
    scorer
        .score(&clip.rows, Some(&ids), &mut of_frames)
        .map_err(|error| Failure::new(format_args!("clip {:?}: {error}", clip.name)))?;
    let mean =
        |value: &dyn Fn(&Score) -> f64| of_frames.iter().map(value).sum::<f64>() / frames as f64;
    let score = mean(&|s| s.score);
    // A model without deviation has none before it is calibrated.
    let known = |value: f64| if value.is_nan() { 0.0 } else { value };
    let deviation = known(mean(&|s| s.stddev));
    let half = known(mean(&|s| (s.ci95_high - s.ci95_low) / 2.0));
    let factor = if deviation > 0.0 { half / (Z95 * deviation * conformal_scale) } else { 1.0 };
    let own = (deviation * deviation - stddev * stddev).max(0.0).sqrt() / slope;
    Ok(Clip {
        score: (score - offset) / slope,
        // What is left of rounding is no deviation.
        deviation: if own < 1e-6 * deviation { 0.0 } else { own },
        factor,
        before: [score, half],
        rating: clip.rating,
        content: clip.content.clone(),
    })
}
