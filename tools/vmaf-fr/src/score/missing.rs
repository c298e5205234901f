// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What a log lacks, frames or features, and what is said about it: which, and how to measure them.

use std::fmt::Write;

use vmaf_fr_measure::command;
use vmaf_fr_v2::catalogue;

use super::blocks::LogFacts;
use crate::failure::{Failure, Notes};

/// A feature that is missing in some frames of a log.
#[derive(Debug, Clone)]
pub struct Missing {
    pub feature: String,
    /// Among the model's features.
    pub index: usize,
    /// In how many frames, and in which first.
    pub frames: u64,
    pub first: u32,
    pub everywhere: bool,
}

/// The features that are missing in some frame, in the model's order.
pub fn missing(features: &[String], facts: &LogFacts) -> Vec<Missing> {
    let mut missing = Vec::new();
    for (index, (feature, presence)) in features.iter().zip(&facts.presence).enumerate() {
        let first =
            [presence.first_absent, presence.first_not_a_number].into_iter().flatten().min();
        if let Some((first, _)) = first {
            missing.push(Missing {
                feature: feature.clone(),
                index,
                frames: presence.absent + presence.not_a_number,
                first,
                everywhere: presence.absent == facts.frames.count,
            });
        }
    }
    missing
}

/// Refuses a log without frames; notes frames that it skips.
pub fn check_frames(notes: &Notes, name: &str, facts: &LogFacts) -> Result<(), Failure> {
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

/// For a model that can do without them.
pub fn note_missing(
    notes: &Notes,
    name: &str,
    model: &str,
    features: &[String],
    missing: &[Missing],
) {
    let (everywhere, some): (Vec<_>, Vec<_>) = missing.iter().partition(|one| one.everywhere);
    if !everywhere.is_empty() {
        let names: Vec<&str> = everywhere.iter().map(|one| one.feature.as_str()).collect();
        notes.say(format_args!(
            "{name}: lacks {} of the {} features of {model} ({}); it estimates them from the others, which is less exact \
             (--strict refuses, and says how to measure them)",
            names.len(),
            features.len(),
            names.join(", ")
        ));
    }
    for one in some {
        notes.say(format_args!(
            "{name}: {} is missing in {} frames, first in frame {}; {model} estimates it from the others there",
            one.feature, one.frames, one.first
        ));
    }
}

/// For a model that needs every value. A feature that is missing everywhere was not measured, which has an exit status
/// of its own; one that is missing in some frames only makes a bad log.
pub fn lacks(name: &str, model: &str, features: &[String], missing: &[Missing]) -> Failure {
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
    Failure::missing_features(advice(name, model, features, &everywhere))
}

/// The list of missing features and the command lines that produce all that the model needs.
fn advice(log: &str, model: &str, features: &[String], missing: &[Missing]) -> String {
    let mut text = format!(
        "{log}: lacks {} of the {} features that {model} needs:\n",
        missing.len(),
        features.len()
    );
    let width = missing.iter().map(|one| one.feature.len()).max().unwrap_or(0);
    for one in missing {
        let source = catalogue::feature(&one.feature).map_or_else(
            || "no extractor of libvmaf's writes it".to_owned(),
            |feature| format!("libvmaf's extractor {}", feature.extractor.name),
        );
        let _ = writeln!(text, "  {:width$}  {source}", one.feature);
    }
    let extractors = catalogue::extractors(features);
    let _ = write!(
        text,
        "Measure the clip with one of these, then score the log that it writes:\n\n  {}\n\n  {}\n",
        command::vmaf::example(&extractors),
        command::ffmpeg::example(&extractors)
    );
    text
}
