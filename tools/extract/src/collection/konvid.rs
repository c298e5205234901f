// SPDX-License-Identifier: BSD-2-Clause-Patent
//! KoNViD-1k: user-made clips; the distorted side is made here. Its ratings are of the clips as downloaded, not of
//! these encodes, so no `mos` column comes out.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;

use crate::codec::codec_label;
use crate::encode::{Encode, Encoder};
use crate::inputs::{files, stem};
use crate::options::{MeasuringOptions, OutputOptions};
use crate::task::{
    ClipTask, CodecLabel, Distorted, EncoderSettings, Listing, Material, OptionalColumns,
};

/// KoNViD-1k: `DIR/KoNViD_1k_videos/*.mp4`, against x264 at CRF 35, preset veryfast
#[derive(Debug, Args)]
pub(crate) struct KonvidArgs {
    /// Folder that holds `KoNViD_1k_videos/`
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Codec label of the distorted clips; x264 makes them
    #[arg(long, value_name = "NAME", default_value = "x264", value_parser = codec_label)]
    codec: String,
    /// Label with the codec of the source file's stream instead: for audits only, since x264 makes every
    /// distorted clip
    #[arg(long, conflicts_with = "codec")]
    codec_from_source: bool,
    #[command(flatten)]
    pub(crate) output: OutputOptions,
    #[command(flatten)]
    pub(crate) measuring: MeasuringOptions,
}

const AUDIT: &str = "--codec-from-source labels each clip with the codec of its source file, while x264 made the \
                     distorted side: for audits only, never for training";

pub(crate) fn list(args: &KonvidArgs) -> Result<Listing> {
    let mut tasks = Vec::new();
    for path in files(&args.folder.join("KoNViD_1k_videos"), "mp4")? {
        let key = stem(&path)?;
        tasks.push(ClipTask {
            source: key.clone(),
            key,
            label: if args.codec_from_source {
                CodecLabel::OfReferenceStream
            } else {
                CodecLabel::Given(args.codec.clone())
            },
            reference: Material::File(path),
            distorted: Distorted::Encoded(Encode::new(Encoder::X264, "veryfast", 35.0, None)),
            settings: EncoderSettings::default(),
            mos: None,
            expected: None,
            target: None,
        });
    }
    Ok(Listing {
        collection: "konvid-1k",
        tasks,
        columns: OptionalColumns::default(),
        caution: args.codec_from_source.then_some(AUDIT),
    })
}
