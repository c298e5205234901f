// SPDX-License-Identifier: BSD-2-Clause-Patent
//! INT, TERM and HUP: what measures is killed, temporary files go, and the program ends by that signal.

use std::sync::atomic::{AtomicI32, Ordering};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use vmaf_fr_measure::process;

use crate::failure::Failure;

/// The signal that came; 0 before.
static CAUGHT: AtomicI32 = AtomicI32::new(0);
/// How long the program may take to clean up before the signal ends it where it is.
const GRACE: Duration = Duration::from_secs(2);

/// Begins to catch signals, except those that whoever started the program wants ignored (nohup).
pub fn watch() {
    let wanted = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|&signal| !is_ignored(signal));
    let Ok(mut signals) = Signals::new(wanted) else { return };
    thread::spawn(move || {
        for signal in signals.forever() {
            CAUGHT.store(signal, Ordering::Relaxed);
            process::stop_all();
            thread::sleep(GRACE);
            end_by(signal);
        }
    });
}

/// Fails once a signal came.
pub fn check() -> Result<(), Failure> {
    if was_caught() { Err(Failure::interrupted()) } else { Ok(()) }
}

pub fn was_caught() -> bool {
    CAUGHT.load(Ordering::Relaxed) != 0
}

/// Ends the program by the signal that came, if one did.
pub fn finish() {
    let signal = CAUGHT.load(Ordering::Relaxed);
    if signal != 0 {
        end_by(signal);
    }
}

fn end_by(signal: i32) {
    // It returns only if the signal has no default that ends a program; these have.
    let _ = signal_hook::low_level::emulate_default_handler(signal);
}

/// Linux says it; elsewhere nothing is ignored.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & (1 << (signal - 1)) != 0)
}
