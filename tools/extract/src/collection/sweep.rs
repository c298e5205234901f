// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Real encodes of any sources by every encoder of the vocabulary.

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::LazyLock;

use anyhow::{Context as _, Result, bail};
use clap::Args;

use crate::encode::{Encode, Encoder};
use crate::inputs::stem;
use crate::options::{MeasuringOptions, OutputOptions};
use crate::task::{
    ClipTask, CodecLabel, Distorted, EncoderSettings, Listing, Material, OptionalColumns,
    TargetMetric,
};

/// Encodes every source with every encoder, preset, CRF and height, and measures each against its source
#[derive(Debug, Args)]
pub(crate) struct SweepArgs {
    /// Pristine clips: Y4M, or anything else that ffmpeg decodes; a file's name without extension is its `source`
    #[arg(value_name = "SOURCES", required = true)]
    sources: Vec<PathBuf>,
    /// Encoders of the vocabulary
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', value_parser = Encoder::from_str,
          default_value = ENCODERS.as_str())]
    encoders: Vec<Encoder>,
    #[arg(long, value_name = "[ENCODER=]N,...", help = CRF_HELP.as_str())]
    crf: Vec<PerEncoder>,
    #[arg(long, value_name = "[ENCODER=]NAME,...", help = PRESET_HELP.as_str())]
    preset: Vec<PerEncoder>,
    /// Encode at these heights (bicubic, aspect ratio kept) and scale back for the measurement [default: the source's]
    #[arg(long, value_name = "N,...", value_delimiter = ',', value_parser = clap::value_parser!(u32).range(16..=8192))]
    height: Vec<u32>,
    /// Take only so many frames from the start of each source
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    frames: Option<u64>,
    /// Also score every frame with a metric that is not a function of the features, in a column of that name
    #[arg(long, value_enum)]
    target: Option<TargetMetric>,
    #[command(flatten)]
    pub(crate) output: OutputOptions,
    #[command(flatten)]
    pub(crate) measuring: MeasuringOptions,
}

static ENCODERS: LazyLock<String> = LazyLock::new(|| Encoder::ALL.map(Encoder::name).join(","));

static CRF_HELP: LazyLock<String> = LazyLock::new(|| {
    format!(
        "Qualities, for all encoders or for one; libvvenc takes them as QP. May be repeated [default: {}]",
        defaults(Encoder::default_crfs)
    )
});

static PRESET_HELP: LazyLock<String> = LazyLock::new(|| {
    format!(
        "Presets, for all encoders or for one. May be repeated [default: {}]",
        defaults(Encoder::default_presets)
    )
});

/// The defaults of every encoder; encoders with the same stand together.
fn defaults(of: fn(Encoder) -> &'static [&'static str]) -> String {
    let mut groups: Vec<(Vec<&str>, &[&str])> = Vec::new();
    for encoder in Encoder::ALL {
        match groups.iter_mut().find(|(_, values)| *values == of(encoder)) {
            Some((names, _)) => names.push(encoder.name()),
            None => groups.push((vec![encoder.name()], of(encoder))),
        }
    }
    let text = |(names, values): &(Vec<&str>, &[&str])| {
        format!("{} {}", names.join(", "), values.join(","))
    };
    groups.iter().map(text).collect::<Vec<_>>().join("; ")
}

/// A list for every encoder, or for one.
#[derive(Debug, Clone)]
struct PerEncoder {
    encoder: Option<Encoder>,
    values: Vec<String>,
}

impl FromStr for PerEncoder {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (encoder, list) = match text.split_once('=') {
            Some((name, list)) => (Some(name.parse()?), list),
            None => (None, text),
        };
        let values: Vec<String> = list.split(',').map(|v| v.trim().to_owned()).collect();
        if values.iter().any(String::is_empty) {
            return Err("an empty value in the list".to_owned());
        }
        Ok(Self { encoder, values })
    }
}

/// What was said of this encoder last, else of all of them, else the default.
fn chosen(given: &[PerEncoder], encoder: Encoder, default: &[&str]) -> Vec<String> {
    let last = |of: Option<Encoder>| given.iter().rev().find(|g| g.encoder == of);
    last(Some(encoder))
        .or_else(|| last(None))
        .map_or_else(|| default.iter().map(|&v| v.to_owned()).collect(), |g| g.values.clone())
}

pub(crate) fn list(args: &SweepArgs) -> Result<Listing> {
    let encodes = encodes(args)?;
    let mut tasks = Vec::new();
    for path in &args.sources {
        if !path.is_file() {
            bail!("{} is not a file", path.display());
        }
        let source = stem(path)?;
        for encode in &encodes {
            let height = encode.height.map_or_else(String::new, |h| format!("_{h}p"));
            tasks.push(ClipTask {
                key: format!(
                    "{source}__{}_{}_{}{height}",
                    encode.encoder.name(),
                    encode.preset,
                    encode.crf
                ),
                source: source.clone(),
                label: CodecLabel::Given(encode.encoder.name().to_owned()),
                reference: Material::File(path.clone()),
                distorted: Distorted::Encoded(encode.clone()),
                settings: EncoderSettings {
                    preset: Some(encode.preset.clone()),
                    crf: Some(encode.crf),
                    height: encode.height,
                },
                mos: None,
                expected: None,
                target: args.target,
            });
        }
    }
    let columns = OptionalColumns {
        settings: true,
        ssimulacra2: args.target.is_some(),
        ..OptionalColumns::default()
    };
    Ok(Listing { collection: "sweep", tasks, columns, caution: None })
}

fn encodes(args: &SweepArgs) -> Result<Vec<Encode>> {
    for (option, given) in [("--crf", &args.crf), ("--preset", &args.preset)] {
        for encoder in given.iter().filter_map(|g| g.encoder) {
            if !args.encoders.contains(&encoder) {
                bail!("{option} names {}, which is not among --encoders", encoder.name());
            }
        }
    }
    let heights: Vec<Option<u32>> = if args.height.is_empty() {
        vec![None]
    } else {
        args.height.iter().copied().map(Some).collect()
    };
    let mut encodes = Vec::new();
    for &encoder in &args.encoders {
        for preset in chosen(&args.preset, encoder, encoder.default_presets()) {
            encoder.check_preset(&preset)?;
            for crf in chosen(&args.crf, encoder, encoder.default_crfs()) {
                let crf = encoder
                    .parse_crf(&crf)
                    .with_context(|| format!("--crf for {}", encoder.name()))?;
                for &height in &heights {
                    let mut encode = Encode::new(encoder, &preset, crf, height);
                    encode.frames = args.frames;
                    encodes.push(encode);
                }
            }
        }
    }
    Ok(encodes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_encoder_wins_over_all() {
        let given: Vec<PerEncoder> =
            ["20,30", "x265=1,2,3", "40"].iter().map(|t| t.parse().unwrap()).collect();
        assert_eq!(chosen(&given, Encoder::X264, &["0"]), ["40"]);
        assert_eq!(chosen(&given, Encoder::X265, &["0"]), ["1", "2", "3"]);
        assert_eq!(chosen(&[], Encoder::X265, &["0"]), ["0"]);
        assert!("x263=1".parse::<PerEncoder>().is_err());
        assert!("1,,2".parse::<PerEncoder>().is_err());
    }
}
