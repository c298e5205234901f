// SPDX-License-Identifier: BSD-2-Clause-Patent
//! From videos to a model that has earned its release.

pub mod extract;
