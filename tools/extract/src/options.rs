// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Options that several collections have in common.

use std::path::PathBuf;

use clap::Args;

/// Of every collection.
#[derive(Debug, Args)]
pub(crate) struct OutputOptions {
    /// Parquet table to write; replaced in one step at the end
    #[arg(short, long, value_name = "FILE.parquet")]
    pub(crate) output: PathBuf,
    /// Clips worked on side by side; each encodes and measures on one thread [default: number of processors]
    #[arg(short, long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub(crate) jobs: Option<u16>,
}

/// Of every collection that is measured.
#[derive(Debug, Args)]
pub(crate) struct MeasuringOptions {
    /// Folder that keeps what was measured, for the next run [default: FILE.parquet.cache]
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
    /// libvmaf's vmaf program; if given, it measures everything, on Y4M files that ffmpeg decodes
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) vmaf_bin: Option<PathBuf>,
    /// An ffmpeg with the encoders and, unless a vmaf measures, with libvmaf [default: from PATH]
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) ffmpeg_bin: Option<PathBuf>,
    /// An ffprobe [default: beside ffmpeg, else from PATH]
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) ffprobe_bin: Option<PathBuf>,
}
