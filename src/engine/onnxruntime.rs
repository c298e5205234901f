// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Runs graphs with ONNX Runtime, which is loaded at run time and never linked.

// Codec ids are checked before they come here.
#![allow(clippy::cast_sign_loss)]

use std::ffi::{CStr, CString};
use std::ops::{Deref, DerefMut};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::ptr::NonNull;

use once_cell::sync::OnceCell;
use ort::AsPointer;
use ort::environment::Environment;
use ort::memory::Allocator;
use ort::session::{IoBinding, RunOptions, Session, builder::GraphOptimizationLevel};
use ort::value::Tensor;

use super::{Engine, standardise};
use crate::batch::{Batch, MAX_RUN};
use crate::error::{Error, ErrorKind, Result, bail, err};
use crate::features::Standardizer;
use crate::onnx::Graph;

const VARIABLE: &str = "VMAF_FR_V2_ONNXRUNTIME";
/// What distributions call the library.
const SYSTEM: [&str; 2] = ["libonnxruntime.so", "libonnxruntime.so.1"];
/// The process's runtime and its one environment; the first successful open decides which library.
struct Runtime {
    path: PathBuf,
    version: String,
    environment: Environment,
}

static RUNTIME: OnceCell<Runtime> = OnceCell::new();

/// Batch sizes whose bindings are kept: one frame, whole batches, and what is left of a clip.
const MAX_BINDINGS: usize = 4;

/// A session and its codec table.
pub(crate) struct OnnxRuntime {
    /// Made once: without any, the runtime makes its own for every run.
    options: RunOptions,
    /// The most recently used one first.
    bindings: Vec<Bound>,
    session: Session,
    standardizer: Standardizer,
    features: String,
    n_features: usize,
    codec: Option<(String, usize)>,
    output: String,
    output_width: usize,
    output_is_matrix: bool,
    table: Vec<f32>,
}

/// Input and output tensors of one batch size, bound to the session.
struct Bound {
    n: usize,
    features: Values,
    codec: Option<Values>,
    /// The ids whose blocks `codec` holds: a clip has one codec, so they seldom change.
    ids: Vec<i32>,
    output: Values,
    binding: IoBinding,
}

/// A tensor with its elements: asking the runtime for them takes longer than scoring a frame should.
struct Values {
    _tensor: Tensor<f32>,
    data: NonNull<f32>,
    len: usize,
}

// SAFETY: the elements belong to the tensor, which may be sent too.
unsafe impl Send for Values {}

impl Values {
    /// Of a tensor that was made with `len` elements.
    fn new(mut tensor: Tensor<f32>, len: usize) -> ort::Result<Self> {
        let data = NonNull::new(tensor.data_ptr_mut().cast())
            .ok_or_else(|| ort::Error::new(format!("no memory for {len} values")))?;
        Ok(Self { _tensor: tensor, data, len })
    }
}

impl Deref for Values {
    type Target = [f32];
    fn deref(&self) -> &[f32] {
        // SAFETY: the runtime allocated `len` f32, zeroed or written since, which stay where they are
        // as long as the tensor; `&self` keeps the session from running meanwhile.
        unsafe { std::slice::from_raw_parts(self.data.as_ptr(), self.len) }
    }
}

impl DerefMut for Values {
    fn deref_mut(&mut self) -> &mut [f32] {
        // SAFETY: as in `deref`, and `&mut self` keeps everybody else from them.
        unsafe { std::slice::from_raw_parts_mut(self.data.as_ptr(), self.len) }
    }
}

