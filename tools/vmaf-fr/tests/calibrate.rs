// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `vmaf-fr calibrate`: a laboratory's offset and slope, from logs and ratings.
#![cfg(feature = "pipeline")]

mod common;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use common::{Log, Run, run, score};
use serde_json::Value;
use tempfile::TempDir;

const CLIPS: usize = 12;

/// Logs of rising quality, three of each content, and what the default model scores them.
struct Laboratory {
    folder: TempDir,
    scores: Vec<f64>,
}

impl Laboratory {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let scores = (0..CLIPS)
            .map(|clip| {
                let path = folder.path().join(format!("clip{clip}.json"));
                std::fs::write(&path, at_quality(clip).text()).unwrap();
                pooled(&path, "fr_regressor_v3")
            })
            .collect();
        Self { folder, scores }
    }

    fn list(&self, clips: usize, rating: impl Fn(usize, f64) -> f64) -> PathBuf {
        let mut text = "log,rating,content\n".to_owned();
        for clip in 0..clips {
            let rating = rating(clip, self.scores[clip]);
            writeln!(text, "clip{clip}.json,{rating},content{}", clip % 4).unwrap();
        }
        let path = self.folder.path().join("rated.csv");
        std::fs::write(&path, text).unwrap();
        path
    }

    fn card(&self) -> PathBuf {
        self.folder.path().join("ours.json")
    }

    fn calibrate(&self, rated: &Path, more: &[&str]) -> Run {
        let card = self.card();
        let fixed = ["calibrate", "fr_regressor_v3", rated.to_str().unwrap(), "-o"];
        run(&[&fixed[..], &[card.to_str().unwrap()], more].concat())
    }
}

fn at_quality(clip: usize) -> Log {
    let mut log = Log::full(4);
    let share = clip as f64 / CLIPS as f64;
    for (_, metrics) in &mut log.frames {
        for (key, value) in metrics {
            let x: f64 = value.parse().unwrap();
            if key.contains("adm") || key.contains("vif") || key.contains("ssim") {
                *value = format!("{:.6}", x * (0.6 + 0.4 * share));
            } else if key == "psnr_y" {
                *value = format!("{:.6}", x - 8.0 + 8.0 * share);
            }
        }
    }
    log
}

