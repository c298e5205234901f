// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The models of the tables and the frames they score.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use vmaf_fr_v2::catalogue;
use vmaf_fr_v2::model;
use vmaf_fr_v2::onnx::Graph;

use crate::library;
use crate::onnxruntime::{Inputs, Session};
use crate::options::Options;
use crate::worker::Worker;

/// A model of the tables.
struct Entry {
    /// For `--cases`.
    key: &'static str,
    title: &'static str,
    /// The card's file, in the folder of what models.py made or in that of the built-in models.
    card: &'static str,
    is_built_in: bool,
    /// Outputs per row.
    outputs: usize,
}

const ENTRIES: [Entry; 11] = [
    Entry {
        key: "v2",
        title: "v2, codec-aware: 22 + 6, 64, 64, 1",
        card: "v2.json",
        is_built_in: false,
        outputs: 1,
    },
    Entry {
        key: "v1",
        title: "v1, codec-blind: 22, 64, 64, 1",
        card: "v1.json",
        is_built_in: false,
        outputs: 1,
    },
    Entry {
        key: "variance",
        title: "v2 with variance: 22 + 6, 64, 64, 2",
        card: "variance.json",
        is_built_in: false,
        outputs: 2,
    },
    Entry {
        key: "ensemble",
        title: "v2, ensemble of five",
        card: "ensemble.json",
        is_built_in: false,
        outputs: 1,
    },
    Entry {
        key: "merged",
        title: "five erf networks in one graph, inputs skip layers: 8, 5 x 16, 5 x 16, 1",
        card: "merged.json",
        is_built_in: false,
        outputs: 1,
    },
    Entry {
        key: "merged-one",
        title: "the same with one hidden layer: 8, 5 x 16, 1",
        card: "merged_one.json",
        is_built_in: false,
        outputs: 1,
    },
    Entry {
        key: "layers",
        title: "the dense layers of v1 alone: 22, 64, 64, 1 without GELU or statistics",
        card: "layers.json",
        is_built_in: false,
        outputs: 1,
    },
    Entry {
        key: "default",
        title: "the built-in default, fr_regressor_v3",
        card: "fr_regressor_v3.json",
        is_built_in: true,
        outputs: 1,
    },
    Entry {
        key: "codec-aware",
        title: "fr_regressor_v3_codec_aware",
        card: "fr_regressor_v3_codec_aware.json",
        is_built_in: true,
        outputs: 1,
    },
    Entry {
        key: "v1-22",
        title: "fr_regressor_v1, 22 features",
        card: "fr_regressor_v1.json",
        is_built_in: true,
        outputs: 1,
    },
    Entry {
        key: "v2-22",
        title: "fr_regressor_v2_codec_aware, 22 features and codec",
        card: "fr_regressor_v2_codec_aware.json",
        is_built_in: true,
        outputs: 1,
    },
];

/// The cases that `--cases` names, all without it.
pub fn selected(options: &Options) -> Vec<Case> {
    let unknown = options.cases.iter().find(|key| ENTRIES.iter().all(|e| e.key != key.as_str()));
    assert!(unknown.is_none(), "--cases: no model {unknown:?}");
    let is_selected =
        |e: &&Entry| options.cases.is_empty() || options.cases.iter().any(|key| key == e.key);
    ENTRIES.iter().filter(is_selected).map(|e| Case::new(e, options)).collect()
}

/// A model with frames for it.
pub struct Case {
    pub key: &'static str,
    pub title: &'static str,
    /// What open takes.
    pub model: String,
    /// The graphs of the members.
    pub graphs: Vec<PathBuf>,
    pub n_features: usize,
    n_codecs: usize,
    /// Outputs per row.
    pub outputs: usize,
    /// Multiply-adds of the layers per frame, all members; codec blocks and zeros not counted.
    pub multiply_adds: usize,
    raw: Vec<f32>,
    standardised: Vec<f32>,
    pub ids: Vec<i32>,
    codec: Vec<f32>,
    range: (f64, f64),
    /// The frames in files, for workers.
    folder: PathBuf,
}

