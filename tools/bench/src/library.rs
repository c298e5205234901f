// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `libvmaf_fr_v2` through its C ABI, as a host that opens the shared library.

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::path::Path;
use std::ptr;

pub const ONNXRUNTIME: i32 = 1;
pub const EMBEDDED: i32 = 2;

#[repr(C)]
struct Config {
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
pub struct Score {
    pub score: f64,
    pub stddev: f64,
    pub ci95_low: f64,
    pub ci95_high: f64,
}

type Handle = c_void;

/// The functions that a benchmark calls.
#[derive(Clone, Copy)]
pub struct Library {
    config_default: unsafe extern "C" fn(*mut Config),
    open: unsafe extern "C" fn(*mut *mut Handle, *const c_char, *const Config) -> c_int,
    score: unsafe extern "C" fn(*mut Handle, *const f32, *const i32, usize, *mut Score) -> c_int,
    close: unsafe extern "C" fn(*mut Handle) -> c_int,
    last_error: unsafe extern "C" fn(*const Handle) -> *const c_char,
}

/// One open model.
pub struct Model {
    library: Library,
    handle: *mut Handle,
}

// SAFETY: the C API allows a handle to be used from several threads; calls are serialised inside.
unsafe impl Send for Model {}
// SAFETY: likewise.
unsafe impl Sync for Model {}

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
    ) -> Result<Model, String> {
        let model = CString::new(model).expect("no NUL");
        let path =
            onnxruntime.map(|p| CString::new(p.as_os_str().as_encoded_bytes()).expect("no NUL"));
        let mut handle = ptr::null_mut();
        // SAFETY: all pointers are valid for the call.
        unsafe {
            let mut config = std::mem::zeroed::<Config>();
            (self.config_default)(&raw mut config);
            config.engine = engine;
            config.onnxruntime_path = path.as_ref().map_or(ptr::null(), |p| p.as_ptr());
            if (self.open)(&raw mut handle, model.as_ptr(), &raw const config) != 0 {
                let message = CStr::from_ptr((self.last_error)(ptr::null()));
                return Err(message.to_string_lossy().into_owned());
            }
        }
        Ok(Model { library: self, handle })
    }
}

impl Model {
    /// Scores raw features; `ids` empty: NULL.
    pub fn score(&self, features: &[f32], ids: &[i32], scores: &mut [Score]) {
        let ids = if ids.is_empty() { ptr::null() } else { ids.as_ptr() };
        // SAFETY: the arrays have what `n_frames` rows need.
        let code = unsafe {
            (self.library.score)(
                self.handle,
                features.as_ptr(),
                ids,
                scores.len(),
                scores.as_mut_ptr(),
            )
        };
        assert_eq!(code, 0, "score");
    }
}

impl Drop for Model {
    fn drop(&mut self) {
        // SAFETY: the handle is open and not used after.
        unsafe { (self.library.close)(self.handle) };
    }
}
