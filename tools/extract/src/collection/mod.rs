// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Where clips come from: each file lists the clips of one collection.

pub(crate) mod bvi;
pub(crate) mod konvid;
pub(crate) mod logs;
pub(crate) mod netflix;
pub(crate) mod sweep;
