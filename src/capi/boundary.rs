// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Where C ends: pointers become Rust values, failures and panics become an errno and a text.

use std::ffi::{CStr, c_char};
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::errno;
use super::handle::VmafFrV2;
use super::last_error::LastErrors;
use crate::error::{Error, ErrorKind, Result, err};

/// Failures without a handle: of open, and of calls whose handle is NULL. Never destroyed.
pub(super) static WITHOUT_HANDLE: LastErrors = LastErrors::new();

/// Runs the body of a function; its failure or panic becomes the errno and the thread's last error.
pub(super) fn guard(errors: &LastErrors, body: impl FnOnce() -> Result<()>) -> i32 {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => 0,
        Ok(Err(e)) => {
            errors.set(e.message());
            errno::code(e.kind())
        }
        Err(panic) => {
            let what = panic
                .downcast_ref::<&str>()
                .map(|s| (*s).to_owned())
                .or_else(|| panic.downcast_ref::<String>().cloned())
                .unwrap_or_default();
            // A panic payload may panic when it is dropped.
            std::mem::forget(panic);
            errors.set(&format!("internal error: {what}"));
            errno::code(ErrorKind::Internal)
        }
    }
}

/// Runs the body of a function with its handle; NULL is an error without a handle.
///
/// # Safety
/// `fr` is NULL or an open handle.
pub(super) unsafe fn with_handle(
    fr: *const VmafFrV2,
    body: impl FnOnce(&VmafFrV2) -> Result<()>,
) -> i32 {
    // SAFETY: the caller's.
    match unsafe { fr.as_ref() } {
        Some(fr) => guard(fr.errors(), || body(fr)),
        None => guard(&WITHOUT_HANDLE, || Err(null("fr"))),
    }
}

/// Runs the body of a function that answers with a number from 0 on, as [`with_handle`].
///
/// # Safety
/// `fr` is NULL or an open handle.
pub(super) unsafe fn answer(
    fr: *const VmafFrV2,
    body: impl FnOnce(&VmafFrV2) -> Result<i32>,
) -> i32 {
    let mut answer = 0;
    let body = |fr: &VmafFrV2| {
        answer = body(fr)?;
        Ok(())
    };
    // SAFETY: the caller's.
    let err = unsafe { with_handle(fr, body) };
    if err == 0 { answer } else { err }
}

pub(super) fn null(what: &str) -> Error {
    err!(Argument, "{what} is NULL")
}

/// The text of a C string; `None` for NULL.
///
/// # Safety
/// `text` is NULL or a C string that outlives `'a`.
pub(super) unsafe fn text<'a>(text: *const c_char, what: &str) -> Result<Option<&'a str>> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map(Some).map_err(|_| err!(Argument, "{what} is not UTF-8"))
}
