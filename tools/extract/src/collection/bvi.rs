// SPDX-License-Identifier: BSD-2-Clause-Patent
//! BVI-DVC: 10-bit sources in one archive, at four sizes ("tiers"); the distorted side is made here.

use std::fs::File;
use std::path::PathBuf;

use anyhow::{Context as _, Result, bail};
use clap::{Args, ValueEnum};

use crate::codec::codec_label;
use crate::encode::{Encode, Encoder};
use crate::options::{MeasuringOptions, OutputOptions};
use crate::task::{
    ClipTask, CodecLabel, Distorted, EncoderSettings, ExpectedVideo, Listing, Material,
    OptionalColumns,
};

/// BVI-DVC: entries `*/Videos/<T>..._<w>x<h>_<fps>fps_10bit_420.mp4` of its archive, against x264 at CRF 35, preset fast
#[derive(Debug, Args)]
pub(crate) struct BviArgs {
    #[arg(value_name = "ARCHIVE.zip")]
    archive: PathBuf,
    /// Sizes to take: A 3840x2176, B 1920x1088, C 960x544, D 480x272
    #[arg(long, value_enum, default_value = "all")]
    tier: Tier,
    /// Codec label of the distorted clips; x264 makes them
    #[arg(long, value_name = "NAME", default_value = "x264", value_parser = codec_label)]
    codec: String,
    #[command(flatten)]
    pub(crate) output: OutputOptions,
    #[command(flatten)]
    pub(crate) measuring: MeasuringOptions,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Tier {
    #[value(name = "A")]
    A,
    #[value(name = "B")]
    B,
    #[value(name = "C")]
    C,
    #[value(name = "D")]
    D,
    All,
}

impl Tier {
    fn takes(self, letter: char) -> bool {
        match self {
            Self::A => letter == 'A',
            Self::B => letter == 'B',
            Self::C => letter == 'C',
            Self::D => letter == 'D',
            Self::All => true,
        }
    }
}

pub(crate) fn list(args: &BviArgs) -> Result<Listing> {
    let open = || format!("cannot read the archive {}", args.archive.display());
    let archive =
        zip::ZipArchive::new(File::open(&args.archive).with_context(open)?).with_context(open)?;
    // A name that is not text is not one of the dataset's.
    let mut names: Vec<String> =
        archive.file_names().filter_map(|name| Some(name.ok()?.into_owned())).collect();
    names.sort_unstable();
    let mut tasks = Vec::new();
    let mut other_tiers = 0;
    for name in names {
        let Some(entry) = BviVideo::parse(&name) else { continue };
        if !args.tier.takes(entry.tier) {
            other_tiers += 1;
            continue;
        }
        tasks.push(ClipTask {
            key: entry.key.to_owned(),
            // The same scene at another size is the same content: without its tier letter.
            source: entry.source.to_owned(),
            label: CodecLabel::Given(args.codec.clone()),
            reference: Material::ZipEntry { archive: args.archive.clone(), name: name.clone() },
            distorted: Distorted::Encoded(Encode::new(Encoder::X264, "fast", 35.0, None)),
            settings: EncoderSettings::default(),
            mos: None,
            expected: Some(ExpectedVideo {
                width: entry.width,
                height: entry.height,
                bit_depth: 10,
            }),
            target: None,
        });
    }
    if tasks.is_empty() {
        bail!(
            "{}: no entries */Videos/<T>..._<w>x<h>_<fps>fps_10bit_420.mp4 {}",
            args.archive.display(),
            if other_tiers > 0 {
                format!("of that tier ({other_tiers} of others)")
            } else {
                format!("among its {} entries", archive.len())
            }
        );
    }
    Ok(Listing { collection: "bvi-dvc", tasks, columns: OptionalColumns::default(), caution: None })
}

#[derive(Debug, PartialEq, Eq)]
struct BviVideo<'a> {
    key: &'a str,
    tier: char,
    source: &'a str,
    width: u32,
    height: u32,
}

impl<'a> BviVideo<'a> {
    fn parse(name: &'a str) -> Option<Self> {
        let (folder, file) = name.rsplit_once('/')?;
        if folder.rsplit('/').next() != Some("Videos") {
            return None;
        }
        let key = file.strip_suffix(".mp4")?;
        let (rest, rate) = key.strip_suffix("_10bit_420")?.rsplit_once('_')?;
        rate.strip_suffix("fps")?.parse::<f64>().ok()?;
        let (title, size) = rest.rsplit_once('_')?;
        let (width, height) = size.split_once('x')?;
        let tier = title.chars().next().filter(|c| ('A'..='D').contains(c))?;
        let source = &title[1..];
        (!source.is_empty()).then_some(Self {
            key,
            tier,
            source,
            width: width.parse().ok()?,
            height: height.parse().ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries() {
        let entry =
            BviVideo::parse("BVI-DVC/Videos/CBangkokMarketVidevo_960x544_25fps_10bit_420.mp4")
                .unwrap();
        assert_eq!((entry.tier, entry.source), ('C', "BangkokMarketVidevo"));
        assert_eq!((entry.width, entry.height), (960, 544));
        for other in [
            "BVI-DVC/Videos/",
            "BVI-DVC/readme.txt",
            "Videos/EUnknownTier_960x544_25fps_10bit_420.mp4",
            "BVI-DVC/Other/CBangkok_960x544_25fps_10bit_420.mp4",
            "BVI-DVC/Videos/CBangkok_960x544_25fps_8bit_420.mp4",
            "CBangkok_960x544_25fps_10bit_420.mp4",
        ] {
            assert_eq!(BviVideo::parse(other), None, "{other}");
        }
    }
}
