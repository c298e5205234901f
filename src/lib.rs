// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Scores video frames from libvmaf features and the codec that made them.

pub mod capi;
pub mod catalogue;
mod engine;
mod error;
pub mod features;
pub mod model;
pub mod onnx;
mod scorer;
mod simd;

pub use model::{builtin, card, source as artifact};
/// Moved to [`catalogue`].
pub mod codec {
    pub use crate::catalogue::{VOCABULARY_1, Vocabulary};
}

pub use error::{Error, ErrorKind, Result};
pub use scorer::{Config, EngineChoice, Info, LogLevel, Logger, Score, Scorer, Z95};
