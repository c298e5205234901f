// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The Netflix Public dataset: raw references and distorted clips of one geometry, already encoded, decoded and scaled.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use vmaf_fr_measure::video::{FrameRate, PixelFormat, Subsampling};

use crate::codec::codec_label;
use crate::inputs::{files, stem};
use crate::options::{MeasuringOptions, OutputOptions};
use crate::task::{
    ClipTask, CodecLabel, Distorted, EncoderSettings, Listing, Material, OptionalColumns,
};

/// Netflix Public: `DIR/ref/<source>_<fps>fps.yuv`, `DIR/dis/<source>_<n>_<height>_<kbps>.yuv`, 1920x1080 8-bit 4:2:0
#[derive(Debug, Args)]
pub(crate) struct NetflixArgs {
    /// Folder that holds ref/ and dis/
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Codec label of every distorted clip: the dataset does not say which encoder made it
    #[arg(long, value_name = "NAME", default_value = "unknown", value_parser = codec_label)]
    codec: String,
    #[command(flatten)]
    pub(crate) output: OutputOptions,
    #[command(flatten)]
    pub(crate) measuring: MeasuringOptions,
}

const WIDTH: u32 = 1920;
const HEIGHT: u32 = 1080;
const FORMAT: PixelFormat = PixelFormat { subsampling: Subsampling::S420, bit_depth: 8 };

pub(crate) fn list(args: &NetflixArgs) -> Result<Listing> {
    let mut references = BTreeMap::new();
    for path in files(&args.folder.join("ref"), "yuv")? {
        let name = stem(&path)?;
        let (source, rate) = reference_name(&name).with_context(|| {
            format!("{}: expected a name like <source>_<fps>fps.yuv", path.display())
        })?;
        if let Some((_, other)) = references.insert(source.to_owned(), (rate, path.clone())) {
            let other: PathBuf = other;
            bail!("two references of {source}: {} and {}", other.display(), path.display());
        }
    }
    let mut tasks = Vec::new();
    for path in files(&args.folder.join("dis"), "yuv")? {
        let key = stem(&path)?;
        let source = distorted_name(&key).unwrap_or_default().to_owned();
        let (reference, distorted) = match references.get(&source) {
            Some((rate, reference)) => (raw(reference, *rate), raw(&path, *rate)),
            None if source.is_empty() => (
                Material::Broken(
                    "expected a name like <source>_<n>_<height>_<kbps>.yuv".to_owned(),
                ),
                Material::File(path),
            ),
            None => (
                Material::Broken(format!("no reference ref/{source}_<fps>fps.yuv")),
                Material::File(path),
            ),
        };
        tasks.push(ClipTask {
            key,
            source,
            label: CodecLabel::Given(args.codec.clone()),
            reference,
            distorted: Distorted::Given(distorted),
            settings: EncoderSettings::default(),
            mos: None,
            expected: None,
            target: None,
        });
    }
    Ok(Listing {
        collection: "netflix-public",
        tasks,
        columns: OptionalColumns::default(),
        caution: None,
    })
}

fn raw(path: &Path, rate: FrameRate) -> Material {
    Material::Raw { path: path.to_owned(), width: WIDTH, height: HEIGHT, format: FORMAT, rate }
}

/// `<source>_<fps>fps`
fn reference_name(stem: &str) -> Option<(&str, FrameRate)> {
    let (source, rate) = stem.strip_suffix("fps")?.rsplit_once('_')?;
    let rate: f64 = rate.parse().ok().filter(|r| (1.0..=1000.0).contains(r))?;
    // 23.976, 29.97 and 59.94 stand for their NTSC fractions.
    #[expect(clippy::cast_sign_loss, reason = "in 1..=1000")]
    let rate = if rate.fract() == 0.0 {
        FrameRate::new(rate as u32, 1)
    } else {
        FrameRate::new((rate * 1.001).round() as u32 * 1000, 1001)
    };
    (!source.is_empty()).then_some((source, rate?))
}

/// `<source>_<n>_<height>_<kbps>`, of which only the source matters.
fn distorted_name(stem: &str) -> Option<&str> {
    let mut parts = stem.rsplitn(4, '_');
    let numbers = [parts.next()?, parts.next()?, parts.next()?];
    let source = parts.next().filter(|s| !s.is_empty())?;
    numbers.iter().all(|n| n.parse::<u32>().is_ok()).then_some(source)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        assert_eq!(
            reference_name("BigBuckBunny_25fps"),
            Some(("BigBuckBunny", FrameRate::new(25, 1).unwrap()))
        );
        assert_eq!(
            reference_name("a_b_29.97fps"),
            Some(("a_b", FrameRate::new(30000, 1001).unwrap()))
        );
        for bad in ["x_fps", "25fps", "_25fps", "x_25", "x_0fps"] {
            assert_eq!(reference_name(bad), None, "{bad}");
        }
        assert_eq!(distorted_name("BigBuckBunny_20_288_375"), Some("BigBuckBunny"));
        assert_eq!(distorted_name("Old_Town_85_1080_4300"), Some("Old_Town"));
        for bad in ["x_20_288", "x_20_288_high", "_20_288_375"] {
            assert_eq!(distorted_name(bad), None, "{bad}");
        }
    }
}
