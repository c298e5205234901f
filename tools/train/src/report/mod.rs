// SPDX-License-Identifier: BSD-2-Clause-Patent
//! An evaluation for people: a table for the terminal, and one self-contained HTML page.

mod labels;
mod page;
mod plot;
mod text;

pub use page::html;
pub use text::text;
