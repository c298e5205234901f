// SPDX-License-Identifier: BSD-2-Clause-Patent
use std::io::{self, Read};
use std::path::PathBuf;

use vmaf_fr_v2::catalogue::{FULL_FEATURES as FULL, log_names};

use super::{Frames, Gap, LogError, LogReader, NotANumber};

/// Gives out its bytes a few at a time, so that every token gets cut somewhere.
struct Dribble<'a>(&'a [u8], usize);

impl Read for Dribble<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.1.min(self.0.len()).min(buffer.len());
        buffer[..n].copy_from_slice(&self.0[..n]);
        self.0 = &self.0[n..];
        Ok(n)
    }
}

type Rows = Vec<(u32, Vec<f64>)>;

fn read_with<R: Read>(
    mut log: LogReader<R>,
    width: usize,
) -> Result<(Rows, LogReader<R>), LogError> {
    let mut rows = Rows::new();
    let mut row = vec![0.0; width];
    while let Some(frame) = log.next_frame(&mut row)? {
        rows.push((frame, row.clone()));
    }
    Ok((rows, log))
}

fn read(text: &str, features: &[&str]) -> Result<Rows, LogError> {
    read_with(LogReader::new(text.as_bytes(), "clip.json", features), features.len())
        .map(|(rows, _)| rows)
}

fn error(text: &str) -> String {
    read(text, &["adm2", "cambi"]).expect_err(text).to_string()
}

/// A log of frames with these numbers, as libvmaf lays it out.
fn numbered(frames: &[u32]) -> String {
    let frames: Vec<String> = frames
        .iter()
        .map(|n| format!("    {{\n      \"frameNum\": {n},\n      \"metrics\": {{\n        \"cambi\": 0.{n}\n      }}\n    }}"))
        .collect();
    format!("{{\n  \"version\": \"2.3.1\",\n  \"frames\": [\n{}\n  ]\n}}\n", frames.join(",\n"))
}

fn shared_logs() -> Option<Vec<PathBuf>> {
    let shared = std::env::var_os("VMAF_FR_SHARED").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        PathBuf::from,
    );
    let Ok(entries) = std::fs::read_dir(shared.join("logs")) else {
        eprintln!("skipped: no logs in {} (set VMAF_FR_SHARED)", shared.display());
        return None;
    };
    Some(entries.map(|entry| entry.unwrap().path()).collect())
}

/// The same by `serde_json`'s tree, key by key.
fn reference(text: &str, features: &[&str]) -> Rows {
    let log: serde_json::Value = serde_json::from_str(text).unwrap();
    let row = |frame: &serde_json::Value| {
        let value = |feature: &&str| {
            log_names(feature)
                .iter()
                .find_map(|key| frame["metrics"].get(*key))
                .map_or(f64::NAN, |value| value.as_f64().unwrap())
        };
        (frame["frameNum"].as_u64().unwrap() as u32, features.iter().map(value).collect())
    };
    log["frames"].as_array().unwrap().iter().map(row).collect()
}

fn assert_same(got: &Rows, expected: &Rows) {
    assert_eq!(got.len(), expected.len());
    for (got, expected) in got.iter().zip(expected) {
        assert_eq!(got.0, expected.0);
        for (column, (a, b)) in got.1.iter().zip(&expected.1).enumerate() {
            assert!(
                a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
                "frame {} {}: {a} {b}",
                got.0,
                FULL[column]
            );
        }
    }
}

#[test]
fn real_logs_of_all_versions_equal_serde_json() {
    let Some(logs) = shared_logs() else { return };
    let mut versions = Vec::new();
    for path in logs {
        let text = std::fs::read_to_string(&path).unwrap();
        let expected = reference(&text, &FULL);
        for pace in [1, 7, 1000, usize::MAX] {
            let log = LogReader::new(Dribble(text.as_bytes(), pace), "log", &FULL);
            let (rows, log) = read_with(log, FULL.len()).unwrap();
            assert_same(&rows, &expected);
            if pace == 1 {
                let complete =
                    log.presence().iter().filter(|presence| presence.present == 120).count();
                versions.push((log.version().unwrap().to_owned(), complete));
                assert_eq!(log.frames().range, Some((0, 119)));
            }
        }
    }
    versions.sort();
    let expected = [("1.3.11", 9), ("17a67b23", 20), ("2.3.0", 13), ("2b2cf9c", 22)];
    assert_eq!(versions, expected.map(|(version, n)| (version.to_owned(), n)));
}

