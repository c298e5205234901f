// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What a corpus holds: names that are one, frames, teachers, several laboratories, and what it lacks for a fit.

use std::path::Path;

use crate::rows::{Cells, FRAMES, Rows, read, read_all, read_features};
use vmaf_fr_train::corpus::{Corpus, CorpusSource, Lack, Selection, Similarity};
use vmaf_fr_v2::catalogue::{CANONICAL_FEATURES, FULL_FEATURES};

fn written(rows: &Rows) -> (tempfile::TempDir, std::path::PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frames.parquet");
    rows.write(&path);
    (folder, path)
}

fn corpus(rows: &Rows) -> Corpus {
    read(&written(rows).1, |_, _| {}).unwrap()
}

fn refused(rows: &Rows, expected: &str) {
    let error = read(&written(rows).1, |_, _| {}).expect_err(expected);
    assert!(error.contains("frames.parquet") && error.contains(expected), "{error}\n{expected}");
}

#[test]
fn frame_numbers_are_whole_and_each_there_once() {
    let rows = Rows::four();
    refused(
        &rows.clone().set("frame_index", 4, None),
        "column \"frame_index\", row 4 (the first is 0): the frame number is null",
    );
    refused(&rows.clone().set("frame_index", 4, Some(-1.0)), "the frame number is -1");
    refused(
        &rows.clone().set("frame_index", 4, Some(2.0)),
        "clip \"omega-1\" of dataset \"one\" has frame 2 twice",
    );
    let as_floats = |broken: f64| {
        let mut numbers: Vec<Option<f64>> =
            (0..rows.len()).map(|row| Some((row % FRAMES) as f64)).collect();
        numbers[7] = Some(broken);
        let mut changed = rows.clone();
        *changed.column("frame_index") = Cells::Numbers(numbers);
        changed
    };
    // Pandas makes floats of integers with nulls among them.
    assert_eq!(corpus(&as_floats(1.0)).clips, corpus(&rows).clips);
    refused(&as_floats(1.5), "row 7 (the first is 0): the frame number is 1.5");
    refused(&as_floats(f64::NAN), "row 7 (the first is 0): the frame number is NaN");
    assert_eq!(corpus(&rows.clone().rename("frame_index", "frameNum")).clips, corpus(&rows).clips);
    refused(
        &rows.without("frame_index"),
        "has no column \"frame_index\" or \"frameNum\" or \"Frame\"",
    );
}

#[test]
fn values_that_are_no_numbers_are_missing_or_refused_by_clip_frame_and_column() {
    let rows = Rows::four();
    for (column, value) in [
        ("adm2", f64::INFINITY),
        ("adm2", 1e300),
        ("vmaf", f64::NEG_INFINITY),
        ("mos", f64::INFINITY),
    ] {
        let expected = format!("clip \"omega-1\", frame 1: column {column:?} is ");
        refused(&rows.clone().set(column, 4, Some(value)), &expected);
    }
    refused(
        &rows.clone().set("vif_scale1", 4, Some(25.0)),
        "column \"vif_scale1\" is 25, above 10",
    );
    for missing in [None, Some(f64::NAN)] {
        let corpus = corpus(&rows.clone().set("vmaf", 4, missing).set("mos", 0, missing));
        assert_eq!(corpus.teacher.iter().filter(|x| x.is_nan()).count(), 1);
        // The clip's other rows have its rating.
        assert!((corpus.clips[0].target - 20.0).abs() < 1e-12);
        assert_eq!(corpus.summary().tables[0].partly_without_teacher, 1);
    }
    let identical = rows.clone().with("ciede2000", Cells::Numbers(vec![Some(f64::INFINITY); 12]));
    let error =
        read_features(&written(&identical).1, &["adm2", "ciede2000"], |_, _| {}).unwrap_err();
    assert!(error.contains("identical pictures: write 60 instead"), "{error}");
    let decibels = rows.with("ssim", Cells::Numbers(vec![Some(18.0); 12]));
    let error = read_features(&written(&decibels).1, &["float_ssim"], |_, _| {}).unwrap_err();
    assert!(error.contains("column \"ssim\" is 18, above 1: decibels?"), "{error}");
}

