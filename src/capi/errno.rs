// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The only place that chooses an errno for a kind of failure, and says what each one means.

use std::ffi::CStr;

use crate::error::ErrorKind;

/// What the C API returns for a kind of failure: a negative errno.
pub fn code(kind: ErrorKind) -> i32 {
    -match kind {
        ErrorKind::Argument => libc::EINVAL,
        ErrorKind::NotFound => libc::ENOENT,
        ErrorKind::NotReadable => libc::EACCES,
        ErrorKind::TooLarge => libc::E2BIG,
        ErrorKind::Malformed => libc::EBADMSG,
        ErrorKind::Inconsistent => libc::EPROTO,
        ErrorKind::NotPinned => libc::EILSEQ,
        ErrorKind::Forbidden => libc::EPERM,
        ErrorKind::Unsupported => libc::ENOTSUP,
        ErrorKind::NoEngine => libc::ENOSYS,
        ErrorKind::OutOfMemory => libc::ENOMEM,
        ErrorKind::Failed => libc::EIO,
        ErrorKind::Internal => libc::EFAULT,
        ErrorKind::OutOfVocabulary => libc::ERANGE,
        ErrorKind::ImpossibleValue => libc::EDOM,
    }
}

/// What an errno means that the library, the bridge to libvmaf or the pooling header returns.
pub(super) fn text(errno: i32) -> &'static CStr {
    match errno {
        0 => c"success",
        libc::EINVAL => c"invalid argument",
        libc::ENOENT => c"model, card or external data does not exist or is not a regular file",
        libc::EACCES => c"model, card or external data may not be read",
        libc::E2BIG => c"model or card above a limit",
        libc::EBADMSG => c"malformed ONNX or JSON",
        libc::EPROTO => c"graph and card disagree",
        libc::EILSEQ => c"sha256 differs from the card's, or the model is not pinned",
        libc::EPERM => c"operator, domain, function or path that a model may not use",
        libc::ENOTSUP => c"not supported by this engine, model or libvmaf",
        libc::ENOSYS => c"no engine available",
        libc::ENOMEM => c"out of memory",
        libc::EIO => c"the runtime failed, or a file could not be read",
        libc::EFAULT => c"internal error",
        libc::ERANGE => c"codec, preset or crf out of range",
        libc::EDOM => c"a value that cannot be: NaN, infinite or out of the feature's range",
        libc::ENODATA => c"a frame lacks a feature",
        libc::EEXIST => c"the frame has a score already",
        _ => c"unknown error",
    }
}
