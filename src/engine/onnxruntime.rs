// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Runs graphs with ONNX Runtime, which is loaded at run time and never linked.

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use once_cell::sync::OnceCell;
use ort::environment::Environment;
use ort::session::{Session, builder::GraphOptimizationLevel};
use ort::value::TensorRef;

use super::Engine;
use crate::error::{Errno, Error, Result, bail, err};
use crate::onnx::Graph;

const VARIABLE: &str = "VMAF_FR_V2_ONNXRUNTIME";
/// What distributions call the library.
const SYSTEM: [&str; 2] = ["libonnxruntime.so", "libonnxruntime.so.1"];
/// Rows of one run: bounds the runtime's memory.
const MAX_ROWS: usize = 1024;

/// The process's runtime and its one environment; the first successful open decides which library.
struct Runtime {
    path: PathBuf,
    version: String,
    environment: Environment,
}

static RUNTIME: OnceCell<Runtime> = OnceCell::new();

/// A session and its codec table.
pub(crate) struct OnnxRuntime {
    session: Session,
    features: String,
    n_features: usize,
    codec: Option<(String, usize)>,
    output: String,
    output_width: usize,
    table: Vec<f32>,
    block: Vec<f32>,
}

impl OnnxRuntime {
    /// Makes a session of a scanned graph; also gives the runtime's name and version.
    ///
    /// # Errors
    /// `NoSys`: no library, or not ONNX Runtime. `NotSup`: the runtime refuses the graph.
    pub(crate) fn open(
        graph: &Graph,
        path: Option<&Path>,
        n_threads: u32,
    ) -> Result<(Self, String)> {
        let runtime = runtime(path)?;
        let session = session(runtime, graph, n_threads.max(1) as usize).map_err(|e| {
            err!(NotSup, "ONNX Runtime {} does not take the graph: {e}", runtime.version)
        })?;
        let engine = Self {
            session,
            features: graph.features.clone(),
            n_features: graph.n_features,
            codec: graph.codec.clone(),
            output: graph.output.clone(),
            output_width: graph.output_width,
            table: Vec::new(),
            block: Vec::new(),
        };
        Ok((engine, format!("ONNX Runtime {}", runtime.version)))
    }
}

fn session(runtime: &Runtime, graph: &Graph, n_threads: usize) -> ort::Result<Session> {
    let mut builder = Session::builder(&runtime.environment)?
        .with_optimization_level(GraphOptimizationLevel::Level3)?
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
                    NoSys,
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
                NoSys,
                "no libonnxruntime found: none named, none in ${VARIABLE}, none in the system"
            )
        }),
    })
}

fn load(path: &Path) -> Result<Runtime> {
    let version = preflight(path)?;
    let environment = ort::init_from(path)
        .map_err(|e| err!(NoSys, "{}: {e}", path.display()))?
        .with_name("vmaf_fr_v2")
        .with_telemetry(false)
        .build()
        .map_err(|e| err!(NoSys, "{}: {e}", path.display()))?;
    Ok(Runtime { path: path.to_owned(), version, environment })
}

/// Loads the library by hand first: ort panics, or waits for itself, over one that is missing or another.
fn preflight(path: &Path) -> Result<String> {
    let name = CString::new(path.as_os_str().as_bytes())
        .map_err(|_| err!(Inval, "NUL in the path of ONNX Runtime"))?;
    // SAFETY: a C string; the library's initialisers run, as the caller asked for.
    let handle = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if handle.is_null() {
        // SAFETY: the text of this thread's last dl error, or NULL.
        let text = unsafe {
            libc::dlerror().as_ref().map(|t| CStr::from_ptr(t).to_string_lossy().into_owned())
        };
        bail!(NoSys, "{}: {}", path.display(), text.unwrap_or_default());
    }
    // SAFETY: an open handle and a C string.
    let base = unsafe { libc::dlsym(handle, c"OrtGetApiBase".as_ptr()) };
    if base.is_null() {
        // SAFETY: an open handle, from which nothing is used.
        unsafe { libc::dlclose(handle) };
        bail!(NoSys, "{}: not ONNX Runtime: no symbol OrtGetApiBase", path.display());
    }
    // SAFETY: ONNX Runtime's one exported function, of this type in every version.
    let version = unsafe {
        let get = std::mem::transmute::<
            *mut libc::c_void,
            unsafe extern "C" fn() -> *const ort::sys::OrtApiBase,
        >(base);
        let base = get().as_ref().ok_or_else(|| err!(NoSys, "{}: no API", path.display()))?;
        if (base.GetApi)(ort::sys::ORT_API_VERSION).is_null() {
            bail!(NoSys, "{}: too old: it lacks API {}", path.display(), ort::sys::ORT_API_VERSION);
        }
        CStr::from_ptr((base.GetVersionString)()).to_string_lossy().into_owned()
    };
    Ok(version)
}

fn failed(e: impl std::fmt::Display) -> Error {
    Error::new(Errno::Io, format!("ONNX Runtime failed: {e}"))
}

impl Engine for OnnxRuntime {
    fn max_rows(&self) -> usize {
        MAX_ROWS
    }

    fn set_codec_table(&mut self, table: &[f32]) -> Result<()> {
        self.table.clear();
        self.table.extend_from_slice(table);
        Ok(())
    }

    fn run(&mut self, z: &[f32], codec_ids: &[i32], out: &mut [f32]) -> Result<()> {
        let n = z.len() / self.n_features;
        let features = TensorRef::from_array_view(([n, self.n_features], z)).map_err(failed)?;
        let outputs = match &self.codec {
            None => self.session.run(ort::inputs![self.features.as_str() => features]),
            Some((codec, width)) => {
                self.block.clear();
                for &id in codec_ids {
                    let row = usize::try_from(id)
                        .ok()
                        .and_then(|id| self.table.get(id * width..(id + 1) * width));
                    self.block.extend_from_slice(row.ok_or_else(|| err!(Range, "codec id {id}"))?);
                }
                let block = TensorRef::from_array_view(([n, *width], self.block.as_slice()))
                    .map_err(failed)?;
                self.session
                    .run(ort::inputs![self.features.as_str() => features, codec.as_str() => block])
            }
        }
        .map_err(failed)?;
        let (_, values) =
            outputs[self.output.as_str()].try_extract_tensor::<f32>().map_err(failed)?;
        if values.len() != out.len() {
            bail!(
                Io,
                "the graph gave {} values for {n} rows of {}",
                values.len(),
                self.output_width
            );
        }
        out.copy_from_slice(values);
        Ok(())
    }
}