#[test]
fn frames_without_one_of_the_six_are_passed_over() {
    let rows = Rows::four().set("adm2", 4, None).set("motion2", 11, None);
    let corpus = corpus(&rows);
    assert_eq!(corpus.clips.iter().map(|c| c.frames.len()).collect::<Vec<_>>(), [3, 2, 3, 2]);
    assert!(corpus.features.iter().all(|x| x.is_finite()));
    assert_eq!(corpus.summary().tables[0].incomplete_frames, 2);
    assert_eq!(corpus.check(), Ok(()));
    let first = Rows::four().set("adm2", 4, None);
    let skipped = read(&written(&first).1, |_, selection| selection.skip_first = true).unwrap();
    assert_eq!(skipped.clips.iter().map(|c| c.frames.len()).collect::<Vec<_>>(), [2, 1, 2, 2]);
}

#[test]
fn contents_that_differ_in_case_or_spaces_are_refused_or_merged() {
    let rows = Rows::four().replace("clip", "alpha-2", "beta");
    let mut spaced = rows.clone();
    let Cells::Text(contents) = spaced.column("content") else { unreachable!() };
    // The clip of the second test calls it otherwise.
    for content in &mut contents[6..9] {
        *content = Some("Alpha ".to_owned());
    }
    refused(
        &spaced,
        "contents \"Alpha \" and \"alpha\" differ only in case or spaces: rename one of them, or set merge_contents",
    );
    let (_folder, path) = written(&spaced);
    let merged = read(&path, |_, selection| selection.merge_contents = true).unwrap();
    assert_eq!(merged.contents().len(), 2);
    assert_eq!(merged.summary().tables[0].merged, [["Alpha ", "alpha"]]);
    // Space around a name that has no twin is dropped.
    assert_eq!(
        corpus(&rows.clone().replace("content", "omega", " omega")).contents(),
        ["alpha", "omega"]
    );
    refused(
        &rows.clone().replace("content", "omega", " "),
        "column \"content\", row 3 (the first is 0): is empty",
    );
    refused(
        &rows.clone().replace("dataset", "two", "ONE"),
        "datasets \"ONE\" and \"one\" differ only in case or spaces",
    );
    let mut null = rows;
    let Cells::Text(contents) = null.column("content") else { unreachable!() };
    contents[5] = None;
    refused(&null, "column \"content\", row 5 (the first is 0): is null, expected a name");
    contents_of_excluded_datasets_do_not_matter(&spaced);
}

fn contents_of_excluded_datasets_do_not_matter(rows: &Rows) {
    let (_folder, path) = written(rows);
    let excluded = ["two".to_owned()];
    let features = CANONICAL_FEATURES.map(str::to_owned);
    let mut selection =
        Selection { features: &features, excluded: &excluded, ..Selection::default() };
    let source = [CorpusSource::new("lab", &path, "mos")];
    let corpus = read_all(&source, &selection).unwrap();
    assert_eq!((corpus.clips.len(), corpus.features.len()), (2, 2 * FRAMES * 6));
    let other = ["other/two".to_owned()];
    selection.excluded = &other;
    assert!(read_all(&source, &selection).unwrap_err().contains("differ only in case"));
    let none = ["three".to_owned()];
    selection.excluded = &none;
    selection.merge_contents = true;
    let error = read_all(&source, &selection).unwrap_err();
    assert!(error.contains("data.exclude: there is no dataset \"three\""), "{error}");
}

