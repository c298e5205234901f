// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The C API: turns pointers into Rust values and results into errno codes. Nothing else is `extern "C"`.

// The comments are doxygen's, for the header: C hosts read them, and what is safe is said there.
#![allow(clippy::doc_markdown, clippy::missing_safety_doc)]

pub mod errno;
mod table;
mod types;

pub use table::{VmafFrV2Api, vmaf_fr_v2_api};
pub use types::*;

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::{CStr, CString, c_char, c_void};
use std::mem::{offset_of, size_of};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, ErrorKind, Result, bail, err};
use crate::scorer::{Config, EngineChoice, LogLevel, Score, Scorer};

/// One open model.
pub struct VmafFrV2 {
    scorer: Mutex<Scorer>,
    /// Key of the handle's errors in a thread's table: an address would come back after a close.
    serial: u64,
    n_features: usize,
    codec_aware: bool,
    info: VmafFrV2Info,
    /// What the pointers in `info` and the name functions point to.
    strings: Strings,
}

struct Strings {
    id: CString,
    engine_version: CString,
    status: CString,
    features: Vec<CString>,
    codecs: Vec<CString>,
}

// SAFETY: the raw pointers in `info` point into `strings`, which live as long and never change.
unsafe impl Send for VmafFrV2 {}
// SAFETY: likewise; the scorer is behind its mutex.
unsafe impl Sync for VmafFrV2 {}

/// Serial of the failed opens of a thread.
const OPEN: u64 = 0;
/// Errors of handles that a thread remembers; one that fails on more handles is not worth the memory.
const REMEMBERED: usize = 64;

thread_local! {
    static ERRORS: RefCell<HashMap<u64, CString>> = RefCell::default();
}

fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default()
}

fn remember(serial: u64, message: &str) {
    ERRORS.with_borrow_mut(|errors| {
        if errors.len() >= REMEMBERED && !errors.contains_key(&serial) {
            errors.clear();
        }
        errors.insert(serial, c_string(&message.replace('\n', " ")));
    });
}

/// Runs the body of a function: its error or panic becomes the errno and the thread's last error.
fn boundary(serial: u64, body: impl FnOnce() -> Result<()>) -> i32 {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(Ok(())) => 0,
        Ok(Err(e)) => {
            remember(serial, e.message());
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
            remember(serial, &format!("internal error: {what}"));
            errno::code(ErrorKind::Internal)
        }
    }
}

fn null(what: &str) -> Error {
    err!(Argument, "{what} is NULL")
}

/// SAFETY: `text` is NULL or a C string.
unsafe fn text<'a>(text: *const c_char, what: &str) -> Result<Option<&'a str>> {
    if text.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller's.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map(Some).map_err(|_| err!(Argument, "{what} is not UTF-8"))
}

