// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The Rust API by itself, for work on it; `make bench` compares it with everything else.

use divan::Bencher;
use divan::counter::ItemsCount;
use vmaf_fr_v2::{Config, EngineChoice, Score, Scorer};

fn main() {
    divan::main();
}

fn embedded(model: &str) -> Scorer {
    let config = Config { engine: EngineChoice::Embedded, ..Config::default() };
    Scorer::open(Some(model), &config).expect("built-in model")
}

#[divan::bench(
    args = [1, 16, 64, 256, 1024, 16384],
    consts = [false, true],
)]
fn score<const CODEC_AWARE: bool>(bencher: Bencher<'_, '_>, n: usize) {
    let model =
        if CODEC_AWARE { "builtin:fr_regressor_v2_codec_aware" } else { "builtin:fr_regressor_v1" };
    let mut model = embedded(model);
    let width = model.feature_names().len();
    let features: Vec<f32> = (0..n * width).map(|i| (i % 89) as f32 / 89.0).collect();
    let ids = vec![1; n];
    let mut scores = vec![Score::default(); n];
    bencher.counter(ItemsCount::new(n)).bench_local(|| {
        model.score(&features, Some(&ids), &mut scores).expect("finite features");
    });
}

#[divan::bench]
fn open() -> Scorer {
    embedded("builtin:fr_regressor_v2_codec_aware")
}
