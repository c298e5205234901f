// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Scores video frames from libvmaf features and the codec that made them.

pub mod artifact;
pub mod builtin;
pub mod capi;
pub mod card;
pub mod codec;
mod engine;
mod error;
pub mod features;
pub mod onnx;
mod scorer;
mod simd;

pub use error::{Error, ErrorKind, Result};
pub use scorer::{Config, EngineChoice, Info, LogLevel, Logger, Score, Scorer};
