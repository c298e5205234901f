// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A corpus made ready for fitting, and the protocol that says how.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
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
            skip_first: false,
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

/// The weights that `given` names.
fn dataset_weights(corpus: &Corpus, given: &[(String, f64)]) -> Result<BTreeMap<String, f64>> {
    for (name, _) in given {
        ensure!(
            corpus.clips.iter().any(|clip| &clip.dataset == name),
            "--dataset-weight: no dataset {name:?} in the corpus"
        );
    }
    Ok(given.iter().cloned().collect())
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
