// SPDX-License-Identifier: BSD-2-Clause-Patent
//! How much each instruction set sums at a time: what its registers hold, as measured.

#[cfg(target_arch = "x86_64")]
use crate::simd::{Avx2, Avx512};
use crate::simd::{Lanes, Portable};

/// Outputs of a tile: as many of the largest as there are, then of the next. The first is for
/// instruction sets whose `Sizes::OUTPUTS` says so.
pub(super) const TILES: [usize; 3] = [8, 4, 1];

/// An instruction set that the kernels are fitted to.
pub(super) trait Sizes: Lanes {
    /// Vectors of one frame's outputs that are summed at a time at most, 4 or fewer.
    const PANEL: usize;
    /// Outputs that are summed at a time at most where frames lie in the lanes: 4 or 8.
    const OUTPUTS: usize;
    /// Frames that fill a vector well enough to be faster together than one by one.
    const FEWEST: usize;
}

#[cfg(target_arch = "x86_64")]
impl Sizes for Avx512 {
    const PANEL: usize = 4;
    const OUTPUTS: usize = 8;
    const FEWEST: usize = 7;
}

#[cfg(target_arch = "x86_64")]
impl Sizes for Avx2 {
    const PANEL: usize = 4;
    const OUTPUTS: usize = 4;
    const FEWEST: usize = 4;
}

impl Sizes for Portable {
    const PANEL: usize = 2;
    const OUTPUTS: usize = 4;
    const FEWEST: usize = 4;
}
