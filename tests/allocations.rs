// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Scoring with the embedded engine neither allocates after the first call nor grows over time.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

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

fn open(model: &str) -> Scorer {
    let config = Config { engine: EngineChoice::Embedded, ..Config::default() };
    Scorer::open(Some(model), &config).unwrap()
}

#[test]
fn scoring_does_not_allocate() {
    for model in vmaf_fr_v2::model::builtin::models().iter().map(|m| format!("builtin:{}", m.id)) {
        let model = model.as_str();
        let mut fr = open(model);
        let width = fr.feature_names().len();
        let n_codecs = fr.codec_names().len();
        let most = 20_000;
        let features: Vec<f32> = (0..most * width).map(|i| (i % 97) as f32 / 97.0).collect();
        let ids: Vec<i32> =
            (0..most).map(|i| i32::try_from(i % n_codecs.max(1)).unwrap()).collect();
        let mut scores = vec![Score::default(); most];
        // More than a batch is staged, in memory that the first such call makes.
        fr.score(&features, Some(&ids), &mut scores).unwrap();
        for n in [1, 2, 7, 24, 25, 1024, most, 1] {
            for ids in [Some(&ids[..n]), None] {
                let before = ALLOCATIONS.get();
                fr.score(&features[..n * width], ids, &mut scores[..n]).unwrap();
                let made = ALLOCATIONS.get() - before;
                assert_eq!(made, 0, "{model}, {n} frames: {made} allocations");
            }
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
