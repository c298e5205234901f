// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Numbers of options and recipes that are what their option needs, from the moment they are read.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! number {
    ($(#[$doc:meta])* $name:ident, $expected:literal, $holds:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, PartialOrd, Serialize, Deserialize)]
        #[serde(try_from = "f64", into = "f64")]
        pub struct $name(f64);

        impl $name {
            /// The number.
            pub const fn get(self) -> f64 {
                self.0
            }
        }

        impl TryFrom<f64> for $name {
            type Error = String;

            fn try_from(x: f64) -> Result<Self, String> {
                let holds: fn(f64) -> bool = $holds;
                if holds(x) { Ok(Self(x)) } else { Err(format!("{x} is not {}", $expected)) }
            }
        }

        impl From<$name> for f64 {
            fn from(x: $name) -> Self {
                x.0
            }
        }

        impl FromStr for $name {
            type Err = String;

            fn from_str(text: &str) -> Result<Self, String> {
                let x: f64 =
                    text.parse().map_err(|_| format!("expected {}", $expected))?;
                Self::try_from(x)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }
    };
}

number!(
    /// Neither infinite nor NaN.
    Finite,
    "a finite number",
    f64::is_finite
);
number!(
    /// Finite and from 0 on: a weight, a weight decay.
    NonNegative,
    "a finite number from 0 on",
    |x| x.is_finite() && x >= 0.0
);
number!(
    /// Finite and above 0.
    Positive,
    "a finite number above 0",
    |x| x.is_finite() && x > 0.0
);
number!(
    /// From 0 on and below 1: a share that leaves something over.
    Fraction,
    "a number from 0 on and below 1",
    |x| (0.0..1.0).contains(&x)
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_refuses_what_it_cannot_be() {
        let refused = |text: &str| {
            [
                text.parse::<Finite>().is_err(),
                text.parse::<NonNegative>().is_err(),
                text.parse::<Positive>().is_err(),
                text.parse::<Fraction>().is_err(),
            ]
        };
        for text in ["nan", "inf", "-inf", "1e999", "", "x"] {
            assert_eq!(refused(text), [true; 4], "{text}");
        }
        assert_eq!(refused("-0.5"), [false, true, true, true]);
        assert_eq!(refused("0"), [false, false, true, false]);
        assert_eq!(refused("0.5"), [false; 4]);
        assert_eq!(refused("1"), [false, false, false, true]);
        let error = serde_json::from_str::<Fraction>("1.5").unwrap_err().to_string();
        assert!(error.contains("1.5 is not a number from 0 on and below 1"), "{error}");
    }
}
