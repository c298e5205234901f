// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Which numbers of a network may be negative: a feature that rises with quality must not lower the score.

use crate::network::Shape;

/// What a network computes with a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// The number itself.
    Free,
    /// Its absolute value.
    NotNegative,
    /// 0.
    Nothing,
}

/// The sign of every number of a network.
pub(super) struct Signs(Vec<Sign>);

impl Signs {
    /// `free`: whether a feature may lower the score. `known`: whether the training data has it. A codec's inputs are
    /// free.
    pub(super) fn new(shape: &Shape, free: &[bool], known: &[bool]) -> Self {
        let mut signs = vec![Sign::NotNegative; shape.len()];
        for layer in shape.layers() {
            signs[layer.bias..layer.bias + layer.outputs].fill(Sign::Free);
        }
        for (sign, input) in signs.iter_mut().zip(shape.input_of()) {
            match input {
                Some(input) if input >= shape.features || free[input] => *sign = Sign::Free,
                _ => {}
            }
            if input.is_some_and(|input| input < shape.features && !known[input]) {
                *sign = Sign::Nothing;
            }
        }
        Self(signs)
    }

    /// What the network computes with.
    pub(super) fn apply(&self, numbers: &[f32], out: &mut Vec<f32>) {
        out.clear();
        out.extend(numbers.iter().zip(&self.0).map(|(&x, sign)| match sign {
            Sign::Free => x,
            Sign::NotNegative => x.abs(),
            Sign::Nothing => 0.0,
        }));
    }

    /// From the gradient by what [`Self::apply`] returned to that by the numbers.
    pub(super) fn chain(&self, numbers: &[f32], gradient: &mut [f32]) {
        for ((g, &x), sign) in gradient.iter_mut().zip(numbers).zip(&self.0) {
            match sign {
                Sign::NotNegative if x < 0.0 => *g = -*g,
                Sign::Nothing => *g = 0.0,
                Sign::Free | Sign::NotNegative => {}
            }
        }
    }
}
