// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Corpora: columns of every type, what clips and contents are, what is missing.

mod contents;
mod rows;
mod types;
