// SPDX-License-Identifier: BSD-2-Clause-Patent
//! ONNX Runtime's C API, used as its documentation shows: what every time is divided by.

use std::ffi::{CStr, CString, c_char};
use std::path::Path;
use std::ptr;

use ort_sys as ort;

/// A session on standardised inputs, one intra-op thread.
pub struct Session {
    api: &'static ort::OrtApi,
    session: *mut ort::OrtSession,
    memory: *mut ort::OrtMemoryInfo,
    inputs: Vec<CString>,
    output: CString,
    output_is_matrix: bool,
}

/// The input tensors of some frames.
pub struct Inputs {
    pub n: usize,
    pub features: Vec<f32>,
    pub n_features: usize,
    /// Codec blocks; empty for codec-blind graphs.
    pub codec: Vec<f32>,
    pub n_codec: usize,
}

/// Inputs and output bound once.
pub struct Binding<'a> {
    session: &'a Session,
    binding: *mut ort::OrtIoBinding,
    /// What the bound tensors point to.
    _inputs: Inputs,
    output: Vec<f32>,
}

fn check(api: &ort::OrtApi, status: ort::OrtStatusPtr) {
    if !status.0.is_null() {
        // SAFETY: a status that is not NULL is valid until it is released, which never happens.
        let message = unsafe { CStr::from_ptr((api.GetErrorMessage)(status.0)) };
        panic!("ONNX Runtime: {}", message.to_string_lossy());
    }
}

/// Loads the library; it stays loaded.
pub fn load(path: &Path) -> &'static ort::OrtApi {
    // SAFETY: loading ONNX Runtime runs its initialisers only; the declared type is that of
    // `OrtGetApiBase`, and API 17 is what the declarations are for.
    unsafe {
        let library = Box::leak(Box::new(libloading::Library::new(path).expect("libonnxruntime")));
        let base: libloading::Symbol<unsafe extern "system" fn() -> *const ort::OrtApiBase> =
            library.get(b"OrtGetApiBase").expect("OrtGetApiBase");
        ((*base()).GetApi)(17).as_ref().expect("API 17")
    }
}

impl Session {
    pub fn open(api: &'static ort::OrtApi, model: &Path, outputs: usize) -> Self {
        let bytes = std::fs::read(model).expect("model");
        let mut env = ptr::null_mut();
        let mut options = ptr::null_mut();
        let mut session = ptr::null_mut();
        let mut memory = ptr::null_mut();
        // SAFETY: every pointer is valid for the call, and the objects live as long as the process.
        unsafe {
            let level = ort::OrtLoggingLevel::ORT_LOGGING_LEVEL_ERROR;
            check(api, (api.CreateEnv)(level, c"bench".as_ptr(), &raw mut env));
            check(api, (api.CreateSessionOptions)(&raw mut options));
            check(api, (api.SetIntraOpNumThreads)(options, 1));
            check(api, (api.SetInterOpNumThreads)(options, 1));
            check(
                api,
                (api.CreateSessionFromArray)(
                    env,
                    bytes.as_ptr().cast(),
                    bytes.len(),
                    options,
                    &raw mut session,
                ),
            );
            check(
                api,
                (api.CreateCpuMemoryInfo)(
                    ort::OrtAllocatorType::OrtArenaAllocator,
                    ort::OrtMemType::OrtMemTypeDefault,
                    &raw mut memory,
                ),
            );
        }
        let mut s = Self {
            api,
            session,
            memory,
            inputs: vec![],
            output: CString::default(),
            output_is_matrix: outputs > 1,
        };
        s.name_inputs_and_output();
        s
    }

    fn name_inputs_and_output(&mut self) {
        let api = self.api;
        let mut count = 0;
        let mut allocator = ptr::null_mut();
        // SAFETY: the session is open; names are copied before anything else is called.
        unsafe {
            check(api, (api.GetAllocatorWithDefaultOptions)(&raw mut allocator));
            check(api, (api.SessionGetInputCount)(self.session, &raw mut count));
            for i in 0..count {
                let mut name: *mut c_char = ptr::null_mut();
                check(api, (api.SessionGetInputName)(self.session, i, allocator, &raw mut name));
                self.inputs.push(CStr::from_ptr(name).to_owned());
            }
            let mut name: *mut c_char = ptr::null_mut();
            check(api, (api.SessionGetOutputName)(self.session, 0, allocator, &raw mut name));
            CStr::from_ptr(name).clone_into(&mut self.output);
        }
    }

