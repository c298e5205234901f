// SPDX-License-Identifier: BSD-2-Clause-Patent
//! One feature of a model, and why it refuses a value.

use crate::catalogue;
use crate::error::{Error, err};

/// One feature of a model.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct InputColumn {
    pub(crate) name: String,
    /// Bounds that the card adds to the catalogue's.
    pub(crate) range: Option<[f64; 2]>,
    /// Whether the card takes ln(1 + x) of the values.
    pub(crate) above_minus_1: bool,
    /// Whether NaN stands for a missing value.
    pub(crate) may_be_missing: bool,
}

impl InputColumn {
    /// Why a value is refused.
    #[cold]
    pub(super) fn refuse(&self, x: f32) -> Error {
        let value = f64::from(x);
        let why = if x.is_nan() {
            "is NaN, and the card does not allow it to be missing".to_owned()
        } else if x.is_infinite() {
            format!("is {x}, a finite value was expected")
        } else if let Some(why) = catalogue::feature(&self.name).and_then(|f| f.refuses(value)) {
            why
        } else if self.above_minus_1 && value <= -1.0 {
            format!("is {value}, and the card's transform log1p takes values above -1")
        } else {
            let [low, high] = self.range.unwrap_or([f64::MIN, f64::MAX]);
            format!("is {value}, outside the card's feature_range [{low}, {high}]")
        };
        err!(ImpossibleValue, "{why}")
    }
}
