// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `extract`: from videos or libvmaf logs to a table with one row per frame.
//!
//! Data flows one way, and so do imports:
//!
//! | room | what it does |
//! |---|---|
//! | [`collection`] | lists the clips of a data set, of a sweep or of a manifest as [`task`]s |
//! | [`encode`] | makes a distorted clip |
//! | [`measure`] | makes a clip's [`rows`], with the programs that [`instruments`] knows |
//! | [`log`], [`ssimulacra2`] | read libvmaf's log of a clip; score a clip's frames with another metric |
//! | [`cache`], [`finished`] | keep the rows of measured clips for the next run |
//! | [`schedule`] | runs the tasks side by side |
//! | [`table`] | writes the rows in the order of the list, whatever finished first |
//! | [`command`] | the subcommand |

mod cache;
mod codec;
mod collection;
mod command;
mod encode;
mod finished;
mod inputs;
mod instruments;
mod log;
mod measure;
mod options;
mod rows;
mod schedule;
mod ssimulacra2;

mod table;
mod task;

pub use command::{ExtractArgs, run};
