// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What the gate releases, what it does not, and that a registry can be decided again.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Parser;
use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use vmaf_fr_files::sha256_hex;
use vmaf_fr_train::evaluate::Scheme;
use vmaf_fr_train::evaluation::{
    BLIND, CodecBias, CodecWorth, Condition, ContentCoverage, ContentError, Coverage, Difference,
    DifferenceInterval, Evaluation, Evidence, Figures, Interval, Laboratory, MODEL, Predictor,
    UnitCoverage, Within, elsewhere, in_sample, metrics,
};
use vmaf_fr_train::gate::{self, GateArgs, Registry, Verdict, check_registry};
use vmaf_fr_train::output::json_bytes;
use vmaf_fr_train::protocol::{CorpusRecord, Protocol};
use vmaf_fr_train::statistics::{Agreement, Components, Lift};

#[derive(Parser)]
struct Gate {
    #[command(flatten)]
    args: GateArgs,
}

const VMAF: &str = "vmaf_4k_v0.6.1";
const LABORATORIES: [&str; 2] = ["avt", "lbmfr"];

fn lift(value: f64, low: f64) -> Lift {
    Lift { value, low, high: 2.0 * value - low }
}

fn within(plcc: f64) -> Within {
    Within { tests: 7, plcc, srocc: plcc, rmse: 12.3 }
}

fn figures(plcc: f64, worst: f64, units: &[&str]) -> Figures {
    let covered = UnitCoverage { coverage: 0.95, coverage_of_clips: 0.94, mean_width: 61.7 };
    Figures {
        within: within(plcc),
        pooled: Agreement { clips: 948, plcc, srocc: plcc, rmse: 13.1, bias: 0.3 },
        unknown: None,
        tests: BTreeMap::new(),
        units: units.iter().map(|&unit| (unit.to_owned(), within(plcc))).collect(),
        worst_content: ContentError { content: "avt/water".to_owned(), rmse: worst },
        interval: Coverage {
            coverage: 0.95,
            coverage_of_clips: 0.94,
            mean_width: 61.7,
            mean_width_uncut: 75.2,
            worst_content: ContentCoverage { content: "avt/water".to_owned(), coverage: 0.7 },
            tests: BTreeMap::new(),
            units: units.iter().map(|&unit| (unit.to_owned(), covered)).collect(),
            calibration: Vec::new(),
        },
    }
}

fn predictor(plcc: f64, worst: f64) -> Predictor {
    Predictor {
        schemes: [
            (Scheme::Content, figures(plcc, worst, &[])),
            (Scheme::Family, figures(plcc, worst, &["avt/hdr", "avt/uhd1", "lbmfr/all"])),
            (Scheme::Laboratory, figures(plcc, worst, &LABORATORIES)),
        ]
        .into(),
    }
}

fn difference(value: f64, low: f64) -> BTreeMap<Scheme, Difference> {
    let (plcc, rmse) = (lift(value, low), lift(-1.0, -2.0));
    let difference = Difference {
        plcc_within: plcc,
        srocc_within: plcc,
        rmse_within: rmse,
        plcc,
        srocc: plcc,
        rmse,
    };
    [(Scheme::Content, difference)].into()
}

fn bias(size: f64) -> BTreeMap<String, CodecBias> {
    let pairs = [("x265 - x264".to_owned(), lift(size, size - 1.0))];
    let bias = CodecBias { pairs: pairs.into(), size };
    LABORATORIES.map(|laboratory| (laboratory.to_owned(), bias.clone())).into()
}

fn protocol(codec: &str) -> Protocol {
    let recipe = json!({
        "id": "m",
        "features": ["adm2", "motion2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3"],
        "codec": { "kind": codec },
        "corpus": [{ "name": "avt", "target": "mos" }, { "name": "lbmfr", "target": "mos" }],
    });
    let record = |laboratory: &str| CorpusRecord {
        laboratory: laboratory.to_owned(),
        file: format!("{laboratory}.parquet"),
        sha256: "0".repeat(64),
        rows: 10,
    };
    Protocol {
        program: "0.1.0".to_owned(),
        recipe: serde_json::from_value(recipe).unwrap(),
        corpora: LABORATORIES.map(record).into(),
        vmaf_models: [(VMAF.to_owned(), "0".repeat(64))].into(),
    }
}