    /// A tensor over the caller's memory.
    fn tensor(&self, data: *mut f32, len: usize, shape: &[i64]) -> *mut ort::OrtValue {
        let mut value = ptr::null_mut();
        // SAFETY: `data` has `len` f32 that outlive the value; the shape is read during the call.
        unsafe {
            check(
                self.api,
                (self.api.CreateTensorWithDataAsOrtValue)(
                    self.memory,
                    data.cast(),
                    len * size_of::<f32>(),
                    shape.as_ptr(),
                    shape.len(),
                    ort::ONNXTensorElementDataType::ONNX_TENSOR_ELEMENT_DATA_TYPE_FLOAT,
                    &raw mut value,
                ),
            );
        }
        value
    }

    fn tensors(&self, inputs: &Inputs) -> ([*const ort::OrtValue; 2], usize) {
        let n = inputs.n as i64;
        let tensor = |data: &[f32], width: usize| {
            self.tensor(data.as_ptr().cast_mut(), data.len(), &[n, width as i64]).cast_const()
        };
        let features = tensor(&inputs.features, inputs.n_features);
        if inputs.codec.is_empty() {
            ([features, ptr::null()], 1)
        } else {
            ([features, tensor(&inputs.codec, inputs.n_codec)], 2)
        }
    }

    /// Creates tensors, runs, copies the result.
    pub fn run(&self, inputs: &Inputs, out: &mut [f32]) {
        let api = self.api;
        let (tensors, count) = self.tensors(inputs);
        let mut names = [ptr::null(); 2];
        for (to, name) in names.iter_mut().zip(&self.inputs) {
            *to = name.as_ptr();
        }
        let output_name = self.output.as_ptr();
        let mut output = ptr::null_mut();
        let mut data = ptr::null_mut();
        // SAFETY: names, values and session are valid for the call; the output has as many f32 as
        // `out`, and is released after it was copied.
        unsafe {
            check(
                api,
                (api.Run)(
                    self.session,
                    ptr::null(),
                    names.as_ptr(),
                    tensors.as_ptr(),
                    count,
                    &raw const output_name,
                    1,
                    &raw mut output,
                ),
            );
            check(api, (api.GetTensorMutableData)(output, &raw mut data));
            ptr::copy_nonoverlapping(data.cast::<f32>(), out.as_mut_ptr(), out.len());
            (api.ReleaseValue)(output);
            for &tensor in &tensors[..count] {
                (api.ReleaseValue)(tensor.cast_mut());
            }
        }
    }

    /// Binds the inputs and an output buffer of `outputs` per row.
    pub fn bind(&self, inputs: Inputs, outputs: usize) -> Binding<'_> {
        let api = self.api;
        let mut binding = ptr::null_mut();
        let mut output = vec![0.0; inputs.n * outputs];
        let (tensors, count) = self.tensors(&inputs);
        let matrix = [inputs.n as i64, outputs as i64];
        let shape = if self.output_is_matrix { &matrix[..] } else { &matrix[..1] };
        let bound = self.tensor(output.as_mut_ptr(), output.len(), shape);
        // SAFETY: the session is open; the values point to memory that the binding owns.
        unsafe {
            check(api, (api.CreateIoBinding)(self.session, &raw mut binding));
            for (name, &tensor) in self.inputs.iter().zip(&tensors[..count]) {
                check(api, (api.BindInput)(binding, name.as_ptr(), tensor));
            }
            check(api, (api.BindOutput)(binding, self.output.as_ptr(), bound));
        }
        Binding { session: self, binding, _inputs: inputs, output }
    }
}

impl Binding<'_> {
    /// Runs on what the bound memory holds.
    pub fn run(&mut self) -> &[f32] {
        let api = self.session.api;
        // SAFETY: session and binding are open; the bound memory is alive.
        unsafe {
            check(api, (api.RunWithBinding)(self.session.session, ptr::null(), self.binding));
        }
        &self.output
    }
}
