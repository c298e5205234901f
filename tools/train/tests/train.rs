// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Training, export and the way back, on tables whose truth is known.

mod synthetic;
mod vmaf_model;

use std::path::{Path, PathBuf};

use clap::Parser;
use vmaf_fr_train::corpus::{Corpus, CorpusSource, Selection};
use vmaf_fr_train::recipe::RecipeFile;
use vmaf_fr_train::teacher::Teacher;
use vmaf_fr_train::train::{self, TrainArgs, Trained};
use vmaf_fr_train::{export, fit};

#[derive(Parser)]
struct Train {
    #[command(flatten)]
    args: TrainArgs,
}

/// Small enough for a debug build. One feature has gaps, one is nowhere.
const RECIPE: &str = r#"
id = "m"
features = [
    "adm2", "motion2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "psnr_y", "motion", "cambi",
]
optional = { motion = 1, cambi = 2 }
cap = { psnr_y = 45.0 }
transform = { adm2 = { op = "log_distance", top = 1.1 }, motion2 = { op = "log1p" } }

[network]
hidden = [6, 4]
members = 3
free = ["motion2", "motion"]

[teacher]
model = "teacher"

[pretrain]
steps = 120
batch = 64

[refit]
steps = 80

[domain]
features = ["adm2", "vif_scale0", "vif_scale3"]

[interval]
stddev = 9.0
difference_half_width = 8.0
missing = { motion = 1.25 }

[[corpus]]
name = "lab"
target = "mos"
citation = "Somebody (2026)"
licence = "CC0"
"#;

/// A folder with a table, VMAF's model and the recipe, changed by `edit`.
struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(recipe: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        synthetic::write(&folder.path().join("lab.parquet"), 4, 5.0, 1);
        vmaf_model::write(folder.path());
        std::fs::write(folder.path().join("m.toml"), recipe).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn args(&self, more: &[&str]) -> TrainArgs {
        let [recipe, table, model, output] = ["m.toml", "lab.parquet", "teacher.json", "out"]
            .map(|name| self.path(name).to_str().unwrap().to_owned());
        let fixed =
            ["train", &recipe, &table, "--vmaf-model", &model, "--output", &output, "--quiet"];
        Train::parse_from(fixed.iter().chain(more)).args
    }

    fn train(&self) -> Trained {
        train::train(&self.args(&[])).unwrap()
    }

    fn refused(&self) -> String {
        format!("{:#}", train::train(&self.args(&[])).err().expect("the recipe to be refused"))
    }
}

fn files_in(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// Where the tests find ONNX Runtime; a test that needs it says so and passes where there is none.
fn onnxruntime(test: &str) -> Option<String> {
    let path = std::env::var("VMAF_FR_V2_ONNXRUNTIME").ok();
    if path.is_none() {
        eprintln!("{test} skipped: VMAF_FR_V2_ONNXRUNTIME does not name a libonnxruntime");
    }
    path
}

#[test]
fn a_table_is_read_with_nulls_and_missing_columns() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("frames.parquet");
    synthetic::write(&path, 3, 0.0, 1);
    let features: Vec<String> =
        ["adm2", "motion", "cambi", "no_such_feature"].map(str::to_owned).to_vec();
    let source = CorpusSource {
        teacher_column: Some("vmaf".to_owned()),
        ..CorpusSource::new("lab", &path, "mos")
    };
    let read = |source: &CorpusSource, frames_per_clip| {
        let selection = Selection { features: &features, frames_per_clip, ..Selection::default() };
        Corpus::read_all(std::slice::from_ref(source), &selection)
    };
    let all = read(&source, 0).unwrap();
    assert_eq!((all.clips.len(), all.rows), (72, 288));
    for row in 0..all.rows {
        let frame = all.frame(row);
        assert!(frame[0].is_finite() && frame[2].is_nan() && frame[3].is_nan());
    }
    let missing = (0..all.rows).filter(|&r| all.frame(r)[1].is_nan()).count();
    assert_eq!(missing, 96);
    assert_eq!(read(&source, 2).unwrap().features.len(), 72 * 2 * 4);
    let other = CorpusSource { target: "dmos".to_owned(), ..source.clone() };
    let error = anyhow::Error::from(read(&other, 0).unwrap_err());
    assert!(format!("{error:#}").contains("no column \"dmos\""), "{error:#}");
    std::fs::write(&path, b"PAR1 nothing").unwrap();
    let error = format!("{:#}", anyhow::Error::from(read(&source, 0).unwrap_err()));
    assert!(error.contains("frames.parquet") && error.contains("not a parquet file"), "{error}");
}