/// Copies as much of a host's configuration as the host has, over the defaults.
///
/// SAFETY: `cfg` points to a `struct_size`, and to as many bytes as that says.
unsafe fn config(cfg: *const VmafFrV2Config) -> Result<VmafFrV2Config> {
    let mut config = default_config();
    // SAFETY: the caller's.
    let size = unsafe { (&raw const (*cfg).struct_size).read() } as usize;
    let least = offset_of!(VmafFrV2Config, n_threads);
    if size < least {
        bail!(
            Argument,
            "struct_size of the configuration is {size}, at least {least} was expected"
        );
    }
    let size = size.min(size_of::<VmafFrV2Config>());
    // SAFETY: both have `size` bytes; every bit pattern is one of the members' types but for `log`, which a host fills
    // with a function or NULL; whole members only, so that none is half a default.
    unsafe {
        let whole = whole_members(size);
        std::ptr::copy_nonoverlapping(cfg.cast::<u8>(), (&raw mut config).cast(), whole);
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

fn default_config() -> VmafFrV2Config {
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

struct Cookie(*mut c_void);
// SAFETY: the host's logger is called in the thread that opens, with the host's own pointer.
unsafe impl Send for Cookie {}
// SAFETY: likewise.
unsafe impl Sync for Cookie {}

/// SAFETY: the pointers in `c` are NULL or what the header says.
unsafe fn rust_config(c: &VmafFrV2Config) -> Result<Config> {
    let known = VMAF_FR_V2_FLAG_DISABLE_CLIP | VMAF_FR_V2_FLAG_ALLOW_UNPINNED;
    if c.flags & !known != 0 {
        bail!(Argument, "unknown flags {:#x}", c.flags & !known);
    }
    let log = c.log.map(|log| {
        let cookie = Cookie(c.log_cookie);
        let logger = move |level: LogLevel, message: &str| {
            let cookie = &cookie;
            let message = c_string(message);
            // SAFETY: the host's function, called as the header says.
            unsafe { log(cookie.0, level as i32, message.as_ptr()) };
        };
        std::sync::Arc::new(logger) as crate::scorer::Logger
    });
    Ok(Config {
        engine: match c.engine {
            VMAF_FR_V2_ENGINE_AUTO => EngineChoice::Auto,
            VMAF_FR_V2_ENGINE_ONNXRUNTIME => EngineChoice::OnnxRuntime,
            VMAF_FR_V2_ENGINE_EMBEDDED => EngineChoice::Embedded,
            other => bail!(Argument, "unknown engine {other}"),
        },
        // SAFETY: the caller's.
        onnxruntime_path: unsafe { text(c.onnxruntime_path, "onnxruntime_path") }?.map(Into::into),
        n_threads: c.n_threads,
        disable_clip: c.flags & VMAF_FR_V2_FLAG_DISABLE_CLIP != 0,
        allow_unpinned: c.flags & VMAF_FR_V2_FLAG_ALLOW_UNPINNED != 0,
        log,
    })
}

/// Set the defaults.
///
/// @param cfg Filled in whole; NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_config_default(cfg: *mut VmafFrV2Config) {
    if !cfg.is_null() {
        // SAFETY: the caller's struct.
        unsafe { cfg.write(default_config()) };
    }
}

/// Open a model.
///
/// @param fr    Receives the handle.
/// @param model NULL: the built-in release model; `"builtin:ID"`; else the path of an `.onnx` file, of its card, or of
///              an ensemble's card.
/// @param cfg   As set by vmaf_fr_v2_config_default(); not NULL.
///
/// @return 0, or a negative errno; `vmaf_fr_v2_last_error(NULL)` has the text.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_open(
    fr: *mut *mut VmafFrV2,
    model: *const c_char,
    cfg: *const VmafFrV2Config,
) -> i32 {
    boundary(OPEN, || {
        if fr.is_null() || cfg.is_null() {
            return Err(null(if fr.is_null() { "fr" } else { "cfg" }));
        }
        // SAFETY: NULL or the caller's string; the caller's struct.
        let (model, config) = unsafe { (text(model, "model")?, rust_config(&config(cfg)?)?) };
        let scorer = Scorer::open(model, &config)?;
        let handle = Box::new(handle(scorer));
        // SAFETY: not NULL.
        unsafe { fr.write(Box::into_raw(handle)) };
        Ok(())
    })
}

fn handle(scorer: Scorer) -> VmafFrV2 {
    static SERIAL: AtomicU64 = AtomicU64::new(OPEN + 1);
    let info = scorer.info();
    let strings = Strings {
        id: c_string(&info.id),
        engine_version: c_string(&info.engine_version),
        status: c_string(&info.status),
        features: scorer.feature_names().iter().map(|n| c_string(n)).collect(),
        codecs: scorer.codec_names().iter().map(|n| c_string(n)).collect(),
    };
    VmafFrV2 {
        serial: SERIAL.fetch_add(1, Ordering::Relaxed),
        n_features: info.n_features,
        codec_aware: info.codec_aware,
        info: VmafFrV2Info {
            struct_size: size_of::<VmafFrV2Info>() as u32,
            n_features: info.n_features as u32,
            n_codecs: info.n_codecs as u32,
            codec_aware: i32::from(info.codec_aware),
            has_variance: i32::from(info.has_variance),
            engine: match info.engine {
                EngineChoice::OnnxRuntime => VMAF_FR_V2_ENGINE_ONNXRUNTIME,
                EngineChoice::Auto | EngineChoice::Embedded => VMAF_FR_V2_ENGINE_EMBEDDED,
            },
            n_members: i32::try_from(info.n_members).unwrap_or(i32::MAX),
            codec_vocab_version: info.codec_vocab_version,
            score_min: info.score_range[0],
            score_max: info.score_range[1],
            id: strings.id.as_ptr(),
            engine_version: strings.engine_version.as_ptr(),
            status: strings.status.as_ptr(),
        },
        strings,
        scorer: Mutex::new(scorer),
    }
}

impl VmafFrV2 {
    fn lock(&self) -> Result<std::sync::MutexGuard<'_, Scorer>> {
        self.scorer.lock().map_err(|_| {
            err!(Internal, "an earlier call on this handle failed internally; open it again")
        })
    }
}

