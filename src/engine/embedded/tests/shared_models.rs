// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The published and the bootstrap models.

use std::path::PathBuf;

use super::{Random, compile, instruction_sets, reference, run};
use crate::engine::Engine;
use crate::onnx::{self, Graph, Names};

/// The graphs of the test data folder; empty, with a message, where there is none.
pub(super) fn graphs() -> Vec<(String, Graph)> {
    let root = std::env::var_os("VMAF_FR_SHARED")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared"), PathBuf::from);
    let mut graphs = Vec::new();
    for name in [
        "bootstrap/fr_regressor_v1",
        "bootstrap/fr_regressor_v2_codec_aware",
        "fork/fr_regressor_v1",
        "fork/fr_regressor_v2",
    ] {
        let path = root.join("models").join(name).with_extension("onnx");
        let Ok(bytes) = std::fs::read(&path) else {
            eprintln!("skipped: {} is not there (VMAF_FR_SHARED names its folder)", path.display());
            continue;
        };
        let folder = path.parent().unwrap().to_owned();
        let graph = onnx::load(bytes, Names::default(), &mut |location| {
            Ok(std::fs::read(folder.join(location)).unwrap().into())
        })
        .unwrap_or_else(|e| panic!("{name}: {e}"));
        graphs.push((name.to_owned(), graph));
    }
    graphs
}

#[test]
fn models_match_f64() {
    let mut r = Random(5);
    for (name, graph) in graphs() {
        let n = 1000;
        let z = r.normals(n * graph.n_features, 1.5);
        let width = graph.codec.as_ref().map_or(0, |c| c.1);
        let mut table = vec![0.0; width * width];
        (0..width).for_each(|i| table[i * width + i] = 1.0);
        let ids: Vec<i32> =
            (0..if width > 0 { n } else { 0 }).map(|i| (i % width) as i32).collect();
        let codec: Vec<f32> =
            ids.iter().flat_map(|&i| table[i as usize * width..][..width].to_vec()).collect();
        let expected = reference::run(&graph, &z, &codec, n);
        for set in instruction_sets() {
            let mut engine = compile(&graph, set).unwrap();
            if width > 0 {
                engine.set_codec_table(&table).unwrap();
            }
            let out = run(&mut engine, &graph, &z, &ids);
            let worst = out
                .iter()
                .zip(&expected)
                .fold(0.0_f64, |w, (&got, &want)| w.max((f64::from(got) - want).abs()));
            println!("{name}, {}: worst difference to f64 {worst:.2e}", set.name());
            assert!(worst < 1e-4, "{name}, {}: {worst}", set.name());
        }
    }
}
