// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What the world calls things: libvmaf's features and their extractors, codecs, encoders' presets.
//!
//! Everything else reads it from here. `tests/catalogue.rs` holds the table in
//! `include/vmaf_fr_v2_libvmaf.h` and `docs/features.md` against it and writes them anew on request.
//!
//! ```
//! use vmaf_fr_v2::catalogue;
//!
//! let ssim = catalogue::feature("float_ssim").unwrap();
//! assert_eq!(ssim.extractor.name, "float_ssim");
//! assert!(ssim.refuses(18.7).unwrap().contains("decibels"));
//! assert_eq!(catalogue::presets("h264")[5], ("medium", 5));
//! ```

mod codecs;
mod features;
mod vocabulary;

pub(crate) use codecs::fold;
pub use codecs::{CODECS, Codec, UNKNOWN, VOCABULARY_1, presets};
pub use features::{
    CANONICAL_FEATURES, Extractor, FEATURES, FULL_FEATURES, Feature, Identical, Smallest,
    extractors, feature, log_names,
};
pub use vocabulary::Vocabulary;
