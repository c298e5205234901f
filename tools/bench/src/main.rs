// SPDX-License-Identifier: BSD-2-Clause-Patent
//! One run, one table: what scoring costs through `libvmaf_fr_v2`, as ratios to ONNX Runtime's C API
//! used plainly, beside the other ways to do it and what the machine could do. See `make bench`.

// Counts and ids here are small; C structures keep the names of the header.
#![allow(clippy::cast_possible_wrap, clippy::cast_sign_loss, clippy::struct_field_names)]

mod case;
mod library;
mod libvmaf;
mod onnxruntime;
mod open;
mod peak;
mod threads;
mod timing;
mod worker;

use std::path::PathBuf;

use clap::Parser;

use case::Case;
use library::Library;
use timing::{Contender, Measured, measure};

/// Compares scoring through `libvmaf_fr_v2` with its alternatives.
#[derive(Parser)]
pub struct Options {
    /// `libvmaf_fr_v2.so`, as released.
    #[arg(long)]
    library: PathBuf,
    /// libonnxruntime.
    #[arg(long)]
    onnxruntime: PathBuf,
    /// libvmaf 2.3 or later, for its SVM.
    #[arg(long)]
    libvmaf: Option<PathBuf>,
    /// A Python that has onnxruntime and onnx.
    #[arg(long)]
    python: PathBuf,
    /// The C host, worker.c, linked with the library.
    #[arg(long)]
    worker: PathBuf,
    /// Folder of the built-in models.
    #[arg(long)]
    models: PathBuf,
    /// Folder of what models.py made.
    #[arg(long)]
    derived: PathBuf,
    /// Samples of each contender.
    #[arg(long, default_value_t = 51)]
    rounds: usize,
    /// Milliseconds per sample.
    #[arg(long, default_value_t = 1)]
    sample: u64,
    /// Only measure what opening a model with this engine costs, for the run itself.
    #[arg(long, hide = true)]
    open: Option<i32>,
}

/// Batch sizes of the table.
const SIZES: [usize; 6] = [1, 16, 64, 256, 1024, 16384];

/// The reference: every ratio is to this.
const REFERENCE: &str = "ONNX Runtime, C API Run";

fn main() {
    let options = Options::parse();
    if let Some(engine) = options.open {
        open::probe(&options, engine);
        return;
    }
    println!("{}\n", processor());
    println!(
        "Peak of f32 multiply-adds in registers: {:.0} GFLOP/s at full width, {:.0} with 256 bits. \
         Memory copied: {:.1} GB/s\n",
        2e-9 * median_rate(options.rounds, || peak::multiply_adds(true, 20_000)),
        2e-9 * median_rate(options.rounds, || peak::multiply_adds(false, 20_000)),
        1e-9 * median_rate(options.rounds, peak::copied_bytes()),
    );
    let library = Library::load(&options.library);
    let api = onnxruntime::load(&options.onnxruntime);
    let cases = Case::all(&options);
    for case in &cases {
        table(&options, library, api, case);
    }
    threads::report(&options, library, &cases[..4]);
    open::report(&options);
}

fn processor() -> String {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text.lines().find_map(|l| l.strip_prefix("model name")).unwrap_or(": unknown");
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("Processor: {}, {cores} threads", name.trim_start_matches([' ', '\t', ':']))
}

/// What `once` counts, per second.
fn median_rate(rounds: usize, mut once: impl FnMut() -> usize) -> f64 {
    let mut rates: Vec<f64> = (0..rounds)
        .map(|_| {
            let start = timing::thread_time();
            let count = once();
            count as f64 / (timing::thread_time() - start)
        })
        .collect();
    timing::median(&mut rates)
}

/// Measures one model at all batch sizes and prints its rows.
fn table(options: &Options, library: Library, api: &'static ort_sys::OrtApi, case: &Case) {
    let results: Vec<Vec<Measured>> =
        SIZES.iter().map(|&n| row(options, library, api, case, n)).collect();
    println!("### {}\n", case.title);
    println!("| time by that of {REFERENCE} | {} |", SIZES.map(|n| format!("N = {n}")).join(" | "));
    println!("|---|{}", "---:|".repeat(SIZES.len()));
    let nanoseconds = |r: &Measured, n: usize| format!("{:.0}", r.seconds * 1e9 / n as f64);
    let cells = |k: usize, f: &dyn Fn(&Measured, usize) -> String| {
        let cells: Vec<String> = results.iter().zip(SIZES).map(|(r, n)| f(&r[k], n)).collect();
        cells.join(" | ")
    };
    println!("| {REFERENCE}, ns per frame | {} |", cells(0, &nanoseconds));
    let is_peak = |r: &Measured| PEAKS.iter().any(|(name, _)| r.name == *name);
    for (k, r) in results[0].iter().enumerate().skip(1).filter(|(_, r)| !is_peak(r)) {
        println!("| {} | {} |", r.name, cells(k, &|r, _| format!("{:.3}", r.ratio)));
    }
    for ((name, wide), engine) in PEAKS.iter().zip(EMBEDDED) {
        let place = |name| results[0].iter().position(|r| r.name == name);
        if let (Some(k), Some(peak)) = (place(engine.1), place(name)) {
            let shares: Vec<String> = results
                .iter()
                .zip(SIZES)
                .map(|(row, n)| {
                    // Both times by that of the reference: the clock's frequency cancels out.
                    let work = (case.multiply_adds * n) as f64 / row[k].ratio;
                    let most = peak::multiply_adds(*wide, PEAK_STEPS) as f64 / row[peak].ratio;
                    format!("{:.2}", work / most)
                })
                .collect();
            println!(
                "| {}: multiply-adds of the layers by peak | {} |",
                engine.1,
                shares.join(" | ")
            );
        }
    }
    println!(
        "\nLayers: {} multiply-adds per frame. Through the C ABI {} bytes per frame come in and 32 go out.\n",
        case.multiply_adds,
        4 * case.n_features + if case.ids.is_empty() { 0 } else { 4 }
    );
}

