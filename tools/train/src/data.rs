// SPDX-License-Identifier: BSD-2-Clause-Patent
//! A corpus made ready for fitting, and the protocol that says how.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use vmaf_fr_files::sha256_file;
use vmaf_fr_v2::catalogue::{UNKNOWN, Vocabulary};

use crate::corpus::{Corpus, CorpusSource, Selection, Summary, TableRecord, with_tables};
use crate::options::DataArgs;
use crate::protocol::{CorpusRecord, Protocol};
use crate::recipe::{CodecInput, Recipe, RecipeFile};
use crate::teacher::Teacher;

/// A corpus ready for fitting.
pub struct Data {
    /// The recipe as it is on disk. [`Protocol::recipe`] is what counts: it has no paths.
    pub recipe: RecipeFile,
    /// Clips and frames.
    pub corpus: Corpus,
    /// What is in it.
    pub summary: Summary,
    /// The recipe's teacher.
    pub teacher: Teacher,
    /// Its score of each frame, NaN if the frame lacks a feature.
    pub taught: Vec<f32>,
    /// Mean score of each clip by each of libvmaf's models, by name.
    pub vmaf: BTreeMap<String, Vec<f64>>,
    /// Codec of each clip in vocabulary 1.
    pub codec: Vec<usize>,
    /// Id of `unknown`.
    pub unknown: usize,
    /// What was done.
    pub protocol: Protocol,
}

impl Data {
    /// Reads and checks everything that a fit needs, and says on standard error what is in the corpus.
    ///
    /// # Errors
    /// Anything that would keep the recipe from being fitted to these tables.
    pub fn read(args: &DataArgs) -> Result<Self> {
        let file = RecipeFile::read(&args.recipe)?;
        let recipe = &file.recipe;
        let models =
            args.vmaf_models.iter().map(|path| Teacher::read(path)).collect::<Result<Vec<_>>>()?;
        let of_recipe = |model: &&Teacher| model.name == recipe.teacher.model;
        let teacher = models.iter().find(of_recipe).cloned().with_context(|| {
            format!(
                "recipe {}: its teacher is {}; point --vmaf-model at {}.json",
                file.path.display(),
                recipe.teacher.model,
                recipe.teacher.model
            )
        })?;
        let sources = with_tables(recipe.corpus.clone(), &args.tables)
            .map_err(|error| anyhow!("recipe {}: {error}", file.path.display()))?;
        let selection = Selection {
            features: &recipe.features,
            frames_per_clip: recipe.data.frames_per_clip,
            skip_first: recipe.data.skip_first,
            excluded: &recipe.data.exclude,
            merge_contents: recipe.data.merge_contents,
            accept_unknown_codecs: recipe.data.accept_unknown_codecs,
        };
        let corpus = Corpus::read_all(&sources, &selection)?;
        let summary = corpus.summary();
        eprint!("{summary}");
        corpus.check()?;
        check_range(&corpus, recipe)?;
        check_required(&corpus, recipe)?;
        let vocabulary = Vocabulary::v1();
        let codec = corpus
            .clips
            .iter()
            .map(|clip| Ok(usize::try_from(vocabulary.id(&clip.codec)?)?))
            .collect::<Result<Vec<usize>>>()?;
        check_codecs(&corpus, recipe, &vocabulary, &codec)?;
        let mut vmaf = BTreeMap::new();
        for model in &models {
            let scores = clip_means(&corpus, &model.scores(&corpus)?);
            ensure!(
                vmaf.insert(model.name.clone(), scores).is_none(),
                "--vmaf-model: {} is named twice",
                model.name
            );
        }
        let taught = teacher.scores(&corpus)?;
        ensure!(
            taught.iter().any(|score| score.is_finite()),
            "no frame of the corpus has all features of the teacher: {}",
            teacher.features().join(", ")
        );
        let protocol = Protocol {
            program: concat!("vmaf-fr ", env!("CARGO_PKG_VERSION")).to_owned(),
            recipe: without_paths(recipe),
            corpora: corpus.tables.iter().map(corpus_record).collect::<Result<_>>()?,
            vmaf_models: models.iter().map(|m| (m.name.clone(), m.sha256.clone())).collect(),
        };
        let unknown = usize::try_from(vocabulary.id(UNKNOWN)?)?;
        Ok(Self { recipe: file, corpus, summary, teacher, taught, vmaf, codec, unknown, protocol })
    }
}

