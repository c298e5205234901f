// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Where values lie in memory: those that are not needed at the same time share columns.

use std::ops::Range;

use super::plan::ALIGNMENT;
use super::steps::MAX_WIDTH;
use crate::error::{Result, bail};

/// The most columns of memory.
const MAX_COLUMNS: usize = 4 * MAX_WIDTH;

/// The most values that are needed at the same time: more than any graph of the family has.
pub(super) const MAX_VALUES: usize = 64;

/// A slot from the step that writes it first to the last one that needs it.
pub(super) struct Lifetime {
    pub width: usize,
    pub first: usize,
    pub last: usize,
}

/// The columns of each slot, and how many columns there are. Slots are given in the order of their
/// first steps.
pub(super) fn assign(slots: &[Lifetime]) -> Result<(Vec<Range<usize>>, usize)> {
    // In the order of their columns.
    let mut used: Vec<(Range<usize>, usize)> = Vec::new();
    let mut places = Vec::with_capacity(slots.len());
    let mut n_columns = 0;
    for slot in slots {
        // A layer still reads its inputs while it writes its outputs.
        used.retain(|(_, last)| *last >= slot.first);
        let width = slot.width.next_multiple_of(ALIGNMENT);
        let (mut start, mut index) = (0, 0);
        while let Some((other, _)) = used.get(index)
            && other.start < start + width
        {
            start = other.end;
            index += 1;
        }
        let end = start + width;
        if end > MAX_COLUMNS || used.len() >= MAX_VALUES {
            bail!(
                Unsupported,
                "values of {end} columns are needed at the same time, in {} layers; the embedded \
                 engine takes {MAX_COLUMNS} in {MAX_VALUES}",
                used.len() + 1
            );
        }
        used.insert(index, (start..end, slot.last));
        places.push(start..start + slot.width);
        n_columns = n_columns.max(end);
    }
    Ok((places, n_columns))
}

#[cfg(test)]
mod tests {
    use super::{Lifetime, assign};

    #[test]
    fn values_share_columns_only_where_their_times_are_apart() {
        let slot = |width, first, last| Lifetime { width, first, last };
        let slots = [slot(8, 0, 5), slot(20, 0, 2), slot(3, 2, 3), slot(20, 3, 4), slot(1, 5, 9)];
        let (places, n_columns) = assign(&slots).unwrap();
        assert_eq!(places, [0..8, 16..36, 48..51, 16..36, 16..17]);
        assert_eq!(n_columns, 64);
    }

    #[test]
    fn what_would_take_much_memory_is_refused() {
        let wide = |last| Lifetime { width: 1 << 16, first: 0, last };
        assert!(assign(&[wide(1), wide(1), wide(1), wide(1)]).is_ok());
        assert!(assign(&[wide(1), wide(1), wide(1), wide(1), wide(1)]).is_err());
        let many: Vec<Lifetime> =
            (0..65).map(|first| Lifetime { width: 1, first, last: 100 }).collect();
        assert!(assign(&many).is_err());
    }
}
