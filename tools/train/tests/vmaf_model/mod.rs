// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A model file of libvmaf's format with a known truth.

use std::path::{Path, PathBuf};

use vmaf_fr_v2::catalogue::CANONICAL_FEATURES;

/// Writes a model in libvmaf's format, `teacher.json`, whose score rises with the quality.
pub fn write(folder: &Path) -> PathBuf {
    let names: Vec<String> = CANONICAL_FEATURES
        .iter()
        .map(|name| format!("VMAF_integer_feature_{name}_score"))
        .collect();
    let vector = |coefficient: f64, x: f64| {
        let parts: Vec<String> = (1..=names.len()).map(|i| format!("{i}:{x}")).collect();
        format!("{coefficient} {} \n", parts.join(" "))
    };
    let machine = format!(
        "svm_type nu_svr\nkernel_type rbf\ngamma 0.2\nnr_class 2\ntotal_sv 2\nrho 0\nSV\n{}{}",
        vector(1.0, 1.0),
        vector(-1.0, 0.0)
    );
    let mut slopes = vec![1.0; names.len() + 1];
    let mut intercepts = vec![0.0; names.len() + 1];
    (slopes[0], intercepts[0]) = (0.02, -1.0);
    let model = serde_json::json!({"model_dict": {
        "model_type": "LIBSVMNUSVR",
        "norm_type": "linear_rescale",
        "feature_names": names,
        "slopes": slopes,
        "intercepts": intercepts,
        "score_clip": [0.0, 100.0],
        "model": machine,
    }});
    let path = folder.join("teacher.json");
    std::fs::write(&path, model.to_string()).unwrap();
    path
}
