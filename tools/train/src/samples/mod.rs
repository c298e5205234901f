// SPDX-License-Identifier: BSD-2-Clause-Patent
//! From raw features to what networks see: cap, transform, standardise, clip, regress what is missing. All of it is
//! fitted to frames, and no rating enters.

mod domain;
mod imputation;
mod standardise;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use rayon::prelude::*;
use vmaf_fr_v2::catalogue::{CANONICAL_FEATURES, Identical, feature};

pub use domain::Domain;
pub use imputation::Imputation;
pub use standardise::Standardisation;

use crate::corpus::{Corpus, RatedClip};
use crate::recipe::Recipe;

/// From raw features to what networks see.
#[derive(Debug, Clone, PartialEq)]
pub struct Preparation {
    /// One for every feature, in the model's order.
    pub scales: Vec<Standardisation>,
    /// Bound on |z|.
    pub clip_sigma: f64,
    /// How a missing feature follows from others, by its name: all features that may be missing.
    pub imputation: BTreeMap<String, Imputation>,
    names: Vec<String>,
}

impl Preparation {
    /// Fits the preparation to the frames of the clips for which `train` holds.
    ///
    /// # Errors
    /// A frame lacks a feature that the recipe does not call optional; a feature never varies.
    pub fn fit(corpus: &Corpus, recipe: &Recipe, train: &[bool]) -> Result<Self> {
        let names = recipe.features.clone();
        let mut preparation = Self {
            scales: Vec::new(),
            clip_sigma: recipe.clip_sigma,
            imputation: BTreeMap::new(),
            names,
        };
        let rows = preparation.rows_of(corpus, train)?;
        // A laboratory may lack a feature in all clips. How it follows from the others is then learnt from all frames
        // of the corpus, which takes their features and no rating.
        let absent = |index: usize| rows.iter().all(|row| row[index].is_nan());
        let anywhere = if (0..preparation.names.len()).any(absent) {
            preparation.rows_of(corpus, &vec![true; train.len()])?
        } else {
            Vec::new()
        };
        let rows_with = |index: usize| if absent(index) { &anywhere } else { &rows };
        preparation.scales = preparation
            .names
            .iter()
            .enumerate()
            .map(|(index, name)| {
                Standardisation::fit(recipe, name, rows_with(index).iter().map(|row| row[index]))
            })
            .collect();
        preparation.fit_imputation(recipe, rows_with);
        // Networks see regressed values as well: the scale is that of both, or |z| is cut too early.
        let prepared = preparation.apply(&rows.concat()).context("training frames")?;
        for (index, name) in preparation.names.iter().enumerate() {
            if recipe.optional.contains_key(name) {
                let z = prepared.iter().skip(index).step_by(preparation.names.len());
                let absent = rows.iter().zip(z).filter(|(row, _)| row[index].is_nan());
                let absent: Vec<f32> = absent.map(|(_, &z)| z).collect();
                let present = rows_with(index).iter().map(|row| row[index]);
                preparation.scales[index].widen(present, &absent);
            }
        }
        preparation.fit_imputation(recipe, rows_with);
        Ok(preparation)
    }

