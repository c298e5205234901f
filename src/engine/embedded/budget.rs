// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Keeps small files from asking for much memory or time.

use crate::error::{Result, bail};

/// What the folded constants and the plan of a graph may hold together: more than any graph of the
/// family, and little enough that a hostile one exhausts nothing.
const MAX_ELEMENTS: usize = 1 << 25;

/// What a layer or a map counts at least: its own memory apart from its constants.
const MIN_OF_PLAN: usize = 1 << 10;

/// Counts the elements that folding makes and that the plan holds.
#[derive(Default)]
pub(super) struct Budget(usize);

impl Budget {
    /// Counts a layer or a map with that many constants.
    pub(super) fn spend_on_plan(&mut self, elements: usize) -> Result<()> {
        self.spend(Some(elements.max(MIN_OF_PLAN)))
    }

    /// Counts a folded constant of that shape.
    pub(super) fn spend_on_constant(&mut self, dims: &[usize]) -> Result<()> {
        self.spend(dims.iter().try_fold(1_usize, |n, &d| n.checked_mul(d)))
    }

    /// `None`: more than can be counted.
    fn spend(&mut self, elements: Option<usize>) -> Result<()> {
        match elements.and_then(|n| self.0.checked_add(n.max(1))) {
            Some(total) if total <= MAX_ELEMENTS => {
                self.0 = total;
                Ok(())
            }
            _ => bail!(Unsupported, "constants of more than {MAX_ELEMENTS} elements"),
        }
    }
}