#[test]
fn a_column_of_ones_own_says_what_the_content_is() {
    let rows = Rows::four();
    let groups: Vec<Option<String>> =
        (0..rows.len()).map(|row| Some(format!("scene {}", row / 6))).collect();
    let (_folder, path) = written(&rows.with("scene", Cells::Text(groups)));
    let corpus = read(&path, |source, _| source.content_column = Some("scene".to_owned())).unwrap();
    assert_eq!(corpus.contents(), ["scene 0", "scene 1"]);
    let error =
        read(&path, |source, _| source.content_column = Some("scenes".to_owned())).unwrap_err();
    assert!(error.contains("has no column \"scenes\""), "{error}");
}

#[test]
fn rows_of_a_clip_agree_on_what_it_is() {
    let mut rows = Rows::four();
    let Cells::Text(codecs) = rows.column("codec") else { unreachable!() };
    codecs[1] = Some("x265".to_owned());
    refused(
        &rows,
        "clip \"alpha-1\": column \"codec\" changes from \"x264\" to \"x265\" in row 1 (the first is 0)",
    );
}

#[test]
fn misspelt_codecs_are_refused_unless_they_are_accepted() {
    let rows = Rows::four().replace("codec", "x264", "x246");
    refused(&rows, "codec \"x246\" (1 clips) is not a known name, and nearly \"x264\"");
    let (_folder, path) = written(&rows);
    let corpus = read(&path, |_, selection| selection.accept_unknown_codecs = true).unwrap();
    let table = &corpus.summary().tables[0];
    assert_eq!(table.codecs["unknown"], 1);
    assert_eq!(table.unknown_codecs[0].spelling, "x246");
    assert_eq!(table.unknown_codecs[0].nearest.as_deref(), Some("x264"));
    // Another codec is none of ours, and no mistake.
    let other = self::corpus(&Rows::four().replace("codec", "x264", "VP8"));
    assert_eq!(other.summary().tables[0].unknown_codecs[0].spelling, "VP8");
}

#[test]
fn the_summary_says_what_is_there_and_what_is_not() {
    let rows = Rows::of(&[
        ("one", "alpha_run", "alpha_run-1", "x264", 20.0),
        ("one", "omega", "omega-1", "dcvcfm", 40.0),
        ("two", "alpha-run", "c", "hevc", f64::NAN),
        ("two", "omega2", "omega2-2", "av1", 80.0),
    ])
    .rename("adm2", "integer_adm2");
    let rows = (6..9).fold(rows, |rows, row| rows.set("vmaf", row, None)).set("vmaf", 0, None);
    let psnr: Vec<Option<f64>> = (0..rows.len()).map(|row| (row > 8).then_some(40.0)).collect();
    let (_folder, path) = written(&rows.with("psnr_y", Cells::Numbers(psnr)));
    let mut features = CANONICAL_FEATURES.to_vec();
    features.extend(["psnr_y", "cambi"]);
    let summary = read_features(&path, &features, |_, _| {}).unwrap().summary();
    let table = &summary.tables[0];
    assert_eq!((table.rows, table.clips, table.frames), (12, 4, 12));
    assert_eq!(table.contents.len(), 4);
    assert_eq!(table.similar.len(), 1);
    assert_eq!(table.similar[0].names, ["alpha-run", "alpha_run"]);
    assert_eq!(table.similar[0].why, Similarity::Separators);
    assert_eq!((table.unrated, table.without_teacher, table.partly_without_teacher), (1, 1, 1));
    assert_eq!(table.absent, ["cambi"]);
    assert_eq!(table.found["adm2"], "integer_adm2");
    assert!((table.datasets["two"].missing["psnr_y"] - 0.5).abs() < 1e-12);
    assert_eq!(table.datasets["two"].unrated, 1);
    assert_eq!(
        summary.to_string().replace(&path.display().to_string(), "PATH"),
        "corpus lab (PATH): 12 rows, 4 clips, 12 frames kept
  contents 4: alpha-run 1, alpha_run 1, omega 1, omega2 1
  warning: contents \"alpha-run\" and \"alpha_run\" may be one: only space, '-', '_' or '.' differ
  dataset one: 2 clips, 2 contents
    without psnr_y
  dataset two: 2 clips, 2 contents, 1 unrated
    missing in frames: psnr_y 50.0 %
  codecs: libsvtav1 1, unknown 1, x264 1, x265 1
    unknown: \"dcvcfm\", 1 clips
  features: 7 found (adm2 as integer_adm2); absent: cambi
  target mos: 1 clips unrated
  teacher vmaf: 1 clips without it, 1 without it in some frames
"
    );
}

