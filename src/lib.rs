// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Scores video frames from libvmaf features and the codec that made them.
//!
//! [`Scorer`] is the whole of it in Rust; C hosts get the same through [`capi`].

mod batch;
pub mod capi;
pub mod catalogue;
mod config;
mod engine;
mod error;
mod features;
pub mod model;
pub mod onnx;
mod scorer;
mod simd;

pub use config::{Config, EngineChoice, LogLevel};
pub use error::{Error, ErrorKind, Result};
pub use scorer::{Info, Score, Scorer, Z95};
