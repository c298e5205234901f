// SPDX-License-Identifier: BSD-2-Clause-Patent
//! To be written.
