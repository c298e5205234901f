// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A corpus made ready for fitting, and the protocol that says how.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use vmaf_fr_files::sha256_file;
use vmaf_fr_v2::catalogue::{UNKNOWN, Vocabulary};

use crate::corpus::{Corpus, CorpusSource, Selection, Summary, TableRecord};
use crate::options::{DataArgs, RecipeArgs};
use crate::protocol::{CorpusRecord, Protocol};
use crate::samples::{Weighting, codec_ids};
use crate::teacher::harmonise;

/// A corpus ready for fitting.
pub struct Data {
    /// Clips and frames.
    pub corpus: Corpus,
    /// What is in it.
    pub summary: Summary,
    /// Teacher's score of each frame, on one scale; empty without a teacher.
    pub teacher: Vec<f32>,
    /// Codec of each clip in vocabulary 1.
    pub codec: Vec<usize>,
    /// Id of `unknown`.
    pub unknown: usize,
    /// What was done.
    pub protocol: Protocol,
}

/// Seed of the harmonisation: one teacher for all models.
const TEACHER_SEED: u64 = 20;

impl Data {
    /// Reads and prepares the corpus, and says on standard error what is in it.
    pub fn read(data: &DataArgs, recipe: &RecipeArgs) -> Result<Self> {
        let features = data.features.names();
        let selection = Selection {
            features: &features,
            frames_per_clip: data.frames_per_clip,
            excluded: &data.exclude_dataset,
            merge_contents: data.merge_contents,
            accept_unknown_codecs: data.accept_unknown_codecs,
        };
        let score_range = data.score_range()?;
        let corpus = Corpus::read_all(&data.sources()?, &selection)?;
        let summary = corpus.summary();
        eprint!("{summary}");
        corpus.check()?;
        check_range(&corpus, score_range)?;
        let weighting = Weighting {
            unknown_codec: data.unknown_codec_weight,
            content_power: data.content_power,
            datasets: dataset_weights(&corpus, &data.dataset_weight)?,
        };
        let (teacher, harmonisation) =
            if corpus.teacher.is_empty() || data.teacher_scale_of.is_empty() {
                (corpus.teacher.clone(), None)
            } else {
                let (teacher, report) = harmonise(&corpus, &data.teacher_scale_of, TEACHER_SEED)?;
                (teacher, Some(report))
            };
        let codec = codec_ids(&corpus)?;
        let unknown = usize::try_from(Vocabulary::v1().id(UNKNOWN)?)?;
        let protocol = Protocol {
            corpora: corpus.tables.iter().map(corpus_record).collect::<Result<_>>()?,
            harmonisation,
            features,
            frames_per_clip: data.frames_per_clip,
            excluded: data.exclude_dataset.clone(),
            weighting,
            score_range,
            recipe: recipe.recipe(),
        };
        Ok(Self { corpus, summary, teacher, codec, unknown, protocol })
    }
}

fn check_range(corpus: &Corpus, [low, high]: [f64; 2]) -> Result<()> {
    if let Some(clip) = corpus.clips.iter().find(|clip| clip.target < low || clip.target > high) {
        bail!(
            "corpus {}: clip {:?} of dataset {:?} has target {}, expected {low} to {high} (--score-range); \
             --target-range LOW HIGH brings another scale to 0..100",
            clip.laboratory,
            clip.name,
            clip.dataset,
            clip.target
        );
    }
    Ok(())
}

/// Weight of each dataset that is not 1: its own, times its laboratory's.
fn dataset_weights(corpus: &Corpus, given: &[(String, f64)]) -> Result<BTreeMap<String, f64>> {
    let mut weights = BTreeMap::new();
    for clip in &corpus.clips {
        let source = corpus.tables.iter().find(|table| table.source.name == clip.laboratory);
        weights.insert(clip.dataset.clone(), source.map_or(1.0, |table| table.source.weight));
    }
    let mut named = Vec::new();
    for (name, weight) in given {
        let dataset = weights
            .keys()
            .find(|dataset| *dataset == name)
            .with_context(|| format!("--dataset-weight: no dataset {name:?} in the corpus"))?
            .clone();
        if let Some(of) = weights.get_mut(&dataset) {
            *of *= weight;
        }
        named.push(dataset);
    }
    weights.retain(|dataset, weight| (*weight - 1.0).abs() > 0.0 || named.contains(dataset));
    Ok(weights)
}

/// A table as the protocol has it: where it lies does not matter.
fn corpus_record(table: &TableRecord) -> Result<CorpusRecord> {
    let path = table.source.path.as_deref().context("a table without a path")?;
    Ok(CorpusRecord {
        source: CorpusSource { path: None, ..table.source.clone() },
        file: file_name(path)?,
        sha256: sha256_file(path).context("cannot read")?,
        rows: table.rows,
        merged: table.merged.clone(),
    })
}

fn file_name(path: &Path) -> Result<String> {
    Ok(path
        .file_name()
        .with_context(|| format!("{} is not a file", path.display()))?
        .to_string_lossy()
        .into_owned())
}