/// An evaluation that releases its model.
fn good(codec_aware: bool) -> Evaluation {
    let protocol = protocol(if codec_aware { "one_hot" } else { "none" });
    let laboratory = Laboratory {
        clips: 474,
        contents: 19,
        codecs: [("x264".to_owned(), 237), ("x265".to_owned(), 237)].into(),
    };
    let worth = CodecWorth {
        codecs: vec!["x264".to_owned(), "x265".to_owned()],
        lift: lift(0.012, 0.004),
        shuffled: vec![0.001, -0.002, 0.003],
    };
    let mut evaluation = Evaluation {
        kind: "vmaf_fr_evaluation".to_owned(),
        format: 2,
        protocol_sha256: protocol.fingerprint().unwrap(),
        protocol,
        evidence: Evidence {
            clips: 1367,
            primary_clips: 948,
            primary_contents: 38,
            groups: 23,
            members: 5,
            draws: 2000,
            shuffles: if codec_aware { 3 } else { 0 },
            laboratories: LABORATORIES.map(|name| (name.to_owned(), laboratory.clone())).into(),
            families: BTreeMap::new(),
            apart: Vec::new(),
            too_small: Vec::new(),
        },
        baseline: VMAF.to_owned(),
        predictors: [
            (MODEL.to_owned(), predictor(0.921, 24.0)),
            (VMAF.to_owned(), predictor(0.889, 33.6)),
            (elsewhere(VMAF), predictor(0.89, 23.6)),
            (in_sample(VMAF), predictor(0.90, 19.4)),
        ]
        .into(),
        differences: [
            (VMAF.to_owned(), difference(0.032, 0.011)),
            (elsewhere(VMAF), difference(0.03, 0.01)),
            (in_sample(VMAF), difference(0.02, -0.001)),
        ]
        .into(),
        codec: None,
        codec_bias: [(MODEL.to_owned(), bias(3.0)), (elsewhere(VMAF), bias(3.4))].into(),
        checks: vec![
            Condition::reported("lowest score of identical pictures", 95.4).at_least(95.0),
        ],
        interval: Interval {
            stddev: 15.585_752_752_659_66,
            components: Components {
                test: 114.9,
                content: 10.1,
                content_test: 23.5,
                within: 94.4,
                tests: 8,
                contents: 38,
                degrees_of_freedom: 26.3,
            },
            students_half_width: 2.054_348_186_510_291,
            conformal_factor: 1.179_468_813_370_486,
            conformal_scale: 1.236_301_873_371_2,
            missing: [("psnr_y".to_owned(), 1.08)].into(),
            difference: DifferenceInterval {
                half_width: 28.1,
                coverage: 0.96,
                families: BTreeMap::new(),
                width_over_scores: 0.74,
            },
        },
        missing: BTreeMap::new(),
    };
    if codec_aware {
        evaluation.codec = Some(LABORATORIES.map(|l| (l.to_owned(), worth.clone())).into());
        evaluation.codec_bias.insert(BLIND.to_owned(), bias(3.5));
    }
    evaluation
}

/// A registry's folder with one model that was trained by the evaluation's protocol.
struct Place {
    folder: tempfile::TempDir,
    evaluation: Evaluation,
}

impl Place {
    fn new(evaluation: Evaluation) -> Self {
        let place = Self { folder: tempfile::tempdir().unwrap(), evaluation };
        place.add_model("m");
        place
    }

    fn models(&self) -> PathBuf {
        self.folder.path().join("models")
    }

    fn registry(&self) -> PathBuf {
        self.models().join("registry.json")
    }

