// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The codec: what its input is worth, and how much one codec is rated above another at equal score.

use std::collections::BTreeMap;

use nalgebra::{DMatrix, DVector};
use vmaf_fr_v2::catalogue::VOCABULARY_1;

use super::agreement::Comparison;
use super::design::Design;
use crate::evaluation::{CodecBias, CodecWorth};
use crate::statistics::{Draws, Pairing};

/// Fewest primary clips of a laboratory that make a codec one of its codecs.
pub const MIN_CODEC_CLIPS: usize = 20;

/// Known codecs with enough primary clips in a laboratory, by id.
fn codecs(design: &Design, laboratory: usize) -> Vec<usize> {
    (0..VOCABULARY_1.len())
        .filter(|&codec| {
            let clips = design
                .primary_clips()
                .into_iter()
                .filter(|&i| design.laboratory.of[i] == laboratory && design.codec[i] == codec);
            clips.count() >= MIN_CODEC_CLIPS
        })
        .collect()
}

/// By laboratory that has several codecs.
pub(super) fn worth(
    design: &Design,
    aware: &[f64],
    blind: &[f64],
    shuffled: &[&[f64]],
    draws: Draws,
) -> BTreeMap<String, CodecWorth> {
    (0..design.laboratory.len())
        .filter_map(|laboratory| {
            let codecs = codecs(design, laboratory);
            if codecs.len() < 2 {
                return None;
            }
            let clips: Vec<usize> = design
                .primary_clips()
                .into_iter()
                .filter(|&i| design.laboratory.of[i] == laboratory)
                .collect();
            let lift = |first: &[f64], draws: Draws| {
                Comparison::new(design, first, blind, &clips, draws).within(Pairing::plcc)
            };
            // Of shuffled labels only the value counts; one draw is enough for the interval that nobody looks at.
            let value = Draws { count: 1, ..draws };
            let worth = CodecWorth {
                codecs: codecs.iter().map(|&codec| VOCABULARY_1[codec].to_owned()).collect(),
                lift: lift(aware, draws)?,
                shuffled: shuffled
                    .iter()
                    .map(|labels| lift(labels, value).map(|lift| lift.value))
                    .collect::<Option<_>>()?,
            };
            Some((design.laboratory.names[laboratory].clone(), worth))
        })
        .collect()
}

/// Normal equations of one group's clips, which a draw adds up.
struct Group {
    squares: DMatrix<f64>,
    products: DVector<f64>,
}

/// By laboratory that has several codecs.
///
/// A regression of rating minus prediction on the codec, within contents in their tests, with a line and a parabola in the
/// prediction beside it: what remains is at equal score.
pub(super) fn bias(
    design: &Design,
    predicted: &[f64],
    draws: Draws,
) -> BTreeMap<String, CodecBias> {
    (0..design.laboratory.len())
        .filter_map(|laboratory| {
            let bias = laboratory_bias(design, predicted, laboratory, draws)?;
            Some((design.laboratory.names[laboratory].clone(), bias))
        })
        .collect()
}

