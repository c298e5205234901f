// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Reading a log: this crate's reader beside `serde_json`, as a stream and as a slice already in memory.
//!
//! Run with `cargo bench -p vmaf-fr-measure`. All three get the same bytes and pick the same 22 values of
//! every frame.
use std::fmt::Write as _;
use std::io::{BufReader, Read};

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use vmaf_fr_measure::log::LogReader;
use vmaf_fr_v2::catalogue::{FEATURES as CATALOGUE, FULL_FEATURES as FEATURES};

const FRAMES: u32 = 20_000;
fn main() {
    divan::main();
}

/// The features, what libvmaf writes for a second run of the model's extractors with another option, and models.
fn keys() -> Vec<String> {
    let first = |f: &vmaf_fr_v2::catalogue::Feature| f.log_names[0];
    let again = CATALOGUE.iter().filter(|f| f.extractor.in_vmaf_model);
    let mut keys: Vec<String> = CATALOGUE.iter().map(|f| first(f).to_owned()).collect();
    keys.extend(again.map(|f| format!("{}_egl_1", first(f))));
    keys.extend(["vmaf", "vmaf_neg", "vmaf_b"].map(str::to_owned));
    keys
}

/// A log laid out as libvmaf 2.3.1 does it, with numbers of six decimals.
fn log() -> String {
    let keys = keys();
    let mut text = String::from("{\n  \"version\": \"2.3.1\",\n  \"fps\": 12.34,\n  \"frames\": [");
    for frame in 0..FRAMES {
        let comma = if frame > 0 { "," } else { "" };
        let _ =
            write!(text, "{comma}\n    {{\n      \"frameNum\": {frame},\n      \"metrics\": {{\n");
        for (column, key) in keys.iter().enumerate() {
            let value = f64::from((frame * 37 + column as u32 * 7919) % 1_000_003) / 1e6;
            let comma = if column + 1 < keys.len() { "," } else { "" };
            let _ = writeln!(text, "        \"{key}\": {value:.6}{comma}");
        }
        text += "      }\n    }";
    }
    text + "\n  ]\n}\n"
}

#[divan::bench]
fn log_reader(bencher: Bencher) {
    let text = log();
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        let mut log = LogReader::new(text.as_bytes(), "log", &FEATURES);
        let mut row = [0.0; FEATURES.len()];
        let mut sum = 0.0;
        while log.next_frame(&mut row).unwrap().is_some() {
            sum += black_box(&row)[0];
        }
        sum
    });
}

#[divan::bench]
fn serde_json_stream(bencher: Bencher) {
    let text = log();
    bencher.counter(BytesCount::of_str(&text)).bench(|| {
        // Through a reader, as a file would be read.
        let reader = BufReader::with_capacity(256 << 10, text.as_bytes().take(u64::MAX));
        serde_json::Deserializer::from_reader(reader).deserialize_map(Log).unwrap()
    });
}

#[divan::bench]
fn serde_json_slice(bencher: Bencher) {
    let text = log();
    bencher
        .counter(BytesCount::of_str(&text))
        .bench(|| serde_json::Deserializer::from_str(&text).deserialize_map(Log).unwrap());
}

/// One frame's values by `serde_json`, nothing allocated per frame.
struct Log;
struct Frames;
struct Frame;
struct Metrics;
struct Key;

macro_rules! seed {
    ($name:ident, $value:ty, $method:ident) => {
        impl<'de> serde::de::DeserializeSeed<'de> for $name {
            type Value = $value;
            fn deserialize<D: Deserializer<'de>>(
                self,
                deserializer: D,
            ) -> Result<$value, D::Error> {
                deserializer.$method(self)
            }
        }
    };
}
seed!(Frames, f64, deserialize_seq);
seed!(Frame, f64, deserialize_map);
seed!(Metrics, f64, deserialize_map);
seed!(Key, Option<usize>, deserialize_str);

impl<'de> Visitor<'de> for Log {
    type Value = f64;
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a log")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<f64, A::Error> {
        let mut sum = 0.0;
        while let Some(key) = map.next_key::<String>()? {
            if key == "frames" {
                sum = map.next_value_seed(Frames)?;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(sum)
    }
}

impl<'de> Visitor<'de> for Frames {
    type Value = f64;
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("frames")
    }
    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<f64, A::Error> {
        let mut sum = 0.0;
        while let Some(first) = seq.next_element_seed(Frame)? {
            sum += first;
        }
        Ok(sum)
    }
}

impl<'de> Visitor<'de> for Frame {
    type Value = f64;
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a frame")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<f64, A::Error> {
        let mut first = 0.0;
        while let Some(key) = map.next_key::<String>()? {
            if key == "metrics" {
                first = map.next_value_seed(Metrics)?;
            } else {
                black_box(map.next_value::<u32>()?);
            }
        }
        Ok(first)
    }
}

impl<'de> Visitor<'de> for Metrics {
    type Value = f64;
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("metrics")
    }
    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<f64, A::Error> {
        let mut row = [f64::NAN; FEATURES.len()];
        while let Some(column) = map.next_key_seed(Key)? {
            match column {
                Some(column) => row[column] = map.next_value()?,
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(black_box(&row)[0])
    }
}

impl Visitor<'_> for Key {
    type Value = Option<usize>;
    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a key")
    }
    fn visit_str<E: serde::de::Error>(self, key: &str) -> Result<Option<usize>, E> {
        let stem = key.strip_prefix("integer_").unwrap_or(key);
        Ok(FEATURES.iter().position(|feature| *feature == stem))
    }
}
