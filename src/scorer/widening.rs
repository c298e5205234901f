// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What widens a frame's interval beyond the model's own deviation: its distance from the training data, and features
//! that were regressed.

use crate::batch::Batch;
use crate::error::{Result, err};
use crate::features::{Overflow, Standardizer};
use crate::model::card::{Card, DomainCard};

/// Few enough that standardised rows stay in the first-level cache.
const ROWS: usize = 128;

/// The factors on the half widths of intervals, per frame.
pub(super) struct Widening {
    domain: Option<Domain>,
    /// Columns of features that may be missing, each with its factor on the interval.
    missing: Vec<(usize, f64)>,
    /// Of the frames of a call; grows with the largest one.
    values: Vec<f64>,
}

/// How far frames are from the training data.
struct Domain {
    standardizer: Standardizer,
    metric: Metric,
    interval_slope: f64,
    /// Standardised rows.
    z: Vec<f32>,
}

/// Where the training data lies, in standardised features.
struct Metric {
    columns: Vec<usize>,
    mean: Vec<f64>,
    /// Column by column, so that the rows' sums are independent of one another.
    whiten: Vec<f64>,
    edge: f64,
    /// `whiten` (z - `mean`) of one frame.
    whitened: Vec<f64>,
}

impl Widening {
    /// Of a card that agrees with itself; `None` where no interval is widened. `prepared`: frames that have their
    /// memory from the start.
    pub(super) fn of_card(
        card: &Card,
        standardizer: impl FnOnce() -> Standardizer,
        prepared: usize,
    ) -> Option<Self> {
        let column = |name: &String| card.feature_order.iter().position(|n| n == name);
        let missing: Vec<(usize, f64)> = card
            .imputation
            .iter()
            .filter_map(|(name, imputation)| Some((column(name)?, imputation.interval_factor)))
            .collect();
        let domain = card.domain.as_ref().map(|domain| Domain {
            standardizer: standardizer(),
            metric: Metric::new(domain, column),
            interval_slope: domain.interval_slope,
            z: vec![0.0; ROWS * card.feature_order.len()],
        });
        (domain.is_some() || !missing.is_empty()).then(|| Self {
            domain,
            missing,
            values: vec![1.0; prepared],
        })
    }

    /// The factor of each frame.
    pub(super) fn factors(&mut self, batch: &Batch<'_>) -> Result<&[f64]> {
        let n = batch.len();
        if n > self.values.len() {
            self.values
                .try_reserve_exact(n - self.values.len())
                .map_err(|_| err!(OutOfMemory, "no memory for the intervals of {n} frames"))?;
            self.values.resize(n, 1.0);
        }
        let factors = &mut self.values[..n];
        match &mut self.domain {
            None => factors.fill(1.0),
            Some(domain) => {
                let slope = domain.interval_slope;
                domain.distances(batch, |frame, distance| {
                    // Not infinite, which times a deviation of 0 would be NaN.
                    factors[frame] = (1.0 + slope * (distance - 1.0).max(0.0)).min(f64::MAX);
                })?;
            }
        }
        if !self.missing.is_empty() {
            for (factor, row) in factors.iter_mut().zip(batch.frames()) {
                let absent = self.missing.iter().filter(|(column, _)| row[*column].is_nan());
                *factor *= absent.fold(1.0, |largest: f64, (_, factor)| largest.max(*factor));
            }
        }
        Ok(factors)
    }

    /// Calls `each` with the place and the distance of every frame; does nothing where the card has no domain.
    pub(super) fn distances(
        &mut self,
        batch: &Batch<'_>,
        each: impl FnMut(usize, f64),
    ) -> Result<()> {
        self.domain.as_mut().map_or(Ok(()), |domain| domain.distances(batch, each))
    }
}

impl Domain {
    fn distances(&mut self, batch: &Batch<'_>, mut each: impl FnMut(usize, f64)) -> Result<()> {
        let width = self.standardizer.width();
        let mut place = 0;
        for run in batch.runs(ROWS) {
            let z = &mut self.z[..run.len() * width];
            self.standardizer.apply(run.features(), z).map_err(|Overflow { row, column }| {
                run.refuse(row, column, "too far from its mean")
            })?;
            for row in z.chunks_exact(width) {
                each(place, self.metric.distance(row));
                place += 1;
            }
        }
        Ok(())
    }
}

impl Metric {
    fn new(domain: &DomainCard, column: impl Fn(&String) -> Option<usize>) -> Self {
        let k = domain.features.len();
        Self {
            columns: domain.features.iter().filter_map(column).collect(),
            mean: domain.mean.clone(),
            whiten: (0..k).flat_map(|j| domain.whiten.iter().map(move |row| row[j])).collect(),
            edge: domain.edge,
            whitened: vec![0.0; k],
        }
    }

    /// Of one standardised row: 1 at the edge of the training data. Finite.
    fn distance(&mut self, z: &[f32]) -> f64 {
        let k = self.columns.len();
        self.whitened.fill(0.0);
        let rows = self.columns.iter().zip(&self.mean).zip(self.whiten.chunks_exact(k));
        for ((&column, mean), of_column) in rows {
            let from_mean = f64::from(z[column]) - mean;
            for (sum, w) in self.whitened.iter_mut().zip(of_column) {
                *sum += w * from_mean;
            }
        }
        let squares: f64 = self.whitened.iter().map(|y| y * y).sum();
        let distance = (squares / k as f64).sqrt() / self.edge;
        if distance.is_finite() { distance } else { f64::MAX }
    }
}

