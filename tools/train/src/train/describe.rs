// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What a card says of its training and of its data.

use std::path::Path;

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use crate::data::Data;
use crate::evaluation::{self, Evaluation};
use crate::fit::{Effects, Fitted};
use crate::statistics::Agreement;

/// Data, recipe, seed, and agreement with the ratings it was trained on.
pub(super) fn training(data: &Data, fitted: &Fitted, protocol_sha256: &str) -> Result<Value> {
    let recipe = &data.recipe.recipe;
    let rated: Vec<usize> = (0..data.corpus.clips.len())
        .filter(|&clip| !data.corpus.clips[clip].target.is_nan())
        .collect();
    let scores = fitted.model.score_clips(&data.corpus, &rated, &data.codec, &[])?;
    let scores: Vec<f64> = scores.iter().map(|clip| clip.score).collect();
    let target: Vec<f64> = rated.iter().map(|&clip| data.corpus.clips[clip].target).collect();
    Ok(json!({
        "program": data.protocol.program,
        "recipe": format!("recipes/{}.toml", recipe.id),
        "recipe_sha256": data.recipe.sha256,
        "protocol_sha256": protocol_sha256,
        "seed": recipe.seed,
        "networks": recipe.network.members,
        "teacher": { "model": data.teacher.name, "sha256": data.teacher.sha256 },
        "clips": rated.len(),
        "unrated_clips": data.corpus.clips.len() - rated.len(),
        "contents": data.corpus.contents().len(),
        "in_sample": Agreement::of(&scores, &target),
        "tests": tests(&fitted.effects),
    }))
}

/// How each test uses the scale: fitted along, and no part of the model.
fn tests(effects: &Effects) -> Value {
    let mut tests = serde_json::Map::new();
    for test in &effects.tests {
        let value = json!({ "offset": test.offset, "slope": test.slope, "clips": test.clips });
        tests.insert(test.dataset.clone(), value);
    }
    tests.into()
}

/// Whose data it was.
pub(super) fn provenance(data: &Data) -> Value {
    let corpora: Vec<Value> = data
        .protocol
        .corpora
        .iter()
        .map(|table| {
            let source = data.protocol.recipe.corpus.iter().find(|s| s.name == table.laboratory);
            let text = |get: fn(&crate::corpus::CorpusSource) -> &Option<String>| {
                source.and_then(|source| get(source).clone())
            };
            json!({
                "laboratory": table.laboratory,
                "table": table.file,
                "sha256": table.sha256,
                "rows": table.rows,
                "citation": text(|source| &source.citation),
                "licence": text(|source| &source.licence),
            })
        })
        .collect();
    json!({
        "corpora": corpora,
        "statement": "This checkpoint is a statistical summary of ratings. It holds no frame, no clip and no rating.",
    })
}

/// Reads an evaluation and its sha256, and refuses one of another protocol.
pub(super) fn matching(path: &Path, protocol_sha256: &str) -> Result<(Evaluation, String)> {
    let (evaluation, sha256) = evaluation::read(path)?;
    ensure!(
        evaluation.protocol_sha256 == protocol_sha256,
        "{} evaluates another recipe or other tables (protocol {}, expected {protocol_sha256})",
        path.display(),
        evaluation.protocol_sha256
    );
    Ok((evaluation, sha256))
}