fn pooled(log: &Path, model: &str) -> f64 {
    let run = score(&[log.to_str().unwrap(), "--model", model, "--format", "json", "-q"]);
    assert_eq!(run.status, 0, "{run:?}");
    let report: Value = serde_json::from_str(&run.stdout).unwrap();
    report["score"].as_f64().unwrap()
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn offset_and_slope_are_found_and_the_new_card_scores_by_them() {
    let laboratory = Laboratory::new();
    let rating = |clip: usize, score: f64| 12.0 + 0.8 * score + [1.5, -1.5, 0.5][clip % 3];
    let run = laboratory.calibrate(&laboratory.list(CLIPS, rating), &[]);
    assert_eq!(run.status, 0, "{run:?}");
    assert!(run.stdout.contains("12 clips of 4 contents"), "{}", run.stdout);
    let card = json(&laboratory.card());
    assert_eq!(card["id"], "ours");
    assert_eq!(card["calibrated"]["from"], "fr_regressor_v3");
    assert!(card.get("gate").is_none() && card.get("metrics").is_none());
    let [before, after] = ["before", "after"].map(|name| card["calibrated"][name].clone());
    assert!(after["rmse"].as_f64().unwrap() < 4.0, "{after}");
    assert!(after["rmse"].as_f64().unwrap() < before["rmse"].as_f64().unwrap(), "{before} {after}");
    assert!(
        after["mean_width"].as_f64().unwrap() < before["mean_width"].as_f64().unwrap(),
        "{before} {after}"
    );
    // The library applies it: scores of the new card are those of the line.
    let line = &card["calibration"];
    let [offset, slope] = ["offset", "slope"].map(|name| line[name].as_f64().unwrap());
    for clip in [4, 8, 11] {
        let log = laboratory.folder.path().join(format!("clip{clip}.json"));
        let calibrated = pooled(&log, laboratory.card().to_str().unwrap());
        let expected = offset + slope * laboratory.scores[clip];
        assert!((calibrated - expected).abs() < 1e-3, "{calibrated} {expected}");
    }
    // A second calibration starts from the model, not from the first one's scale.
    let again = laboratory.folder.path().join("again.json");
    let rated = laboratory.folder.path().join("rated.csv");
    let run = common::run(&[
        "calibrate",
        laboratory.card().to_str().unwrap(),
        rated.to_str().unwrap(),
        "-o",
        again.to_str().unwrap(),
    ]);
    assert_eq!(run.status, 0, "{run:?}");
    assert!((json(&again)["calibration"]["slope"].as_f64().unwrap() - slope).abs() < 1e-3);
}

#[test]
fn a_rating_scale_is_mapped() {
    let laboratory = Laboratory::new();
    let rated = laboratory.list(CLIPS, |_, score| 1.0 + score / 25.0);
    let outside = laboratory.calibrate(&rated, &[]);
    assert_eq!(outside.status, 0, "1 to 5 lies within 0 to 100: {outside:?}");
    let run = laboratory.calibrate(&rated, &["--target-range", "1", "5"]);
    assert_eq!(run.status, 0, "{run:?}");
    let card = json(&laboratory.card());
    assert!((card["calibration"]["slope"].as_f64().unwrap() - 1.0).abs() < 0.02, "{card}");
}

#[test]
fn too_little_is_refused_and_nothing_is_written() {
    let laboratory = Laboratory::new();
    let few = laboratory.calibrate(&laboratory.list(4, |_, score| score), &[]);
    assert_eq!(few.status, 1, "{few:?}");
    assert!(
        few.stderr.contains("4 rated clips of 4 contents; expected at least 5 of 2"),
        "{few:?}"
    );
    let outside = laboratory.calibrate(&laboratory.list(CLIPS, |_, score| score + 90.0), &[]);
    assert_eq!(outside.status, 1, "{outside:?}");
    assert!(outside.stderr.contains("outside the model's range"), "{outside:?}");
    let turned = laboratory.calibrate(&laboratory.list(CLIPS, |_, score| 100.0 - score), &[]);
    assert_eq!(turned.status, 1, "{turned:?}");
    assert!(turned.stderr.contains("do not rise with the model's score"), "{turned:?}");
    assert!(!laboratory.card().exists());
    let folder = std::fs::read_dir(laboratory.folder.path()).unwrap();
    let graphs = folder.filter(|file| file.as_ref().unwrap().path().ends_with(".onnx")).count();
    assert_eq!(graphs, 0);
}

#[test]
fn clips_that_are_few_or_bring_nothing_are_doubted() {
    let laboratory = Laboratory::new();
    let honest = laboratory.calibrate(&laboratory.list(CLIPS, |_, score| score), &[]);
    assert!(honest.stderr.contains("no better than before"), "{honest:?}");
    let few = laboratory.calibrate(&laboratory.list(6, |_, score| score + 10.0), &[]);
    assert!(few.stderr.contains("6 clips are few"), "{few:?}");
}

#[test]
fn wrong_lists_are_named() {
    let laboratory = Laboratory::new();
    let list = laboratory.folder.path().join("bad.csv");
    for (text, expected) in [
        ("log,rating,content\nnowhere.json,50,a\n", "nowhere.json"),
        ("log,rating,content\nclip0.json,good,a\n", "bad.csv"),
        ("log,content\nclip0.json,a\n", "rating"),
        ("log,rating,content\nclip0.json,NaN,a\n", "expected a finite number"),
        ("log,rating,content\nclip0.json,50,\n", "clip0.json: content is empty"),
        ("log,rating,content\nclip0.json,50,a\nclip0.json,50,a\n", "the log is there twice"),
        ("log,rating,content\nclip0.json,50,a\nclip1.json,50,A\n", "differ only in case"),
    ] {
        std::fs::write(&list, text).unwrap();
        let run = laboratory.calibrate(&list, &[]);
        assert_eq!(run.status, 1, "{text}: {run:?}");
        assert!(run.stderr.contains(expected), "{text}: {run:?}");
    }
    let run = run(&["calibrate", "fr_regressor_v3", "rated.csv", "-o", "card.txt"]);
    assert_eq!(run.status, 64, "{run:?}");
}

/// Ratings that have nothing to do with the clips; by the prior alone their slope would look like one.
#[test]
fn ratings_that_do_not_rise_with_the_score_are_doubted() {
    let laboratory = Laboratory::new();
    let expected = "do not show that ratings rise with the score";
    let shuffled = |clip: usize, _| laboratory.scores[(clip * 5 + 3) % CLIPS];
    for rated in [laboratory.list(CLIPS, |_, _| 50.0), laboratory.list(CLIPS, shuffled)] {
        let run = laboratory.calibrate(&rated, &[]);
        assert_eq!(run.status, 0, "{run:?}");
        assert!(run.stderr.contains(expected), "{run:?}");
    }
    let honest = laboratory.calibrate(&laboratory.list(CLIPS, |_, score| 5.0 + score), &[]);
    assert!(!honest.stderr.contains(expected), "{honest:?}");
}

#[test]
fn a_table_and_a_list_of_the_same_clips_give_one_line() {
    let laboratory = Laboratory::new();
    let rated = laboratory.list(CLIPS, |_, score| 12.0 + 0.8 * score);
    let run = laboratory.calibrate(&rated, &[]);
    assert_eq!(run.status, 0, "{run:?}");
    let of_list = json(&laboratory.card())["calibration"].clone();

    let manifest = laboratory.folder.path().join("manifest.csv");
    let list = std::fs::read_to_string(&rated).unwrap();
    let mut text = "log,mos,source,codec\n".to_owned();
    for line in list.lines().skip(1) {
        writeln!(text, "{line},x264").unwrap();
    }
    std::fs::write(&manifest, text).unwrap();
    let table = laboratory.folder.path().join("rated.parquet");
    let [from, to] = [&manifest, &table].map(|path| path.to_str().unwrap());
    let run = common::run(&["extract", "logs", from, "-o", to]);
    assert_eq!(run.status, 0, "{run:?}");
    let run = laboratory.calibrate(&table, &[]);
    assert_eq!(run.status, 0, "{run:?}");
    let of_table = &json(&laboratory.card())["calibration"];
    for name in ["offset", "slope", "stddev"] {
        let [a, b] = [&of_list, of_table].map(|line| line[name].as_f64().unwrap());
        assert!((a - b).abs() < 1e-3, "{name}: {a} {b}");
    }
    // Why a table is refused is said.
    let run = laboratory.calibrate(&table, &["--target", "nowhere"]);
    assert_eq!(run.status, 1, "{run:?}");
    assert!(run.stderr.contains("has no column \"nowhere\""), "{run:?}");
}

#[test]
fn the_new_card_opens_wherever_it_is_and_the_old_one_stays() {
    let laboratory = Laboratory::new();
    let rated = laboratory.list(CLIPS, |_, score| 12.0 + 0.8 * score);
    // A graph that is named by its path, its card with a byte-order mark and without the graph's name.
    let folder = tempfile::tempdir().unwrap();
    let [graph, own] = ["mine.onnx", "mine.json"].map(|name| folder.path().join(name));
    let models = common::root().join("models");
    std::fs::copy(models.join("fr_regressor_v3.onnx"), &graph).unwrap();
    let mut card = json(&models.join("fr_regressor_v3.json"));
    card.as_object_mut().unwrap().remove("onnx");
    std::fs::write(&own, format!("\u{feff}{card}")).unwrap();
    let before = std::fs::read(&own).unwrap();

    let calibrate = |to: &Path| {
        let [graph, rated, to] = [&graph, &rated, to].map(|path| path.to_str().unwrap());
        common::run(&["calibrate", graph, rated, "-o", to])
    };
    let over = calibrate(&own);
    assert_eq!(over.status, 64, "{over:?}");
    assert!(over.stderr.contains("the model's own card"), "{over:?}");
    assert_eq!(std::fs::read(&own).unwrap(), before);
    let nowhere = calibrate(&laboratory.folder.path().join("no/ours.json"));
    assert_eq!(nowhere.status, 1, "{nowhere:?}");
    assert!(nowhere.stderr.contains("no such folder"), "{nowhere:?}");

    for to in [laboratory.card(), folder.path().join("ours.json")] {
        let run = calibrate(&to);
        assert_eq!(run.status, 0, "{run:?}");
        let run = common::run(&["inspect", to.to_str().unwrap()]);
        assert_eq!(run.status, 0, "{run:?}");
        let said = "calibrated fr_regressor_v3 to 12 clips of 4 contents";
        assert!(run.stdout.contains(said), "{run:?}");
        assert!(run.stdout.contains("status     experimental"), "{run:?}");
    }
}

#[test]
fn external_data_stays_beside_its_card() {
    let laboratory = Laboratory::new();
    let rated = laboratory.list(CLIPS, |_, score| score);
    let folder = tempfile::tempdir().unwrap();
    let models = common::root().join("models");
    let card = folder.path().join("mine.json");
    std::fs::copy(models.join("fr_regressor_v3.onnx"), folder.path().join("fr_regressor_v3.onnx"))
        .unwrap();
    let mut value = json(&models.join("fr_regressor_v3.json"));
    value["external_data_sha256"] = Value::from("0".repeat(64));
    std::fs::write(&card, value.to_string()).unwrap();
    let [model, rated, to] = [&card, &rated, &laboratory.card()].map(|p| p.display().to_string());
    let run = run(&["calibrate", &model, &rated, "-o", &to]);
    assert_eq!(run.status, 64, "{run:?}");
    assert!(run.stderr.contains("external data"), "{run:?}");
    assert!(!laboratory.card().exists());
}

#[test]
fn codecs_that_become_unknown_are_named() {
    let laboratory = Laboratory::new();
    let rated = laboratory.list(CLIPS, |_, score| 5.0 + score);
    let list = std::fs::read_to_string(&rated).unwrap();
    let mut text = String::new();
    for (i, line) in list.lines().enumerate() {
        let codec = ["codec", "x246"].get(i).unwrap_or(&"x265");
        writeln!(text, "{line},{codec}").unwrap();
    }
    std::fs::write(&rated, text).unwrap();
    let card = laboratory.card();
    let [rated, to] = [&rated, &card].map(|path| path.to_str().unwrap());
    let run = run(&["calibrate", "fr_regressor_v3_codec_aware", rated, "-o", to]);
    assert_eq!(run.status, 0, "{run:?}");
    assert!(run.stderr.contains("codec \"x246\" of 1 clips"), "{run:?}");
    assert!(!run.stderr.contains("x265"), "{run:?}");
}

#[test]
fn one_test_of_several_is_taken() {
    let tables =
        ["avt-vqdb", "lbmfr"].map(|name| common::shared(&format!("corpora/{name}.parquet")));
    let [Some(table), Some(smaller)] = tables else { return };
    let laboratory = Laboratory::new();
    let all = laboratory.calibrate(&table, &[]);
    assert_eq!(all.status, 0, "{all:?}");
    assert!(all.stderr.contains("note: 7 tests in one table"), "{all:?}");
    let one = laboratory.calibrate(&table, &["--dataset", "nvc"]);
    assert_eq!(one.status, 0, "{one:?}");
    assert!(one.stdout.contains("180 clips of 5 contents"), "{one:?}");
    assert!(!one.stderr.contains("tests in one table"), "{one:?}");
    let none = laboratory.calibrate(&smaller, &["--dataset", "nowhere"]);
    assert_eq!(none.status, 1, "{none:?}");
    assert!(none.stderr.contains("no dataset \"nowhere\"; it has lbmfr"), "{none:?}");
    let list = laboratory.list(CLIPS, |_, score| score);
    assert_eq!(laboratory.calibrate(&list, &["--dataset", "nvc"]).status, 64);
}