    fn add_model(&self, id: &str) {
        std::fs::create_dir_all(self.models()).unwrap();
        let graph = format!("graph of {id}");
        std::fs::write(self.models().join(format!("{id}.onnx")), &graph).unwrap();
        let interval = &self.evaluation.interval;
        let card = json!({
            "id": id,
            "onnx": format!("{id}.onnx"),
            "sha256": sha256_hex(graph.as_bytes()),
            "codec_aware": self.evaluation.codec.is_some(),
            "feature_mean": [0.835_537_827_634_437_2, 5e-324, 1.0],
            "conformal_scale": interval.conformal_scale,
            "calibration": { "offset": 0.0, "slope": 1.0, "stddev": interval.stddev },
            "training": { "protocol_sha256": self.evaluation.protocol_sha256 },
            "metrics": metrics(&self.evaluation, &self.evaluation_sha256()).unwrap(),
        });
        std::fs::write(self.models().join(format!("{id}.json")), json_bytes(&card).unwrap())
            .unwrap();
    }

    fn evaluation_sha256(&self) -> String {
        sha256_hex(&json_bytes(&self.evaluation).unwrap())
    }

    fn run(&self, more: &[&str]) -> anyhow::Result<()> {
        let result = self.folder.path().join("e.json");
        std::fs::write(&result, json_bytes(&self.evaluation).unwrap()).unwrap();
        self.run_with(&self.models().join("m.json"), &result, more)
    }

    fn run_with(&self, card: &Path, evaluation: &Path, more: &[&str]) -> anyhow::Result<()> {
        let registry = self.registry();
        let fixed = [
            "gate",
            card.to_str().unwrap(),
            "--evaluation",
            evaluation.to_str().unwrap(),
            "--registry",
            registry.to_str().unwrap(),
        ];
        gate::run(&Gate::parse_from(fixed.iter().chain(more)).args)
    }

    fn verdict(&self) -> Verdict {
        serde_json::from_slice(&std::fs::read(self.models().join("gate/m.json")).unwrap()).unwrap()
    }

    fn read(&self, file: &str) -> String {
        std::fs::read_to_string(self.models().join(file)).unwrap()
    }
}

/// The conditions that keep a model experimental.
fn reasons(evaluation: Evaluation) -> Vec<String> {
    let place = Place::new(evaluation);
    place.run(&[]).unwrap();
    let verdict = place.verdict();
    assert_eq!(verdict.status == "release", verdict.reasons.is_empty());
    check_registry(&place.registry()).unwrap();
    verdict.reasons
}

fn changed(codec_aware: bool, change: impl FnOnce(&mut Evaluation)) -> Vec<String> {
    let mut evaluation = good(codec_aware);
    change(&mut evaluation);
    reasons(evaluation)
}

#[track_caller]
fn only(reasons: &[String], expected: &[&str]) {
    assert_eq!(reasons.len(), expected.len(), "{reasons:?}");
    for (reason, expected) in reasons.iter().zip(expected) {
        assert!(reason.contains(expected), "{reason:?} does not say {expected:?}");
    }
}

#[test]
fn models_that_hold_everywhere_are_released() {
    assert_eq!(reasons(good(false)), [""; 0]);
    assert_eq!(reasons(good(true)), [""; 0]);
}

#[test]
fn a_codec_aware_model_below_vmaf_is_not_released() {
    // A lift over the codec-blind recipe is not enough: VMAF .793, the model .750.
    let reasons = changed(true, |e| {
        e.predictors.insert(MODEL.to_owned(), predictor(0.750, 24.0));
        e.differences.insert(elsewhere(VMAF), difference(-0.043, -0.08));
        e.differences.insert(in_sample(VMAF), difference(-0.05, -0.09));
    });
    only(
        &reasons,
        &[
            "PLCC within tests minus that of vmaf_4k_v0.6.1, as it is or by a logistic",
            "lower end of that difference's",
            "lower end of the difference to vmaf_4k_v0.6.1, logistic fitted to each test",
            "avt left out",
            "lbmfr left out",
        ],
    );
}