fn laboratory(name: &str, path: &Path, target_range: [f64; 2]) -> CorpusSource {
    CorpusSource { target_range: Some(target_range), ..CorpusSource::new(name, path, "mos") }
}

#[test]
fn several_laboratories_have_their_own_contents_scales_and_features() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["b.parquet", "a.parquet"].map(|name| folder.path().join(name));
    let psnr = Cells::Numbers(vec![Some(40.0); 12]);
    Rows::four().with("psnr_y", psnr).write(&first);
    let stars =
        Rows::of(&[("x", "alpha", "alpha-1", "x264", 1.0), ("x", "omega", "omega-1", "x265", 4.0)]);
    stars.without("dataset").write(&second);
    let sources = [
        CorpusSource {
            teacher_column: Some("vmaf".to_owned()),
            ..laboratory("tu", &first, [0.0, 100.0])
        },
        laboratory("ut", &second, [1.0, 5.0]),
    ];
    let features = [&CANONICAL_FEATURES[..], &["psnr_y"]].concat();
    let features: Vec<String> = features.iter().map(|&name| name.to_owned()).collect();
    let selection = Selection { features: &features, ..Selection::default() };
    let corpus = read_all(&sources, &selection).unwrap();
    assert_eq!(corpus.contents(), ["tu/alpha", "tu/omega", "ut/alpha", "ut/omega"]);
    let clips: Vec<(&str, &str, i64)> = corpus
        .clips
        .iter()
        .map(|c| (c.laboratory.as_str(), c.dataset.as_str(), c.target.round() as i64))
        .collect();
    assert_eq!(
        clips,
        [
            ("tu", "tu/one", 20),
            ("tu", "tu/one", 40),
            ("tu", "tu/two", 60),
            ("tu", "tu/two", 80),
            ("ut", "ut/all", 0),
            ("ut", "ut/all", 75),
        ]
    );
    for clip in &corpus.clips {
        for frame in clip.frames.clone() {
            assert_eq!(corpus.frame(frame)[6].is_nan(), clip.laboratory == "ut");
            assert_eq!(corpus.teacher[frame].is_nan(), clip.laboratory == "ut");
        }
    }
    assert_eq!(corpus.teacher.len() * 7, corpus.features.len());
    assert_eq!((corpus.rows, corpus.summary().tables.len()), (18, 2));
    assert_eq!(corpus.check(), Ok(()));
    // The order in which the tables are named does not matter.
    let reversed = [sources[1].clone(), sources[0].clone()];
    assert_eq!(read_all(&reversed, &selection).unwrap().clips, corpus.clips);

    let twice = [sources[0].clone(), laboratory("tu", &second, [1.0, 5.0])];
    assert!(
        read_all(&twice, &selection).unwrap_err().contains("corpus tu: two corpora have this name")
    );
    let off_scale = [laboratory("ut", &second, [1.0, 3.5])];
    let error = read_all(&off_scale, &selection).unwrap_err();
    assert!(
        error.contains(
            "clip \"omega-1\", frame 0: column \"mos\" is 4, expected 1 to 3.5 (target_range)"
        ),
        "{error}"
    );
    for (range, weight) in [([5.0, 1.0], 1.0), ([1.0, f64::NAN], 1.0), ([1.0, 5.0], -1.0)] {
        let source = CorpusSource { weight, ..laboratory("ut", &second, range) };
        let error = read_all(&[source], &selection).unwrap_err();
        assert!(error.contains("target_range is [") || error.contains("weight is -1"), "{error}");
    }
    let nowhere = CorpusSource { path: None, ..sources[0].clone() };
    let error = read_all(&[nowhere], &selection).unwrap_err();
    assert!(error.contains("corpus tu: no table"), "{error}");
}