    fn fit_imputation<'r>(
        &mut self,
        recipe: &Recipe,
        rows_with: impl Fn(usize) -> &'r Vec<Vec<f32>>,
    ) {
        let from: Vec<usize> = (0..self.names.len())
            .filter(|&i| CANONICAL_FEATURES.contains(&self.names[i].as_str()))
            .collect();
        self.imputation = self
            .names
            .iter()
            .enumerate()
            .filter(|(_, name)| recipe.optional.contains_key(*name))
            .map(|(index, name)| {
                let ridge = recipe.imputation.ridge;
                // Standardised, missing values NaN.
                let z: Vec<Vec<f32>> =
                    rows_with(index).par_iter().map(|row| self.standardised(row)).collect();
                (name.clone(), Imputation::fit(&z, index, &from, &self.names, ridge))
            })
            .collect();
    }

    /// Features, in order.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Standardisation of each feature in a corpus.
    ///
    /// # Errors
    /// The corpus was read without one.
    pub fn columns_in(&self, have: &[String]) -> Result<Vec<usize>> {
        columns_in(&self.names, have)
    }

    /// Raw rows of the clips for which `train` holds.
    fn rows_of(&self, corpus: &Corpus, train: &[bool]) -> Result<Vec<Vec<f32>>> {
        let columns = self.columns_in(&corpus.feature_names)?;
        let clips = corpus.clips.iter().zip(train).filter(|(_, train)| **train);
        Ok(clips
            .flat_map(|(clip, _)| clip.frames.clone())
            .map(|frame| columns.iter().map(|&column| corpus.frame(frame)[column]).collect())
            .collect())
    }

    /// z of one row, NaN if missing.
    fn standardised(&self, row: &[f32]) -> Vec<f32> {
        row.iter().zip(&self.scales).map(|(&x, column)| column.z(x, self.clip_sigma)).collect()
    }

    /// Prepares the frames of one clip of a corpus.
    ///
    /// # Errors
    /// As [`Self::apply`].
    pub fn prepare_clip(&self, corpus: &Corpus, clip: &RatedClip) -> Result<Vec<f32>> {
        let columns = self.columns_in(&corpus.feature_names)?;
        let rows: Vec<f32> = clip
            .frames
            .clone()
            .flat_map(|frame| columns.iter().map(move |&column| corpus.frame(frame)[column]))
            .collect();
        self.apply(&rows)
            .with_context(|| format!("clip {:?} of dataset {:?}", clip.name, clip.dataset))
    }

    /// Prepares raw rows, row-major, NaN if missing: the result has no missing value.
    ///
    /// # Errors
    /// A required feature is missing; a value is infinite.
    pub fn apply(&self, rows: &[f32]) -> Result<Vec<f32>> {
        let width = self.names.len();
        ensure!(
            rows.len().is_multiple_of(width),
            "{} values are no whole rows of {width} features",
            rows.len()
        );
        let regressions: Vec<(usize, &Imputation, Vec<usize>)> = self
            .names
            .iter()
            .enumerate()
            .filter_map(|(index, name)| self.imputation.get(name).map(|i| (index, i)))
            .map(|(index, imputation)| {
                Ok((index, imputation, columns_in(&imputation.from, &self.names)?))
            })
            .collect::<Result<_>>()?;
        let mut z = Vec::with_capacity(rows.len());
        for (number, row) in rows.chunks_exact(width).enumerate() {
            let start = z.len();
            for ((&x, column), name) in row.iter().zip(&self.scales).zip(&self.names) {
                ensure!(!x.is_infinite(), "row {number}: {name} is infinite");
                z.push(column.z(x, self.clip_sigma));
            }
            let row = &mut z[start..];
            for (index, imputation, from) in &regressions {
                if row[*index].is_nan() {
                    row[*index] = imputation.z(row, from, self.clip_sigma);
                }
            }
            if let Some(at) = row.iter().position(|z| z.is_nan()) {
                bail!("row {number}: {} is missing, and it is required", self.names[at]);
            }
        }
        Ok(z)
    }
}

/// Raw features of identical pictures at this motion.
pub fn identical(features: &[String], motion: f64) -> Vec<f32> {
    features
        .iter()
        .map(|name| match name.as_str() {
            "motion" | "motion2" => motion as f32,
            _ => match feature(name).map(|feature| feature.identical) {
                Some(Identical::Number(x) | Identical::Infinite { stands_in: x, .. }) => x as f32,
                // What depends on the content (CAMBI) is 0 where the content has none.
                Some(Identical::Content) | None => 0.0,
            },
        })
        .collect()
}

/// Place of each of some features.
fn columns_in(names: &[String], have: &[String]) -> Result<Vec<usize>> {
    names
        .iter()
        .map(|name| match have.iter().position(|have| have == name) {
            Some(column) => Ok(column),
            None => bail!("feature {name:?} is not among {}", have.join(", ")),
        })
        .collect()
}