fn laboratory_bias(
    design: &Design,
    predicted: &[f64],
    laboratory: usize,
    draws: Draws,
) -> Option<CodecBias> {
    let codecs = codecs(design, laboratory);
    if codecs.len() < 2 {
        return None;
    }
    let clips = design.primary_clips().into_iter().filter(|&i| {
        design.laboratory.of[i] == laboratory
            && !predicted[i].is_nan()
            && codecs.contains(&design.codec[i])
    });
    // Codecs but the first, then the prediction and its square.
    let width = codecs.len() - 1 + 2;
    let mut groups: Vec<Group> = (0..design.group.len())
        .map(|_| Group { squares: DMatrix::zeros(width, width), products: DVector::zeros(width) })
        .collect();
    for cell in design.cells(clips).into_values() {
        if cell.len() < 2 {
            continue;
        }
        let row = |clip: usize| -> (DVector<f64>, f64) {
            let score = (predicted[clip] - 50.0) / 25.0;
            let mut row = DVector::zeros(width);
            if let Some(at) = codecs[1..].iter().position(|&c| c == design.codec[clip]) {
                row[at] = 1.0;
            }
            row[width - 2] = score;
            row[width - 1] = score * score;
            (row, design.rated[clip] - predicted[clip])
        };
        let rows: Vec<(DVector<f64>, f64)> = cell.iter().map(|&clip| row(clip)).collect();
        let count = rows.len() as f64;
        let mean_row = rows.iter().fold(DVector::zeros(width), |sum, (row, _)| sum + row) / count;
        let mean = rows.iter().map(|(_, error)| error).sum::<f64>() / count;
        let group = &mut groups[design.group.of[cell[0]]];
        for (row, error) in rows {
            let centred = row - &mean_row;
            group.products += &centred * (error - mean);
            group.squares += &centred * centred.transpose();
        }
    }
    let effects = |weights: &[f64]| -> Option<Vec<f64>> {
        let mut squares = DMatrix::zeros(width, width);
        let mut products = DVector::zeros(width);
        for (group, &weight) in groups.iter().zip(weights) {
            squares += &group.squares * weight;
            products += &group.products * weight;
        }
        let solved = squares.cholesky()?.solve(&products);
        let effects: Vec<f64> =
            std::iter::once(0.0).chain(solved.iter().take(codecs.len() - 1).copied()).collect();
        effects.iter().all(|effect| effect.is_finite()).then_some(effects)
    };
    let mut pairs = BTreeMap::new();
    for second in 0..codecs.len() {
        for first in second + 1..codecs.len() {
            let lift = draws.interval(&design.laboratory_of_group, |weights| {
                let effects = effects(weights)?;
                Some(effects[first] - effects[second])
            })?;
            let name =
                format!("{} - {}", VOCABULARY_1[codecs[first]], VOCABULARY_1[codecs[second]]);
            pairs.insert(name, lift);
        }
    }
    let squares: f64 = pairs.values().map(|lift| lift.value * lift.value).sum();
    let size = (squares / pairs.len() as f64).sqrt();
    Some(CodecBias { pairs, size })
}

#[cfg(test)]
mod tests {
    use super::super::design::tests::clip;
    use super::super::design::{DesignClip, TestChoices};
    use super::*;

    /// Ten contents; odd clips are of codec 1, whose ratings are `bias` higher at equal quality.
    fn design(bias: f64) -> (Design, Vec<f64>) {
        let (mut clips, mut predicted) = (Vec::<DesignClip>::new(), Vec::new());
        for content in 0..10 {
            let offset = f64::from(content * 37 % 11) - 5.0;
            for i in 0..8u32 {
                let quality = 20.0 + 7.0 * f64::from(i) + 3.0 * f64::from(i % 2);
                let codec = (i % 2) as usize;
                let place = format!("a/t/c{content}");
                clips.push(DesignClip {
                    codec,
                    ..clip(&place, quality + offset + bias * codec as f64)
                });
                predicted.push(quality);
            }
        }
        (Design::new(&clips, &TestChoices::default(), 5).unwrap(), predicted)
    }

    #[test]
    fn the_bias_between_codecs_is_found_at_equal_score() {
        let draws = Draws { count: 50, seed: 1 };
        let (design, predicted) = design(4.0);
        let bias = &bias(&design, &predicted, draws)["a"];
        let lift = bias.pairs["x265 - x264"];
        assert!((lift.value - 4.0).abs() < 1e-9 && lift.low > 3.9, "{lift:?}");
        assert!((bias.size - 4.0).abs() < 1e-9);
        // A prediction that is steeper than the ratings is no codec bias.
        let steep: Vec<f64> = predicted.iter().map(|p| 50.0 + 1.5 * (p - 50.0)).collect();
        let lift = super::bias(&design, &steep, draws)["a"].pairs["x265 - x264"];
        assert!((lift.value - 4.0).abs() < 1e-9, "{lift:?}");
    }

    #[test]
    fn an_input_that_knows_the_bias_has_worth_and_none_is_left() {
        let draws = Draws { count: 50, seed: 1 };
        let (design, blind) = design(6.0);
        let aware: Vec<f64> =
            blind.iter().zip(&design.codec).map(|(p, &c)| p + 6.0 * c as f64).collect();
        let worth = worth(&design, &aware, &blind, &[&blind], draws);
        let worth = &worth["a"];
        assert_eq!(worth.codecs, ["x264", "x265"]);
        assert!(worth.lift.low > 0.0 && worth.shuffled == [0.0], "{worth:?}");
        assert!(bias(&design, &aware, draws)["a"].size < 1e-9);
    }
}
