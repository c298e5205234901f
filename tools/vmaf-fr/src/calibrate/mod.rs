// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `vmaf-fr calibrate`: fits a model's scale to a laboratory's own rated clips.

mod card;
mod clips;
#[cfg(test)]
mod experiment;
mod fit;

use std::collections::BTreeSet;
use std::path::PathBuf;

use serde_json::json;
use vmaf_fr_v2::Scorer;

use crate::failure::Failure;
use crate::model::EngineArgs;
use card::Source;
use fit::{Clip, Judgement, LOWEST_SLOPE, fit, judge};

/// Fewest rated clips, and fewest contents among them.
const FEWEST: (usize, usize) = (5, 2);
/// Below this number of clips the figures are noted as uncertain.
const FEW: usize = 10;
/// Below this number of contents, too: lines through two or three contents made some tests' errors larger.
const FEW_CONTENTS: usize = 5;
/// A smaller share of ratings inside 95 % intervals, contents left out, is noted.
const LOW_COVERAGE: f64 = 0.9;

/// Fit a model's offset and slope to rated clips of a laboratory's own, and write a card of it
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The model: an id of `vmaf-fr models`, or the path of a card or graph
    model: String,
    #[arg(
        value_name = "RATED",
        help = "Rated clips: a parquet table of frames (as for train; vmaf-fr extract makes one), or a CSV file with the \
                columns log, rating, content and, if the model takes it, codec; logs are relative to it"
    )]
    rated: PathBuf,
    /// Card to write; its graph is put beside it
    #[arg(short, long, value_name = "CARD.json")]
    output: PathBuf,
    /// Column of the ratings in a table
    #[arg(long, value_name = "COLUMN", default_value = "mos")]
    target: String,
    /// Lowest and highest value of the ratings' scale, which become 0 and 100
    #[arg(long, num_args = 2, value_names = ["LOW", "HIGH"], allow_negative_numbers = true)]
    target_range: Option<Vec<f64>>,
    /// Take only the clips of this test of a table: tests use the scale differently
    #[arg(long, value_name = "NAME")]
    dataset: Option<String>,
    /// Column of the contents in a table; else content or source
    #[arg(long, value_name = "COLUMN")]
    content_column: Option<String>,
    #[command(flatten)]
    engine: EngineArgs,
}

pub fn run(args: &Args) -> Result<(), Failure> {
    if args.output.extension().is_none_or(|end| !end.eq_ignore_ascii_case("json")) {
        return Err(Failure::usage("--output: expected a name that ends in .json"));
    }
    if let Some([low, high]) = args.target_range.as_deref()
        && !(low.is_finite() && high.is_finite() && low < high)
    {
        return Err(Failure::usage("--target-range: expected two numbers, the lower one first"));
    }
    let config = vmaf_fr_v2::Config { disable_clip: true, ..args.engine.config() };
    let mut scorer = Scorer::open(Some(&args.model), &config)?;
    let range = scorer.info().score_range;
    let source = Source::read(&args.model)?;
    source.check_output(&args.output)?;
    let scale = source.conformal_scale();
    let clips = clips::scored(args, &mut scorer, source.calibration(), scale)?;
    let clips: Vec<&Clip> = clips.iter().collect();
    let contents = check(args, &clips, range)?;

    let prior = source.components();
    let line = fit(&clips, prior);
    if line.slope < LOWEST_SLOPE {
        return Err(Failure::new(format_args!(
            "{}: the slope is {:.3}: these ratings do not rise with the model's score; nothing was written",
            args.rated.display(),
            line.slope
        )));
    }
    let [before, after] = judge(&clips, prior, range);
    let record = json!({
        "from": scorer.info().id,
        "from_sha256": source.sha256(),
        "clips": clips.len(),
        "contents": contents,
        "before": before,
        "after": after,
        "slope_ci95": line.slope_ends,
        "slope_ci95_of_clips_alone": line.shown_slope_ends,
        "interval_components": prior,
    });
    source.write(&line, &record, &args.output)?;

    println!("score = {:.3} + {:.4} x score of {}", line.offset, line.slope, source.name);
    println!("{} clips of {contents} contents, each content left out:", clips.len());
    println!("                 RMSE     bias   covers   interval's width");
    for (name, judged) in [("before", before), ("after", after)] {
        let Judgement { rmse, bias, coverage, mean_width } = judged;
        println!("  {name:10} {rmse:8.2} {bias:8.2} {coverage:8.2} {mean_width:18.1}");
    }
    for doubt in doubts([clips.len(), contents], &line, before, after) {
        eprintln!("vmaf-fr: note: {doubt}");
    }
    Ok(())
}