#[test]
fn all_that_a_corpus_lacks_is_said_at_once() {
    let lacks = |rows: &Rows| corpus(rows).check().err().map_or_else(Vec::new, |unfit| unfit.0);
    let rows = Rows::four();
    assert!(lacks(&rows).is_empty());
    let worst = rows.clone().fill("mos", None).without("adm2").fill("motion2", Some(f64::NAN));
    let unfit = corpus(&worst).check().unwrap_err();
    assert_eq!(unfit.0.len(), 1 + 2 + 2, "{unfit}");
    assert!(
        unfit.to_string().contains("no clip has a value in column \"mos\", the target"),
        "{unfit}"
    );
    assert!(
        unfit
            .to_string()
            .contains("dataset \"one\": 2 of 2 clips have no adm2 in any frame, e.g. \"alpha-1\""),
        "{unfit}"
    );
    assert!(matches!(
        lacks(&rows.clone().fill("mos", Some(50.0)))[..],
        [Lack::ConstantTarget { clips: 4, .. }]
    ));
    let one = rows.clone().replace("content", "omega", "alpha");
    assert_eq!(lacks(&one), [Lack::Contents { rated: 1 }]);
    let part = (3..6).fold(rows.clone(), |rows, row| rows.set("vif_scale2", row, None));
    assert!(matches!(&lacks(&part)[..], [Lack::Feature { clips: 1, of: 2, .. }]));
    // A recipe that does not ask for them is no way around.
    let (_folder, path) = written(&rows);
    let without = read_features(&path, &CANONICAL_FEATURES[1..], |_, _| {}).unwrap();
    assert_eq!(without.check().unwrap_err().0, [Lack::NotTaken { feature: "adm2".to_owned() }]);
    refused(
        &rows.clone().without("mos"),
        "has no column \"mos\" for the target; it has dataset, content",
    );
    refused(&rows.without("vmaf"), "has no column \"vmaf\" for the teacher");
}

/// The corpora that the library's own models are made of, if they are here.
#[test]
fn the_rated_corpora_are_read_as_they_are() {
    let folder = std::env::var_os("VMAF_FR_SHARED").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared"),
        std::path::PathBuf::from,
    );
    let path = |name: &str| folder.join("corpora").join(name);
    if !path("lbmfr.parquet").exists() {
        eprintln!("skipped: {} has no corpora (VMAF_FR_SHARED names it)", folder.display());
        return;
    }
    let features = FULL_FEATURES.map(str::to_owned);
    let selection = Selection { features: &features, frames_per_clip: 16, ..Selection::default() };
    let source = |name: &str| CorpusSource {
        teacher_column: Some("vmaf".to_owned()),
        ..CorpusSource::new(name, &path(&format!("{name}.parquet")), "mos")
    };
    let corpus = read_all(&[source("avt-vqdb"), source("lbmfr")], &selection).unwrap();
    assert_eq!(corpus.check(), Ok(()));
    let summary = corpus.summary();
    assert_eq!(summary.tables.iter().map(|t| t.clips).collect::<Vec<_>>(), [1135, 232]);
    assert_eq!(summary.tables[0].codecs["unknown"], 275);
    assert!(
        summary.tables.iter().all(|t| t.unrated + t.without_teacher + t.incomplete_frames == 0)
    );
    assert_eq!(summary.tables[1].found.len(), 11);
    // All were named with care.
    assert!(summary.tables.iter().all(|t| t.similar.is_empty()), "{summary}");
    let contents: usize = summary.tables.iter().map(|t| t.contents.len()).sum();
    assert_eq!(corpus.contents().len(), contents);
    println!("{summary}");
}