#[cfg(test)]
#[allow(clippy::float_cmp)] // The same operations give the same bits.
mod tests {
    use super::*;
    use crate::batch::{Input, InputColumn};
    use crate::features::{Column, Regression, Term, Transform};
    use crate::simd::InstructionSet;

    const NAMES: [&str; 3] = ["adm2", "motion2", "psnr_y"];

    fn widening(set: InstructionSet, domain: &str) -> Option<Widening> {
        let card = format!(
            r#"{{"feature_order": ["adm2", "motion2", "psnr_y"], "missing_features": "regress",
                "optional_features": {{"motion2": 1, "psnr_y": 1}},
                "imputation": {{
                    "psnr_y": {{"from": ["adm2"], "intercept": 0.5, "linear": [2], "quadratic": [0],
                        "interval_factor": 1.25}},
                    "motion2": {{"from": [], "intercept": 0, "linear": [], "quadratic": [],
                        "interval_factor": 1.5}}
                }}{domain}}}"#
        );
        let card = Card::parse(card.as_bytes()).unwrap();
        let column = Column {
            mean: 0.5,
            std: 0.25,
            cap: f64::INFINITY,
            transform: Transform::None,
            missing: false,
        };
        let term = Term { column: 0, linear: 2.0, quadratic: 0.0 };
        let regressions = [
            Regression { column: 1, intercept: 0.0, terms: Vec::new() },
            Regression { column: 2, intercept: 0.5, terms: vec![term] },
        ];
        let standardizer = || {
            Standardizer::new(vec![column; 3], f64::INFINITY, set)
                .with_regressions(regressions.to_vec().into())
        };
        Widening::of_card(&card, standardizer, 2)
    }

    fn input() -> Input {
        let column = |&name: &&str| InputColumn {
            name: name.to_owned(),
            range: None,
            above_minus_1: false,
            may_be_missing: name != "adm2",
        };
        Input::new(NAMES.iter().map(column).collect(), None, InstructionSet::Portable)
    }

    const DOMAIN: &str = r#", "domain": {"features": ["psnr_y", "adm2"], "mean": [1, -1],
        "whiten": [[2, 0], [1, 3]], "edge": 4, "interval_slope": 0.5}"#;
    const NAN: f32 = f32::NAN;

    #[test]
    fn the_largest_factor_of_what_is_missing_counts() {
        let input = input();
        let features = [0.5, 0.5, 0.5, 0.5, 0.5, NAN, 0.5, NAN, 0.5, 0.5, NAN, NAN];
        let batch = input.batch(&features, None, 4).unwrap();
        let mut widening = widening(InstructionSet::Portable, "").unwrap();
        assert_eq!(widening.factors(&batch).unwrap(), [1.0, 1.25, 1.5, 1.5]);
    }

    #[test]
    fn distances_are_those_of_what_the_graph_sees() {
        let input = input();
        // z is (0.5, 1, 2) and (0.5, 1, 1.5 by its regression), and far away.
        let features = [0.625, 0.75, 1.0, 0.625, 0.75, NAN, 9.5, 0.75, 1.0];
        let batch = input.batch(&features, None, 3).unwrap();
        let expected = [[2.0, 1.0 + 4.5], [1.0, 0.5 + 4.5], [2.0, 1.0 + 3.0 * 37.0]]
            .map(|[a, b]: [f64; 2]| f64::midpoint(a * a, b * b).sqrt() / 4.0);
        for set in InstructionSet::available() {
            let mut widening = widening(set, DOMAIN).unwrap();
            let mut distances = [0.0; 3];
            widening.distances(&batch, |i, distance| distances[i] = distance).unwrap();
            assert_eq!(distances, expected);
            let factors = widening.factors(&batch).unwrap();
            assert_eq!(factors[0], 1.0 + 0.5 * (expected[0] - 1.0).max(0.0));
            assert_eq!(factors[1], 1.25 * (1.0 + 0.5 * (expected[1] - 1.0).max(0.0)));
            assert_eq!(factors[2], 1.0 + 0.5 * (expected[2] - 1.0));
        }
    }

    #[test]
    fn calls_of_many_frames_are_one_distance_each() {
        let input = input();
        let features: Vec<f32> = (0..3 * 1000).map(|i| (i % 89) as f32 / 89.0).collect();
        let batch = input.batch(&features, None, 1000).unwrap();
        let mut whole = widening(InstructionSet::Portable, DOMAIN).unwrap();
        let factors = whole.factors(&batch).unwrap().to_vec();
        assert_eq!(factors.len(), 1000);
        for (i, row) in features.chunks_exact(3).enumerate() {
            let one = input.batch(row, None, 1).unwrap();
            assert_eq!(whole.factors(&one).unwrap(), [factors[i]]);
        }
    }

    #[test]
    fn a_factor_is_finite_however_far_a_frame_is() {
        let input = input();
        let batch = input.batch(&[0.5, 0.5, 3e37], None, 1).unwrap();
        let far = DOMAIN.replace("[2, 0]", "[1e300, 0]").replace("0.5}", "1e300}");
        let mut widening = widening(InstructionSet::Portable, &far).unwrap();
        widening.distances(&batch, |_, distance| assert_eq!(distance, f64::MAX)).unwrap();
        assert_eq!(widening.factors(&batch).unwrap(), [f64::MAX]);
    }

    #[test]
    fn nothing_widens_without_domain_and_imputation() {
        let card = Card::parse(br#"{"feature_order": ["adm2"]}"#).unwrap();
        assert!(Widening::of_card(&card, || unreachable!(), 1).is_none());
    }
}
