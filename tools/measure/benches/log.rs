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

const FRAMES: u32 = 20_000;
const KEYS: [&str; 34] = [
    "psnr_y",
    "psnr_cb",
    "psnr_cr",
    "psnr_hvs_y",
    "integer_vif_scale0",
    "integer_vif_scale1",
    "integer_vif_scale2",
    "integer_vif_scale3",
    "psnr_hvs_cb",
    "psnr_hvs_cr",
    "psnr_hvs",
    "integer_motion2",
    "integer_motion",
    "integer_vif_scale0_egl_1",
    "integer_vif_scale1_egl_1",
    "integer_vif_scale2_egl_1",
    "integer_vif_scale3_egl_1",
    "cambi",
    "float_ssim",
    "integer_adm2_egl_1",
    "integer_adm_scale0_egl_1",
    "integer_adm_scale1_egl_1",
    "integer_adm_scale2_egl_1",
    "integer_adm_scale3_egl_1",
    "integer_adm2",
    "integer_adm_scale0",
    "integer_adm_scale1",
    "integer_adm_scale2",
    "integer_adm_scale3",
    "float_ms_ssim",
    "ciede2000",
    "vmaf",
    "vmaf_neg",
    "vmaf_b",
];
const FEATURES: [&str; 22] = [
    "adm2",
    "adm_scale0",
    "adm_scale1",
    "adm_scale2",
    "adm_scale3",
    "vif_scale0",
    "vif_scale1",
    "vif_scale2",
    "vif_scale3",
    "motion",
    "motion2",
    "psnr_y",
    "psnr_cb",
    "psnr_cr",
    "float_ssim",
    "float_ms_ssim",
    "cambi",
    "ciede2000",
    "psnr_hvs_y",
    "psnr_hvs_cb",
    "psnr_hvs_cr",
    "psnr_hvs",
];

fn main() {
    divan::main();
}

/// A log laid out as libvmaf 2.3.1 does it, with numbers of six decimals.
fn log() -> String {
    let mut text = String::from("{\n  \"version\": \"2.3.1\",\n  \"fps\": 12.34,\n  \"frames\": [");
    for frame in 0..FRAMES {
        let comma = if frame > 0 { "," } else { "" };
        let _ =
            write!(text, "{comma}\n    {{\n      \"frameNum\": {frame},\n      \"metrics\": {{\n");
        for (column, key) in KEYS.iter().enumerate() {
            let value = f64::from((frame * 37 + column as u32 * 7919) % 1_000_003) / 1e6;
            let comma = if column + 1 < KEYS.len() { "," } else { "" };
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
        // Behind a reader, as a file would be.
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