#[test]
fn the_same_recipe_gives_the_same_bytes_whatever_the_number_of_threads() {
    let bench = Bench::new(RECIPE);
    let with_threads = |n| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(n).build().unwrap();
        pool.install(|| bench.train().files)
    };
    let files = with_threads(1);
    assert_eq!(files, with_threads(3));
    let names: Vec<&str> = files.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["recipes/m.toml", "m.onnx", "m.json"]);
    assert_eq!(files[0].1, RECIPE.as_bytes());

    let other = Bench::new(&format!("seed = 7\n{RECIPE}"));
    assert_ne!(other.train().files[1].1, files[1].1);
}

#[test]
fn exported_models_are_kept_only_when_both_engines_agree() {
    let Some(runtime) = onnxruntime("exported_models_are_kept_only_when_both_engines_agree") else {
        return;
    };
    for (from, to) in [
        ("", ""),
        ("members = 3", "members = 1\nskip = false"),
        ("hidden = [6, 4]", "hidden = [5]"),
        ("[teacher]", "[codec]\nkind = \"one_hot\"\n[teacher]"),
        (
            "[teacher]",
            "[codec]\nkind = \"contrast\"\nplus = [\"x265\"]\nminus = [\"x264\"]\n[teacher]",
        ),
        ("stddev = 9.0\n", ""),
    ] {
        let bench = Bench::new(&RECIPE.replacen(from, to, 1));
        let runtime = ["--onnxruntime", runtime.as_str()];
        train::run(&bench.args(&runtime)).unwrap_or_else(|error| panic!("{to:?}: {error:#}"));
        assert_eq!(files_in(&bench.path("out")), ["m.json", "m.onnx", "recipes"]);
        assert_eq!(files_in(&bench.path("out/recipes")), ["m.toml"]);
    }
    // What was trained and what was exported differ by more than the tolerance: nothing may be left behind.
    let bench = Bench::new(RECIPE);
    let runtime = Some(Path::new(&runtime));
    let out = bench.path("spoiled");
    let refused = |spoil: fn(&mut Trained)| {
        let mut trained = bench.train();
        spoil(&mut trained);
        let error = export::keep(&out, &trained.files, &trained.probe, runtime).unwrap_err();
        assert!(files_in(&out).is_empty());
        format!("{error:#}")
    };
    let differs = "differs from the trained one";
    assert!(refused(|trained| trained.probe.expected[5] += 0.01).contains(differs));
    assert!(refused(|trained| trained.probe.half_width[7] *= 1.01).contains(differs));
}

#[test]
fn a_missing_runtime_is_found_before_anything_is_read() {
    let bench = Bench::new("id = 1");
    let nowhere = bench.path("libnowhere.so");
    let args = bench.args(&["--onnxruntime", nowhere.to_str().unwrap()]);
    let error = format!("{:#}", train::run(&args).unwrap_err());
    assert!(error.contains("point --onnxruntime"), "{error}");
}

