// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What a feature's value goes through between its cap and its mean.

/// A function of the capped value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Transform {
    /// The value itself.
    None,
    /// -10 log10(top - min(max(x, 0), 1)). `top` is above 1.
    LogDistance { top: f64 },
    /// ln(1 + x). x is above -1.
    Log1p,
}

/// Any transform as one formula, `of_logarithm` ln(`offset` + `slope` min(max(x, `low`), `high`)) + `of_value` x, so
/// that the columns of a vector may have different ones.
#[derive(Debug, Clone, Copy)]
pub(super) struct Logarithmic {
    pub(super) low: f64,
    pub(super) high: f64,
    pub(super) offset: f64,
    pub(super) slope: f64,
    pub(super) of_logarithm: f64,
    pub(super) of_value: f64,
}

impl Transform {
    pub(super) fn around_the_logarithm(self) -> Logarithmic {
        const EVERYTHING: f64 = f64::INFINITY;
        match self {
            // -0 times ln(1) leaves every bit of x, also those of -0.
            Self::None => Logarithmic {
                low: -EVERYTHING,
                high: EVERYTHING,
                offset: 1.0,
                slope: 0.0,
                of_logarithm: -0.0,
                of_value: 1.0,
            },
            Self::LogDistance { top } => Logarithmic {
                low: 0.0,
                high: 1.0,
                offset: top,
                slope: -1.0,
                of_logarithm: -10.0 / std::f64::consts::LN_10,
                of_value: 0.0,
            },
            Self::Log1p => Logarithmic {
                low: -EVERYTHING,
                high: EVERYTHING,
                offset: 1.0,
                slope: 1.0,
                of_logarithm: 1.0,
                of_value: 0.0,
            },
        }
    }
}
