// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Something measured, and what it has to be: checks of an evaluation, conditions of the gate.

use serde::{Deserialize, Serialize};

/// Something measured, and what it has to be.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Condition {
    /// What is measured.
    pub what: String,
    /// Its value; none if it could not be measured, which fails where there is a bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measured: Option<f64>,
    /// Lowest value that passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// Bound that passing values are above.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub above: Option<f64>,
    /// Highest value that passes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_most: Option<f64>,
    /// Bound that passing values are below.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub below: Option<f64>,
    /// Whether it passes.
    pub passed: bool,
}

impl Condition {
    /// A number that decides nothing.
    pub fn reported(what: impl Into<String>, measured: impl Into<Option<f64>>) -> Self {
        let mut condition = Self {
            what: what.into(),
            measured: measured.into(),
            at_least: None,
            above: None,
            at_most: None,
            below: None,
            passed: false,
        };
        condition.judge();
        condition
    }

    /// With a lowest value.
    #[must_use]
    pub fn at_least(mut self, bound: f64) -> Self {
        self.at_least = Some(bound);
        self.judged()
    }

    /// With a bound to exceed.
    #[must_use]
    pub fn above(mut self, bound: f64) -> Self {
        self.above = Some(bound);
        self.judged()
    }

    /// With a highest value.
    #[must_use]
    pub fn at_most(mut self, bound: f64) -> Self {
        self.at_most = Some(bound);
        self.judged()
    }

    /// With a bound to stay below.
    #[must_use]
    pub fn below(mut self, bound: f64) -> Self {
        self.below = Some(bound);
        self.judged()
    }

    /// Whether there is anything to pass.
    pub fn is_bounded(&self) -> bool {
        [self.at_least, self.above, self.at_most, self.below].iter().any(Option::is_some)
    }

    /// The same, judged by its bounds whatever it says of itself.
    #[must_use]
    pub fn judged_again(&self) -> Self {
        self.clone().judged()
    }

    fn judged(mut self) -> Self {
        self.judge();
        self
    }

    fn judge(&mut self) {
        let holds = |bound: Option<f64>, holds: fn(f64, f64) -> bool| match (self.measured, bound) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(measured), Some(bound)) => holds(measured, bound),
        };
        self.passed = holds(self.at_least, |m, b| m >= b)
            && holds(self.above, |m, b| m > b)
            && holds(self.at_most, |m, b| m <= b)
            && holds(self.below, |m, b| m < b);
    }

    /// The bounds, in words.
    pub fn bounds(&self) -> String {
        [
            ("at least", self.at_least),
            ("above", self.above),
            ("at most", self.at_most),
            ("below", self.below),
        ]
        .into_iter()
        .filter_map(|(word, bound)| bound.map(|bound| format!("{word} {bound}")))
        .collect::<Vec<_>>()
        .join(", ")
    }

    /// Its value, in words.
    pub fn value(&self) -> String {
        self.measured.map_or_else(|| "not measured".to_owned(), |value| format!("{value:.4}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_is_judged_by_its_bounds() {
        let measured = |value: f64| Condition::reported("x", value);
        assert!(measured(0.5).at_least(0.5).passed && !measured(0.4).at_least(0.5).passed);
        assert!(measured(0.1).above(0.0).passed && !measured(0.0).above(0.0).passed);
        assert!(measured(4.0).at_most(4.0).passed && !measured(4.1).at_most(4.0).passed);
        assert!(!measured(4.0).below(4.0).passed);
        assert!(!measured(5.0).at_least(0.0).at_most(4.0).passed);
        assert!(measured(f64::MIN).passed && !measured(1.0).is_bounded());
        let none = Condition::reported("x", None);
        assert!(none.passed && !none.clone().at_least(0.0).passed);
        assert_eq!(measured(1.0).at_least(0.5).at_most(2.0).bounds(), "at least 0.5, at most 2");
        assert!(!measured(f64::NAN).at_least(0.0).passed);
    }
}