#[test]
fn layout_and_order_of_members_do_not_matter() {
    let text = r#"{"pooled_metrics":{"cambi":{"min":1}},"frames":[
        {"metrics":{"cambi":1,"integer_adm2":0.5},"extra":[{}],"frameNum":3},
        {"frameNum":4,"metrics":{"integer_adm2":0.25,"x":"y","cambi":2}}],"version":"9","fps":null}"#;
    for pace in 1..40 {
        let log = LogReader::new(Dribble(text.as_bytes(), pace), "log", &["adm2", "cambi"]);
        let (rows, log) = read_with(log, 2).unwrap();
        assert_eq!(rows, [(3, vec![0.5, 1.0]), (4, vec![0.25, 2.0])]);
        assert_eq!(log.version(), Some("9"));
    }
}

#[test]
fn the_fixed_point_value_wins_wherever_it_stands() {
    for metrics in [r#""adm2": 0.1, "integer_adm2": 0.2"#, r#""integer_adm2": 0.2, "adm2": 0.1"#] {
        let text = format!(r#"{{"frames": [{{"frameNum": 0, "metrics": {{{metrics}}}}}]}}"#);
        assert_eq!(read(&text, &["adm2"]).unwrap(), [(0, vec![0.2])]);
    }
}

#[test]
fn variants_with_options_are_not_taken_for_the_feature() {
    let text = r#"{"frames": [{"frameNum": 0, "metrics": {"integer_adm2_egl_1": 0.1}}]}"#;
    assert!(read(text, &["adm2"]).unwrap()[0].1[0].is_nan());
}

#[test]
fn libvmafs_comma_before_the_first_frame_is_read() {
    let text = numbered(&[5, 6]).replacen("[\n", "[,\n", 1);
    assert_eq!(read(&text, &["cambi"]).unwrap(), [(5, vec![0.5]), (6, vec![0.6])]);
}

#[test]
fn a_log_that_ends_too_early_says_where() {
    let text = numbered(&[0, 1, 2]);
    for cut in 0..text.trim_end().len() {
        for pace in [1, 64] {
            let log =
                LogReader::new(Dribble(&text.as_bytes()[..cut], pace), "clip.json", &["cambi"]);
            let error =
                read_with(log, 1).err().unwrap_or_else(|| panic!("cut at {cut}")).to_string();
            assert!(error.contains("ends") || error.contains("empty"), "{error}");
        }
    }
    let cut = text.find("0.1").unwrap();
    assert_eq!(
        error(&text[..cut]),
        "clip.json:13:18: frame 1: the log ends in the middle of this frame"
    );
}

#[test]
fn frame_numbers_must_rise() {
    assert_eq!(
        error(&numbered(&[0, 1, 1])),
        "clip.json:17:19: frame 1: this frame number is there twice"
    );
    assert_eq!(
        error(&numbered(&[0, 2, 1])),
        "clip.json:17:19: frame 1: frame numbers must rise, got 1 behind 2"
    );
    for bad in ["-1", "1.5", "\"0\"", "null", "4294967296", "1e99", "true"] {
        let text = format!(r#"{{"frames": [{{"frameNum": {bad}, "metrics": {{}}}}]}}"#);
        assert!(
            error(&text).contains("expected a frame number (0 or more), got "),
            "{bad}: {}",
            error(&text)
        );
    }
}

#[test]
fn skipped_frames_are_told_from_subsampling() {
    let frames = |numbers: &[u32]| {
        let text = numbered(numbers);
        read_with(LogReader::new(text.as_bytes(), "log", &["cambi"]), 1).unwrap().1.frames()
    };
    let every = Frames { count: 3, range: Some((0, 2)), step: 1, gap_count: 0, gaps: vec![] };
    assert_eq!(frames(&[0, 1, 2]), every);
    let subsampled = Frames { count: 4, range: Some((0, 15)), step: 5, gap_count: 0, gaps: vec![] };
    assert_eq!(frames(&[0, 5, 10, 15]), subsampled);
    let gap = Frames {
        count: 5,
        range: Some((2, 9)),
        step: 1,
        gap_count: 2,
        gaps: vec![Gap { after: 3, before: 6 }, Gap { after: 7, before: 9 }],
    };
    assert_eq!(frames(&[2, 3, 6, 7, 9]), gap);
    assert_eq!(frames(&[7]).step, 1);
    // Ever larger distances must not take ever more memory.
    let squares: Vec<u32> = (0..200).map(|n| n * n).collect();
    let found = frames(&squares);
    assert_eq!((found.step, found.gap_count, found.gaps.len()), (1, 198, 5));
}

#[test]
fn values_that_are_no_numbers_are_refused_by_name() {
    for (value, expected) in [
        ("\"0.93\"", "expected a number, got the string \"0.93\""),
        ("true", "expected a number, got true"),
        ("[0.9]", "expected a number, got an array"),
        ("{}", "expected a number, got an object"),
        (
            "0,9",
            "a decimal comma before this digit? Numbers need a decimal point: write the log anew with LC_ALL=C",
        ),
        ("inf", "expected a finite number, got inf"),
        ("-Infinity", "expected a finite number, got -Infinity"),
        ("1e400", "expected a finite number, got 1e400"),
    ] {
        let text = format!(
            "{{\"frames\": [\n{{\"frameNum\": 7, \"metrics\": {{\"integer_adm2\": {value}}}}}]}}"
        );
        let error = read(&text, &["adm2"]).unwrap_err();
        assert_eq!(error.frame(), Some(7));
        assert_eq!(error.place().unwrap().0, 2);
        let feature = if value == "0,9" { "" } else { ": adm2" };
        let column = if value == "0,9" { 47 } else { 45 };
        assert_eq!(
            error.to_string(),
            format!("clip.json:2:{column}: frame 7{feature}: {expected}")
        );
    }
}

#[test]
fn what_libvmaf_could_not_compute_is_missing_or_refused() {
    for token in ["null", "nan", "-nan", "NaN"] {
        let text = format!(
            r#"{{"frames": [{{"frameNum": 0, "metrics": {{"cambi": 1}}}},
            {{"frameNum": 1, "metrics": {{"cambi": {token}}}}}, {{"frameNum": 2, "metrics": {{}}}}]}}"#
        );
        let log = LogReader::new(text.as_bytes(), "log", &["cambi"]);
        let (rows, log) = read_with(log, 1).unwrap();
        assert!(rows[1].1[0].is_nan());
        let presence = log.presence()[0];
        assert_eq!((presence.present, presence.not_a_number, presence.absent), (1, 1, 1));
        assert_eq!(presence.first_not_a_number, Some((1, 2)));
        assert_eq!(presence.first_absent, Some((2, 2)));

        let log =
            LogReader::new(text.as_bytes(), "log", &["cambi"]).not_a_number(NotANumber::Refused);
        let error = read_with(log, 1).unwrap_err();
        assert_eq!(
            error.to_string(),
            format!("log:2:50: frame 1: cambi: expected a finite number, got {token}")
        );
    }
}

