// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The table of all functions, for hosts that look for one symbol only.

use std::ffi::c_char;
use std::mem::size_of;

use super::VmafFrV2;
use super::types::{VMAF_FR_V2_API_VERSION_MAJOR, VmafFrV2Config, VmafFrV2Info};
use crate::scorer::Score;

/// All functions of the API. Members are only ever added, at the end: a host that needs one compares `struct_size` with its
/// offset.
#[repr(C)]
pub struct VmafFrV2Api {
    /// Size of the table in the loaded library.
    pub struct_size: u32,
    /// `vmaf_fr_v2_config_default()`
    pub config_default: unsafe extern "C" fn(cfg: *mut VmafFrV2Config),
    /// `vmaf_fr_v2_open()`
    pub open: unsafe extern "C" fn(
        fr: *mut *mut VmafFrV2,
        model: *const c_char,
        cfg: *const VmafFrV2Config,
    ) -> i32,
    /// `vmaf_fr_v2_score()`
    pub score: unsafe extern "C" fn(
        fr: *mut VmafFrV2,
        features: *const f32,
        codec_ids: *const i32,
        n_frames: usize,
        scores: *mut Score,
    ) -> i32,
    /// `vmaf_fr_v2_close()`
    pub close: unsafe extern "C" fn(fr: *mut VmafFrV2) -> i32,
    /// `vmaf_fr_v2_info()`
    pub info: unsafe extern "C" fn(fr: *const VmafFrV2, info: *mut VmafFrV2Info) -> i32,
    /// `vmaf_fr_v2_feature_name()`
    pub feature_name: unsafe extern "C" fn(fr: *const VmafFrV2, i: usize) -> *const c_char,
    /// `vmaf_fr_v2_codec_name()`
    pub codec_name: unsafe extern "C" fn(fr: *const VmafFrV2, i: usize) -> *const c_char,
    /// `vmaf_fr_v2_codec_id()`
    pub codec_id:
        unsafe extern "C" fn(fr: *const VmafFrV2, name: *const c_char, id: *mut i32) -> i32,
    /// `vmaf_fr_v2_set_encode()`
    pub set_encode: unsafe extern "C" fn(
        fr: *mut VmafFrV2,
        codec_id: i32,
        preset: *const c_char,
        crf: f64,
    ) -> i32,
    /// `vmaf_fr_v2_last_error()`
    pub last_error: unsafe extern "C" fn(fr: *const VmafFrV2) -> *const c_char,
    /// `vmaf_fr_v2_strerror()`
    pub strerror: extern "C" fn(err: i32) -> *const c_char,
    /// `vmaf_fr_v2_version()`
    pub version: extern "C" fn() -> *const c_char,
    /// `vmaf_fr_v2_api_version()`
    pub api_version: extern "C" fn() -> u32,
    /// `vmaf_fr_v2_codec_known()`; since API 1.1, as all that follow.
    pub codec_known: unsafe extern "C" fn(fr: *const VmafFrV2, name: *const c_char) -> i32,
    /// `vmaf_fr_v2_feature_optional()`
    pub feature_optional: unsafe extern "C" fn(fr: *const VmafFrV2, i: usize) -> i32,
    /// `vmaf_fr_v2_domain()`
    pub domain: unsafe extern "C" fn(
        fr: *mut VmafFrV2,
        features: *const f32,
        n_frames: usize,
        distances: *mut f64,
    ) -> i32,
    /// `vmaf_fr_v2_builtin_count()`
    pub builtin_count: extern "C" fn() -> usize,
    /// `vmaf_fr_v2_builtin_id()`
    pub builtin_id: extern "C" fn(i: usize) -> *const c_char,
}

static API: VmafFrV2Api = VmafFrV2Api {
    struct_size: size_of::<VmafFrV2Api>() as u32,
    config_default: super::vmaf_fr_v2_config_default,
    open: super::vmaf_fr_v2_open,
    score: super::vmaf_fr_v2_score,
    close: super::vmaf_fr_v2_close,
    info: super::vmaf_fr_v2_info,
    feature_name: super::vmaf_fr_v2_feature_name,
    codec_name: super::vmaf_fr_v2_codec_name,
    codec_id: super::vmaf_fr_v2_codec_id,
    set_encode: super::vmaf_fr_v2_set_encode,
    last_error: super::vmaf_fr_v2_last_error,
    strerror: super::vmaf_fr_v2_strerror,
    version: super::vmaf_fr_v2_version,
    api_version: super::vmaf_fr_v2_api_version,
    codec_known: super::vmaf_fr_v2_codec_known,
    feature_optional: super::vmaf_fr_v2_feature_optional,
    domain: super::vmaf_fr_v2_domain,
    builtin_count: super::vmaf_fr_v2_builtin_count,
    builtin_id: super::vmaf_fr_v2_builtin_id,
};

/// The table of all functions, for dlsym.
///
/// @param api_major The API major that the host was compiled against.
///
/// @return The table, never freed; NULL if this library has another major.
#[unsafe(no_mangle)]
pub extern "C" fn vmaf_fr_v2_api(api_major: u32) -> *const VmafFrV2Api {
    if api_major == VMAF_FR_V2_API_VERSION_MAJOR { &raw const API } else { std::ptr::null() }
}
