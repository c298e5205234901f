// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What a host holds of an open model.

use std::ffi::{CString, c_char};
use std::mem::size_of;
use std::sync::{Arc, Mutex, MutexGuard};

use super::last_error::{LastErrors, c_string};
use super::types::*;
use crate::batch::Input;
use crate::catalogue::Vocabulary;
use crate::config::EngineChoice;
use crate::error::{Result, err};
use crate::scorer::{Info, Scorer};

/// One open model.
pub struct VmafFrV2 {
    scorer: Mutex<Scorer>,
    errors: LastErrors,
    // What follows never changes, so no call waits for a score to read it.
    input: Arc<Input>,
    vocabulary: Vocabulary,
    optional: Vec<i32>,
    info: Info,
    id: CString,
    engine_version: CString,
    status: CString,
    features: Vec<CString>,
    codecs: Vec<CString>,
}

impl VmafFrV2 {
    pub(super) fn new(scorer: Scorer) -> Self {
        let info = scorer.info();
        Self {
            errors: LastErrors::new(),
            input: Arc::clone(scorer.input()),
            vocabulary: scorer.vocabulary().clone(),
            optional: (0..).map_while(|i| scorer.feature_optional(i)).collect(),
            id: c_string(&info.id),
            engine_version: c_string(&info.engine_version),
            status: c_string(&info.status),
            features: scorer.feature_names().iter().map(|n| c_string(n)).collect(),
            codecs: scorer.codec_names().iter().map(|n| c_string(n)).collect(),
            info,
            scorer: Mutex::new(scorer),
        }
    }

    /// The scorer, for as long as one call needs it.
    pub(super) fn lock(&self) -> Result<MutexGuard<'_, Scorer>> {
        self.scorer.lock().map_err(|_| {
            err!(Internal, "an earlier call on this handle failed internally; open it again")
        })
    }

    pub(super) fn errors(&self) -> &LastErrors {
        &self.errors
    }

    pub(super) fn input(&self) -> &Input {
        &self.input
    }

    pub(super) fn vocabulary(&self) -> &Vocabulary {
        &self.vocabulary
    }

    pub(super) fn optional(&self, i: usize) -> Option<i32> {
        self.optional.get(i).copied()
    }

    pub(super) fn feature_name(&self, i: usize) -> *const c_char {
        name_at(&self.features, i)
    }

    pub(super) fn codec_name(&self, i: usize) -> *const c_char {
        name_at(&self.codecs, i)
    }

    /// What the model is; the pointers live as long as the handle.
    pub(super) fn info(&self) -> VmafFrV2Info {
        let info = &self.info;
        VmafFrV2Info {
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
            id: self.id.as_ptr(),
            engine_version: self.engine_version.as_ptr(),
            status: self.status.as_ptr(),
        }
    }
}

fn name_at(names: &[CString], i: usize) -> *const c_char {
    names.get(i).map_or(std::ptr::null(), |n| n.as_ptr())
}
