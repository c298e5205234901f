// SPDX-License-Identifier: BSD-2-Clause-Patent
//! From the name that a caller gives to a model that an engine can run, in four steps.
//!
//! Each step is a type that only the step before it can make:
//!
//! | type | has been checked |
//! |---|---|
//! | `Found` (`source`) | the model exists, its card is within its size |
//! | `Verified` (`verify`) | every file is within its size and equals its pin |
//! | [`Read`] (`read`) | card and graphs are well formed and allowed |
//! | `Bound` (`bind`) | card and graphs agree; every column, codec and output has its role |

mod bind;
pub mod builtin;
pub mod card;
mod check;
mod codec_block;
mod read;
mod source;
mod statistics;
mod verify;

pub(crate) use bind::{Bound, BoundGraph};
pub(crate) use codec_block::CodecTable;
pub use read::Read;

use crate::error::Result;
use source::Found;

/// Opens a model as far as an engine needs it.
pub(crate) fn open(model: Option<&str>, allow_unpinned: bool) -> Result<Bound> {
    Found::find(model)?.verify(allow_unpinned)?.read()?.bind()
}

/// Reads a model's card and graphs without binding them: what a tool shows of a model that may not open.
///
/// `model`: as for [`Scorer::open`](crate::Scorer::open). A model without a pin is read; one whose pin differs is not.
///
/// # Errors
/// Those of `Scorer::open` on the way there.
pub fn read(model: Option<&str>) -> Result<Read> {
    Found::find(model)?.verify(true)?.read()
}
