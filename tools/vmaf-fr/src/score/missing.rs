// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What to tell somebody whose log lacks features: which, and how to measure them.

use std::fmt::Write;

use vmaf_fr_measure::command;
use vmaf_fr_measure::extractors::{Extractor, extractor};

use super::blocks::LogFacts;

/// A feature that is missing in some frames of a log.
#[derive(Debug, Clone)]
pub struct Missing {
    pub feature: String,
    /// In how many frames, and in which first.
    pub frames: u64,
    pub first: u32,
    pub everywhere: bool,
}

/// The features that are missing in some frame, in the model's order.
pub fn missing(features: &[String], facts: &LogFacts) -> Vec<Missing> {
    let mut missing = Vec::new();
    for (feature, presence) in features.iter().zip(&facts.presence) {
        let first =
            [presence.first_absent, presence.first_not_a_number].into_iter().flatten().min();
        if let Some((first, _)) = first {
            missing.push(Missing {
                feature: feature.clone(),
                frames: presence.absent + presence.not_a_number,
                first,
                everywhere: presence.absent == facts.frames.count,
            });
        }
    }
    missing
}

/// The list of missing features and the command lines that produce all that the model needs.
pub fn advice(log: &str, model: &str, features: &[String], missing: &[Missing]) -> String {
    let mut text = format!(
        "{log}: lacks {} of the {} features that {model} needs:\n",
        missing.len(),
        features.len()
    );
    let width = missing.iter().map(|one| one.feature.len()).max().unwrap_or(0);
    for one in missing {
        let source = extractor(&one.feature).map_or_else(
            || "no extractor of libvmaf's writes it".to_owned(),
            |extractor| format!("libvmaf's extractor {}", extractor.name),
        );
        let _ = writeln!(text, "  {:width$}  {source}", one.feature);
    }
    let mut extractors: Vec<Extractor> = Vec::new();
    for one in features.iter().filter_map(|feature| extractor(feature)) {
        if !extractors.contains(&one) {
            extractors.push(one);
        }
    }
    let _ = write!(
        text,
        "Measure the clip with one of these, then score the log that it writes:\n\n  {}\n\n  {}\n",
        command::vmaf::example(&extractors),
        command::ffmpeg::example(&extractors)
    );
    text
}
