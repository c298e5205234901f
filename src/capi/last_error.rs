// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The text of each thread's last failure.
//!
//! A handle owns the texts of all threads that failed on it, so that no other handle's failure can free one, and
//! so that a destructor may still ask when the thread or the process ends. Thread-local storage holds only a number,
//! which has no destructor.

use std::cell::Cell;
use std::ffi::{CString, c_char};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The last failure of each thread, on one handle or without any.
pub(super) struct LastErrors(Mutex<Vec<Failure>>);

struct Failure {
    thread: Thread,
    text: CString,
}

/// A thread, by a number that never comes back.
#[derive(Clone, Copy)]
struct Thread {
    serial: u64,
    /// The kernel's number for it, which may come back.
    #[cfg(target_os = "linux")]
    kernel_id: libc::pid_t,
}

impl Thread {
    fn current() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        thread_local! {
            static SERIAL: Cell<u64> = const { Cell::new(0) };
        }
        if SERIAL.get() == 0 {
            SERIAL.set(LAST.fetch_add(1, Ordering::Relaxed) + 1);
        }
        Self {
            serial: SERIAL.get(),
            #[cfg(target_os = "linux")]
            // SAFETY: takes nothing and cannot fail.
            kernel_id: unsafe { libc::syscall(libc::SYS_gettid) } as libc::pid_t,
        }
    }

    /// Whether the thread has ended, destructors included. A number that another thread has got since looks alive.
    #[cfg(target_os = "linux")]
    fn has_ended(self) -> bool {
        // SAFETY: signal 0 is never sent; the call only asks whether the thread exists.
        let answer = unsafe { libc::syscall(libc::SYS_tgkill, libc::getpid(), self.kernel_id, 0) };
        answer == -1 && std::io::Error::last_os_error().raw_os_error() == Some(libc::ESRCH)
    }

    #[cfg(not(target_os = "linux"))]
    fn has_ended(self) -> bool {
        false
    }
}

/// Texts kept before those of ended threads are looked for; then at each doubling.
const MANY: usize = 64;

impl LastErrors {
    pub(super) const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    fn failures(&self) -> MutexGuard<'_, Vec<Failure>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps the calling thread's last failure; newlines become spaces.
    pub(super) fn set(&self, text: &str) {
        let text = c_string(&text.replace('\n', " "));
        let thread = Thread::current();
        let mut failures = self.failures();
        if let Some(mine) = failures.iter_mut().find(|f| f.thread.serial == thread.serial) {
            mine.text = text;
            return;
        }
        if failures.len() >= MANY && failures.len().is_power_of_two() {
            failures.retain(|f| !f.thread.has_ended());
        }
        failures.push(Failure { thread, text });
    }

    /// The calling thread's last failure, "" where there is none; valid until its next one.
    pub(super) fn text(&self) -> *const c_char {
        let serial = Thread::current().serial;
        let failures = self.failures();
        let mine = failures.iter().find(|f| f.thread.serial == serial);
        mine.map_or(c"".as_ptr(), |f| f.text.as_ptr())
    }
}

/// Text for C; a NUL inside becomes a replacement character.
pub(super) fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::CStr;
    use std::sync::Arc;

    fn text(errors: &LastErrors) -> String {
        // SAFETY: a C string that only this thread replaces.
        unsafe { CStr::from_ptr(errors.text()) }.to_str().unwrap().to_owned()
    }

    #[test]
    fn each_thread_has_its_own() {
        let errors = Arc::new(LastErrors::new());
        assert_eq!(text(&errors), "");
        errors.set("mine\nis\0here");
        let there = Arc::clone(&errors);
        std::thread::spawn(move || {
            assert_eq!(text(&there), "");
            there.set("another");
            assert_eq!(text(&there), "another");
        })
        .join()
        .unwrap();
        assert_eq!(text(&errors), "mine is\u{fffd}here");
        errors.set("newer");
        assert_eq!(text(&errors), "newer");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn texts_of_ended_threads_do_not_pile_up() {
        let errors = Arc::new(LastErrors::new());
        errors.set("mine");
        for _ in 0..1000 {
            let there = Arc::clone(&errors);
            std::thread::spawn(move || there.set("short-lived")).join().unwrap();
        }
        assert!(errors.failures().len() < 4 * MANY, "{}", errors.failures().len());
        assert_eq!(text(&errors), "mine");
    }
}
