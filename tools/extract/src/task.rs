// SPDX-License-Identifier: BSD-2-Clause-Patent
//! One distorted clip to extract: where its two sides come from, and what its rows say besides what is measured.

use std::path::PathBuf;

use clap::ValueEnum;
use vmaf_fr_measure::video::{FrameRate, PixelFormat};

use crate::encode::Encode;

/// The clips of a collection, in the order of their rows.
pub(crate) struct Listing {
    /// Name of the collection, for the table's metadata.
    pub(crate) collection: &'static str,
    pub(crate) tasks: Vec<ClipTask>,
    pub(crate) columns: OptionalColumns,
    /// Said once, before and after the work, and kept in the table's metadata.
    pub(crate) caution: Option<&'static str>,
}

/// Columns that not every collection has.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct OptionalColumns {
    pub(crate) mos: bool,
    /// `preset, crf, height` of the encoder.
    pub(crate) settings: bool,
    pub(crate) ssimulacra2: bool,
}

/// One distorted clip to extract.
#[derive(Debug)]
pub(crate) struct ClipTask {
    /// Names the clip, unique within the table.
    pub(crate) key: String,
    /// Names the content.
    pub(crate) source: String,
    pub(crate) label: CodecLabel,
    pub(crate) reference: Material,
    pub(crate) distorted: Distorted,
    pub(crate) settings: EncoderSettings,
    pub(crate) mos: Option<f64>,
    /// What the reference must turn out to be.
    pub(crate) expected: Option<ExpectedVideo>,
    pub(crate) target: Option<TargetMetric>,
}

/// Which codec the rows are labelled with.
#[derive(Debug)]
pub(crate) enum CodecLabel {
    Given(String),
    OfReferenceStream,
}

/// Where a side of the comparison is.
#[derive(Debug)]
pub(crate) enum Material {
    Raw {
        path: PathBuf,
        width: u32,
        height: u32,
        format: PixelFormat,
        rate: FrameRate,
    },
    File(PathBuf),
    ZipEntry {
        archive: PathBuf,
        name: String,
    },
    /// The collection already knows why it cannot be had.
    Broken(String),
    /// Not needed: the clip was measured before.
    None,
}

/// The side to judge.
#[derive(Debug)]
pub(crate) enum Distorted {
    Given(Material),
    Encoded(Encode),
    /// Measured before: libvmaf's log of it.
    Logged(PathBuf),
}

/// Encoder settings that a sweep writes into the table.
#[derive(Debug, Default)]
pub(crate) struct EncoderSettings {
    pub(crate) preset: Option<String>,
    pub(crate) crf: Option<f64>,
    pub(crate) height: Option<u32>,
}

/// What a file's name promised.
#[derive(Debug)]
pub(crate) struct ExpectedVideo {
    pub(crate) width: u32,
    pub(crate) height: u32,
    pub(crate) bit_depth: u8,
}

/// A score per frame beside libvmaf's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum TargetMetric {
    Ssimulacra2,
}
