// SPDX-License-Identifier: BSD-2-Clause-Patent
//! From a table of rated clips to a model that has earned its release.
//!
//! Data flows one way, and so do imports:
//!
//! | room | what it does |
//! |---|---|
//! | [`corpus`] | reads tables of frames |
//! | [`recipe`] | what is fitted, and how |
//! | [`teacher`] | libvmaf's own models, from features |
//! | [`samples`] | from raw features to what networks see |
//! | [`network`] | a small network, applied |
//! | [`model`] | a fitted model, and what it scores |
//! | [`fit`] | fits a model to a corpus |
//! | [`options`], [`protocol`], [`data`] | from the command line to a corpus that is ready, and the record of how |
//! | [`statistics`] | agreement with ratings, bootstrap, intervals |
//! | [`evaluation`] | the result of an evaluation, as a file |
//! | [`report`] | an evaluation for people |
//! | [`export`] | a model as ONNX graph and card, checked by both engines |
//! | [`output`] | whole files |
//!
//! Three subcommands use them: [`train`] fits and exports, [`evaluate`] judges the recipe on contents it has not seen,
//! and [`gate`] decides what may be released.

// Ranks, widths and seeds are small and not negative.
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss)]

pub mod corpus;
pub mod data;
pub mod evaluate;
pub mod evaluation;
pub mod export;
pub mod fit;
pub mod gate;
pub mod model;
pub mod network;
pub mod options;
pub mod output;
pub mod protocol;
pub mod recipe;
pub mod report;
pub mod samples;
pub mod statistics;
pub mod teacher;
pub mod train;