/// Score frames.
///
/// @param features  `n_frames` rows of `n_features` raw libvmaf values, row-major, in the order of
///                  `vmaf_fr_v2_feature_name()`.
/// @param codec_ids One per frame; NULL: unknown for every frame.
/// @param n_frames  0 does nothing.
/// @param scores    Receives `n_frames` scores, or nothing on failure.
///
/// @return 0, or a negative errno; `vmaf_fr_v2_last_error(fr)` names frame and feature.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_score(
    fr: *mut VmafFrV2,
    features: *const f32,
    codec_ids: *const i32,
    n_frames: usize,
    scores: *mut VmafFrV2Score,
) -> i32 {
    // SAFETY: NULL or an open handle.
    let Some(fr) = (unsafe { fr.as_ref() }) else { return errno::code(ErrorKind::Argument) };
    boundary(fr.serial, || {
        if n_frames == 0 {
            return Ok(());
        }
        if features.is_null() || scores.is_null() {
            return Err(null(if features.is_null() { "features" } else { "scores" }));
        }
        let limit = isize::MAX as usize;
        let values = n_frames.checked_mul(fr.n_features).filter(|&n| n <= limit / size_of::<f32>());
        let values = values.filter(|_| n_frames <= limit / size_of::<Score>());
        let values = values
            .ok_or_else(|| err!(Argument, "n_frames {n_frames} is more than memory can hold"))?;
        // SAFETY: the caller's arrays, of the sizes that the header asks for; VmafFrV2Score and Score are the same
        // repr(C) struct.
        let (features, ids, scores) = unsafe {
            let ids =
                (!codec_ids.is_null()).then(|| std::slice::from_raw_parts(codec_ids, n_frames));
            let features = std::slice::from_raw_parts(features, values);
            (features, ids, std::slice::from_raw_parts_mut(scores.cast::<Score>(), n_frames))
        };
        let ids = ids.filter(|_| fr.codec_aware);
        fr.lock()?.score(features, ids, scores)
    })
}

/// Close a model. NULL is fine.
///
/// @return 0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_close(fr: *mut VmafFrV2) -> i32 {
    if fr.is_null() {
        return 0;
    }
    // SAFETY: an open handle, which the caller gives up.
    let handle = unsafe { Box::from_raw(fr) };
    boundary(handle.serial, || {
        ERRORS.with_borrow_mut(|errors| errors.remove(&handle.serial));
        drop(handle);
        Ok(())
    })
}

/// Tell what a model is.
///
/// @param info Its `struct_size` is set by the caller; only that much is written.
///
/// @return 0, or -EINVAL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_info(fr: *const VmafFrV2, info: *mut VmafFrV2Info) -> i32 {
    // SAFETY: NULL or an open handle.
    let Some(fr) = (unsafe { fr.as_ref() }) else { return errno::code(ErrorKind::Argument) };
    boundary(fr.serial, || {
        if info.is_null() {
            return Err(null("info"));
        }
        // SAFETY: the caller's struct has its struct_size, and as many bytes as that says.
        unsafe {
            let size = (&raw const (*info).struct_size).read();
            let least = size_of::<u32>();
            if (size as usize) < least {
                bail!(Argument, "struct_size of the info is {size}, at least {least} was expected");
            }
            let n = (size as usize).min(size_of::<VmafFrV2Info>());
            std::ptr::copy_nonoverlapping((&raw const fr.info).cast::<u8>(), info.cast(), n);
            (&raw mut (*info).struct_size).write(size);
        }
        Ok(())
    })
}

