// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Everything that a measurement depends on, as the key of its cache entry. Names and order of the members are part
//! of the key.

use serde::Serialize;

use crate::encode::Encode;

/// Content, and geometry if the file does not say it itself.
#[derive(Serialize)]
pub(super) struct ContentKey {
    pub(super) sha256: String,
    pub(super) geometry: Option<String>,
}

#[derive(Serialize)]
pub(super) struct FeaturesKey<'a> {
    pub(super) reference: &'a ContentKey,
    pub(super) distorted: DistortedKey<'a>,
    pub(super) measured_by: &'a str,
    pub(super) model: &'a str,
    pub(super) columns: &'a [&'a str],
}

#[derive(Serialize)]
pub(super) struct TargetKey<'a> {
    pub(super) reference: &'a ContentKey,
    pub(super) distorted: DistortedKey<'a>,
    pub(super) target: &'a str,
}

#[derive(Serialize, Clone, Copy)]
pub(super) enum DistortedKey<'a> {
    Given(&'a ContentKey),
    Encoded { encode: &'a Encode, ffmpeg: &'a str },
}
