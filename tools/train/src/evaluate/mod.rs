// SPDX-License-Identifier: BSD-2-Clause-Patent
//! `evaluate`: how well a recipe predicts what it has not seen, beside VMAF and beside its own controls.
//!
//! [`schemes`] plans what is left out: each content, each family of tests, each laboratory. [`fold`] fits and predicts,
//! [`folds`] runs and keeps all of them. [`design`] says which clip is of which test, content, family and laboratory;
//! [`predictor`] and [`baselines`] collect what is judged; [`agreement`], [`interval`], [`codec`], [`missing`], [`shape`] and
//! [`ladder`] judge; and [`summary`] puts it together.

mod agreement;
mod baselines;
mod codec;
mod design;
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
use std::path::Path;

use anyhow::{Result, bail, ensure};
use serde::Serialize;
use serde_json::Value;

use crate::corpus::Corpus;
use crate::evaluation::{ClipTable, Evaluation};
use crate::protocol::Protocol;
use crate::recipe::Recipe;
use design::{Design, DesignClip, TestChoices};
pub use schemes::Scheme;

/// Draws of shuffled codec labels.
const SHUFFLES: usize = 3;

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
                group: clip.content.clone(),
                codec,
                rated: clip.target,
            })
            .collect();
        let design = Design::new(&clips, &TestChoices::default(), unknown)?;
        ensure!(!vmaf.is_empty(), "no VMAF model to compare with");
        for (name, scores) in vmaf {
            if let Some(clip) = (0..scores.len()).find(|&i| design.primary[i] && scores[i].is_nan())
            {
                bail!(
                    "clip {:?} of dataset {:?} has no frame with the features of {name}",
                    corpus.clips[clip].name,
                    corpus.clips[clip].dataset
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
