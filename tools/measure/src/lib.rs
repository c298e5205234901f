// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Features measured by libvmaf: running the programs that write its logs, and reading the logs.
//!
//! One way: [`probe`] describes a file as a [`video::Video`], [`facts`] doubts pairs, [`program`] finds the program that can measure it,
//! [`run`] runs it and leaves libvmaf's JSON log, [`log`] reads it frame by frame. [`command`] holds every command
//! line, [`process`] runs them.

pub mod command;
mod error;
pub mod facts;
pub mod log;
pub mod probe;
pub mod process;
pub mod program;
mod request;
pub mod run;
mod suitability;
pub mod video;

pub use error::Error;
