// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Whole evaluations of small networks, on a corpus whose truth is known.

use rand::{Rng as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use vmaf_fr_v2::catalogue::{UNKNOWN, VOCABULARY_1};

use super::*;
use crate::corpus::RatedClip;
use crate::evaluation::{BLIND, MODEL, elsewhere, in_sample};
use crate::output::json_bytes;
use crate::protocol::CorpusRecord;

const FEATURES: [&str; 7] =
    ["adm2", "motion2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "psnr_y"];
const FRAMES: usize = 2;

struct Material {
    corpus: Corpus,
    teacher: Vec<f32>,
    vmaf: BTreeMap<String, Vec<f64>>,
    codec: Vec<usize>,
    protocol: Protocol,
}

/// Two laboratories, three tests, ten contents; the second laboratory has no PSNR. Ratings of x265 are `bias` points higher
/// at equal features.
fn material(bias: f64, codec: &str) -> Material {
    let mut rng = ChaCha8Rng::seed_from_u64(3);
    let mut corpus =
        Corpus { feature_names: FEATURES.map(str::to_owned).to_vec(), ..Corpus::default() };
    let (mut teacher, mut vmaf) = (Vec::new(), Vec::new());
    for (laboratory, test, contents) in [("a", "t1", 0..4), ("a", "t2", 4..7), ("b", "t3", 7..10)] {
        for content in contents {
            let detail: f64 = rng.random_range(-1.0..1.0);
            for clip in 0..10 {
                let quality = 0.08 + 0.09 * f64::from(clip) + rng.random_range(-0.01..0.01);
                let x265 = clip % 2 == 1;
                let rated = 100.0 * quality + 4.0 * detail + if x265 { bias } else { 0.0 };
                let mut sum = 0.0;
                for _ in 0..FRAMES {
                    let noise: f64 = rng.random_range(-0.01..0.01);
                    for name in FEATURES {
                        let value = match name {
                            "motion2" => 4.0 + 3.0 * detail,
                            "psnr_y" if laboratory == "b" => f64::NAN,
                            "psnr_y" => 25.0 + 20.0 * quality,
                            _ => 0.3 + 0.7 * (quality + noise),
                        };
                        corpus.features.push(value as f32);
                    }
                    let score = (100.0 * (quality + noise) - 8.0 * detail).clamp(0.0, 100.0);
                    teacher.push(score as f32);
                    sum += score;
                }
                vmaf.push(sum / FRAMES as f64);
                let start = corpus.clips.len() * FRAMES;
                corpus.clips.push(RatedClip {
                    laboratory: laboratory.to_owned(),
                    dataset: format!("{laboratory}/{test}"),
                    content: format!("{laboratory}/c{content}"),
                    group: format!("{laboratory}/c{content}"),
                    name: format!("c{content}-{clip}"),
                    codec: if x265 { "x265" } else { "x264" }.to_owned(),
                    target: rated.clamp(0.0, 100.0),
                    frames: start..start + FRAMES,
                });
            }
        }
    }
    let codec_ids = corpus
        .clips
        .iter()
        .map(|clip| VOCABULARY_1.iter().position(|&name| name == clip.codec).unwrap())
        .collect();
    let recipe = serde_json::json!({
        "id": "small",
        "features": FEATURES,
        "optional": { "psnr_y": 1 },
        "network": { "hidden": [4], "members": 2 },
        "codec": { "kind": codec },
        "pretrain": { "steps": 60, "batch": 64 },
        "refit": { "steps": 60 },
        "corpus": [{ "name": "a", "target": "mos" }, { "name": "b", "target": "mos" }],
    });
    let record = |laboratory: &str| CorpusRecord {
        laboratory: laboratory.to_owned(),
        file: format!("{laboratory}.parquet"),
        sha256: "0".repeat(64),
        rows: 1,
    };
    Material {
        corpus,
        teacher,
        vmaf: [("vmaf".to_owned(), vmaf)].into(),
        codec: codec_ids,
        protocol: Protocol {
            program: "test".to_owned(),
            recipe: serde_json::from_value(recipe).unwrap(),
            corpora: vec![record("a"), record("b")],
            vmaf_models: [("vmaf".to_owned(), "0".repeat(64))].into(),
        },
    }
}

impl Material {
    fn subject(&self) -> Result<Subject<'_>> {
        let unknown = VOCABULARY_1.iter().position(|&name| name == UNKNOWN).unwrap();
        Subject::new(&self.corpus, &self.teacher, &self.vmaf, &self.codec, unknown, &self.protocol)
    }

    fn evaluate(&self, folder: &Path) -> (Evaluation, ClipTable) {
        let effort = Effort { draws: 40, folder, quiet: true };
        self.subject().unwrap().evaluate(effort).unwrap()
    }
}

#[test]
fn a_resumed_or_repeated_evaluation_has_the_same_bytes() {
    let material = material(0.0, "none");
    let folder = tempfile::tempdir().unwrap();
    let (whole, clips) = material.evaluate(folder.path());
    let kept: Vec<_> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(kept.len() > 15, "{kept:?}");
    kept.iter().step_by(2).for_each(|path| std::fs::remove_file(path).unwrap());
    let bytes = |(evaluation, clips): (Evaluation, ClipTable)| {
        (json_bytes(&evaluation).unwrap(), json_bytes(&clips).unwrap())
    };
    let expected = bytes((whole.clone(), clips));
    assert_eq!(bytes(material.evaluate(folder.path())), expected);
    let fresh = tempfile::tempdir().unwrap();
    assert_eq!(bytes(material.evaluate(fresh.path())), expected);

    // What is read back is what was written, to the last bit.
    let file = folder.path().join("e.json");
    std::fs::write(&file, &expected.0).unwrap();
    let (read, _) = crate::evaluation::read(&file).unwrap();
    assert_eq!(json_bytes(&read).unwrap(), expected.0);
    // No rating of a clip is in it.
    let text = String::from_utf8(expected.0).unwrap();
    assert!(!text.contains("c0-3"), "a clip is named");

    // A kept fold that cannot be read is named.
    std::fs::write(fresh.path().join("whole.json"), b"{").unwrap();
    let effort = Effort { draws: 40, folder: fresh.path(), quiet: true };
    let error = format!("{:#}", material.subject().unwrap().evaluate(effort).unwrap_err());
    assert!(error.contains("whole.json: delete it"), "{error}");
    // So is one of another plan.
    std::fs::copy(folder.path().join("whole.json"), fresh.path().join("whole.json")).unwrap();
    std::fs::copy(folder.path().join("whole.json"), fresh.path().join("content-000.json")).unwrap();
    let error = format!("{:#}", material.subject().unwrap().evaluate(effort).unwrap_err());
    assert!(error.contains("predicts 0 clips, expected 10"), "{error}");

    let figures = &whole.predictors[MODEL].schemes;
    assert_eq!(figures.len(), 3);
    assert!(figures[&Scheme::Content].within.plcc > 0.9, "{:?}", figures[&Scheme::Content].within);
    assert_eq!(figures[&Scheme::Laboratory].units.len(), 2);
    assert_eq!(figures[&Scheme::Family].units.len(), 3);
    assert_eq!(whole.baseline, "vmaf");
    for name in ["vmaf".to_owned(), elsewhere("vmaf"), in_sample("vmaf")] {
        assert!(whole.differences[&name].contains_key(&Scheme::Content), "{name}");
    }
    assert!(whole.codec.is_none() && !whole.predictors.contains_key(BLIND));
    // Laboratory b has no PSNR: what it is worth is measured on the other one.
    assert_eq!(whole.missing["psnr_y"].clips, 70);
    assert!(whole.interval.missing["psnr_y"] >= 1.0);
    assert!(whole.checks.iter().any(|check| check.what.contains("adm2 rises") && check.passed));
    let report = crate::report::html(&whole, &material.evaluate(folder.path()).1).unwrap();
    assert!(report.contains("<svg") && report.ends_with("</html>\n"));
    assert!(crate::report::text(&whole).contains("each laboratory left out"));
}

#[test]
fn a_codec_input_is_judged_beside_its_controls() {
    let material = material(12.0, "one_hot");
    let folder = tempfile::tempdir().unwrap();
    let (evaluation, _) = material.evaluate(folder.path());
    let worth = &evaluation.codec.as_ref().unwrap()["a"];
    assert_eq!(worth.codecs, ["x264", "x265"]);
    assert_eq!(worth.shuffled.len(), 3);
    let best = worth.shuffled.iter().copied().fold(f64::MIN, f64::max);
    assert!(worth.lift.value > best, "{worth:?}");
    // Fifteen clips of each codec are too few in the other laboratory.
    assert!(!evaluation.codec.as_ref().unwrap().contains_key("b"));
    let size = |name: &str| evaluation.codec_bias[name]["a"].size;
    assert!(size(MODEL) < size(BLIND), "{} {}", size(MODEL), size(BLIND));
    assert!(size(&elsewhere("vmaf")) > 6.0);
}

#[test]
fn what_is_missing_is_passed_over_clip_by_clip() {
    let mut material = material(0.0, "none");
    material.vmaf.get_mut("vmaf").unwrap()[3] = f64::NAN;
    material.corpus.clips[4].target = f64::NAN;
    material.teacher[11] = f32::NAN;
    let folder = tempfile::tempdir().unwrap();
    let (evaluation, clips) = material.evaluate(folder.path());
    let pooled = |name: &str| evaluation.predictors[name].schemes[&Scheme::Content].pooled.clips;
    assert_eq!((pooled(MODEL), pooled("vmaf"), pooled(&elsewhere("vmaf"))), (99, 98, 98));
    assert_eq!(evaluation.evidence.primary_clips, 99);
    assert!(clips.rated[4].is_none() && clips.predicted[MODEL][4].is_some());
    assert!(clips.predicted["vmaf"][3].is_none());
}

#[test]
fn what_cannot_be_judged_is_refused_before_any_fit() {
    let refused = |change: &dyn Fn(&mut Material)| {
        let mut material = material(0.0, "none");
        change(&mut material);
        format!("{:#}", material.subject().err().unwrap())
    };
    let text = refused(&|m| m.codec.iter_mut().for_each(|codec| *codec = 5));
    assert!(text.contains("known codec"), "{text}");
    let text = refused(&|m| m.corpus.clips.iter_mut().for_each(|clip| clip.target = 50.0));
    assert!(text.contains("ratings differ"), "{text}");
    let text = refused(&|m| m.vmaf.get_mut("vmaf").unwrap()[..35].fill(f64::NAN));
    assert!(
        text.contains("5 clips of the test \"a/t1\" have frames with all features of vmaf"),
        "{text}"
    );
    let text = refused(&|m| m.vmaf.clear());
    assert!(text.contains("no VMAF model"), "{text}");
}
