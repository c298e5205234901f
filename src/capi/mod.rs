// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The C API: every function that is `extern "C"`. Each one turns pointers into Rust values (`boundary`), calls the
//! library, and turns what comes back into an errno (`errno`).

// The comments are doxygen's, for the header: C hosts read them, and what is safe is said there.
#![allow(clippy::doc_markdown, clippy::missing_safety_doc)]
// C's names.
#![allow(clippy::wildcard_imports)]

mod boundary;
pub mod errno;
mod handle;
mod host_config;
mod last_error;
mod table;
mod types;

pub use handle::VmafFrV2;
pub use table::{VmafFrV2Api, vmaf_fr_v2_api};
pub use types::*;

/// The score of one frame: the same struct in Rust and in C.
pub use crate::scorer::Score as VmafFrV2Score;

use std::ffi::{CStr, c_char};
use std::mem::{MaybeUninit, size_of};
use std::slice;

use crate::config::LogLevel;
use crate::error::{Result, bail, err};
use crate::model::builtin;
use crate::scorer::{Score, Scorer};
use boundary::{WITHOUT_HANDLE, answer, guard, null, text, with_handle};

/// Set the defaults: AUTO, one thread, no flags, silent.
///
/// @param cfg Filled in whole; NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_config_default(cfg: *mut VmafFrV2Config) {
    if !cfg.is_null() {
        // SAFETY: the caller's struct.
        unsafe { cfg.write(host_config::default()) };
    }
}

/// Open a model.
///
/// @param fr    Receives the handle; on failure it is left as it was.
/// @param model NULL: the default of the built-in models. `"builtin:ID"` or `"ID"`: the built-in model of that id. Else
///              the path of an `.onnx` file (its card is the `.json` beside it), of a card, or of an ensemble's card.
/// @param cfg   As vmaf_fr_v2_config_default() sets it, then changed; NULL (since API 1.1): the defaults.
///
/// @return 0, or with the text in `vmaf_fr_v2_last_error(NULL)`:
///         -EINVAL NULL, an unknown engine or flag, `struct_size` too small, text that is not UTF-8;
///         -ENOENT no such model, card or external data, or a built-in model that was removed (the text names its
///         successor); -EACCES it may not be read; -E2BIG above a limit;
///         -EBADMSG malformed ONNX or JSON; -EPROTO graph and card disagree;
///         -EILSEQ another sha256 than the card's, or none and no ALLOW_UNPINNED;
///         -EPERM an operator or a path that a model may not use; -ENOTSUP the engine cannot run the graph;
///         -ENOSYS no engine; -ENOMEM; -EIO the runtime or a read failed; -EFAULT an internal error.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_open(
    fr: *mut *mut VmafFrV2,
    model: *const c_char,
    cfg: *const VmafFrV2Config,
) -> i32 {
    guard(&WITHOUT_HANDLE, || {
        if fr.is_null() {
            return Err(null("fr"));
        }
        // SAFETY: NULL or the caller's string; NULL or the caller's struct, with its string.
        let (model, host, config) = unsafe {
            let host = host_config::read(cfg)?;
            (text(model, "model")?, host, host.to_rust()?)
        };
        let log = |level: LogLevel, message: &str| host.log(level, message);
        let scorer = Scorer::open_logged(model, &config, &log).inspect_err(|e| {
            host.log(LogLevel::Error, e.message());
        })?;
        // SAFETY: not NULL.
        unsafe { fr.write(Box::into_raw(Box::new(VmafFrV2::new(scorer)))) };
        Ok(())
    })
}

/// Score frames.
///
/// @param features  `n_frames` rows of `n_features` raw libvmaf values, row-major, in the order of
///                  vmaf_fr_v2_feature_name(). NaN stands for a missing value if vmaf_fr_v2_feature_optional() allows it.
/// @param codec_ids One per frame, from vmaf_fr_v2_codec_id(); NULL: unknown for every frame. Codec-blind models ignore
///                  them.
/// @param n_frames  0 does nothing.
/// @param scores    Receives `n_frames` scores; on failure nothing is written.
///
/// @return 0, or a negative errno: -EDOM for a value that its feature cannot have, -ERANGE for a codec id;
///         vmaf_fr_v2_last_error() names frame and feature. The handle stays usable.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_score(
    fr: *mut VmafFrV2,
    features: *const f32,
    codec_ids: *const i32,
    n_frames: usize,
    scores: *mut Score,
) -> i32 {
    let body = |fr: &VmafFrV2| {
        if n_frames == 0 {
            return Ok(());
        }
        // SAFETY: arrays of the sizes that the header asks for, or NULL.
        let (features, scores) =
            unsafe { (rows(fr, features, n_frames)?, output(scores, "scores", n_frames)?) };
        // SAFETY: one id per frame, or NULL.
        let ids =
            (!codec_ids.is_null()).then(|| unsafe { slice::from_raw_parts(codec_ids, n_frames) });
        let batch = fr.input().batch(features, ids, n_frames)?;
        fr.lock()?.score_batch(&batch, scores)
    };
    // SAFETY: NULL or an open handle.
    unsafe { with_handle(fr, body) }
}

