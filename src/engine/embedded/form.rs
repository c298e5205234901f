// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What stays symbolic of a value, so that GELU is recognised however its factors are grouped: a
//! scalar factor, and p + q erf(r x) with or without a factor x.

use std::f64::consts::FRAC_1_SQRT_2;
use std::fmt;

use super::node::Arithmetic;

/// What a value is of its version of the rows x.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Form {
    /// factor * x; where `divided`, by a division.
    Scaled { factor: f64, divided: bool },
    /// p + q * erf(r * x), times x where `by_x`. Where `divided`, r * x is a quotient.
    Erf { by_x: bool, p: f64, q: f64, r: f64, divided: bool },
}

/// What the plan needs to make a value of x: a factor, then perhaps GELU and a second factor.
pub(super) struct Steps {
    pub factor: f64,
    pub gelu: Option<Gelu>,
}

pub(super) struct Gelu {
    /// Whether its x is divided by sqrt 2 or multiplied by the reciprocal.
    pub divides: bool,
    /// The factor after it.
    pub factor: f64,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Scaled { factor, .. } => write!(f, "{factor} x"),
            Self::Erf { by_x, p, q, r, .. } => {
                write!(f, "{}({p} + {q} erf({r} x))", if *by_x { "x " } else { "" })
            }
        }
    }
}

impl Form {
    /// x itself.
    pub(super) const X: Self = Self::Scaled { factor: 1.0, divided: false };

    pub(super) fn scale(self, by: f64) -> Self {
        match self {
            Self::Scaled { factor, .. } => Self::Scaled { factor: factor * by, divided: false },
            Self::Erf { by_x, p, q, r, divided } => {
                Self::Erf { by_x, p: p * by, q: q * by, r, divided }
            }
        }
    }

    fn divide(self, by: f64) -> Self {
        match self.scale(by.recip()) {
            Self::Scaled { factor, .. } => Self::Scaled { factor, divided: self == Self::X },
            erf @ Self::Erf { .. } => erf,
        }
    }

    /// p + s, where x is not a factor.
    fn shift(self, s: f64) -> Option<Self> {
        match self {
            Self::Erf { by_x: false, p, q, r, divided } => {
                Some(Self::Erf { by_x: false, p: p + s, q, r, divided })
            }
            Self::Erf { by_x: true, .. } | Self::Scaled { .. } => None,
        }
    }

    fn times(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Scaled { factor: a, .. }, Self::Erf { by_x: false, p, q, r, divided })
            | (Self::Erf { by_x: false, p, q, r, divided }, Self::Scaled { factor: a, .. }) => {
                // ONNX Runtime makes x (1 + erf) and the half one operation, which multiplies; where
                // the half comes before x, it leaves the graph's division.
                let divided = divided && p.to_bits() != 1.0_f64.to_bits();
                Some(Self::Erf { by_x: true, p: p * a, q: q * a, r, divided })
            }
            _ => None,
        }
    }

    fn plus(self, other: Self) -> Option<Self> {
        match (self, other) {
            (Self::Scaled { factor: a, .. }, Self::Scaled { factor: b, .. }) => {
                Some(Self::Scaled { factor: a + b, divided: false })
            }
            (Self::Scaled { factor: a, .. }, Self::Erf { by_x: true, p, q, r, divided })
            | (Self::Erf { by_x: true, p, q, r, divided }, Self::Scaled { factor: a, .. }) => {
                Some(Self::Erf { by_x: true, p: p + a, q, r, divided })
            }
            _ => None,
        }
    }

    /// erf of the value.
    pub(super) fn erf(self) -> Option<Self> {
        match self {
            Self::Scaled { factor: r, divided } => {
                Some(Self::Erf { by_x: false, p: 0.0, q: 1.0, r, divided })
            }
            Self::Erf { .. } => None,
        }
    }

    /// The value and a scalar; `None` where that has no form.
    pub(super) fn with_scalar(self, op: Arithmetic, s: f64, scalar_first: bool) -> Option<Self> {
        match (op, scalar_first) {
            (Arithmetic::Mul, _) => Some(self.scale(s)),
            (Arithmetic::Div, false) => Some(self.divide(s)),
            (Arithmetic::Div, true) => None,
            (Arithmetic::Add, _) => self.shift(s),
            (Arithmetic::Sub, false) => self.shift(-s),
            (Arithmetic::Sub, true) => self.scale(-1.0).shift(s),
        }
    }

    /// The value and another of the same x; `None` where that has no form.
    pub(super) fn with(self, op: Arithmetic, other: Self) -> Option<Self> {
        match op {
            Arithmetic::Mul => self.times(other),
            Arithmetic::Add => self.plus(other),
            Arithmetic::Sub => self.plus(other.scale(-1.0)),
            Arithmetic::Div => None,
        }
    }

    /// The steps to the value; `None` for an erf that is no GELU.
    pub(super) fn steps(self) -> Option<Steps> {
        match self {
            Self::Scaled { factor, .. } => Some(Steps { factor, gelu: None }),
            // x (p + p erf(r x)) is GELU(y) 2 p / a of y = a x, a = r sqrt 2.
            Self::Erf { by_x: true, p, q, r, divided }
                if (p - q).abs() <= 1e-6 * p.abs() && r != 0.0 =>
            {
                let a = r / FRAC_1_SQRT_2;
                // The constants are rounded to f32: take what is 1 but for that as 1.
                let a = if (a - 1.0).abs() <= 1e-6 { 1.0 } else { a };
                let divides = divided && a.to_bits() == 1.0_f64.to_bits();
                Some(Steps { factor: a, gelu: Some(Gelu { divides, factor: 2.0 * p / a }) })
            }
            Self::Erf { .. } => None,
        }
    }
}
