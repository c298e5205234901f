// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A table of frames with a known truth.

use std::fmt::Write as _;
use std::path::Path;
use std::sync::Arc;

use parquet::data_type::{ByteArray, ByteArrayType, FloatType, Int32Type};
use parquet::file::properties::WriterProperties;
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::schema::parser::parse_message_type;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use vmaf_fr_v2::catalogue::FULL_FEATURES;

const CODECS: [&str; 6] = ["x264", "x265", "libsvtav1", "libvvenc", "libvpx-vp9", "unknown"];
const CLIPS: usize = 24;
const FRAMES: i32 = 4;

/// Writes clips of `contents` contents; each codec's ratings are shifted by up to `codec_effect` points either way,
/// while its features are not. Features are the quality, the content's detail, and noise; VMAF mistakes detail for quality; `cambi` is missing, `motion` has nulls.
pub fn write(path: &Path, contents: usize, codec_effect: f32, seed: u64) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut text: [Vec<ByteArray>; 4] = Default::default();
    let mut frame_index = Vec::new();
    let mut features: Vec<Vec<f32>> = vec![Vec::new(); FULL_FEATURES.len()];
    let (mut vmaf, mut mos) = (Vec::new(), Vec::new());
    for content in 0..contents {
        let detail: f32 = rng.random_range(-1.0..1.0);
        for clip in 0..CLIPS {
            let codec = clip % CODECS.len();
            let quality: f32 = rng.random_range(0.1..0.9);
            let shift = codec_effect * (codec as f32 / 2.5 - 1.0);
            let rating = (100.0 * quality + shift + rng.random_range(-2.0..2.0)).clamp(0.0, 100.0);
            for frame in 0..FRAMES {
                text[0].push(if clip % 2 == 0 { "even" } else { "odd" }.into());
                text[1].push(format!("content{content}").as_str().into());
                text[2].push(format!("clip{content}-{clip}").as_str().into());
                text[3].push(CODECS[codec].into());
                frame_index.push(frame);
                for (column, name) in FULL_FEATURES.iter().enumerate() {
                    let noise: f32 = rng.random_range(-0.05..0.05);
                    let z = quality + noise + 0.1 * detail * (column % 3) as f32;
                    features[column].push(if *name == "cambi" {
                        f32::NAN
                    } else if name.starts_with("psnr") {
                        20.0 + 30.0 * z
                    } else {
                        // What every other feature can be.
                        z.clamp(0.0, 1.0)
                    });
                }
                vmaf.push(
                    (100.0 * quality + 20.0 * detail + rng.random_range(-4.0..4.0))
                        .clamp(0.0, 100.0),
                );
                mos.push(rating);
            }
        }
    }
    let mut schema = String::from("message frames { ");
    for name in ["dataset", "content", "clip", "codec"] {
        write!(schema, "required binary {name} (UTF8); ").unwrap();
    }
    schema += "required int32 frame_index; ";
    for name in FULL_FEATURES {
        let repetition = if name == "motion" { "optional" } else { "required" };
        write!(schema, "{repetition} float {name}; ").unwrap();
    }
    schema += "required float vmaf; required float mos; }";
    let schema = Arc::new(parse_message_type(&schema).unwrap());
    let file = std::fs::File::create(path).unwrap();
    let mut writer =
        SerializedFileWriter::new(file, schema, Arc::new(WriterProperties::builder().build()))
            .unwrap();
    let mut group = writer.next_row_group().unwrap();
    for column in &text {
        let mut next = group.next_column().unwrap().unwrap();
        next.typed::<ByteArrayType>().write_batch(column, None, None).unwrap();
        next.close().unwrap();
    }
    let mut next = group.next_column().unwrap().unwrap();
    next.typed::<Int32Type>().write_batch(&frame_index, None, None).unwrap();
    next.close().unwrap();
    for (name, column) in FULL_FEATURES.iter().zip(&features) {
        if *name == "motion" {
            // Every third value is null.
            let levels: Vec<i16> = (0..column.len()).map(|i| i16::from(i % 3 != 0)).collect();
            let present: Vec<f32> =
                column.iter().enumerate().filter(|(i, _)| i % 3 != 0).map(|(_, x)| *x).collect();
            floats(&mut group, &present, Some(&levels));
        } else {
            floats(&mut group, column, None);
        }
    }
    floats(&mut group, &vmaf, None);
    floats(&mut group, &mos, None);
    group.close().unwrap();
    writer.close().unwrap();
}

fn floats(
    group: &mut SerializedRowGroupWriter<'_, std::fs::File>,
    values: &[f32],
    levels: Option<&[i16]>,
) {
    let mut next = group.next_column().unwrap().unwrap();
    next.typed::<FloatType>().write_batch(values, levels, None).unwrap();
    next.close().unwrap();
}