impl OnnxRuntime {
    /// Makes a session of a scanned graph; also gives the runtime's name and version.
    ///
    /// # Errors
    /// `NoEngine`: no library, or not ONNX Runtime. `Unsupported`: the runtime refuses the graph.
    pub(crate) fn open(
        graph: &Graph,
        standardizer: Standardizer,
        path: Option<&Path>,
        n_threads: u32,
    ) -> Result<(Self, String)> {
        let runtime = runtime(path)?;
        let session = session(runtime, graph, n_threads.max(1) as usize).map_err(|e| {
            err!(Unsupported, "ONNX Runtime {} does not take the graph: {e}", runtime.version)
        })?;
        let mut options = RunOptions::new().map_err(failed)?;
        // There is no device but the processor.
        options.disable_device_sync().map_err(failed)?;
        let engine = Self {
            options,
            bindings: Vec::new(),
            session,
            standardizer,
            features: graph.features.clone(),
            n_features: graph.n_features,
            codec: graph.codec.clone(),
            output: graph.output.clone(),
            output_width: graph.output_width,
            output_is_matrix: graph.output_is_matrix,
            table: Vec::new(),
        };
        Ok((engine, format!("ONNX Runtime {}", runtime.version)))
    }
}

fn session(runtime: &Runtime, graph: &Graph, n_threads: usize) -> ort::Result<Session> {
    let mut builder = Session::builder(&runtime.environment)?
        // What every version knows: level 3 alone is new in 1.23.
        .with_optimization_level(GraphOptimizationLevel::All)?
        .with_intra_threads(n_threads)?
        .with_inter_threads(1)?
        .with_config_entry("session.intra_op.allow_spinning", "0")?
        .with_config_entry("session.inter_op.allow_spinning", "0")?;
    builder.commit_from_memory(&graph.bytes)
}

fn runtime(path: Option<&Path>) -> Result<&'static Runtime> {
    let named = path
        .map(Path::to_owned)
        .or_else(|| std::env::var_os(VARIABLE).filter(|v| !v.is_empty()).map(PathBuf::from));
    if let Some(runtime) = RUNTIME.get() {
        // ort holds one library per process.
        if let Some(named) = named.as_deref()
            && named != runtime.path
        {
            preflight(named)?;
            if named.canonicalize().ok() != runtime.path.canonicalize().ok() {
                bail!(
                    NoEngine,
                    "{}: this process runs {} already, and there is one ONNX Runtime per process",
                    named.display(),
                    runtime.path.display()
                );
            }
        }
        return Ok(runtime);
    }
    RUNTIME.get_or_try_init(|| match named {
        Some(path) => load(&path),
        None => SYSTEM.iter().find_map(|name| load(Path::new(name)).ok()).ok_or_else(|| {
            err!(
                NoEngine,
                "no libonnxruntime found: none named, none in ${VARIABLE}, none in the system"
            )
        }),
    })
}

fn load(path: &Path) -> Result<Runtime> {
    let version = preflight(path)?;
    let environment = ort::init_from(path)
        .map_err(|e| err!(NoEngine, "{}: {e}", path.display()))?
        .with_name("vmaf_fr_v2")
        .with_telemetry(false)
        .build()
        .map_err(|e| err!(NoEngine, "{}: {e}", path.display()))?;
    Ok(Runtime { path: path.to_owned(), version, environment })
}

/// Loads the library by hand first: ort panics, or waits for itself, over one that is missing or another.
fn preflight(path: &Path) -> Result<String> {
    let name = CString::new(path.as_os_str().as_bytes())
        .map_err(|_| err!(Argument, "NUL in the path of ONNX Runtime"))?;
    // SAFETY: a C string; the library's initialisers run, as the caller asked for.
    let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if handle.is_null() {
        // SAFETY: the text of this thread's last dl error, or NULL.
        let text = unsafe {
            libc::dlerror().as_ref().map(|t| CStr::from_ptr(t).to_string_lossy().into_owned())
        };
        bail!(NoEngine, "{}: {}", path.display(), text.unwrap_or_default());
    }
    // SAFETY: an open handle and a C string.
    let base = unsafe { libc::dlsym(handle, c"OrtGetApiBase".as_ptr()) };
    if base.is_null() {
        // SAFETY: an open handle, from which nothing is used.
        unsafe { libc::dlclose(handle) };
        bail!(NoEngine, "{}: not ONNX Runtime: no symbol OrtGetApiBase", path.display());
    }
    // SAFETY: ONNX Runtime's one exported function, of this type in every version.
    let version = unsafe {
        let get = std::mem::transmute::<
            *mut libc::c_void,
            unsafe extern "C" fn() -> *const ort::sys::OrtApiBase,
        >(base);
        let base = get().as_ref().ok_or_else(|| err!(NoEngine, "{}: no API", path.display()))?;
        if (base.GetApi)(ort::sys::ORT_API_VERSION).is_null() {
            bail!(
                NoEngine,
                "{}: too old: it lacks API {}",
                path.display(),
                ort::sys::ORT_API_VERSION
            );
        }
        CStr::from_ptr((base.GetVersionString)()).to_string_lossy().into_owned()
    };
    Ok(version)
}

