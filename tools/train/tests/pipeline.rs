// SPDX-License-Identifier: BSD-2-Clause-Patent
//! From tables to a registry: evaluate, train, gate, and the registry decided again.

mod synthetic;
mod vmaf_model;

use std::path::{Path, PathBuf};

use clap::Parser;
use serde_json::Value;
use vmaf_fr_train::evaluate::{self, EvaluateArgs, Scheme};
use vmaf_fr_train::evaluation;
use vmaf_fr_train::gate::{self, GateArgs, Verdict, check_registry};
use vmaf_fr_train::train::{self, TrainArgs};

#[derive(Parser)]
struct Evaluate {
    #[command(flatten)]
    args: EvaluateArgs,
}

#[derive(Parser)]
struct Train {
    #[command(flatten)]
    args: TrainArgs,
}

#[derive(Parser)]
struct Gate {
    #[command(flatten)]
    args: GateArgs,
}

/// Small enough for a debug build.
const RECIPE: &str = r#"
id = "m"
features = ["adm2", "motion2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "psnr_y"]
optional = { psnr_y = 1 }
cap = { psnr_y = 45.0 }

[network]
hidden = [4]
members = 3

[teacher]
model = "teacher"

[pretrain]
steps = 40
batch = 64

[refit]
steps = 40

[[corpus]]
name = "a"
target = "mos"
families = { both = ["even", "odd"] }

[[corpus]]
name = "b"
target = "mos"
apart = ["odd"]
"#;

struct Bench {
    folder: tempfile::TempDir,
}

impl Bench {
    fn new(recipe: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        for (name, seed) in [("a", 1), ("b", 2)] {
            synthetic::write(&folder.path().join(format!("{name}.parquet")), 5, 0.0, seed);
        }
        vmaf_model::write(folder.path());
        std::fs::write(folder.path().join("m.toml"), recipe).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, more: &[&str]) -> Vec<String> {
        let paths = ["m.toml", "a.parquet", "b.parquet", "--vmaf-model", "teacher.json"];
        std::iter::once("command".to_owned())
            .chain(paths.map(|name| match name.strip_prefix("--") {
                Some(_) => name.to_owned(),
                None => self.path(name).to_str().unwrap().to_owned(),
            }))
            .chain(more.iter().map(|&text| text.to_owned()))
            .collect()
    }

    fn evaluate(&self, output: &Path) -> anyhow::Result<()> {
        let more = ["--draws", "50", "--quiet", "-o", output.to_str().unwrap()];
        evaluate::run(&Evaluate::parse_from(self.command(&more)).args)
    }

    fn train(&self, evaluation: &Path, runtime: &str) -> anyhow::Result<()> {
        let (models, evaluation) = (self.path("models"), evaluation.to_str().unwrap());
        let models = models.to_str().unwrap();
        let more = ["--quiet", "-o", models, "--evaluation", evaluation, "--onnxruntime", runtime];
        train::run(&Train::parse_from(self.command(&more)).args)
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

#[test]
fn an_evaluated_model_carries_its_figures_and_is_judged_by_them() {
    let Ok(runtime) = std::env::var("VMAF_FR_V2_ONNXRUNTIME") else {
        eprintln!("skipped: VMAF_FR_V2_ONNXRUNTIME does not name a libonnxruntime");
        return;
    };
    let bench = Bench::new(RECIPE);
    let result = bench.path("e.json");
    bench.evaluate(&result).unwrap();
    for written in ["e.html", "e.clips.json"] {
        assert!(bench.path(written).exists(), "{written}");
    }
    let (evaluated, _) = evaluation::read(&result).unwrap();
    let units = |scheme: Scheme| {
        let figures = &evaluated.predictors[evaluation::MODEL].schemes[&scheme];
        figures.units.keys().cloned().collect::<Vec<_>>()
    };
    assert_eq!(units(Scheme::Laboratory), ["a", "b"]);
    assert_eq!(evaluated.evidence.families["a/both"], ["a/even", "a/odd"]);
    assert_eq!(evaluated.evidence.apart, ["b/odd"]);

    bench.train(&result, &runtime).unwrap();
    let card = json(&bench.path("models/m.json"));
    assert_eq!(card["metrics"]["contents"], 10);
    let interval = &evaluated.interval;
    assert_eq!(card["conformal_scale"].as_f64(), Some(interval.conformal_scale));
    assert_eq!(card["calibration"]["stddev"].as_f64(), Some(interval.stddev));
    let factor = card["imputation"]["psnr_y"]["interval_factor"].as_f64();
    assert_eq!(factor, interval.missing.get("psnr_y").copied());

    let registry = bench.path("models/registry.json");
    let card = bench.path("models/m.json");
    let gate = |more: &[&str]| {
        let fixed = ["gate", "--registry", registry.to_str().unwrap()];
        gate::run(&Gate::parse_from(fixed.iter().chain(more)).args)
    };
    gate(&[card.to_str().unwrap(), "--evaluation", result.to_str().unwrap()]).unwrap();
    let verdict: Verdict = serde_json::from_value(json(&bench.path("models/gate/m.json"))).unwrap();
    assert_eq!(verdict.status, "experimental");
    assert!(verdict.reasons.iter().any(|reason| reason == "draws of contents"), "{verdict:?}");
    gate(&["--check"]).unwrap();
    check_registry(&registry).unwrap();

    // A recipe that changed is another one: its evaluation is not this one's.
    std::fs::write(bench.path("m.toml"), RECIPE.replace("steps = 40", "steps = 41")).unwrap();
    let error = format!("{:#}", bench.train(&result, &runtime).unwrap_err());
    assert!(error.contains("another recipe or other tables"), "{error}");
}

#[test]
fn a_result_is_not_written_over_what_it_comes_from_or_by_its_report() {
    let bench = Bench::new(RECIPE);
    let error = format!("{:#}", bench.evaluate(&bench.path("m.toml")).unwrap_err());
    assert!(error.contains("m.toml would be written over"), "{error}");
    let html = bench.path("x.html");
    let more = ["-o", html.to_str().unwrap()];
    let error = Evaluate::try_parse_from(bench.command(&more)).err().unwrap().to_string();
    assert!(error.contains("the report is written there"), "{error}");
}

#[test]
fn tests_that_a_recipe_names_must_be_there() {
    let bench = Bench::new(&RECIPE.replace("apart = [\"odd\"]", "apart = [\"strange\"]"));
    let error = format!("{:#}", bench.evaluate(&bench.path("e.json")).unwrap_err());
    assert!(error.contains("names the test \"b/strange\""), "{error}");
    assert!(!bench.path("e.json").exists());
}
