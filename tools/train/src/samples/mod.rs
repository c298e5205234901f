// SPDX-License-Identifier: BSD-2-Clause-Patent
//! From raw features to what networks see: cap, transform, standardise, clip, regress what is missing. All of it is
//! fitted to frames, and no rating enters.

mod domain;
mod imputation;
mod standardise;

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, bail, ensure};
use rayon::prelude::*;
use vmaf_fr_v2::catalogue::CANONICAL_FEATURES;

pub use domain::Domain;
pub use imputation::Imputation;
pub use standardise::Standardisation;

use crate::corpus::{Corpus, RatedClip};
use crate::recipe::Recipe;

/// From raw features to what networks see.
#[derive(Debug, Clone, PartialEq)]
pub struct Preparation {
    /// One for every feature, in the model's order.
    pub columns: Vec<Standardisation>,
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
            columns: Vec::new(),
            clip_sigma: recipe.clip_sigma,
            imputation: BTreeMap::new(),
            names,
        };
        let rows = preparation.rows_of(corpus, train)?;
        preparation.columns = preparation
            .names
            .iter()
            .enumerate()
            .map(|(index, name)| {
                Standardisation::fit(recipe, name, rows.iter().map(|row| row[index]))
            })
            .collect();
        // Standardised, missing values NaN.
        let z: Vec<Vec<f32>> = rows.par_iter().map(|row| preparation.standardised(row)).collect();
        let from: Vec<usize> = (0..preparation.names.len())
            .filter(|&i| CANONICAL_FEATURES.contains(&preparation.names[i].as_str()))
            .collect();
        for (index, name) in preparation.names.iter().enumerate() {
            if recipe.optional.contains_key(name) {
                let fitted =
                    Imputation::fit(&z, index, &from, &preparation.names, recipe.imputation.ridge);
                preparation.imputation.insert(name.clone(), fitted);
            }
        }
        Ok(preparation)
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
        row.iter().zip(&self.columns).map(|(&x, column)| column.z(x, self.clip_sigma)).collect()
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
            for ((&x, column), name) in row.iter().zip(&self.columns).zip(&self.names) {
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
