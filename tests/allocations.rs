// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Scoring with the embedded engine neither allocates after the first call nor grows over time.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};
use vmaf_fr_v2::{Config, EngineChoice, Score, Scorer};

/// Counts what the calling thread allocates.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
}

fn count() {
    // A thread that is ending has no counter any more, and no test looks at it.
    let _ = ALLOCATIONS.try_with(|n| n.set(n.get() + 1));
}

// SAFETY: every call is the system allocator's; counting touches no allocated memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count();
        // SAFETY: the caller's promise is the one that `System` needs.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        // SAFETY: as above.
        unsafe { System.dealloc(p, layout) }
    }
    unsafe fn realloc(&self, p: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count();
        // SAFETY: as above.
        unsafe { System.realloc(p, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Whoever measures the process's memory has it alone.
static ALONE: Mutex<()> = Mutex::new(());

fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn open(model: &str) -> Scorer {
    let config = Config { engine: EngineChoice::Embedded, ..Config::default() };
    Scorer::open(Some(model), &config).unwrap()
}

#[test]
fn scoring_does_not_allocate() {
    for model in vmaf_fr_v2::model::builtin::models().iter().map(|m| format!("builtin:{}", m.id)) {
        holds_no_allocation(&model, false);
    }
}

/// The default model's card with everything that a card can add to scoring, as a file.
fn model_with_every_part() -> String {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("every_part");
    std::fs::create_dir_all(&folder).unwrap();
    let model = vmaf_fr_v2::model::builtin::default_model().unwrap();
    for (name, bytes) in model.files {
        std::fs::write(folder.join(name), bytes).unwrap();
    }
    let mut card: Value = serde_json::from_slice(model.card).unwrap();
    let names = card["feature_order"].as_array().unwrap().clone();
    let (first, last) = (&names[0], names[names.len() - 1].as_str().unwrap());
    card["feature_transform"] = json!({ first.as_str().unwrap(): {"op": "log1p"} });
    card["missing_features"] = json!("regress");
    card["optional_features"] = json!({ last: 1 });
    card["imputation"] = json!({ last: {
        "from": [first], "intercept": 0.5, "linear": [0.5], "quadratic": [0.5], "interval_factor": 1.5
    }});
    card["domain"] = json!({
        "features": [first, last], "mean": [0, 0], "whiten": [[1, 0], [1, 1]], "edge": 1,
        "interval_slope": 1
    });
    card["calibration"] = json!({"offset": 1, "slope": 0.5, "stddev": 2});
    let path = folder.join("every_part.json");
    std::fs::write(&path, card.to_string()).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn no_part_of_a_card_makes_scoring_allocate() {
    holds_no_allocation(&model_with_every_part(), true);
}

/// `last_is_missing`: of every other frame.
fn holds_no_allocation(model: &str, last_is_missing: bool) {
    let _alone = alone();
    let mut fr = open(model);
    let width = fr.feature_names().len();
    let n_codecs = fr.codec_names().len();
    let most = 20_000;
    let mut features: Vec<f32> = (0..most * width).map(|i| (i % 97) as f32 / 97.0).collect();
    if last_is_missing {
        features.chunks_exact_mut(width).step_by(2).for_each(|row| row[width - 1] = f32::NAN);
    }
    let ids: Vec<i32> = (0..most).map(|i| i32::try_from(i % n_codecs.max(1)).unwrap()).collect();
    let mut scores = vec![Score::default(); most];
    let mut distances = vec![0.0; most];
    // More than a batch is staged, in memory that the first such call makes.
    fr.score(&features, Some(&ids), &mut scores).unwrap();
    for n in [1, 2, 7, 24, 25, 1024, most, 1] {
        for ids in [Some(&ids[..n]), None] {
            let before = ALLOCATIONS.get();
            fr.score(&features[..n * width], ids, &mut scores[..n]).unwrap();
            fr.domain(&features[..n * width], &mut distances[..n]).unwrap();
            let made = ALLOCATIONS.get() - before;
            assert_eq!(made, 0, "{model}, {n} frames: {made} allocations");
        }
    }
}

#[test]
fn the_counter_counts() {
    let before = ALLOCATIONS.get();
    std::hint::black_box(vec![1_u8; 100]);
    assert!(ALLOCATIONS.get() > before);
}

/// Resident memory, bytes.
#[cfg(target_os = "linux")]
fn resident() -> usize {
    let text = std::fs::read_to_string("/proc/self/statm").unwrap();
    text.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[cfg(target_os = "linux")]
#[test]
fn memory_stays_flat_over_opens_and_scores() {
    let _alone = alone();
    let features = vec![0.5_f32; 1024 * 22];
    let mut scores = vec![Score::default(); 1024];
    let mut round = || {
        for _ in 0..20 {
            let mut fr = open("builtin:fr_regressor_v2_codec_aware");
            for _ in 0..2 {
                fr.score(&features, None, &mut scores).unwrap();
            }
        }
    };
    round();
    let before = resident();
    (0..5).for_each(|_| round());
    let grown = resident().saturating_sub(before);
    assert!(grown < 1 << 20, "{grown} bytes more after 100 opens and 200 scores");
}
