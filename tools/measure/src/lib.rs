// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Features measured by libvmaf: reading its logs, running the tools that write them.

pub mod log;