#[test]
fn two_contents_twenty_clips_and_one_seed_are_no_evidence() {
    let reasons = changed(false, |e| {
        e.evidence.primary_contents = 2;
        e.evidence.primary_clips = 20;
        e.evidence.members = 1;
        e.evidence.draws = 2;
        e.evidence.laboratories.remove("lbmfr");
    });
    only(
        &reasons,
        &["contents", "rated clips of a known codec", "networks", "laboratories", "draws"],
    );
}

#[test]
fn every_other_condition_keeps_a_model_experimental_by_itself() {
    only(
        &changed(false, |e| {
            e.differences.insert(elsewhere(VMAF), difference(0.004, 0.001));
        }),
        &["fitted on the other contents"],
    );
    // A logistic from elsewhere may harm VMAF; then VMAF as it is has to be beaten.
    only(
        &changed(false, |e| {
            e.differences.insert(VMAF.to_owned(), difference(0.01, -0.002));
        }),
        &["lower end of that difference"],
    );
    only(
        &changed(false, |e| {
            let vmaf = e.predictors.get_mut(VMAF).unwrap();
            let figures = vmaf.schemes.get_mut(&Scheme::Laboratory).unwrap();
            figures.units.insert("avt".to_owned(), within(0.932));
        }),
        &["avt left out"],
    );
    only(
        &changed(false, |e| {
            e.differences.insert(in_sample(VMAF), difference(0.01, -0.0051));
        }),
        &["fitted to each test"],
    );
    let scheme = |e: &mut Evaluation, scheme: Scheme, change: &dyn Fn(&mut Figures)| {
        change(e.predictors.get_mut(MODEL).unwrap().schemes.get_mut(&scheme).unwrap());
    };
    only(
        &changed(false, |e| {
            scheme(e, Scheme::Laboratory, &|f| {
                f.units.insert("lbmfr".to_owned(), within(0.879));
            });
        }),
        &["lbmfr left out"],
    );
    // What was not measured does not pass.
    only(
        &changed(false, |e| {
            scheme(e, Scheme::Laboratory, &|f| {
                f.units.remove("avt");
            });
        }),
        &["avt left out"],
    );
    only(
        &changed(false, |e| {
            scheme(e, Scheme::Content, &|f| f.worst_content.rmse = 27.7);
        }),
        &["worst content"],
    );
    only(
        &changed(false, |e| {
            scheme(e, Scheme::Laboratory, &|f| {
                f.interval.units.get_mut("avt").unwrap().coverage = 0.89;
            });
        }),
        &["coverage of the 95 % interval, avt left out"],
    );
    only(
        &changed(false, |e| {
            scheme(e, Scheme::Family, &|f| {
                f.interval.units.get_mut("avt/hdr").unwrap().coverage = 0.7;
            });
        }),
        &["mean coverage over families"],
    );
    // One family alone may be covered worse, if the others make up for it.
    only(
        &changed(false, |e| {
            scheme(e, Scheme::Family, &|f| {
                f.interval.units.get_mut("avt/hdr").unwrap().coverage = 0.81;
            });
        }),
        &[],
    );
    only(
        &changed(false, |e| {
            e.codec_bias.insert(MODEL.to_owned(), bias(4.5));
        }),
        &["codec bias"],
    );
    // A check is judged by its bounds, whatever it says of itself.
    only(
        &changed(false, |e| {
            let failed = Condition::reported("lowest score of identical pictures", 60.0);
            e.checks[0] = Condition { passed: true, at_least: Some(95.0), ..failed };
        }),
        &["identical pictures"],
    );
}