#[test]
fn what_cannot_be_fitted_is_refused_before_the_first_step() {
    let edited = |from: &str, to: &str| Bench::new(&RECIPE.replacen(from, to, 1)).refused();
    let other = "target = \"mos\"\n[[corpus]]\nname = \"other\"\ntarget = \"mos\"";
    for (from, to, text) in [
        ("model = \"teacher\"", "model = \"vmaf_b\"", "its teacher is vmaf_b; point --vmaf-model"),
        ("target = \"mos\"", other, "other=TABLE.parquet"),
        ("target = \"mos\"", "target = \"dmos\"", "no column \"dmos\""),
        ("target = \"mos\"", "target = \"mos\"\ntarget_range = [1.0, 5.0]", "expected 1 to 5"),
        ("steps = 80", "steps = 80\nlr = nan", "refit.lr is NaN"),
    ] {
        let error = edited(from, to);
        assert!(error.contains(text), "{to}: {error}");
    }
    let error = edited("{ motion = 1, cambi = 2 }", "{ motion = 1 }");
    assert!(
        error.contains("frames without cambi, which is not in the recipe's [optional]"),
        "{error}"
    );

    // All clips of one codec: every second of them is dropped by its test, and codecs alternate.
    let codec = "[codec]\nkind = \"contrast\"\nplus = [\"x265\"]\nminus = [\"x264\"]\n[teacher]";
    let recipe = RECIPE.replacen("[teacher]", codec, 1);
    let recipe = recipe.replacen("[network]", "[data]\nexclude = [\"odd\"]\n[network]", 1);
    let error = Bench::new(&recipe).refused();
    assert!(error.contains("needs rated clips of one of codec.plus"), "{error}");
}

#[test]
fn a_score_never_falls_when_a_feature_that_is_not_free_rises() {
    let trained = Bench::new(RECIPE).train();
    let model = &trained.fitted.model;
    let width = model.features().len();
    let codec = vec![0; 2];
    for row in trained.probe.features.chunks_exact(width) {
        for (column, name) in model.features().iter().enumerate() {
            if ["motion", "motion2", "cambi"].contains(&name.as_str()) {
                continue;
            }
            let mut higher = row.to_vec();
            higher[column] += if name == "psnr_y" { 3.0 } else { 0.05 };
            let scores = model.raw_scores(&[row, &higher].concat(), &codec).unwrap();
            // Sums of f32 differ in their last bits.
            assert!(scores[1] >= scores[0] - 1e-4, "{name}: {scores:?}");
        }
    }
}

#[test]
fn a_feature_that_no_training_frame_has_changes_no_score() {
    let trained = Bench::new(RECIPE).train();
    let model = &trained.fitted.model;
    let cambi = model.features().iter().position(|name| name == "cambi").unwrap();
    let row = &trained.probe.features[..model.features().len()];
    assert!(row[cambi].is_nan());
    let mut with = row.to_vec();
    with[cambi] = 7.5;
    let scores = model.raw_scores(&[row, &with].concat(), &[0, 0]).unwrap();
    assert_eq!(scores[0].to_bits(), scores[1].to_bits());
}

#[test]
fn a_missing_feature_is_regressed_and_widens_the_interval() {
    let bench = Bench::new(RECIPE);
    let trained = bench.train();
    let model = &trained.fitted.model;
    let motion = model.features().iter().position(|name| name == "motion").unwrap();
    let rows: Vec<&[f32]> = trained
        .probe
        .features
        .chunks_exact(model.features().len())
        .filter(|row| !row[motion].is_nan())
        .collect();
    let hidden: Vec<f32> = rows
        .iter()
        .flat_map(|row| {
            row.iter().enumerate().map(|(i, &x)| if i == motion { f32::NAN } else { x })
        })
        .collect();
    let codec = vec![0; rows.len()];
    let complete = model.score_frames(&rows.concat(), &codec).unwrap();
    let regressed = model.score_frames(&hidden, &codec).unwrap();
    let mean =
        |value: &dyn Fn(usize) -> f64| (0..rows.len()).map(value).sum::<f64>() / rows.len() as f64;
    // Every feature of the table follows from the quality, so little is lost.
    assert!(mean(&|i| (complete[i].score - regressed[i].score).abs()) < 2.0);
    for (complete, regressed) in complete.iter().zip(&regressed) {
        let ratio = regressed.half_width / complete.half_width;
        assert!((ratio - 1.25).abs() < 1e-9, "{ratio}");
    }
    // The scale is that of measured and regressed values: z of all frames, as networks see them, has deviation 1.
    let z = model.preparation.apply(&trained.probe.features).unwrap();
    let own: Vec<f64> =
        z.iter().skip(motion).step_by(model.features().len()).map(|&z| f64::from(z)).collect();
    let centre = own.iter().sum::<f64>() / own.len() as f64;
    let variance = own.iter().map(|z| (z - centre).powi(2)).sum::<f64>() / own.len() as f64;
    assert!(centre.abs() < 0.02 && (variance - 1.0).abs() < 0.02, "{centre} {variance}");
    // What is required may not be missing, and the error says which.
    let mut without = rows[0].to_vec();
    without[0] = f32::NAN;
    let error = format!("{:#}", model.score_frames(&without, &[0]).unwrap_err());
    assert!(error.contains("row 0: adm2 is missing"), "{error}");
}

