// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The configuration as a host fills it in, read as far as the host's version of it goes.

use std::mem::{offset_of, size_of};

use super::boundary::text;
use super::last_error::c_string;
use super::types::*;
use crate::config::{Config, EngineChoice, LogLevel};
use crate::error::{Result, bail};

pub(super) fn default() -> VmafFrV2Config {
    VmafFrV2Config {
        struct_size: size_of::<VmafFrV2Config>() as u32,
        engine: VMAF_FR_V2_ENGINE_AUTO,
        onnxruntime_path: std::ptr::null(),
        n_threads: 0,
        flags: 0,
        log: None,
        log_cookie: std::ptr::null_mut(),
    }
}

/// Copies as much of a host's configuration as the host has, over the defaults; NULL is the defaults.
///
/// # Safety
/// `cfg` is NULL or points to a `struct_size`, and to as many bytes as that says.
pub(super) unsafe fn read(cfg: *const VmafFrV2Config) -> Result<VmafFrV2Config> {
    let mut config = default();
    if cfg.is_null() {
        return Ok(config);
    }
    // SAFETY: the caller's.
    let size = unsafe { (&raw const (*cfg).struct_size).read() } as usize;
    let least = offset_of!(VmafFrV2Config, n_threads);
    if size < least {
        bail!(
            Argument,
            "struct_size of the configuration is {size}, at least {least} was expected"
        );
    }
    // SAFETY: both have `whole_members(size)` bytes; every bit pattern is one of the members' types but for `log`,
    // which a host fills with a function or NULL; whole members only, so that none is half a default.
    unsafe {
        std::ptr::copy_nonoverlapping(
            cfg.cast::<u8>(),
            (&raw mut config).cast(),
            whole_members(size),
        );
    }
    Ok(config)
}

/// The end of the last member that `size` bytes hold entirely.
fn whole_members(size: usize) -> usize {
    [
        offset_of!(VmafFrV2Config, n_threads),
        offset_of!(VmafFrV2Config, n_threads) + size_of::<u32>(),
        offset_of!(VmafFrV2Config, log),
        offset_of!(VmafFrV2Config, log_cookie),
        size_of::<VmafFrV2Config>(),
    ]
    .into_iter()
    .filter(|&end| end <= size)
    .max()
    .unwrap_or(0)
}

impl VmafFrV2Config {
    /// The same in Rust.
    ///
    /// # Safety
    /// `onnxruntime_path` is NULL or a C string.
    pub(super) unsafe fn to_rust(self) -> Result<Config> {
        let unknown = self.flags & !(VMAF_FR_V2_FLAG_DISABLE_CLIP | VMAF_FR_V2_FLAG_ALLOW_UNPINNED);
        if unknown != 0 {
            bail!(Argument, "unknown flags {unknown:#x}");
        }
        Ok(Config {
            engine: match self.engine {
                VMAF_FR_V2_ENGINE_AUTO => EngineChoice::Auto,
                VMAF_FR_V2_ENGINE_ONNXRUNTIME => EngineChoice::OnnxRuntime,
                VMAF_FR_V2_ENGINE_EMBEDDED => EngineChoice::Embedded,
                other => bail!(Argument, "unknown engine {other}"),
            },
            // SAFETY: the caller's.
            onnxruntime_path: unsafe { text(self.onnxruntime_path, "onnxruntime_path") }?
                .map(Into::into),
            n_threads: self.n_threads,
            disable_clip: self.flags & VMAF_FR_V2_FLAG_DISABLE_CLIP != 0,
            allow_unpinned: self.flags & VMAF_FR_V2_FLAG_ALLOW_UNPINNED != 0,
        })
    }

    /// Gives the host a message, in the thread that opens.
    pub(super) fn log(&self, level: LogLevel, message: &str) {
        let Some(log) = self.log else { return };
        let level = match level {
            LogLevel::Error => VMAF_FR_V2_LOG_ERROR,
            LogLevel::Warning => VMAF_FR_V2_LOG_WARNING,
            LogLevel::Info => VMAF_FR_V2_LOG_INFO,
        };
        let message = c_string(message);
        // SAFETY: the host's function and the host's pointer, in a call of the host's.
        unsafe { log(self.log_cookie, level, message.as_ptr()) };
    }
}