fn name_at(names: &[CString], i: usize) -> *const c_char {
    names.get(i).map_or(std::ptr::null(), |n| n.as_ptr())
}

/// The name of feature `i`; NULL past the end. Owned by the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_feature_name(fr: *const VmafFrV2, i: usize) -> *const c_char {
    // SAFETY: NULL or an open handle.
    unsafe { fr.as_ref() }.map_or(std::ptr::null(), |fr| name_at(&fr.strings.features, i))
}

/// The name of codec `i`; NULL past the end. Owned by the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_codec_name(fr: *const VmafFrV2, i: usize) -> *const c_char {
    // SAFETY: NULL or an open handle.
    unsafe { fr.as_ref() }.map_or(std::ptr::null(), |fr| name_at(&fr.strings.codecs, i))
}

/// Look up the id of a codec's or encoder's name.
///
/// @param id Receives the id; that of `unknown` for a name that the vocabulary does not have.
///
/// @return 0, or -EINVAL, or -ERANGE where the vocabulary has neither the name nor `unknown`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_codec_id(
    fr: *const VmafFrV2,
    name: *const c_char,
    id: *mut i32,
) -> i32 {
    // SAFETY: NULL or an open handle.
    let Some(fr) = (unsafe { fr.as_ref() }) else { return errno::code(ErrorKind::Argument) };
    boundary(fr.serial, || {
        // SAFETY: NULL or the caller's string.
        let name = unsafe { text(name, "name") }?.ok_or_else(|| null("name"))?;
        if id.is_null() {
            return Err(null("id"));
        }
        let found = fr.lock()?.codec_id(name)?;
        // SAFETY: not NULL.
        unsafe { id.write(found) };
        Ok(())
    })
}

/// Set preset and quality of one codec, for models that take them.
///
/// @param preset NULL: not known.
/// @param crf    NaN: not known.
///
/// @return 0, -ENOTSUP where the model has no such inputs, -ERANGE for what the card does not know.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_set_encode(
    fr: *mut VmafFrV2,
    codec_id: i32,
    preset: *const c_char,
    crf: f64,
) -> i32 {
    // SAFETY: NULL or an open handle.
    let Some(fr) = (unsafe { fr.as_ref() }) else { return errno::code(ErrorKind::Argument) };
    boundary(fr.serial, || {
        // SAFETY: NULL or the caller's string.
        let preset = unsafe { text(preset, "preset") }?;
        fr.lock()?.set_encode(codec_id, preset, (!crf.is_nan()).then_some(crf))
    })
}

/// The calling thread's last failure on this handle; `fr` NULL: its last failed open. Never NULL itself, valid until
/// the thread's next call on that handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_last_error(fr: *const VmafFrV2) -> *const c_char {
    // SAFETY: NULL or an open handle.
    let serial = unsafe { fr.as_ref() }.map_or(OPEN, |fr| fr.serial);
    ERRORS.with_borrow(|errors| errors.get(&serial).map_or(c"".as_ptr(), |e| e.as_ptr()))
}

/// What an errno of this API means. Never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn vmaf_fr_v2_strerror(err: i32) -> *const c_char {
    errno::text(err.checked_neg().unwrap_or(0)).as_ptr()
}

/// The loaded library's version, "x.y.z".
#[unsafe(no_mangle)]
pub extern "C" fn vmaf_fr_v2_version() -> *const c_char {
    const VERSION: &CStr =
        match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
            Ok(version) => version,
            Err(_) => c"",
        };
    VERSION.as_ptr()
}

/// The loaded library's API version, `(major << 16) | (minor << 8) | patch`.
#[unsafe(no_mangle)]
pub extern "C" fn vmaf_fr_v2_api_version() -> u32 {
    (VMAF_FR_V2_API_VERSION_MAJOR << 16)
        | (VMAF_FR_V2_API_VERSION_MINOR << 8)
        | VMAF_FR_V2_API_VERSION_PATCH
}
