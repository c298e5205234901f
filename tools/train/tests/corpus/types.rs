// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Tables as `DuckDB`, polars, pandas and Arrow write them: every type and compression is read, or refused by name.
//!
//! `tables/make.py` wrote the files; none of them is ours.

use std::path::{Path, PathBuf};

use crate::rows::{FRAMES, Rows, column, read, read_features, writer};
use parquet::basic::Compression;
use parquet::data_type::{
    BoolType, ByteArray, ByteArrayType, FloatType, Int32Type, Int64Type, Int96, Int96Type,
};
use vmaf_fr_train::corpus::Corpus;

fn tables() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus/tables")
}

/// What `make.py` says is in every table.
fn check(corpus: &Corpus, what: &str) {
    assert_eq!((corpus.clips.len(), corpus.rows), (4, 8), "{what}");
    assert_eq!(corpus.contents(), ["7", "8"], "{what}");
    for (c, clip) in corpus.clips.iter().enumerate() {
        assert_eq!(clip.name, format!("clip{c}"), "{what}");
        assert_eq!(clip.content, (7 + c % 2).to_string(), "{what}");
        assert_eq!(clip.codec, "x264", "{what}");
        assert!((clip.target - (2.8 + c as f64 / 10.0)).abs() < 1e-12, "{what}: {}", clip.target);
        for (f, frame) in clip.frames.clone().enumerate() {
            let adm2 = 0.6555 + c as f64 / 100.0 + f as f64 / 1000.0;
            let expected = [adm2 as f32, 0.25, 0.25, 0.25, 0.25, 3.0];
            for (got, expected) in corpus.frame(frame).iter().zip(expected) {
                assert!((got - expected).abs() < 1e-7, "{what}: {:?}", corpus.frame(frame));
            }
        }
    }
}

#[test]
fn what_every_writer_writes_is_read() {
    let mut seen = Vec::new();
    for entry in std::fs::read_dir(tables()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        if path.extension().is_none_or(|ending| ending != "parquet") || name == "arrow-other" {
            continue;
        }
        check(&read(&path, |source, _| source.teacher_column = None).expect(&name), &name);
        seen.push(name);
    }
    for writer in ["duckdb", "pandas", "polars"] {
        for compression in ["snappy", "gzip", "lz4", "zstd", "brotli"] {
            assert!(seen.contains(&format!("{writer}-{compression}")), "{writer} {compression}");
        }
    }
    assert!(
        seen.contains(&"arrow-types".to_owned()) && seen.contains(&"arrow-encodings".to_owned())
    );
}

#[test]
fn a_column_of_nulls_alone_is_missing_everywhere() {
    for name in ["polars-zstd", "arrow-types"] {
        let path = tables().join(format!("{name}.parquet"));
        let corpus = read(&path, |_, _| {}).unwrap();
        assert!(corpus.teacher.len() == 8 && corpus.teacher.iter().all(|x| x.is_nan()), "{name}");
    }
}

#[test]
fn what_cannot_be_read_is_refused_by_name_and_type() {
    let path = tables().join("arrow-other.parquet");
    let as_content = |name: &str| {
        read(&path, |source, _| source.content_column = Some(name.to_owned())).unwrap_err()
    };
    for (name, holds) in [
        ("booleans", "booleans"),
        ("times", "timestamps"),
        ("days", "dates"),
        ("structs", "structs"),
        ("lists", "lists"),
        ("floats", "64-bit floats"),
        ("bytes", "binary values of 4 bytes"),
    ] {
        let error = as_content(name);
        let expected = format!("column {name:?} holds {holds}, expected text or integers");
        assert!(error.contains("arrow-other.parquet") && error.contains(&expected), "{error}");
    }
    // A struct's field of the same name is no column.
    let duck = tables().join("duckdb-zstd.parquet");
    let error = read(&path, |source, _| {
        source.content_column = Some("clip".to_owned());
        source.target = "structs".to_owned();
    })
    .unwrap_err();
    assert!(error.contains("column \"structs\" holds structs, expected numbers"), "{error}");
    let error = read(&duck, |source, _| source.target = "codec".to_owned()).unwrap_err();
    assert!(error.contains("column \"codec\" holds text, expected numbers"), "{error}");
    let error =
        read(&duck, |source, _| source.content_column = Some("mos".to_owned())).unwrap_err();
    assert!(error.contains("\"mos\" holds decimals of 2 places"), "{error}");
}