/// A column of the card; `default` if it has none.
fn numbers(card: &Value, key: &str, default: f64) -> Vec<f64> {
    let width = card["feature_order"].as_array().map_or(0, Vec::len);
    card[key].as_array().map_or_else(
        || vec![default; width],
        |values| values.iter().map(|v| v.as_f64().expect("number")).collect(),
    )
}

/// Multiply-adds of a graph's layers without those of the codec block, of a one-hot only one column is
/// not 0, and without those between the networks of a merged ensemble, whose weights are 0.
fn multiply_adds(graph: &Graph, n_codecs: usize) -> usize {
    let matrices = graph.initializers.values().filter(|t| t.dims.len() == 2);
    let weights = matrices.filter_map(|t| t.as_f32()).flatten();
    let products = weights.filter(|w| **w != 0.0).count();
    // The first layer is the one as wide as features and codec block; exporters put outputs first.
    let first_width = graph.n_features + n_codecs;
    let first = graph.initializers.values().find(|t| t.dims.len() == 2 && t.dims[1] == first_width);
    products - n_codecs * first.map_or(0, |t| t.dims[0])
}

/// Reproducible, roughly normal: a sum of uniform numbers.
fn noise(state: &mut u64) -> f64 {
    let mut sum = 0.0;
    for _ in 0..6 {
        *state =
            state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        sum += (*state >> 40) as f64 / f64::from(1 << 24) - 0.5;
    }
    sum * std::f64::consts::SQRT_2
}

impl Case {
    fn new(entry: &Entry, options: &Options) -> Self {
        let folder = if entry.is_built_in { &options.models } else { &options.derived };
        let card_path = folder.join(entry.card);
        let text = std::fs::read_to_string(&card_path)
            .unwrap_or_else(|e| panic!("{}: {e}", card_path.display()));
        let card: Value = serde_json::from_str(&text).expect("card");
        let graph = |v: &Value| folder.join(v["onnx"].as_str().expect("onnx"));
        let graphs: Vec<PathBuf> = match card["members"].as_array() {
            Some(members) => members.iter().map(graph).collect(),
            None => vec![graph(&card)],
        };
        let rows =
            options.sizes.iter().copied().max().unwrap_or(1).max(crate::options::THREAD_SIZES[1]);
        let (raw, standardised) = frames(&card, rows);
        let n_codecs = card["codec_vocab"].as_array().map_or(0, Vec::len);
        let ids: Vec<i32> =
            (0..if n_codecs > 0 { rows } else { 0 }).map(|i| (i % n_codecs) as i32).collect();
        let mut codec = vec![0.0; ids.len() * n_codecs];
        for (row, &id) in codec.chunks_exact_mut(n_codecs.max(1)).zip(&ids) {
            row[id as usize] = 1.0;
        }
        let range = match card["score_range"].as_array().map(Vec::as_slice) {
            Some([low, high]) => (low.as_f64().expect("number"), high.as_f64().expect("number")),
            _ => (0.0, 100.0),
        };
        let model = card_path.to_str().expect("UTF-8 path").to_owned();
        let read = model::read(Some(&model)).expect("model");
        let case = Self {
            key: entry.key,
            title: entry.title,
            n_features: raw.len() / rows,
            n_codecs,
            outputs: entry.outputs,
            multiply_adds: read
                .graphs()
                .iter()
                .map(|(_, graph)| multiply_adds(graph, n_codecs))
                .sum(),
            model,
            graphs,
            raw,
            standardised,
            ids,
            codec,
            range,
            folder: options.derived.join(entry.key),
        };
        case.write_frames();
        case
    }

    fn write_frames(&self) {
        std::fs::create_dir_all(&self.folder).expect("folder for the frames");
        let write = |name: &str, bytes: Vec<u8>| {
            std::fs::write(self.folder.join(name), bytes).expect("file of frames");
        };
        let bytes = |v: &[f32]| v.iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<u8>>();
        write("raw", bytes(&self.raw));
        write("standardised", bytes(&self.standardised));
        write("codec", bytes(&self.codec));
        write("ids", self.ids.iter().flat_map(|i| i.to_le_bytes()).collect());
    }

    /// The first `n` frames, raw.
    pub fn rows(&self, n: usize) -> (&[f32], &[i32]) {
        let ids = if self.ids.is_empty() { &[][..] } else { &self.ids[..n] };
        (&self.raw[..n * self.n_features], ids)
    }

