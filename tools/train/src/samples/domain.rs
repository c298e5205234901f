// SPDX-License-Identifier: BSD-2-Clause-Patent
//! How far a frame is from the training data.

use anyhow::{Context as _, Result};
use nalgebra::{DMatrix, SymmetricEigen};

use crate::corpus::Corpus;
use crate::recipe::DomainFit;

use super::{Preparation, columns_in};

/// Where the training data lies: the distance of a row is the root mean square of `whiten` (z - `mean`), divided by
/// `edge`.
#[derive(Debug, Clone, PartialEq)]
pub struct Domain {
    /// Features that count.
    pub features: Vec<String>,
    /// Mean z of each.
    pub mean: Vec<f64>,
    /// One row for every direction in which the training data varies.
    pub whiten: Vec<Vec<f64>>,
    /// Where the training data ends.
    pub edge: f64,
    /// What a distance of 1 beyond the edge adds to the factor on half widths.
    pub slope: f64,
    columns: Vec<usize>,
}

/// A direction of less variance than this is one in which the training data does not vary.
const LEAST_VARIANCE: f64 = 1e-3;

impl Domain {
    /// From the frames of the clips for which `train` holds.
    ///
    /// # Errors
    /// As [`Preparation::apply`].
    pub fn fit(
        corpus: &Corpus,
        preparation: &Preparation,
        recipe: &DomainFit,
        train: &[bool],
    ) -> Result<Self> {
        let columns =
            columns_in(&recipe.features, preparation.names()).context("domain.features")?;
        let width = columns.len();
        let all = preparation.names().len();
        let mut clips: Vec<Vec<f64>> = Vec::new();
        for (clip, _) in corpus.clips.iter().zip(train).filter(|(_, train)| **train) {
            let z = preparation.prepare_clip(corpus, clip)?;
            clips.push(
                z.chunks_exact(all)
                    .flat_map(|row| columns.iter().map(|&c| f64::from(row[c])))
                    .collect(),
            );
        }
        let rows = || clips.iter().flat_map(|clip| clip.chunks_exact(width));
        let n = rows().count().max(1) as f64;
        let mean: Vec<f64> =
            (0..width).map(|i| rows().map(|row| row[i]).sum::<f64>() / n).collect();
        let covariance = DMatrix::from_fn(width, width, |i, j| {
            rows().map(|row| (row[i] - mean[i]) * (row[j] - mean[j])).sum::<f64>() / n
        });
        let eigen = SymmetricEigen::new(covariance);
        let whiten = (0..width)
            .map(|direction| {
                let scale = eigen.eigenvalues[direction].max(LEAST_VARIANCE).sqrt().recip();
                (0..width).map(|i| scale * eigen.eigenvectors[(i, direction)]).collect()
            })
            .collect();
        let mut domain = Self {
            features: recipe.features.clone(),
            mean,
            whiten,
            edge: 1.0,
            slope: recipe.slope,
            columns,
        };
        let mut distances: Vec<f64> = clips
            .iter()
            .map(|clip| {
                let frames = clip.chunks_exact(width);
                let n = frames.len().max(1) as f64;
                frames.map(|row| domain.root_mean_square(row)).sum::<f64>() / n
            })
            .collect();
        distances.sort_by(f64::total_cmp);
        let last = distances.len().saturating_sub(1);
        let at = (recipe.edge_quantile * last as f64).round() as usize;
        domain.edge = distances.get(at).copied().unwrap_or(1.0).max(1e-6);
        Ok(domain)
    }

    fn root_mean_square(&self, row: &[f64]) -> f64 {
        let sum: f64 = self
            .whiten
            .iter()
            .map(|direction| {
                let along: f64 = direction
                    .iter()
                    .zip(row.iter().zip(&self.mean))
                    .map(|(w, (z, mean))| w * (z - mean))
                    .sum();
                along * along
            })
            .sum();
        (sum / self.whiten.len() as f64).sqrt()
    }

    /// Distance of a prepared row: 1 is the edge of the training data.
    pub fn distance(&self, z: &[f32]) -> f64 {
        let row: Vec<f64> = self.columns.iter().map(|&c| f64::from(z[c])).collect();
        self.root_mean_square(&row) / self.edge
    }

    /// What a prepared row's distance multiplies half widths by.
    pub fn factor(&self, z: &[f32]) -> f64 {
        1.0 + self.slope * (self.distance(z) - 1.0).max(0.0)
    }
}