/// What older writers do and the ones above no longer: decimals as bytes of any length, Hadoop's LZ4, timestamps of 96
/// bits, types that only the older mark names.
#[test]
fn what_older_writers_wrote_is_read() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("old.parquet");
    let schema = "message frames {
        optional binary clip (UTF8); optional binary content (UTF8); optional binary codec (ENUM);
        optional int32 frame_index (UINT_16); optional binary adm2 (DECIMAL(10, 4));
        optional int32 vif_scale0 (DECIMAL(9, 2)); optional int64 vif_scale1 (DECIMAL(18, 2));
        optional float vif_scale2; optional float vif_scale3; optional int64 motion2 (UINT_64);
        optional int32 mos (DECIMAL(5, 2)); optional int96 when; optional boolean flag; }";
    for compression in [Compression::LZ4, Compression::LZ4_RAW, Compression::UNCOMPRESSED] {
        let mut file = writer(&path, schema, compression);
        let mut group = file.next_row_group().unwrap();
        let text = |text: String| Some(ByteArray::from(text.into_bytes()));
        let rows = || (0..4).flat_map(|c| (0..2).map(move |f| (c, f)));
        column::<ByteArrayType>(
            &mut group,
            &rows().map(|(c, _)| text(format!("clip{c}"))).collect::<Vec<_>>(),
        );
        column::<ByteArrayType>(
            &mut group,
            &rows().map(|(c, _)| text((7 + c % 2).to_string())).collect::<Vec<_>>(),
        );
        column::<ByteArrayType>(&mut group, &vec![text("x264".to_owned()); 8]);
        column::<Int32Type>(&mut group, &rows().map(|(_, f)| Some(f)).collect::<Vec<_>>());
        let decimal = |(c, f): (i32, i32)| {
            // As few bytes as do.
            Some(ByteArray::from((6555 + 100 * c + 10 * f).to_be_bytes()[2..].to_vec()))
        };
        column::<ByteArrayType>(&mut group, &rows().map(decimal).collect::<Vec<_>>());
        column::<Int32Type>(&mut group, &[Some(25); 8]);
        column::<Int64Type>(&mut group, &[Some(25); 8]);
        column::<FloatType>(&mut group, &[Some(0.25); 8]);
        column::<FloatType>(&mut group, &[Some(0.25); 8]);
        column::<Int64Type>(&mut group, &[Some(3); 8]);
        column::<Int32Type>(
            &mut group,
            &rows().map(|(c, _)| Some(280 + 10 * c)).collect::<Vec<_>>(),
        );
        column::<Int96Type>(&mut group, &[Some(Int96::new()); 8]);
        column::<BoolType>(&mut group, &[Some(true); 8]);
        group.close().unwrap();
        file.close().unwrap();
        check(
            &read(&path, |source, _| source.teacher_column = None).unwrap(),
            &compression.to_string(),
        );
    }
    for (name, holds) in [("when", "timestamps"), ("flag", "booleans")] {
        let error = read(&path, |source, _| source.target = name.to_owned()).unwrap_err();
        assert!(error.contains(&format!("{name:?} holds {holds}, expected numbers")), "{error}");
    }
}