/// The host's feature rows.
///
/// # Safety
/// `features` is NULL or has `n_frames` rows of the model's width.
unsafe fn rows<'a>(fr: &VmafFrV2, features: *const f32, n_frames: usize) -> Result<&'a [f32]> {
    if features.is_null() {
        return Err(null("features"));
    }
    let values = fr.input().values(n_frames)?;
    // SAFETY: the caller's.
    Ok(unsafe { slice::from_raw_parts(features, values) })
}

/// The host's memory for results, which need not be initialised.
///
/// # Safety
/// `to` is NULL or has room for `n_frames` of them.
unsafe fn output<'a, T>(
    to: *mut T,
    name: &str,
    n_frames: usize,
) -> Result<&'a mut [MaybeUninit<T>]> {
    if to.is_null() {
        return Err(null(name));
    }
    if n_frames > isize::MAX as usize / size_of::<T>() {
        bail!(Argument, "n_frames {n_frames} is more than memory can hold");
    }
    // SAFETY: the caller's; uninitialised memory is what MaybeUninit stands for.
    Ok(unsafe { slice::from_raw_parts_mut(to.cast(), n_frames) })
}

/// Close a model and free what it owns. NULL is fine. A thread's or the process's last destructors may call it.
///
/// @return 0, or a negative errno.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_close(fr: *mut VmafFrV2) -> i32 {
    if fr.is_null() {
        return 0;
    }
    guard(&WITHOUT_HANDLE, || {
        // SAFETY: an open handle, which the caller gives up.
        drop(unsafe { Box::from_raw(fr) });
        Ok(())
    })
}

/// Say what a model is.
///
/// @param info The caller sets its `struct_size`; only that many bytes are written.
///
/// @return 0, or -EINVAL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_info(fr: *const VmafFrV2, info: *mut VmafFrV2Info) -> i32 {
    let body = |fr: &VmafFrV2| {
        if info.is_null() {
            return Err(null("info"));
        }
        let own = fr.info();
        // SAFETY: the caller's struct has its struct_size, and as many bytes as that says.
        unsafe {
            let size = (&raw const (*info).struct_size).read();
            let least = size_of::<u32>();
            if (size as usize) < least {
                bail!(Argument, "struct_size of the info is {size}, at least {least} was expected");
            }
            let n = (size as usize).min(size_of::<VmafFrV2Info>());
            std::ptr::copy_nonoverlapping((&raw const own).cast::<u8>(), info.cast(), n);
            (&raw mut (*info).struct_size).write(size);
        }
        Ok(())
    };
    // SAFETY: NULL or an open handle.
    unsafe { with_handle(fr, body) }
}

/// The name of feature `i`; NULL past the end. Owned by the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_feature_name(fr: *const VmafFrV2, i: usize) -> *const c_char {
    // SAFETY: NULL or an open handle.
    unsafe { fr.as_ref() }.map_or(std::ptr::null(), |fr| fr.feature_name(i))
}

/// The name of codec `i`; NULL past the end, and for a codec-blind model. Owned by the handle.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_codec_name(fr: *const VmafFrV2, i: usize) -> *const c_char {
    // SAFETY: NULL or an open handle.
    unsafe { fr.as_ref() }.map_or(std::ptr::null(), |fr| fr.codec_name(i))
}

/// Look up the id of a codec's or encoder's name. Does not wait for a score under way.
///
/// A codec-blind model answers by codec vocabulary 1, and ignores the id when it scores.
///
/// @param name Trimmed and case-folded; aliases such as "h264" or "libx264" resolve.
/// @param id   Receives the id; that of `unknown` for a name that the vocabulary does not have.
///
/// @return 0, or -EINVAL, or -ERANGE if the vocabulary has neither the name nor `unknown`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_codec_id(
    fr: *const VmafFrV2,
    name: *const c_char,
    id: *mut i32,
) -> i32 {
    let body = |fr: &VmafFrV2| {
        // SAFETY: NULL or the caller's string.
        let name = unsafe { text(name, "name") }?.ok_or_else(|| null("name"))?;
        if id.is_null() {
            return Err(null("id"));
        }
        let found = fr.vocabulary().id(name)?;
        // SAFETY: not NULL.
        unsafe { id.write(found) };
        Ok(())
    };
    // SAFETY: NULL or an open handle.
    unsafe { with_handle(fr, body) }
}

