// SPDX-License-Identifier: BSD-2-Clause-Patent
//! libvmaf's own prediction: `vmaf_score_at_index` of `vmaf_v0.6.1` on imported features.

use std::ffi::{CString, c_char, c_int, c_uint, c_void};
use std::path::Path;
use std::ptr;

use vmaf_fr_v2::catalogue;

#[repr(C)]
struct VmafConfiguration {
    log_level: c_int,
    n_threads: c_uint,
    n_subsample: c_uint,
    cpumask: u64,
}

#[repr(C)]
struct VmafModelConfig {
    name: *const c_char,
    flags: u64,
}

type ScoreAtIndex = unsafe extern "C" fn(*mut c_void, *mut c_void, *mut f64, c_uint) -> c_int;

/// A context that holds the features of some frames.
pub struct Svm {
    context: *mut c_void,
    model: *mut c_void,
    score_at_index: ScoreAtIndex,
    next: c_uint,
    frames: c_uint,
}

/// The keys of the model's six features in libvmaf's collector.
fn keys() -> Vec<CString> {
    let canonical = catalogue::FEATURES.iter().filter(|f| f.canonical);
    canonical.map(|f| CString::new(f.collector_keys[0]).expect("no NUL")).collect()
}

impl Svm {
    /// Imports the features of `frames` frames: libvmaf predicts each index once only.
    pub fn new(path: &Path, frames: u32) -> Self {
        // SAFETY: the declared types are those of libvmaf 2.3's headers, and every pointer is valid
        // for the call. The library, the context and the model live as long as the process.
        unsafe {
            let library = Box::leak(Box::new(libloading::Library::new(path).expect("libvmaf")));
            let init: libloading::Symbol<
                unsafe extern "C" fn(*mut *mut c_void, VmafConfiguration) -> c_int,
            > = library.get(b"vmaf_init").expect("vmaf_init");
            let load: libloading::Symbol<
                unsafe extern "C" fn(
                    *mut *mut c_void,
                    *mut VmafModelConfig,
                    *const c_char,
                ) -> c_int,
            > = library.get(b"vmaf_model_load").expect("vmaf_model_load");
            let import: libloading::Symbol<
                unsafe extern "C" fn(*mut c_void, *const c_char, f64, c_uint) -> c_int,
            > = library.get(b"vmaf_import_feature_score").expect("vmaf_import_feature_score");
            let use_features: libloading::Symbol<
                unsafe extern "C" fn(*mut c_void, *mut c_void) -> c_int,
            > = library.get(b"vmaf_use_features_from_model").expect("use_features_from_model");
            let score_at_index: ScoreAtIndex =
                *library.get(b"vmaf_score_at_index").expect("vmaf_score_at_index");

            let mut context = ptr::null_mut();
            let configuration =
                VmafConfiguration { log_level: 1, n_threads: 0, n_subsample: 1, cpumask: 0 };
            assert_eq!(init(&raw mut context, configuration), 0, "vmaf_init");
            let mut model = ptr::null_mut();
            let mut config = VmafModelConfig { name: c"vmaf".as_ptr(), flags: 0 };
            let loaded = load(&raw mut model, &raw mut config, c"vmaf_v0.6.1".as_ptr());
            assert_eq!(loaded, 0, "vmaf_model_load");
            assert_eq!(use_features(context, model), 0, "vmaf_use_features_from_model");
            let keys = keys();
            for i in 0..frames {
                for (k, key) in keys.iter().enumerate() {
                    let v = 0.4 + 0.09 * k as f64 + 0.001 * f64::from(i % 100);
                    assert_eq!(import(context, key.as_ptr(), v, i), 0, "import");
                }
            }
            Self { context, model, score_at_index, next: 0, frames }
        }
    }

    /// Frames that are not predicted yet.
    pub fn left(&self) -> u32 {
        self.frames - self.next
    }

    /// Predicts the next frame.
    pub fn score(&mut self) -> f64 {
        let mut score = 0.0;
        // SAFETY: context and model are open; the index was imported.
        let code =
            unsafe { (self.score_at_index)(self.context, self.model, &raw mut score, self.next) };
        assert_eq!(code, 0, "vmaf_score_at_index");
        self.next += 1;
        score
    }
}
