// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `evaluate`: how well a recipe predicts what it has not seen, beside VMAF and beside its own controls.
//!
//! [`schemes`] plans what is left out: each content, each family of tests, each laboratory. [`fold`] fits and predicts,
//! [`folds`] runs and keeps all of them. [`design`] says which clip is of which test, content, family and laboratory;
//! [`predictor`] and [`baselines`] collect what is judged; [`agreement`], [`interval`], [`difference`], [`codec`],
//! [`missing`], [`shape`] and [`ladder`] judge; and [`summary`] puts it together.

mod agreement;
mod baselines;
mod codec;
mod design;
mod difference;
mod fold;
mod folds;
mod interval;
mod ladder;
mod missing;
mod predictor;
mod schemes;
mod shape;
mod summary;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail, ensure};
use clap::Args;
use serde::Serialize;
use serde_json::Value;

use crate::corpus::Corpus;
use crate::data::Data;
use crate::evaluation::{ClipTable, Evaluation};
use crate::options::{DataArgs, result_path};
use crate::output::{write_file, write_json};
use crate::protocol::Protocol;
use crate::recipe::Recipe;
use crate::report;
use design::{Design, DesignClip, MIN_TEST_CLIPS, TestChoices};
pub use schemes::Scheme;

/// Draws of shuffled codec labels.
const SHUFFLES: usize = 3;

/// Judges a recipe on contents, tests and laboratories that it has not seen
#[derive(Debug, Clone, Args)]
pub struct EvaluateArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Result, JSON; the report is written beside it as .html, predictions per clip as .clips.json
    #[arg(short, long, value_parser = result_path)]
    output: PathBuf,
    /// Draws of the bootstrap over contents
    #[arg(long, default_value_t = 2000, value_parser = clap::value_parser!(u32).range(1..))]
    draws: u32,
    /// No progress bar
    #[arg(long)]
    quiet: bool,
}

/// Runs the subcommand.
///
/// # Errors
/// Anything that keeps the recipe from being judged; all but the fits themselves before the first fit.
pub fn run(args: &EvaluateArgs) -> Result<()> {
    let page = args.output.with_extension("html");
    let table = args.output.with_extension("clips.json");
    for written in [&args.output, &page, &table] {
        ensure_no_input(written, &args.data)?;
    }
    let data = Data::read(&args.data)?;
    let subject = Subject::new(
        &data.corpus,
        &data.taught,
        &data.vmaf,
        &data.codec,
        data.unknown,
        &data.protocol,
    )?;
    // Another protocol is another folder: its folds are not taken for this one's.
    let fingerprint = &subject.protocol_sha256[..12];
    let folder = args.output.with_extension(format!("{fingerprint}.jobs"));
    let draws = usize::try_from(args.draws)?;
    let effort = Effort { draws, folder: &folder, quiet: args.quiet };
    let (evaluation, clips) = subject.evaluate(effort)?;
    // On one line: the gate keeps it, and people read the page.
    write_file(
        &args.output,
        &[
            &serde_json::to_vec(&evaluation)?[..],
            b"
",
        ]
        .concat(),
    )?;
    write_json(&table, &clips)?;
    write_file(&page, report::html(&evaluation, &clips)?.as_bytes())?;
    print!("{}", report::text(&evaluation));
    Ok(())
}

/// Refuses to write over what is read.
fn ensure_no_input(written: &Path, data: &DataArgs) -> Result<()> {
    let Ok(there) = written.canonicalize() else { return Ok(()) };
    let tables = data.tables.iter().map(|table| &table.path);
    for input in tables.chain([&data.recipe]).chain(&data.vmaf_models) {
        let same = input.canonicalize().is_ok_and(|input| input == there);
        ensure!(!same, "{} would be written over: choose another --output", input.display());
    }
    Ok(())
}

/// What an evaluation is of.
pub struct Subject<'a> {
    corpus: &'a Corpus,
    /// Of every frame.
    teacher: &'a [f32],
    /// Of every clip, by VMAF model.
    vmaf: &'a BTreeMap<String, Vec<f64>>,
    /// Of every clip, in vocabulary 1.
    codec: &'a [usize],
    unknown: usize,
    recipe: &'a Recipe,
    protocol: &'a Protocol,
    protocol_sha256: String,
    design: Design,
}