fn failed(e: impl std::fmt::Display) -> Error {
    Error::new(ErrorKind::Failed, format!("ONNX Runtime failed: {e}"))
}

impl Engine for OnnxRuntime {
    fn rows_per_run(&self) -> usize {
        MAX_RUN
    }

    fn set_codec_table(&mut self, table: &[f32]) -> Result<()> {
        self.table.clear();
        self.table.extend_from_slice(table);
        self.bindings.iter_mut().for_each(|b| b.ids.clear());
        Ok(())
    }

    fn run(&mut self, batch: &Batch<'_>, out: &mut [f32]) -> Result<()> {
        self.use_binding(batch.len()).map_err(failed)?;
        let bound = &mut self.bindings[0];
        standardise(&self.standardizer, batch, &mut bound.features)?;
        let codec_ids = batch.codec_ids();
        if let (Some(tensor), Some((_, width))) = (&mut bound.codec, &self.codec)
            && bound.ids != codec_ids
        {
            bound.ids.clear();
            let blocks = tensor.chunks_exact_mut(*width);
            for (block, &id) in blocks.zip(codec_ids) {
                block.copy_from_slice(&self.table[id as usize * width..][..*width]);
            }
            bound.ids.extend_from_slice(codec_ids);
        }
        // ort's own call allocates a map of outputs each time; the binding has the one there is.
        // SAFETY: session and binding are open and belong together, and `&mut self` makes this the
        // only run; a status is handed over at once.
        unsafe {
            let status = (ort::api().RunWithBinding)(
                self.session.ptr().cast_mut(),
                self.options.ptr(),
                bound.binding.ptr(),
            );
            ort::Error::result_from_status(status).map_err(failed)?;
        }
        out.copy_from_slice(&bound.output);
        Ok(())
    }
}

impl OnnxRuntime {
    /// Puts the binding for `n` rows first.
    fn use_binding(&mut self, n: usize) -> ort::Result<()> {
        if let Some(i) = self.bindings.iter().position(|b| b.n == n) {
            self.bindings[..=i].rotate_right(1);
            return Ok(());
        }
        let allocator = Allocator::default();
        let features = Tensor::new(&allocator, [n, self.n_features])?;
        let mut output = if self.output_is_matrix {
            Tensor::new(&allocator, [n, self.output_width])?
        } else {
            Tensor::new(&allocator, [n])?
        };
        let mut binding = self.session.create_binding()?;
        binding.bind_input(self.features.as_str(), &features)?;
        let codec = match &self.codec {
            None => None,
            Some((name, width)) => {
                let tensor = Tensor::new(&allocator, [n, *width])?;
                binding.bind_input(name.as_str(), &tensor)?;
                Some(Values::new(tensor, n * width)?)
            }
        };
        binding.bind_output(self.output.as_str(), &mut output)?;
        let features = Values::new(features, n * self.n_features)?;
        let output = Values::new(output, n * self.output_width)?;
        self.bindings.truncate(MAX_BINDINGS - 1);
        self.bindings.insert(0, Bound { n, features, codec, ids: Vec::new(), output, binding });
        Ok(())
    }
}
