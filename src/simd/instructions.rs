// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Methods made of intrinsics, and the one reason why calling these is sound.

/// Methods that are one expression of intrinsics: `fn name(arguments) -> type = expression;`.
macro_rules! instructions {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $result:ty = $body:expr;)+) => {$(
        #[inline(always)]
        fn $name(self $(, $argument: $type)*) -> $result {
            // SAFETY: `self` exists only where its instructions were detected; memory is only
            // accessed through references to arrays of a whole vector.
            unsafe { $body }
        }
    )+};
}