/// The recipe wherever its tables lie.
fn without_paths(recipe: &Recipe) -> Recipe {
    let mut recipe = recipe.clone();
    recipe.corpus.iter_mut().for_each(|source: &mut CorpusSource| source.path = None);
    recipe
}

fn check_range(corpus: &Corpus, recipe: &Recipe) -> Result<()> {
    let [low, high] = recipe.score_range;
    if let Some(clip) = corpus.clips.iter().find(|clip| clip.target < low || clip.target > high) {
        bail!(
            "corpus {}: clip {:?} of dataset {:?} has target {}, expected {low} to {high} (score_range); \
             target_range = [LOW, HIGH] brings another scale to 0..100",
            clip.laboratory,
            clip.name,
            clip.dataset,
            clip.target
        );
    }
    Ok(())
}

/// Refuses a frame without a feature that may not be missing.
fn check_required(corpus: &Corpus, recipe: &Recipe) -> Result<()> {
    for (column, name) in corpus.feature_names.iter().enumerate() {
        if recipe.optional.contains_key(name) {
            continue;
        }
        for clip in &corpus.clips {
            ensure!(
                clip.frames.clone().all(|frame| !corpus.frame(frame)[column].is_nan()),
                "corpus {}: clip {:?} of dataset {:?} has frames without {name}, which is not in the recipe's [optional]",
                clip.laboratory,
                clip.name,
                clip.dataset
            );
        }
    }
    Ok(())
}

/// Refuses a codec input that would be the same for all rated clips.
fn check_codecs(
    corpus: &Corpus,
    recipe: &Recipe,
    vocabulary: &Vocabulary,
    codec: &[usize],
) -> Result<()> {
    let rated = corpus.clips.iter().zip(codec).filter(|(clip, _)| !clip.target.is_nan());
    let names: BTreeSet<&str> =
        rated.map(|(_, &codec)| vocabulary.names()[codec].as_str()).collect();
    let found = names.iter().copied().collect::<Vec<_>>().join(", ");
    let needs = match &recipe.codec {
        CodecInput::OneHot { .. } if names.len() < 2 => "at least 2",
        CodecInput::Contrast { plus, .. } if !has_one(&names, plus) => "one of codec.plus",
        CodecInput::Contrast { minus, .. } if !has_one(&names, minus) => "one of codec.minus",
        _ => return Ok(()),
    };
    bail!(
        "recipe {}: codec needs rated clips of {needs}, the corpus has those of {found}",
        recipe.id
    )
}

fn has_one(names: &BTreeSet<&str>, wanted: &[String]) -> bool {
    wanted.iter().any(|name| names.contains(name.as_str()))
}

/// Mean over the frames of each clip that have a score; NaN if none has.
fn clip_means(corpus: &Corpus, scores: &[f32]) -> Vec<f64> {
    corpus
        .clips
        .iter()
        .map(|clip| {
            let frames = scores[clip.frames.clone()].iter().map(|&score| f64::from(score));
            let present: Vec<f64> = frames.filter(|score| !score.is_nan()).collect();
            present.iter().sum::<f64>() / present.len() as f64
        })
        .collect()
}

/// A table as the protocol has it: where it lies does not matter.
fn corpus_record(table: &TableRecord) -> Result<CorpusRecord> {
    let path = table.source.path.as_deref().context("a table without a path")?;
    Ok(CorpusRecord {
        laboratory: table.source.name.clone(),
        file: file_name(path)?,
        sha256: sha256_file(path).context("cannot read")?,
        rows: table.rows,
    })
}

fn file_name(path: &Path) -> Result<String> {
    Ok(path
        .file_name()
        .with_context(|| format!("{} is not a file", path.display()))?
        .to_string_lossy()
        .into_owned())
}
