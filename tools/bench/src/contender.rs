// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The ways to score a batch that are compared with each other.

use std::cell::RefCell;
use std::hint::black_box;
use std::path::Path;

use crate::case::Case;
use crate::library::{EMBEDDED, Library, ONNXRUNTIME, VmafFrV2Score};
use crate::onnxruntime::Session;
use crate::options::Options;
use crate::{libvmaf, onnxruntime, peak, timing};

/// One way to score a batch, or what a row of the table needs besides.
pub struct Contender<'a> {
    pub name: &'static str,
    /// Does it that many times and returns the processor time taken, seconds.
    pub run: Box<dyn FnMut(usize) -> f64 + 'a>,
}

impl<'a> Contender<'a> {
    /// A contender within this process.
    fn new(name: &'static str, mut once: impl FnMut() + 'a) -> Self {
        let run = Box::new(move |times| {
            let start = timing::thread_time();
            for _ in 0..times {
                once();
            }
            timing::thread_time() - start
        });
        Self { name, run }
    }
}

/// The first contender, which the others' times are divided by.
pub const REFERENCE: &str = "ONNX Runtime, C API Run";

/// An engine of the library with one of its kernels.
pub struct EngineUse {
    pub name: &'static str,
    /// The same with the baseline library.
    pub baseline: &'static str,
    pub engine: i32,
    /// Of [`KERNEL`]; "": the library's own choice.
    kernel: &'static str,
    /// The contender that shows what this kernel's instructions could do at most.
    pub peak: Option<Peak>,
}

#[derive(Clone, Copy)]
pub struct Peak {
    pub name: &'static str,
    /// With the widest registers of the processor, else with 256 bits.
    pub is_widest: bool,
}

impl Peak {
    /// Multiply-adds of one call.
    pub fn multiply_adds(self) -> usize {
        const STEPS: usize = 500;
        peak::multiply_adds(self.is_widest, STEPS)
    }
}

const PEAKS: [Peak; 2] = [
    Peak { name: "multiply-adds, full width", is_widest: true },
    Peak { name: "multiply-adds, 256 bits", is_widest: false },
];

pub const ENGINES: [EngineUse; 4] = [
    EngineUse {
        name: "ONNX Runtime engine, C ABI",
        baseline: "ONNX Runtime engine, baseline",
        engine: ONNXRUNTIME,
        kernel: "",
        peak: None,
    },
    EngineUse {
        name: "embedded engine, C ABI",
        baseline: "embedded engine, baseline",
        engine: EMBEDDED,
        kernel: "",
        peak: Some(PEAKS[0]),
    },
    EngineUse {
        name: "embedded engine, C ABI, AVX2 forced",
        baseline: "embedded engine, AVX2 forced, baseline",
        engine: EMBEDDED,
        kernel: "avx2",
        peak: Some(PEAKS[1]),
    },
    EngineUse {
        name: "embedded engine, C ABI, portable forced",
        baseline: "embedded engine, portable forced, baseline",
        engine: EMBEDDED,
        kernel: "portable",
        peak: None,
    },
];

/// The environment variable that chooses the embedded engine's kernel at open.
const KERNEL: &str = "VMAF_FR_V2_EMBEDDED_KERNEL";

/// What is loaded once for all cases.
pub struct Libraries {
    library: Library,
    baseline: Option<Library>,
    onnxruntime: &'static ort_sys::OrtApi,
}

impl Libraries {
    pub fn load(options: &Options) -> Self {
        Self {
            library: Library::load(&options.library),
            baseline: options.baseline.as_deref().map(Library::load),
            onnxruntime: onnxruntime::load(&options.onnxruntime),
        }
    }

    /// Opens the members' graphs in ONNX Runtime.
    pub fn sessions(&self, case: &Case) -> Vec<Session> {
        let open = |graph: &Path| Session::open(self.onnxruntime, graph, case.outputs);
        case.graphs.iter().map(|g| open(g)).collect()
    }
}

/// All contenders of the scoring table on the first `n` frames of a case.
pub fn all<'a>(
    options: &'a Options,
    libraries: &Libraries,
    case: &'a Case,
    sessions: &'a [Session],
    n: usize,
    scores: &'a RefCell<Vec<VmafFrV2Score>>,
) -> Vec<Contender<'a>> {
    let mut contenders = reference(case, sessions, n);
    let expected = case.expected(sessions, n);
    for engine in &ENGINES {
        let target = Target { library: libraries.library, name: engine.name, engine };
        contenders.extend(ours(options, target, case, scores, &expected));
    }
    contenders.extend(others(options, case, n));
    contenders
}

