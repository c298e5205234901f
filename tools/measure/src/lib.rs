// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Features measured by libvmaf: running the programs that write its logs, and reading the logs.
//!
//! One way: [`probe`] describes a file as a [`clip::Clip`], [`tool`] finds the program, [`run`] runs it and leaves
//! libvmaf's JSON log, [`log`] reads it frame by frame.

pub mod clip;
mod error;
pub mod extractors;
pub mod log;
pub mod probe;
pub mod process;
pub mod run;
pub mod tool;

pub use error::Error;