/// What the processor's multiply-add units could do, at full width and with 256 bits.
const PEAKS: [(&str, bool); 2] =
    [("multiply-adds, full width", true), ("multiply-adds, 256 bits", false)];
/// Steps of one sample of a peak.
const PEAK_STEPS: usize = 500;

/// Kernels and their names in the table.
const EMBEDDED: [(&str, &str); 3] = [
    ("", "embedded engine, C ABI"),
    ("avx2", "embedded engine, C ABI, AVX2 forced"),
    ("portable", "embedded engine, C ABI, portable forced"),
];

const KERNEL: &str = "VMAF_FR_V2_EMBEDDED_KERNEL";

fn row(
    options: &Options,
    library: Library,
    api: &'static ort_sys::OrtApi,
    case: &Case,
    n: usize,
) -> Vec<Measured> {
    let sessions: Vec<_> =
        case.graphs.iter().map(|g| onnxruntime::Session::open(api, g, case.outputs)).collect();
    let batch = case.batch(n);
    let mut out = vec![0.0; n * case.outputs];
    let mut bound: Vec<_> = sessions.iter().map(|s| s.bind(&batch, case.outputs)).collect();
    let mut contenders = vec![
        Contender::new(REFERENCE, || {
            for s in &sessions {
                s.run(&batch, &mut out);
            }
        }),
        Contender::new("ONNX Runtime, C API IoBinding", || {
            for b in &mut bound {
                std::hint::black_box(b.run());
            }
        }),
    ];
    let expected = case.expected(&sessions);

    let ours = |name: &'static str, engine: i32, kernel: &str| {
        // SAFETY: no other thread runs.
        unsafe { std::env::set_var(KERNEL, kernel) };
        if kernel.is_empty() {
            // SAFETY: likewise.
            unsafe { std::env::remove_var(KERNEL) };
        }
        let path = (engine == library::ONNXRUNTIME).then_some(options.onnxruntime.as_path());
        let model = match library.open(&case.model, engine, path) {
            Ok(model) => model,
            Err(e) => {
                eprintln!("{name}: {e}");
                return None;
            }
        };
        let (features, ids) = case.rows(n);
        let mut scores = vec![library::Score::default(); n];
        model.score(features, ids, &mut scores);
        for (i, (s, e)) in scores.iter().zip(&expected).enumerate() {
            assert!((s.score - e).abs() < 1e-3, "{name}, frame {i}: {} for {e}", s.score);
        }
        Some(Contender::new(name, move || model.score(features, ids, &mut scores)))
    };
    contenders.extend(ours("ONNX Runtime engine, C ABI", library::ONNXRUNTIME, ""));
    for (kernel, name) in EMBEDDED {
        contenders.extend(ours(name, library::EMBEDDED, kernel));
    }
    // SAFETY: no other thread runs.
    unsafe { std::env::remove_var(KERNEL) };

    let mut c_host = case.c_host(options);
    let mut python = case.python(options);
    contenders.push(Contender {
        name: "embedded engine, C host linked with the library",
        run: Box::new(move |times| c_host.run(n, times)),
    });
    contenders.push(Contender {
        name: "Python onnxruntime",
        run: Box::new(move |times| python.run(n, times)),
    });
    if let Some(path) = &options.libvmaf {
        let mut svm = libvmaf::Svm::new(path, 40_000);
        contenders.push(Contender {
            name: "libvmaf's SVM, vmaf_score_at_index",
            run: Box::new(move |times| {
                // Frames are predicted once only, so fewer are timed and the time is scaled.
                let frames = (times * n).min(200).min(svm.left() as usize).max(1);
                let start = timing::thread_time();
                for _ in 0..frames {
                    std::hint::black_box(svm.score());
                }
                (timing::thread_time() - start) * (times * n) as f64 / frames as f64
            }),
        });
    }
    for (name, wide) in PEAKS {
        contenders.push(Contender::new(name, move || {
            std::hint::black_box(peak::multiply_adds(wide, PEAK_STEPS));
        }));
    }
    measure(&mut contenders, options.rounds, options.sample as f64 * 1e-3)
}