#[test]
fn a_codec_input_must_help_on_every_laboratory() {
    let lbmfr = |e: &mut Evaluation, change: &dyn Fn(&mut CodecWorth)| {
        change(e.codec.as_mut().unwrap().get_mut("lbmfr").unwrap());
    };
    only(
        &changed(true, |e| lbmfr(e, &|worth| worth.lift = lift(0.004, 0.001))),
        &["lbmfr: PLCC lift over the codec-blind recipe"],
    );
    only(
        &changed(true, |e| lbmfr(e, &|worth| worth.lift = lift(0.02, -0.001))),
        &["lbmfr: lower end of that lift"],
    );
    only(
        &changed(true, |e| lbmfr(e, &|worth| worth.shuffled[1] = 0.012)),
        &["largest one of shuffled labels"],
    );
    only(
        &changed(true, |e| {
            e.codec_bias.insert(BLIND.to_owned(), bias(3.0));
        }),
        &["codec bias"],
    );
    only(&changed(true, |e| e.evidence.shuffles = 2), &["draws of shuffled"]);
    only(
        &changed(true, |e| e.codec = Some(BTreeMap::new())),
        &["laboratories with several codecs"],
    );
}

#[test]
fn an_experimental_model_of_a_new_registry_is_recorded_and_stays_the_default() {
    let mut evaluation = good(false);
    evaluation.evidence.members = 1;
    let place = Place::new(evaluation);
    place.run(&[]).unwrap();
    let registry: Registry = serde_json::from_str(&place.read("registry.json")).unwrap();
    assert_eq!(
        (registry.default.as_str(), registry.models[0].status.as_str()),
        ("m", "experimental")
    );
    let verdict = place.verdict();
    assert_eq!(verdict.reasons, ["networks"]);
    assert!(place.read("m.json").contains("\"status\": \"experimental\""));
    assert!(place.models().join("gate").join(&verdict.evaluation).exists());
    check_registry(&place.registry()).unwrap();

    // Once there is a release, it has to be the default.
    let release = Place { folder: place.folder, evaluation: good(false) };
    release.add_model("better");
    let result = release.folder.path().join("good.json");
    std::fs::write(&result, json_bytes(&release.evaluation).unwrap()).unwrap();
    let better = release.models().join("better.json");
    let error = release.run_with(&better, &result, &[]).unwrap_err().to_string();
    assert!(error.contains("\"better\" is a release: choose one with --default"), "{error}");
    assert!(check_registry(&release.registry()).is_err());
    release.run_with(&better, &result, &["--default", "better"]).unwrap();
    check_registry(&release.registry()).unwrap();
}

#[test]
fn a_card_of_the_same_name_elsewhere_is_not_judged_in_its_place() {
    let place = Place::new(good(false));
    place.run(&[]).unwrap();
    let before = place.read("registry.json");
    let elsewhere = place.folder.path().join("m.json");
    std::fs::copy(place.models().join("m.json"), &elsewhere).unwrap();
    let result = place.folder.path().join("e.json");
    let error = place.run_with(&elsewhere, &result, &[]).unwrap_err().to_string();
    assert!(error.contains("is not in the registry's folder"), "{error}");
    assert_eq!(place.read("registry.json"), before);
    // By another way to the same file it is the same card.
    let detour = place.models().join("../models/m.json");
    place.run_with(&detour, &result, &[]).unwrap();
    assert_eq!(place.read("registry.json"), before);
}

#[test]
fn the_gate_moves_no_number_of_a_card() {
    let place = Place::new(good(false));
    let without = |text: &str| -> Value {
        let mut card: Value = serde_json::from_str(text).unwrap();
        let members = card.as_object_mut().unwrap();
        members.remove("gate");
        members.remove("status");
        card
    };
    let before = place.read("m.json");
    place.run(&[]).unwrap();
    let once = place.read("m.json");
    assert_eq!(without(&before), without(&once));
    let list = |text: &str| text[text.find("\"feature_mean\"").unwrap()..][..90].to_owned();
    assert_eq!(list(&before), list(&once));
    place.run(&[]).unwrap();
    assert_eq!(place.read("m.json"), once);
}

/// Every number that is not whole becomes one of any bits.
fn scramble(value: &mut Value, rng: &mut ChaCha8Rng) {
    match value {
        Value::Number(x) if x.is_f64() => {
            let any = std::iter::repeat_with(|| f64::from_bits(rng.random()));
            *value = any.into_iter().find(|x| x.is_finite()).unwrap().into();
        }
        Value::Array(values) => values.iter_mut().for_each(|value| scramble(value, rng)),
        Value::Object(fields) => fields.values_mut().for_each(|value| scramble(value, rng)),
        _ => {}
    }
}

