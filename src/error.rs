// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Why a call failed: the errno that the C API returns and a message for a person.

use std::fmt;

/// The errno of a failure; the C API returns its negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(i32)]
pub enum Errno {
    /// NULL, unknown engine or flag, `struct_size` too small, text that is not UTF-8.
    Inval = libc::EINVAL,
    /// Model, card or external data not there, or not a regular file.
    NoEnt = libc::ENOENT,
    /// Model, card or external data not readable.
    Acces = libc::EACCES,
    /// ONNX plus external data above 50 MiB, or card above 1 MiB.
    TooBig = libc::E2BIG,
    /// Malformed ONNX or JSON.
    BadMsg = libc::EBADMSG,
    /// Graph and card disagree.
    Proto = libc::EPROTO,
    /// The sha256 in the card differs from the file, or there is no pin and none was waived.
    IlSeq = libc::EILSEQ,
    /// Operator, operator domain, local function or path that is not allowed.
    Perm = libc::EPERM,
    /// This engine cannot run this graph, or the model lacks the inputs that the call sets.
    NotSup = libc::ENOTSUP,
    /// No engine available.
    NoSys = libc::ENOSYS,
    /// Out of memory.
    NoMem = libc::ENOMEM,
    /// The runtime failed, or a file could not be read.
    Io = libc::EIO,
    /// An internal panic was caught.
    Fault = libc::EFAULT,
    /// Codec id outside the vocabulary; preset or crf the card does not know.
    Range = libc::ERANGE,
    /// NaN or infinite feature that the card does not allow to be missing.
    Dom = libc::EDOM,
}

impl Errno {
    /// The negative errno value, as the C API returns it.
    pub fn code(self) -> i32 {
        -(self as i32)
    }
}

/// A failure: an errno and a message that names the file, field, frame or feature.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    errno: Errno,
    message: String,
}

impl Error {
    /// A failure with its message.
    pub fn new(errno: Errno, message: impl Into<String>) -> Self {
        Self { errno, message: message.into() }
    }

    /// The class of the failure.
    pub fn errno(&self) -> Errno {
        self.errno
    }

    /// The message for a person, one line, without a trailing full stop.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The same failure, with the name of what it happened to in front.
    #[must_use]
    pub fn of(self, subject: impl fmt::Display) -> Self {
        Self { errno: self.errno, message: format!("{subject}: {}", self.message) }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// Shorthand for the crate's results.
pub type Result<T> = std::result::Result<T, Error>;

/// Builds an [`Error`] from an [`Errno`] variant and a format string.
macro_rules! err {
    ($errno:ident, $($arg:tt)+) => {
        $crate::error::Error::new($crate::error::Errno::$errno, format!($($arg)+))
    };
}

/// Returns early with an [`Error`].
macro_rules! bail {
    ($errno:ident, $($arg:tt)+) => {
        return Err($crate::error::err!($errno, $($arg)+))
    };
}

pub(crate) use {bail, err};