#[test]
fn features_in_decibels_of_identical_pictures_are_capped() {
    for feature in ["ciede2000", "psnr_hvs", "psnr_hvs_y"] {
        for (token, capped) in
            [("null", true), ("inf", true), ("Infinity", true), ("nan", false), ("-inf", false)]
        {
            let text = format!(
                r#"{{"frames": [{{"frameNum": 0, "metrics": {{"{feature}": {token}}}}}]}}"#
            );
            let log = LogReader::new(text.as_bytes(), "log", &[feature])
                .not_a_number(NotANumber::Refused);
            match read_with(log, 1) {
                Ok((rows, _)) => {
                    assert!(capped, "{feature} {token}");
                    assert_eq!(rows[0].1[0].to_bits(), 60.0_f64.to_bits(), "{feature} {token}");
                }
                Err(error) => assert!(!capped, "{feature} {token}: {error}"),
            }
        }
    }
}

#[test]
fn null_in_decibels_is_missing_unless_the_planes_may_be_identical() {
    for (feature, others, expected) in [
        ("psnr_hvs_y", r#""psnr_y": 60"#, Some(60.0)),
        ("psnr_hvs_y", r#""psnr_y": 72, "integer_adm2": 0.5"#, Some(60.0)),
        ("psnr_hvs_y", r#""psnr_y": 59.99"#, None),
        ("psnr_hvs", r#""psnr_y": 60, "psnr_cb": 60, "psnr_cr": 41"#, None),
        ("ciede2000", r#""psnr_y": 60, "psnr_cb": 60, "psnr_cr": 60"#, Some(60.0)),
        // Black-and-white film: only the chroma planes are identical.
        ("psnr_hvs_cb", r#""psnr_y": 27.9, "psnr_cb": 60, "integer_adm2": 0.88"#, Some(60.0)),
        ("psnr_hvs_cb", r#""psnr_y": 27.9, "integer_adm2": 0.88"#, None),
        ("psnr_hvs", r#""integer_adm2": 0.99995, "integer_vif_scale0": 0.99999"#, Some(60.0)),
        ("psnr_hvs", r#""integer_adm2": 1, "integer_vif_scale0": 0.98"#, None),
        ("psnr_hvs", r#""psnr_y": "not read here""#, Some(60.0)),
    ] {
        for order in [[0, 1], [1, 0]] {
            let members = [format!(r#""{feature}": null"#), others.to_owned()];
            let metrics = order.map(|i| members[i].clone()).join(", ");
            let text = format!(r#"{{"frames": [{{"frameNum": 3, "metrics": {{{metrics}}}}}]}}"#);
            let reader = || LogReader::new(text.as_bytes(), "log", &[feature]);
            let (rows, log) = read_with(reader(), 1).unwrap();
            let found = rows[0].1[0];
            if let Some(db) = expected {
                assert_eq!(found.to_bits(), f64::to_bits(db), "{metrics}");
            } else {
                assert!(found.is_nan(), "{metrics}: {found}");
                assert_eq!(log.presence()[0].not_a_number, 1, "{metrics}");
                let refused = reader().not_a_number(NotANumber::Refused);
                let error = read_with(refused, 1).unwrap_err().to_string();
                assert!(error.contains(&format!("frame 3: {feature}: expected")), "{error}");
            }
        }
    }
}

#[test]
fn a_value_given_twice_is_refused() {
    let text = r#"{"frames": [{"frameNum": 0, "metrics": {"cambi": 1, "cambi": 1}}]}"#;
    assert_eq!(error(text), "clip.json:1:62: frame 0: cambi: the value is there twice");
}

#[test]
fn frames_must_have_their_members_once() {
    for (frame, expected) in [
        (r#"{"metrics": {}}"#, "this frame has no 'frameNum'"),
        (r#"{"frameNum": 1}"#, "this frame has no 'metrics'"),
        (r#"{"frameNum": 1, "frameNum": 1}"#, "this frame has two members 'frameNum'"),
        (
            r#"{"frameNum": 1, "metrics": {}, "metrics": {}}"#,
            "this frame has two members 'metrics'",
        ),
        (r#"{"frameNum": 1, "metrics": null}"#, "expected an object of metrics, got null"),
        (r#"{"frameNum": 1 "metrics": {}}"#, "expected ',' or '}', got the string \"metrics\""),
        (
            r#"{"frameNum": 1, "metrics": {"a": 1 "b": 2}}"#,
            "expected ',' or '}', got the string \"b\"",
        ),
        ("null", "expected a frame's object, got null"),
    ] {
        let error = error(&format!("{{\"frames\": [{frame}]}}"));
        assert!(error.ends_with(expected), "{frame}: {error}");
    }
}

#[test]
fn what_is_no_json_log_is_named() {
    for (bytes, expected) in [
        (&b""[..], "the log is empty"),
        (b" \n", "the log is empty"),
        (b"<VMAF version=\"2.3.1\">", "got an XML log"),
        (b"Frame,integer_adm2,\n0,", "got a CSV log"),
        (b"\x1f\x8b\x08\0", "got a gzip file"),
        (b"\xff\xfe{\0", "got text in UTF-16"),
        (b"[1, 2]", "expected a libvmaf JSON log ('{'), got an array"),
        (b"{}", "the log has no 'frames'"),
        (b"{\"frames\": {}}", "expected an array of frames, got an object"),
        (b"{\"frames\": []}}", "expected the end of the file, got '}'"),
        (b"{\"frames\": [], \"frames\": []}", "the log has two members 'frames'"),
        (b"{\"a\xff\": 1}", "expected a key in UTF-8"),
        (b"\0\0\0\0", "got '\\x00'"),
    ] {
        let log = LogReader::new(bytes, "clip.json", &["cambi"]);
        let error = read_with(log, 1).unwrap_err().to_string();
        assert!(error.contains(expected), "{error}");
    }
    assert!(read("\u{feff}{\"frames\": []}\n\n", &["cambi"]).unwrap().is_empty());
}

#[test]
fn an_endless_item_does_not_take_endless_memory() {
    let endless = b"{\"params\": \"".chain(io::repeat(b'x'));
    let log = LogReader::new(endless, "log", &["cambi"]);
    assert!(read_with(log, 1).unwrap_err().to_string().contains("an item is longer than"));
}

#[test]
fn a_failing_disk_is_an_error() {
    #[derive(Debug)]
    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::Error::other("the disk is gone"))
        }
    }
    let log = LogReader::new(Broken, "clip.json", &["cambi"]);
    assert_eq!(
        read_with(log, 1).unwrap_err().to_string(),
        "clip.json: cannot be read: the disk is gone"
    );
}

#[test]
fn random_bytes_never_panic() {
    let text = numbered(&[0, 1, 2, 3]);
    let mut state = 1_u64;
    let mut random = || {
        state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize
    };
    for _ in 0..20_000 {
        let mut bytes = text.clone().into_bytes();
        for _ in 0..=random() % 3 {
            let at = random() % bytes.len();
            bytes[at] = b"{}[],:\"\\0.-eEnxu\0\xff \n"[random() % 20];
        }
        let log = LogReader::new(Dribble(&bytes, 1 + random() % 50), "log", &["cambi", "adm2"]);
        let _ = read_with(log, 2);
    }
}