#[test]
fn evaluations_come_back_whatever_their_numbers() {
    let mut rng = ChaCha8Rng::seed_from_u64(2);
    for codec_aware in [false, true] {
        let mut tree = serde_json::to_value(good(codec_aware)).unwrap();
        scramble(&mut tree, &mut rng);
        let typed: Evaluation = serde_json::from_value(tree).unwrap();
        let bytes = json_bytes(&typed).unwrap();
        let again: Evaluation = serde_json::from_slice(&bytes).unwrap();
        assert!(again == typed && json_bytes(&again).unwrap() == bytes);
    }
}

#[test]
fn a_registry_is_decided_again_from_what_is_kept() {
    let place = Place::new(good(false));
    place.run(&[]).unwrap();
    let registry = place.registry();
    let check = ["gate", "--check", "--registry", registry.to_str().unwrap()];
    gate::run(&Gate::parse_from(check).args).unwrap();

    let tampered = |file: &str, from: &str, to: &str| {
        let text = place.read(file);
        assert!(text.contains(from), "{file} has no {from:?}");
        std::fs::write(place.models().join(file), text.replacen(from, to, 1)).unwrap();
        let error = check_registry(&registry).expect_err(file);
        std::fs::write(place.models().join(file), text).unwrap();
        format!("{error:#}")
    };
    let says = |text: String, expected: &str| assert!(text.contains(expected), "{text}");
    says(tampered("registry.json", "\"release\"", "\"experimental\""), "the registry says");
    says(tampered("m.json", "\"codec_aware\": false", "\"codec_aware\": true"), "registry pins");
    says(tampered("m.onnx", "graph", "Graph"), "its card pins");
    says(tampered("gate/m.json", "\"release\"", "\"experimental\""), "the gate result");
    says(tampered("gate/m.json", "\"measured\": 38.0", "\"measured\": 39.0"), "contents");
    let kept = format!("gate/{}", place.verdict().evaluation);
    says(tampered(&kept, "\"primary_contents\": 38", "\"primary_contents\": 39"), "the gate read");
    says(
        tampered("registry.json", "\"default\": \"m\"", "\"default\": \"n\""),
        "none of the models",
    );
    std::fs::remove_file(place.models().join("gate/m.json")).unwrap();
    says(format!("{:#}", check_registry(&registry).unwrap_err()), "no gate result");
}

#[test]
fn a_card_whose_interval_is_not_the_evaluations_is_refused() {
    let place = Place::new(good(false));
    let card = place.read("m.json");
    let path = place.models().join("m.json");
    std::fs::write(&path, card.replace("15.58575275265966", "15.58575275265967")).unwrap();
    let error = format!("{:#}", place.run(&[]).unwrap_err());
    assert!(error.contains("the card's calibration.stddev is 15.58575275265967"), "{error}");
    // So is a card with other figures.
    assert!(card.contains("\"coverage\": 0.96"), "{card}");
    std::fs::write(&path, card.replace("\"coverage\": 0.96", "\"coverage\": 0.97")).unwrap();
    let error = format!("{:#}", place.run(&[]).unwrap_err());
    assert!(error.contains("metrics are not the evaluation's"), "{error}");
    // So is a card of another protocol.
    std::fs::write(&path, card.replace(&place.evaluation.protocol_sha256, "abc")).unwrap();
    let error = format!("{:#}", place.run(&[]).unwrap_err());
    assert!(error.contains("was trained by protocol abc"), "{error}");
    // An evaluation of an earlier program is not one of this.
    let result = place.folder.path().join("old.json");
    std::fs::write(&result, b"{\"kind\": \"vmaf_fr_evaluation\", \"format\": 1}").unwrap();
    std::fs::write(&path, card).unwrap();
    let error = format!("{:#}", place.run_with(&path, &result, &[]).unwrap_err());
    assert!(error.contains("format 1, this program reads format 2"), "{error}");
}
