// SPDX-License-Identifier: BSD-2-Clause-Patent
//! From a table of rated clips to a model that has earned its release.
//!
//! Data flows one way, and so do imports:
//!
//! | room | what it does |
//! |---|---|
//! | [`corpus`] | reads a table of frames |
//! | [`samples`] | standardises its features and weighs its clips |
//! | [`network`], [`recipe`] | what is fitted, and how |
//! | [`fit`], [`predict`] | fit a network to samples; apply it to samples |
//! | [`teacher`] | brings the teacher of all datasets to one scale |
//! | [`options`], [`protocol`], [`data`] | from the command line to a corpus that is ready, and the record of how |
//! | [`statistics`] | agreement with ratings, bootstrap, intervals |
//! | [`evaluation`] | the result of an evaluation, as a file |
//! | [`report`] | an evaluation for people |
//! | [`export`] | a network as ONNX and card, checked by both engines |
//! | [`output`] | whole files |
//!
//! Three subcommands use them: [`train`] fits and exports, [`evaluate`] judges the recipe on contents it has not seen,
//! and [`gate`] decides what may be released.

// Ranks, widths and seeds are small and not negative.
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss)]

pub mod corpus;
pub mod evaluate;
pub mod evaluation;
pub mod fit;
pub mod gate;
pub mod model;
pub mod network;
pub mod output;
pub mod protocol;
pub mod recipe;
pub mod report;
pub mod samples;
pub mod statistics;
pub mod teacher;