/// How an evaluation is run.
#[derive(Debug, Clone, Copy)]
pub struct Effort<'a> {
    /// Draws of the bootstrap.
    pub draws: usize,
    /// Folder that keeps finished folds.
    pub folder: &'a Path,
    /// No progress bar.
    pub quiet: bool,
}

impl<'a> Subject<'a> {
    /// Refuses what cannot be judged, before anything is fitted.
    ///
    /// # Errors
    /// Too few clips, contents or codecs; a test or family that the recipe names and the corpus has not.
    pub fn new(
        corpus: &'a Corpus,
        teacher: &'a [f32],
        vmaf: &'a BTreeMap<String, Vec<f64>>,
        codec: &'a [usize],
        unknown: usize,
        protocol: &'a Protocol,
    ) -> Result<Self> {
        let clips: Vec<DesignClip> = corpus
            .clips
            .iter()
            .zip(codec)
            .map(|(clip, &codec)| DesignClip {
                laboratory: clip.laboratory.clone(),
                test: clip.dataset.clone(),
                content: clip.content.clone(),
                group: clip.group.clone(),
                codec,
                rated: clip.target,
            })
            .collect();
        let design = Design::new(&clips, &choices(&protocol.recipe), unknown)?;
        ensure!(!vmaf.is_empty(), "no VMAF model to compare with");
        for (name, scores) in vmaf {
            for test in design.judged_tests() {
                let clips = design.test.clips(test);
                let scored = clips.iter().filter(|&&i| design.primary[i] && !scores[i].is_nan());
                let scored = scored.count();
                ensure!(
                    scored >= MIN_TEST_CLIPS,
                    "{scored} clips of the test {:?} have frames with all features of {name}, expected {MIN_TEST_CLIPS} or more",
                    design.test.names[test]
                );
            }
        }
        Ok(Self {
            corpus,
            teacher,
            vmaf,
            codec,
            unknown,
            recipe: &protocol.recipe,
            protocol_sha256: protocol.fingerprint()?,
            protocol,
            design,
        })
    }

    /// Features that may be missing.
    fn optional(&self) -> Vec<String> {
        self.recipe.optional.keys().cloned().collect()
    }

    /// Fits all folds that are not kept yet, and judges them.
    ///
    /// # Errors
    /// A fold that cannot be fitted; a figure that is no number.
    pub fn evaluate(&self, effort: Effort<'_>) -> Result<(Evaluation, ClipTable)> {
        let plan = schemes::plan(&self.design);
        let strongest = self.vmaf.values().next_back().map_or(&[][..], Vec::as_slice);
        let ladders = ladder::find(self.corpus, &self.design, strongest);
        let folds = folds::run(self, &plan, &ladders, effort)?;
        let (evaluation, clips) = summary::summarise(self, &plan, &folds, &ladders, effort)?;
        ensure_numbers(&evaluation)?;
        Ok((evaluation, clips))
    }
}

/// What a recipe says of its tests, by the names that they have in a corpus of its tables.
fn choices(recipe: &Recipe) -> TestChoices {
    let several = recipe.corpus.len() > 1;
    let mut choices = TestChoices::default();
    for source in &recipe.corpus {
        let name = |test: &String| {
            if several { format!("{}/{test}", source.name) } else { test.clone() }
        };
        for (family, tests) in &source.families {
            choices.families.insert(name(family), tests.iter().map(name).collect());
        }
        choices.apart.extend(source.apart.iter().map(name));
    }
    choices
}

/// Refuses a result with NaN or infinity in it: JSON has neither, and no reader expects null.
fn ensure_numbers<T: Serialize>(value: &T) -> Result<()> {
    fn visit(value: &Value, place: &str) -> Result<()> {
        match value {
            Value::Null => bail!("the evaluation's {place} is not a number"),
            Value::Array(values) => {
                values.iter().enumerate().try_for_each(|(i, v)| visit(v, &format!("{place}[{i}]")))
            }
            Value::Object(members) => {
                members.iter().try_for_each(|(name, v)| visit(v, &format!("{place}.{name}")))
            }
            _ => Ok(()),
        }
    }
    visit(&serde_json::to_value(value)?, "result")
}