    /// The first `n` frames, standardised.
    pub fn inputs(&self, n: usize) -> Inputs {
        Inputs {
            n,
            features: self.standardised[..n * self.n_features].to_vec(),
            n_features: self.n_features,
            codec: self.codec[..(n * self.n_codecs).min(self.codec.len())].to_vec(),
            n_codec: self.n_codecs,
        }
    }

    /// The scores of the first `n` frames by the sessions of the members.
    pub fn expected(&self, sessions: &[Session], n: usize) -> Vec<f64> {
        let inputs = self.inputs(n);
        let mut sums = vec![0.0; n];
        for session in sessions {
            let mut out = vec![0.0; n * self.outputs];
            session.run(&inputs, &mut out);
            for (sum, row) in sums.iter_mut().zip(out.chunks_exact(self.outputs)) {
                *sum += f64::from(row[0]) / sessions.len() as f64;
            }
        }
        sums.into_iter().map(|s| s.clamp(self.range.0, self.range.1)).collect()
    }

    pub fn c_host(&self, options: &Options) -> Worker {
        let ids = self.folder.join("ids");
        let mut command = Command::new(&options.worker);
        command.args([&self.model, &library::EMBEDDED.to_string(), ""]);
        command.arg(self.folder.join("raw"));
        command.arg(if self.ids.is_empty() { Path::new("-") } else { &ids });
        Worker::start(&mut command)
    }

    pub fn python(&self, options: &Options) -> Worker {
        let codec = self.folder.join("codec");
        let mut command = Command::new(&options.python);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("worker.py"));
        command.arg(self.folder.join("standardised"));
        command.arg(if self.codec.is_empty() { Path::new("-") } else { &codec });
        command.args(&self.graphs);
        Worker::start(&mut command)
    }
}

/// A card's transform of a feature, by the standard library's logarithm.
#[derive(Clone, Copy)]
enum Transform {
    None,
    LogDistance { top: f64 },
    Log1p,
}

impl Transform {
    fn of(card: &Value) -> Self {
        match card["op"].as_str() {
            Some("log_distance") => Self::LogDistance { top: card["top"].as_f64().expect("top") },
            Some("log1p") => Self::Log1p,
            _ => Self::None,
        }
    }

    fn apply(self, x: f64) -> f64 {
        match self {
            Self::None => x,
            Self::LogDistance { top } => -10.0 * (top - x.clamp(0.0, 1.0)).log10(),
            Self::Log1p => x.ln_1p(),
        }
    }

    fn inverse(self, t: f64) -> f64 {
        match self {
            Self::None => t,
            Self::LogDistance { top } => top - 10f64.powf(-t / 10.0),
            Self::Log1p => t.exp_m1(),
        }
    }
}

/// Frames around the card's means, raw and standardised. Values that a feature cannot have are moved
/// to the nearest one that it can have: the library refuses them.
fn frames(card: &Value, rows: usize) -> (Vec<f32>, Vec<f32>) {
    let (mean, std) = (numbers(card, "feature_mean", 0.0), numbers(card, "feature_std", 1.0));
    let clip = card["feature_clip_sigma"].as_f64().unwrap_or(f64::INFINITY);
    let names: Vec<&str> = card["feature_order"]
        .as_array()
        .expect("feature_order")
        .iter()
        .map(|name| name.as_str().expect("name"))
        .collect();
    let possible = |name: &str| {
        catalogue::feature(name).map_or((f64::NEG_INFINITY, f64::INFINITY), |f| (f.low, f.high))
    };
    let mut state = 7;
    let (mut raw, mut standardised) = (Vec::new(), Vec::new());
    for _ in 0..rows {
        for (i, name) in names.iter().enumerate() {
            let (low, high) = possible(name);
            let transform = Transform::of(&card["feature_transform"][*name]);
            let x = transform.inverse(mean[i] + std[i] * noise(&mut state)).clamp(low, high) as f32;
            raw.push(x);
            let cap = card["feature_cap"][*name].as_f64().unwrap_or(f64::INFINITY);
            let z = (transform.apply(f64::from(x).min(cap)) - mean[i]) / std[i];
            standardised.push(z.clamp(-clip, clip) as f32);
        }
    }
    (raw, standardised)
}