#[test]
fn unsigned_numbers_do_not_turn_negative() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let schema = "message frames {
        optional binary clip (UTF8); optional int64 content (INTEGER(64, false)); optional binary codec (UTF8);
        optional int32 frame_index (INTEGER(32, false)); optional float adm2; optional float mos; }";
    let mut file = writer(&path, schema, Compression::UNCOMPRESSED);
    let mut group = file.next_row_group().unwrap();
    let text = ["c", "c"].map(|text| Some(ByteArray::from(text)));
    column::<ByteArrayType>(&mut group, &text);
    column::<Int64Type>(&mut group, &[Some(-1), Some(-1)]);
    column::<ByteArrayType>(&mut group, &text);
    column::<Int32Type>(&mut group, &[Some(-1), Some(5)]);
    column::<FloatType>(&mut group, &[Some(0.9), Some(0.5)]);
    column::<FloatType>(&mut group, &[Some(50.0), Some(50.0)]);
    group.close().unwrap();
    file.close().unwrap();
    let corpus = read(&path, |source, _| source.teacher_column = None).unwrap();
    assert_eq!(corpus.contents(), [u64::MAX.to_string()]);
    // Frame 2^32 - 1 comes after frame 5.
    assert!(corpus.frame(0)[0] < 0.6 && corpus.frame(1)[0] > 0.8);
}

#[test]
fn libvmafs_own_names_are_known_and_two_of_one_feature_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let usual = {
        Rows::four().write(&path);
        read(&path, |_, _| {}).unwrap()
    };
    for (own, name) in [
        ("integer_adm2", "adm2"),
        ("VMAF_integer_feature_adm2_score", "adm2"),
        ("VMAF_feature_adm2_score", "adm2"),
        ("integer_motion2", "motion2"),
        ("VMAF_integer_feature_vif_scale3_score", "vif_scale3"),
    ] {
        Rows::four().rename(name, own).write(&path);
        let corpus = read(&path, |_, _| {}).unwrap();
        assert_eq!(corpus.features, usual.features, "{own}");
        assert_eq!(corpus.tables[0].columns[name], own);
    }
    let adm2 = Rows::four().0[5].1.clone();
    for (own, feature) in [("psnr", "psnr_y"), ("ssim", "float_ssim"), ("ms_ssim", "float_ms_ssim")]
    {
        Rows::four().with(own, adm2.clone()).write(&path);
        let corpus = read_features(&path, &[feature], |_, _| {}).unwrap();
        assert_eq!(corpus.tables[0].columns[feature], own);
        assert_eq!(corpus.features.len(), 4 * FRAMES);
    }
    Rows::four().with("integer_adm2", adm2.clone()).write(&path);
    let error = read(&path, |_, _| {}).unwrap_err();
    assert!(
        error.contains("columns \"adm2\" and \"integer_adm2\" are all the feature adm2"),
        "{error}"
    );
    Rows::four().with("adm2", adm2).write(&path);
    let error = read(&path, |_, _| {}).unwrap_err();
    assert!(error.contains("columns \"adm2\" and \"adm2\""), "{error}");
    Rows::four().write(&path);
    let error = read(&path, |source, _| source.target = "adm2".to_owned()).unwrap_err();
    assert!(
        error.contains("column \"adm2\" is the target, and the feature adm2 as well"),
        "{error}"
    );
}

#[test]
fn damaged_and_foreign_files_are_errors_that_name_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let whole = std::fs::read(tables().join("duckdb-zstd.parquet")).unwrap();
    // Data pages are damaged, the description of the file is not.
    let mut spoiled = whole.clone();
    spoiled[4..400].fill(0xa5);
    std::fs::write(&path, &spoiled).unwrap();
    let error = read(&path, |source, _| source.teacher_column = None).unwrap_err();
    assert!(error.contains("t.parquet") && error.contains("column \""), "{error}");
    std::fs::write(&path, &whole[..whole.len() / 2]).unwrap();
    let error = read(&path, |_, _| {}).unwrap_err();
    assert!(error.contains("t.parquet") && error.contains("is not a parquet file"), "{error}");
    std::fs::write(&path, "clip,content,codec\n").unwrap();
    assert!(read(&path, |_, _| {}).unwrap_err().contains("is not a parquet file"));
    let error = read(&folder.path().join("none.parquet"), |_, _| {}).unwrap_err();
    assert!(error.contains("none.parquet: cannot open"), "{error}");
}
