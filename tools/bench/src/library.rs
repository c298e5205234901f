// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `libvmaf_fr_v2` through its C ABI, as a host that loads the shared library. Several builds of it
//! can be loaded side by side: each has its own state.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;

pub const ONNXRUNTIME: i32 = 1;
pub const EMBEDDED: i32 = 2;

#[repr(C)]
struct VmafFrV2Config {
    struct_size: u32,
    engine: i32,
    onnxruntime_path: *const c_char,
    n_threads: u32,
    flags: u64,
    log: Option<unsafe extern "C" fn(*mut c_void, i32, *const c_char)>,
    log_cookie: *mut c_void,
}

#[repr(C)]
#[derive(Debug, Clone, Copy, Default)]
pub struct VmafFrV2Score {
    pub score: f64,
    pub stddev: f64,
    pub ci95_low: f64,
    pub ci95_high: f64,
}

type VmafFrV2 = c_void;

/// The functions that a benchmark calls.
#[derive(Clone, Copy)]
pub struct Library {
    config_default: unsafe extern "C" fn(*mut VmafFrV2Config),
    open: unsafe extern "C" fn(*mut *mut VmafFrV2, *const c_char, *const VmafFrV2Config) -> c_int,
    score: unsafe extern "C" fn(
        *mut VmafFrV2,
        *const f32,
        *const i32,
        usize,
        *mut VmafFrV2Score,
    ) -> c_int,
    close: unsafe extern "C" fn(*mut VmafFrV2) -> c_int,
    last_error: unsafe extern "C" fn(*const VmafFrV2) -> *const c_char,
}

/// One open model.
pub struct Handle {
    library: Library,
    fr: *mut VmafFrV2,
}

// SAFETY: the C API allows a handle to be used from several threads; calls are serialised inside.
unsafe impl Send for Handle {}
// SAFETY: the C API allows a handle to be used from several threads; calls are serialised inside.
unsafe impl Sync for Handle {}

impl Library {
    pub fn load(path: &Path) -> Self {
        // SAFETY: loading the library runs no code of consequence; each symbol has the declared
        // type by the header.
        unsafe {
            let library = Box::leak(Box::new(
                libloading::Library::new(path)
                    .unwrap_or_else(|e| panic!("{}: {e}", path.display())),
            ));
            macro_rules! symbol {
                ($name:literal) => {
                    *library.get($name).unwrap_or_else(|e| panic!("{e}"))
                };
            }
            Self {
                config_default: symbol!(b"vmaf_fr_v2_config_default"),
                open: symbol!(b"vmaf_fr_v2_open"),
                score: symbol!(b"vmaf_fr_v2_score"),
                close: symbol!(b"vmaf_fr_v2_close"),
                last_error: symbol!(b"vmaf_fr_v2_last_error"),
            }
        }
    }

    /// Opens a model; `onnxruntime` is the path of ONNX Runtime for that engine.
    pub fn open(
        self,
        model: &str,
        engine: i32,
        onnxruntime: Option<&Path>,
    ) -> Result<Handle, String> {
        let model = CString::new(model).expect("no NUL");
        let path =
            onnxruntime.map(|p| CString::new(p.as_os_str().as_encoded_bytes()).expect("no NUL"));
        let mut fr = ptr::null_mut();
        // SAFETY: all pointers are valid for the call.
        unsafe {
            let mut config = std::mem::zeroed::<VmafFrV2Config>();
            (self.config_default)(&raw mut config);
            config.engine = engine;
            config.onnxruntime_path = path.as_ref().map_or(ptr::null(), |p| p.as_ptr());
            if (self.open)(&raw mut fr, model.as_ptr(), &raw const config) != 0 {
                let message = CStr::from_ptr((self.last_error)(ptr::null()));
                return Err(message.to_string_lossy().into_owned());
            }
        }
        Ok(Handle { library: self, fr })
    }
}

impl Handle {
    /// Scores raw features; `ids` empty: NULL.
    pub fn score(&self, features: &[f32], ids: &[i32], scores: &mut [VmafFrV2Score]) {
        let ids = if ids.is_empty() { ptr::null() } else { ids.as_ptr() };
        // SAFETY: the arrays have what `n_frames` rows need.
        let code = unsafe {
            (self.library.score)(self.fr, features.as_ptr(), ids, scores.len(), scores.as_mut_ptr())
        };
        assert_eq!(code, 0, "score");
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        // SAFETY: the handle is open and not used after.
        unsafe { (self.library.close)(self.fr) };
    }
}