/// Each engine of the library and of the baseline, as far as both have it.
pub fn pairs<'a>(
    options: &'a Options,
    libraries: &Libraries,
    case: &'a Case,
    sessions: &'a [Session],
    n: usize,
    scores: &'a RefCell<Vec<VmafFrV2Score>>,
) -> Vec<Contender<'a>> {
    let expected = case.expected(sessions, n);
    let baseline = libraries.baseline.expect("--baseline");
    let mut contenders = Vec::new();
    for engine in &ENGINES {
        for (name, library) in [(engine.name, libraries.library), (engine.baseline, baseline)] {
            let target = Target { library, name, engine };
            contenders.extend(ours(options, target, case, scores, &expected));
        }
    }
    contenders
}

/// ONNX Runtime's C API used plainly, and with inputs and output bound once.
fn reference<'a>(case: &Case, sessions: &'a [Session], n: usize) -> Vec<Contender<'a>> {
    let inputs = case.inputs(n);
    let mut out = vec![0.0; n * case.outputs];
    let mut bound: Vec<_> = sessions.iter().map(|s| s.bind(case.inputs(n), case.outputs)).collect();
    vec![
        Contender::new(REFERENCE, move || {
            for s in sessions {
                s.run(&inputs, &mut out);
            }
        }),
        Contender::new("ONNX Runtime, C API IoBinding", move || {
            for b in &mut bound {
                black_box(b.run());
            }
        }),
    ]
}

/// What [`ours`] makes a contender of.
#[derive(Clone, Copy)]
struct Target<'a> {
    library: Library,
    name: &'static str,
    engine: &'a EngineUse,
}

/// A library by dlopen, after a check of its scores; `None`, with a message, if it cannot open the
/// model. All such contenders write to the same `scores`: the place of the memory favours none.
fn ours<'a>(
    options: &Options,
    target: Target<'_>,
    case: &'a Case,
    scores: &'a RefCell<Vec<VmafFrV2Score>>,
    expected: &[f64],
) -> Option<Contender<'a>> {
    let Target { library, name, engine } = target;
    let _kernel = ForcedKernel::set(engine.kernel);
    let onnxruntime = (engine.engine == ONNXRUNTIME).then_some(options.onnxruntime.as_path());
    let handle = library
        .open(&case.model, engine.engine, onnxruntime)
        .inspect_err(|e| eprintln!("{name}: {e}"))
        .ok()?;
    let (features, ids) = case.rows(expected.len());
    handle.score(features, ids, &mut scores.borrow_mut());
    for (i, (s, e)) in scores.borrow().iter().zip(expected).enumerate() {
        assert!((s.score - e).abs() < 1e-3, "{name}, frame {i}: {}, expected {e}", s.score);
    }
    Some(Contender::new(name, move || handle.score(features, ids, &mut scores.borrow_mut())))
}

/// Sets [`KERNEL`] until it is dropped.
struct ForcedKernel;

impl ForcedKernel {
    fn set(kernel: &str) -> Option<Self> {
        (!kernel.is_empty()).then(|| {
            // SAFETY: no other thread runs while contenders are made.
            unsafe { std::env::set_var(KERNEL, kernel) };
            Self
        })
    }
}

impl Drop for ForcedKernel {
    fn drop(&mut self) {
        // SAFETY: no other thread runs while contenders are made.
        unsafe { std::env::remove_var(KERNEL) };
    }
}

/// What stands beside the library: a C host, Python, libvmaf's SVM, and the processor's peak.
fn others<'a>(options: &Options, case: &Case, n: usize) -> Vec<Contender<'a>> {
    let mut c_host = case.c_host(options);
    let mut python = case.python(options);
    let mut contenders = vec![
        Contender {
            name: "embedded engine, C host linked with the library",
            run: Box::new(move |times| c_host.run(n, times)),
        },
        Contender { name: "Python onnxruntime", run: Box::new(move |times| python.run(n, times)) },
    ];
    if let Some(path) = &options.libvmaf {
        // Up to 200 frames for a sample and as many for the call before it, see below.
        let frames = (4_000 + 400 * options.rounds) as u32;
        let mut svm = libvmaf::Svm::new(path, frames);
        contenders.push(Contender {
            name: "libvmaf's SVM, vmaf_score_at_index",
            run: Box::new(move |times| {
                // Frames are predicted once only, so fewer are timed and the time is scaled.
                let frames = (times * n).min(200).min(svm.left() as usize).max(1);
                let start = timing::thread_time();
                for _ in 0..frames {
                    black_box(svm.score());
                }
                (timing::thread_time() - start) * (times * n) as f64 / frames as f64
            }),
        });
    }
    contenders.extend(PEAKS.map(|peak| {
        Contender::new(peak.name, move || {
            black_box(peak.multiply_adds());
        })
    }));
    contenders
}
