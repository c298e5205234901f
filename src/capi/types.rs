// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The C API's constants and structs.

use std::ffi::{c_char, c_void};

/// Major version of the API; a new one changes the SONAME.
pub const VMAF_FR_V2_API_VERSION_MAJOR: u32 = 1;
/// Minor version of the API: grows with every addition.
pub const VMAF_FR_V2_API_VERSION_MINOR: u32 = 1;
/// Patch version of the API.
pub const VMAF_FR_V2_API_VERSION_PATCH: u32 = 0;

/// Major version of the library.
pub const VMAF_FR_V2_VERSION_MAJOR: u32 = 0;
/// Minor version of the library.
pub const VMAF_FR_V2_VERSION_MINOR: u32 = 1;
/// Patch version of the library.
pub const VMAF_FR_V2_VERSION_PATCH: u32 = 0;

/// The embedded engine if it can run the model, else ONNX Runtime; with `onnxruntime_path`, ONNX Runtime first.
pub const VMAF_FR_V2_ENGINE_AUTO: i32 = 0;
/// ONNX Runtime, loaded at run time.
pub const VMAF_FR_V2_ENGINE_ONNXRUNTIME: i32 = 1;
/// The library's own engine.
pub const VMAF_FR_V2_ENGINE_EMBEDDED: i32 = 2;

/// Do not clip scores to the card's `score_range`.
pub const VMAF_FR_V2_FLAG_DISABLE_CLIP: u64 = 1;
/// Accept a model whose card has no sha256, or which has no card.
pub const VMAF_FR_V2_FLAG_ALLOW_UNPINNED: u64 = 2;

/// Level of a log message: the model did not open; the text is that of `vmaf_fr_v2_last_error(NULL)`.
pub const VMAF_FR_V2_LOG_ERROR: i32 = 1;
/// Level of a log message: opening goes on, but not as asked for.
pub const VMAF_FR_V2_LOG_WARNING: i32 = 2;
/// Level of a log message: what was opened, and with which engine.
pub const VMAF_FR_V2_LOG_INFO: i32 = 3;

/// How to open a model.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct VmafFrV2Config {
    /// `sizeof(VmafFrV2Config)` as the host compiled it.
    pub struct_size: u32,
    /// `VMAF_FR_V2_ENGINE_*`
    pub engine: i32,
    /// Absolute path of libonnxruntime; NULL: `$VMAF_FR_V2_ONNXRUNTIME`, else the system's.
    pub onnxruntime_path: *const c_char,
    /// ONNX Runtime's intra-op threads; 0 means 1.
    pub n_threads: u32,
    /// `VMAF_FR_V2_FLAG_*`
    pub flags: u64,
    /// Receives messages while a model is opened, in the thread that opens it; NULL: silent. It must return: no longjmp
    /// and no C++ exception may leave it, and it must not call this library. `level` is one of `VMAF_FR_V2_LOG_*`;
    /// `message` is one line, valid during the call.
    pub log: Option<unsafe extern "C" fn(cookie: *mut c_void, level: i32, message: *const c_char)>,
    /// First argument of `log`.
    pub log_cookie: *mut c_void,
}

/// What an open model is.
#[repr(C)]
#[derive(Clone, Copy)]
pub struct VmafFrV2Info {
    /// Set by the caller; only that much is written.
    pub struct_size: u32,
    /// Number of features per frame.
    pub n_features: u32,
    /// Number of codecs in the vocabulary; 0 for a codec-blind model.
    pub n_codecs: u32,
    /// 1 if the model takes the codec.
    pub codec_aware: i32,
    /// 1 if scores come with a standard deviation, the model's own or that of its calibration.
    pub has_variance: i32,
    /// The engine that runs the model, `VMAF_FR_V2_ENGINE_*`.
    pub engine: i32,
    /// Number of graphs.
    pub n_members: i32,
    /// Version of the codec vocabulary; 0 for a codec-blind model, or if the card pins none.
    pub codec_vocab_version: i32,
    /// Lowest score.
    pub score_min: f64,
    /// Highest score.
    pub score_max: f64,
    /// Name of the model, owned by the handle.
    pub id: *const c_char,
    /// Name and version of the engine, owned by the handle.
    pub engine_version: *const c_char,
    /// "release" or "experimental", owned by the handle: the gate's verdict on a built-in model, else what the card says.
    pub status: *const c_char,
}
