// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A corpus made ready for fitting, and the protocol that says how.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, bail, ensure};
use vmaf_fr_files::sha256_file;
use vmaf_fr_v2::catalogue::{UNKNOWN, Vocabulary};

use crate::corpus::{Corpus, Selection};
use crate::options::{DataArgs, RecipeArgs};
use crate::protocol::Protocol;
use crate::samples::{Weighting, codec_ids};
use crate::teacher::harmonise;

/// A corpus ready for fitting.
pub struct Data {
    /// Clips and frames.
    pub corpus: Corpus,
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
    /// Reads and prepares the corpus.
    pub fn read(data: &DataArgs, recipe: &RecipeArgs) -> Result<Self> {
        let features = data.features.names();
        let teacher_column = (data.teacher != "none").then_some(data.teacher.as_str());
        let selection = Selection {
            features: &features,
            target: &data.target,
            teacher: teacher_column,
            frames_per_clip: data.frames_per_clip,
        };
        let mut corpus = Corpus::read(&data.corpus, &selection)?;
        Self::exclude(&mut corpus, &data.exclude_dataset)?;
        for (name, _) in &data.dataset_weight {
            ensure!(
                corpus.clips.iter().any(|clip| &clip.dataset == name),
                "--dataset-weight: no dataset {name:?} in the corpus"
            );
        }
        let [low, high] = data.score_range[..] else { bail!("--score-range takes two numbers") };
        ensure!(low < high, "--score-range {low} {high}: the first must be below the second");
        let rated = corpus.clips.iter().filter(|clip| !clip.target.is_nan()).count();
        ensure!(rated > 0, "corpus {}: no clip has a {:?}", data.corpus.display(), data.target);
        if let Some(clip) = corpus.clips.iter().find(|clip| clip.target < low || clip.target > high)
        {
            bail!(
                "corpus {}: clip {:?} has {} {}, expected {low} to {high} (--score-range)",
                data.corpus.display(),
                clip.name,
                data.target,
                clip.target
            );
        }
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
            corpus_sha256: sha256_file(&data.corpus).context("cannot read")?,
            corpus: file_name(&data.corpus)?,
            rows: corpus.rows,
            target: data.target.clone(),
            teacher: teacher_column.map(str::to_owned),
            harmonisation,
            features,
            frames_per_clip: data.frames_per_clip,
            excluded: data.exclude_dataset.clone(),
            weighting: Weighting {
                unknown_codec: data.unknown_codec_weight,
                content_power: data.content_power,
                datasets: data.dataset_weight.iter().cloned().collect::<BTreeMap<_, _>>(),
            },
            score_range: [low, high],
            recipe: recipe.recipe(),
        };
        Ok(Self { corpus, teacher, codec, unknown, protocol })
    }

    fn exclude(corpus: &mut Corpus, names: &[String]) -> Result<()> {
        for name in names {
            ensure!(
                corpus.clips.iter().any(|clip| &clip.dataset == name),
                "--exclude-dataset: no dataset {name:?} in the corpus"
            );
        }
        // Frames of dropped clips stay in the arrays, where no clip refers to them.
        corpus.clips.retain(|clip| !names.contains(&clip.dataset));
        ensure!(!corpus.clips.is_empty(), "--exclude-dataset leaves no clip");
        Ok(())
    }
}

fn file_name(path: &Path) -> Result<String> {
    Ok(path
        .file_name()
        .with_context(|| format!("{} is not a file", path.display()))?
        .to_string_lossy()
        .into_owned())
}