/// Set preset and quality of one codec, for models that take them.
///
/// @param preset NULL: not known.
/// @param crf    NaN: not known.
///
/// @return 0; -ENOTSUP if the model has no such inputs; -ERANGE for an id, preset or crf that the card does not know;
///         -EINVAL for NULL or text that is not UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_set_encode(
    fr: *mut VmafFrV2,
    codec_id: i32,
    preset: *const c_char,
    crf: f64,
) -> i32 {
    let body = |fr: &VmafFrV2| {
        // SAFETY: NULL or the caller's string.
        let preset = unsafe { text(preset, "preset") }?;
        fr.lock()?.set_encode(codec_id, preset, (!crf.is_nan()).then_some(crf))
    };
    // SAFETY: NULL or an open handle.
    unsafe { with_handle(fr, body) }
}

/// The text of the calling thread's last failure on this handle, "" if it had none; `fr` NULL: its last failure
/// without a handle (open, or a call whose handle was NULL). Never NULL itself, valid until the thread's next call on
/// that handle. Other threads and handles do not touch it; a thread's or the process's last destructors may ask.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_last_error(fr: *const VmafFrV2) -> *const c_char {
    // SAFETY: NULL or an open handle.
    unsafe { fr.as_ref() }.map_or(&WITHOUT_HANDLE, VmafFrV2::errors).text()
}

/// What an errno of this API, of vmaf_fr_v2_libvmaf.h or of vmaf_fr_v2_pool.h means. Never NULL, never freed.
///
/// @param err 0 or negative, as the functions return it.
#[unsafe(no_mangle)]
pub extern "C" fn vmaf_fr_v2_strerror(err: i32) -> *const c_char {
    errno::text(err.checked_neg().unwrap_or(-1)).as_ptr()
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

/// Whether the vocabulary has a codec's or encoder's name, itself or by an alias. Since API 1.1.
///
/// A codec-blind model answers by codec vocabulary 1, as vmaf_fr_v2_codec_id() does.
///
/// @return 1, 0, or -EINVAL for NULL or text that is not UTF-8.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_codec_known(fr: *const VmafFrV2, name: *const c_char) -> i32 {
    let body = |fr: &VmafFrV2| {
        // SAFETY: NULL or the caller's string.
        let name = unsafe { text(name, "name") }?.ok_or_else(|| null("name"))?;
        Ok(i32::from(fr.vocabulary().knows(name)))
    };
    // SAFETY: NULL or an open handle.
    unsafe { answer(fr, body) }
}

/// Whether feature `i` may be missing, that is NaN. Since API 1.1.
///
/// @return 0: it is needed. 1: it may be missing, and is worth measuring. 2: it may be missing, and is used only if it
///         is there anyway. -EINVAL past the end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_feature_optional(fr: *const VmafFrV2, i: usize) -> i32 {
    let body = |fr: &VmafFrV2| {
        fr.optional(i).ok_or_else(|| {
            err!(Argument, "feature {i} is past the end of the model's {}", fr.input().width())
        })
    };
    // SAFETY: NULL or an open handle.
    unsafe { answer(fr, body) }
}

/// Say how far frames are from what the model was trained on. Since API 1.1.
///
/// A model whose card describes its training data widens the intervals of frames that are beyond 1.
///
/// @param features  As for vmaf_fr_v2_score().
/// @param n_frames  0 does nothing.
/// @param distances Receives one distance per frame: 0..1 inside the training data, more outside; NaN if the card does not
///                  describe it. On failure nothing is written.
///
/// @return 0, or what vmaf_fr_v2_score() returns for the same rows.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn vmaf_fr_v2_domain(
    fr: *mut VmafFrV2,
    features: *const f32,
    n_frames: usize,
    distances: *mut f64,
) -> i32 {
    let body = |fr: &VmafFrV2| {
        if n_frames == 0 {
            return Ok(());
        }
        // SAFETY: arrays of the sizes that the header asks for, or NULL.
        let (features, distances) =
            unsafe { (rows(fr, features, n_frames)?, output(distances, "distances", n_frames)?) };
        let batch = fr.input().rows(features, n_frames)?;
        fr.lock()?.domain_batch(&batch, distances)
    };
    // SAFETY: NULL or an open handle.
    unsafe { with_handle(fr, body) }
}

/// Number of built-in models. Since API 1.1.
#[unsafe(no_mangle)]
pub extern "C" fn vmaf_fr_v2_builtin_count() -> usize {
    builtin::models().len()
}

/// The id of built-in model `i`: the default first, then the releases, then the others; NULL past the end. Never freed.
/// Since API 1.1.
#[unsafe(no_mangle)]
pub extern "C" fn vmaf_fr_v2_builtin_id(i: usize) -> *const c_char {
    builtin::by_rank(i).map_or(std::ptr::null(), |model| model.c_id.as_ptr())
}
