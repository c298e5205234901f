// SPDX-License-Identifier: BSD-2-Clause-Patent
//! From rated clips to a model that has earned its release.
//!
//! Data flow, one way: videos or logs become a table of frames ([`extract`]); a table ([`corpus`]) becomes standardised samples ([`samples`]), a
//! [`network`] is fitted to them ([`fit`]), [`train`] exports it ([`export`]), [`evaluate`] judges the recipe on
//! contents it has not seen ([`statistics`], [`report`]), and [`gate`] decides what may be released.

// Ranks, widths and seeds are small and not negative.
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss)]

pub mod artifact;
pub mod corpus;
pub mod evaluate;
pub mod export;
pub mod extract;
pub mod fit;
pub mod gate;
pub mod network;
pub mod options;
pub mod report;
pub mod samples;
pub mod statistics;
pub mod teacher;
pub mod train;