/// The number of contents; refuses what nothing can be learned from.
fn check(args: &Args, clips: &[&Clip], [low, high]: [f64; 2]) -> Result<usize, Failure> {
    let contents: BTreeSet<&str> = clips.iter().map(|clip| clip.content.as_str()).collect();
    if clips.len() < FEWEST.0 || contents.len() < FEWEST.1 {
        return Err(Failure::new(format_args!(
            "{}: {} rated clips of {} contents; expected at least {} of {}",
            args.rated.display(),
            clips.len(),
            contents.len(),
            FEWEST.0,
            FEWEST.1
        )));
    }
    if let Some(clip) = clips.iter().find(|clip| !(low..=high).contains(&clip.rating)) {
        return Err(Failure::new(format_args!(
            "{}: content {:?}: rating {} is outside the model's range, {low} to {high} (--target-range?)",
            args.rated.display(),
            clip.content,
            clip.rating
        )));
    }
    Ok(contents.len())
}

/// What the caller should know before using the card.
fn doubts(
    [clips, contents]: [usize; 2],
    line: &fit::Line,
    before: Judgement,
    after: Judgement,
) -> Vec<String> {
    let mut doubts = Vec::new();
    if clips < FEW {
        doubts.push(format!("{clips} clips are few: another {FEW} may move the offset by points"));
    }
    if contents < FEW_CONTENTS {
        doubts.push(format!(
            "{contents} contents are few: the line follows what is peculiar to them; rate clips of more contents"
        ));
    }
    if after.coverage < LOW_COVERAGE {
        doubts.push(format!(
            "the 95 % intervals cover {:.0} % of the ratings of contents left out: they are too narrow",
            100.0 * after.coverage
        ));
    }
    if after.rmse >= before.rmse {
        doubts.push(format!(
            "contents left out are predicted no better than before (RMSE {:.2}, before {:.2}): the clips are too few, or \
             disagree, or the model needs no calibration",
            after.rmse, before.rmse
        ));
    }
    if line.shown_slope_ends[0] <= 0.0 {
        doubts.push(format!(
            "these clips do not show that ratings rise with the score: by them alone the slope's 95 % interval is {:.2} to \
             {:.2}",
            line.shown_slope_ends[0], line.shown_slope_ends[1]
        ));
    }
    doubts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_doubt_has_its_reason() {
        let line = |lowest: f64| fit::Line {
            offset: 5.0,
            slope: 1.0,
            slope_ends: [0.8, 1.2],
            shown_slope_ends: [lowest, 1.3],
            stddev: 10.0,
            conformal_scale: 1.1,
        };
        let judged =
            |rmse: f64, coverage: f64| Judgement { rmse, bias: 0.0, coverage, mean_width: 40.0 };
        let before = judged(20.0, 0.99);
        let good = judged(12.0, 0.95);
        assert_eq!(doubts([FEW, FEW_CONTENTS], &line(0.7), before, good), [""; 0]);
        for (sizes, lowest, after, expected) in [
            ([9, 5], 0.7, good, "9 clips are few"),
            ([20, 4], 0.7, good, "4 contents are few"),
            ([20, 5], 0.7, judged(12.0, 0.85), "cover 85 % of the ratings"),
            ([20, 5], 0.7, judged(20.0, 0.95), "no better than before"),
            ([20, 5], -0.1, good, "do not show that ratings rise"),
        ] {
            let found = doubts(sizes, &line(lowest), before, after);
            assert!(found.len() == 1 && found[0].contains(expected), "{expected}: {found:?}");
        }
    }
}
