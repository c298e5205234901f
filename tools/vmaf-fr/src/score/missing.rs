// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What to tell somebody whose log lacks features: which, and how to measure them.

use std::fmt::Write;

use vmaf_fr_measure::extractors::{Extractor, extractor};
use vmaf_fr_measure::run::VMAF_MODEL;

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
        // The VMAF model below runs these two itself, with their default options.
        if !matches!(one.name, "adm" | "vif") && !extractors.contains(&one) {
            extractors.push(one);
        }
    }
    let _ = write!(
        text,
        "Measure the clip with one of these, then score the log that it writes:\n\n  {}\n\n  {}\n",
        vmaf_command(&extractors),
        ffmpeg_command(&extractors)
    );
    text
}

/// `vmaf` reads Y4M and raw YUV only.
fn vmaf_command(extractors: &[Extractor]) -> String {
    let mut command = format!(
        "vmaf --reference REFERENCE.y4m --distorted DISTORTED.y4m --model version={VMAF_MODEL}"
    );
    for extractor in extractors {
        let _ = write!(command, " --feature {}", extractor.name);
        if let Some((option, value)) = extractor.option {
            let _ = write!(command, "={option}={value}");
        }
    }
    command + " --json --output LOG.json"
}

/// The filter's first input is the distorted video. Equal timestamps pair frames by their number, as `vmaf` does.
fn ffmpeg_command(extractors: &[Extractor]) -> String {
    let features: Vec<String> = extractors
        .iter()
        .map(|extractor| match extractor.option {
            Some((option, value)) => format!(r"name={}\:{option}={value}", extractor.name),
            None => format!("name={}", extractor.name),
        })
        .collect();
    let features = match features.join("|") {
        none if none.is_empty() => none,
        features => format!(":feature='{features}'"),
    };
    format!(
        "ffmpeg -i DISTORTED.mp4 -i REFERENCE.mp4 -filter_complex \
         \"[0:v]settb=1/25,setpts=N[d];[1:v]settb=1/25,setpts=N[r];\
         [d][r]libvmaf=shortest=1:model=version={VMAF_MODEL}{features}:log_fmt=json:log_path=LOG.json\" -f null -"
    )
}
