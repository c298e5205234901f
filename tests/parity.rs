// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The embedded engine against ONNX Runtime on the same rows, for every model at hand: clipped scores
//! agree to what the contract allows, and unclipped ones are compared bit by bit.
//!
//! ONNX Runtime is what `VMAF_FR_TEST_ONNXRUNTIME` names, else what AUTO would find; without one the
//! tests skip. `cargo test --release --test parity -- --ignored --nocapture` runs the long one.
//!
//! Where `VMAF_FR_TEST_SAME_BITS` is set, every row has to agree to the last bit: what the engine is
//! made for, but what another ONNX Runtime or processor need not do.

use std::path::PathBuf;

use vmaf_fr_v2::catalogue;
use vmaf_fr_v2::model::card::{Card, Statistic};
use vmaf_fr_v2::{Config, EngineChoice, Score, Scorer};

/// What the contract allows between engines, on the scale of the score.
const TOLERANCE: f64 = 1e-4;

fn open(model: &str, engine: EngineChoice) -> vmaf_fr_v2::Result<Scorer> {
    let onnxruntime_path = std::env::var_os("VMAF_FR_TEST_ONNXRUNTIME").map(PathBuf::from);
    // Unclipped: rows that are at the same end of the range say nothing about bits.
    let config = Config {
        engine,
        onnxruntime_path,
        allow_unpinned: true,
        disable_clip: true,
        ..Config::default()
    };
    Scorer::open(Some(model), &config)
}

/// The built-in models and those of the test data folder.
fn models() -> Vec<String> {
    let builtin = vmaf_fr_v2::model::builtin::models().iter();
    let mut models: Vec<String> = builtin.map(|m| format!("builtin:{}", m.id)).collect();
    let root = std::env::var_os("VMAF_FR_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    for name in [
        "bootstrap/fr_regressor_v1",
        "bootstrap/fr_regressor_v2_codec_aware",
        "fork/fr_regressor_v1",
        "fork/fr_regressor_v2",
    ] {
        let path = root.join("models").join(name).with_extension("onnx");
        if path.is_file() {
            models.push(path.to_str().unwrap().to_owned());
        } else {
            eprintln!("skipped: {} is not there (VMAF_FR_SHARED names its folder)", path.display());
        }
    }
    models
}

struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (-2.0 * (1.0 - self.unit()).ln()).sqrt() * (std::f64::consts::TAU * self.unit()).cos()
    }
}

/// The value that a card's transform of a feature makes `t` of.
fn raw(card: &Card, name: &str, t: f64) -> f64 {
    match card.feature_transform.get(name) {
        None => t,
        Some(transform) => match transform.top {
            Some(top) => top - 10.0_f64.powf(-t / 10.0),
            None => t.exp_m1(),
        },
    }
}

/// One row of possible values: mostly plausible, sometimes at or far beyond the training data's borders; now and then
/// something that may be missing is.
fn row(r: &mut Random, card: &Card, mean: &[f64], std: &[f64], out: &mut Vec<f32>) {
    let kind = r.next() % 16;
    for ((name, &mean), &std) in card.feature_order.iter().zip(mean).zip(std) {
        let sign = if r.next() & 1 == 0 { 1.0 } else { -1.0 };
        let x = match kind {
            0 => 0.0,
            1 => sign * f64::from(f32::from_bits((r.next() % 0x0080_0000) as u32)),
            2 => mean + 6.0 * sign * std,
            3 => mean + sign * std * 10.0_f64.powf(6.0 * r.unit()),
            4 => mean,
            _ => mean + std * r.normal(),
        };
        let x = raw(card, name, x).min(3e38);
        let possible = catalogue::feature(name).map_or(x, |f| x.clamp(f.low, f.high));
        let absent = kind % 4 == 1
            && card.optional_features.as_ref().is_some_and(|optional| optional.contains_key(name));
        out.push(if absent { f32::NAN } else { possible as f32 });
    }
}

/// The worst difference, and how many rows have none to the last bit.
fn compare_engines(model: &str, rows: usize) -> Option<(f64, usize)> {
    let mut reference = match open(model, EngineChoice::OnnxRuntime) {
        Ok(scorer) => scorer,
        Err(e) if e.kind() == vmaf_fr_v2::ErrorKind::NoEngine => {
            eprintln!("skipped: {e}");
            return None;
        }
        Err(e) => panic!("{model}: {e}"),
    };
    let mut embedded = open(model, EngineChoice::Embedded).unwrap();
    let card = embedded.card().clone();
    let width = card.feature_order.len();
    let n_codecs = embedded.codec_names().len().max(1) as u64;
    let statistics = |s: &Option<Vec<Statistic>>| -> Vec<f64> {
        s.as_ref().expect("the card has statistics").iter().map(|s| s.0).collect()
    };
    let mean = statistics(&card.feature_mean);
    let std = statistics(&card.feature_std);
    let [low, high] = embedded.info().score_range;
    let mut r = Random(11);
    let (mut worst, mut same) = (0.0_f64, 0);
    let mut done = 0;
    while done < rows {
        let n = (rows - done).min(1 + (r.next() % 3000) as usize);
        let mut features = Vec::with_capacity(n * width);
        (0..n).for_each(|_| row(&mut r, &card, &mean, &std, &mut features));
        let ids: Vec<i32> = (0..n).map(|_| (r.next() % n_codecs) as i32).collect();
        let mut a = vec![Score::default(); n];
        let mut b = vec![Score::default(); n];
        reference.score(&features, Some(&ids), &mut a).unwrap();
        embedded.score(&features, Some(&ids), &mut b).unwrap();
        for (i, (a, b)) in a.iter().zip(&b).enumerate() {
            let of_stddev = if a.stddev.is_nan() { 0.0 } else { (a.stddev - b.stddev).abs() };
            let clipped = |score: &Score| score.score.clamp(low, high);
            let difference = (clipped(a) - clipped(b)).abs().max(of_stddev);
            assert_eq!(a.stddev.is_nan(), b.stddev.is_nan(), "{model}, row {}", done + i);
            assert!(
                difference <= TOLERANCE,
                "{model}, row {}: ONNX Runtime {a:?}, embedded {b:?}, features {:?}",
                done + i,
                &features[i * width..(i + 1) * width]
            );
            worst = worst.max(difference);
            let bits = |score: &Score| (score.score.to_bits(), score.stddev.to_bits());
            same += usize::from(bits(a) == bits(b));
        }
        done += n;
    }
    Some((worst, same))
}

fn compare(rows: usize) {
    for model in models() {
        if let Some((worst, same)) = compare_engines(&model, rows) {
            let name = model.rsplit_once("models/").map_or(model.as_str(), |(_, name)| name);
            if std::env::var_os("VMAF_FR_TEST_SAME_BITS").is_some() {
                assert_eq!(same, rows, "{name}: rows to the same bits, worst {worst:.2e}");
            }
            println!(
                "{name}: worst difference {worst:.2e}, {same} of {rows} rows to the same bits"
            );
        }
    }
}

#[test]
fn engines_agree_on_ten_thousand_rows() {
    compare(10_000);
}

#[test]
#[ignore = "a million rows per model: minutes without optimisation"]
fn engines_agree_on_a_million_rows() {
    compare(1_000_000);
}
