// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Scores video frames from libvmaf features and the codec that made them.

mod engine;
mod error;
pub mod onnx;

pub use error::{Errno, Error, Result};