#[test]
fn tests_and_contents_that_differ_only_in_their_scale_are_told_from_quality() {
    let bench = Bench::new(RECIPE);
    let recipe = RecipeFile::read(&bench.path("m.toml")).unwrap().recipe;
    let selection =
        Selection { features: &recipe.features, frames_per_clip: 4, ..Selection::default() };
    let source = CorpusSource::new("lab", &bench.path("lab.parquet"), "mos");
    let mut corpus = Corpus::read_all(&[source], &selection).unwrap();
    // One test's raters are severe, and one content is ugly.
    for clip in &mut corpus.clips {
        clip.target -= if clip.dataset == "odd" { 10.0 } else { 0.0 };
        clip.target -= if clip.content == "content2" { 12.0 } else { 0.0 };
    }
    let teacher = Teacher::read(&bench.path("teacher.json")).unwrap().scores(&corpus).unwrap();
    let clips = corpus.clips.len();
    let fitted = fit::fit(&corpus, &teacher, &recipe, &vec![true; clips], &vec![0; clips]).unwrap();
    let effects = &fitted.effects;
    let tests: Vec<&str> = effects.tests.iter().map(|test| test.dataset.as_str()).collect();
    assert_eq!(tests, ["even", "odd"]);
    assert_eq!(effects.tests.iter().map(|test| test.clips).sum::<usize>(), clips);
    let difference = effects.tests[0].offset - effects.tests[1].offset;
    assert!((3.0..12.0).contains(&difference), "{difference}");
    let ugly = &effects.contents[2];
    assert_eq!(ugly.content, "content2");
    let others = effects.contents.iter().filter(|c| c.content != ugly.content);
    let highest_below = others.map(|c| c.offset).fold(f64::INFINITY, f64::min) - ugly.offset;
    assert!((3.0..14.0).contains(&highest_below), "{highest_below}");
    assert_eq!(effects.content_tests.len(), 8);
}

#[test]
fn two_laboratories_train_one_model_whose_card_names_both() {
    let other = "[[corpus]]\nname = \"other\"\ntarget = \"mos\"\nweight = 0.5\n";
    let bench = Bench::new(&format!("{RECIPE}{other}"));
    synthetic::write(&bench.path("b.parquet"), 2, 0.0, 2);
    let second = format!("other={}", bench.path("b.parquet").display());
    let trained = train::train(&bench.args(&[&second])).unwrap();
    let card: serde_json::Value = serde_json::from_slice(&trained.files[2].1).unwrap();
    let training = &card["training"];
    assert_eq!((&training["contents"], &training["clips"]), (&6.into(), &144.into()));
    let corpora = card["provenance"]["corpora"].as_array().unwrap();
    assert_eq!(corpora[0]["laboratory"], "lab");
    assert_eq!(corpora[0]["citation"], "Somebody (2026)");
    assert_eq!(corpora[1]["table"], "b.parquet");
    assert_eq!(corpora[1]["rows"], 192);
    assert_eq!(training["recipe_sha256"], vmaf_fr_files::sha256_hex(&trained.files[0].1));
}
