// SPDX-License-Identifier: BSD-2-Clause-Patent
//! What a value is of its version of the rows, until a node needs it there.
//!
//! A formula stays symbolic, so that GELU is recognised however its factors are grouped. What is no
//! GELU is done operation by operation as the graph has it: any other grouping would round otherwise.

use std::f64::consts::FRAC_1_SQRT_2;
use std::fmt;

use super::node::Arithmetic;
use super::plan::Map;

/// The most operations that are put off: GELU has fewer between two nodes that combine values.
const MAX_OPERATIONS: usize = 16;

#[derive(Debug, Clone, PartialEq)]
pub(super) struct Form {
    formula: Formula,
    /// The operations, as long as each has one operand that depends on the inputs.
    operations: Option<Vec<Operation>>,
}

/// A value of x: a scalar factor, or p + q erf(r x) with or without a factor x.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Formula {
    /// factor * x; where `divided`, by a division.
    Scaled { factor: f64, divided: bool },
    /// p + q * erf(r * x), times x where `by_x`. Where `divided`, r * x is a quotient.
    Erf { by_x: bool, p: f64, q: f64, r: f64, divided: bool },
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Operation {
    Scalar { op: Arithmetic, scalar: f32, scalar_first: bool },
    Erf,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.formula {
            Formula::Scaled { factor, .. } => write!(f, "{factor} x"),
            Formula::Erf { by_x, p, q, r, .. } => {
                write!(f, "{}({p} + {q} erf({r} x))", if by_x { "x " } else { "" })
            }
        }
    }
}

impl Formula {
    const X: Self = Self::Scaled { factor: 1.0, divided: false };

    fn scale(self, by: f64) -> Self {
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

    fn with_scalar(self, op: Arithmetic, s: f64, scalar_first: bool) -> Option<Self> {
        match (op, scalar_first) {
            (Arithmetic::Mul, _) => Some(self.scale(s)),
            (Arithmetic::Div, false) => Some(self.divide(s)),
            (Arithmetic::Div, true) => None,
            (Arithmetic::Add, _) => self.shift(s),
            (Arithmetic::Sub, false) => self.shift(-s),
            (Arithmetic::Sub, true) => self.scale(-1.0).shift(s),
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

    fn erf(self) -> Option<Self> {
        match self {
            Self::Scaled { factor: r, divided } => {
                Some(Self::Erf { by_x: false, p: 0.0, q: 1.0, r, divided })
            }
            Self::Erf { .. } => None,
        }
    }

    /// The maps from x to the value over so many columns; `None` for an erf that is no GELU.
    fn maps(self, width: usize) -> Option<Vec<Map>> {
        let mut maps = Vec::new();
        match self {
            Self::Scaled { factor, .. } => maps.extend(scaled(factor, width)),
            // x (p + p erf(r x)) is GELU(y) 2 p / a of y = a x, a = r sqrt 2.
            Self::Erf { by_x: true, p, q, r, divided }
                if (p - q).abs() <= 1e-6 * p.abs() && r != 0.0 =>
            {
                let a = r / FRAC_1_SQRT_2;
                // The constants are rounded to f32: take what is 1 but for that as 1.
                let a = if (a - 1.0).abs() <= 1e-6 { 1.0 } else { a };
                let divides = divided && a.to_bits() == 1.0_f64.to_bits();
                maps.extend(scaled(a, width));
                maps.push(Map::Gelu { divides });
                maps.extend(scaled(2.0 * p / a, width));
            }
            Self::Erf { .. } => return None,
        }
        Some(maps)
    }
}

fn scaled(factor: f64, width: usize) -> Option<Map> {
    (factor.to_bits() != 1.0_f64.to_bits()).then(|| Map::Mul(vec![factor as f32; width]))
}

impl Operation {
    /// The map over so many columns; `None` where nothing changes.
    fn map(self, width: usize) -> Option<Map> {
        let Self::Scalar { op, scalar, scalar_first } = self else {
            return Some(Map::Erf);
        };
        if matches!(op, Arithmetic::Mul | Arithmetic::Div) && scalar.to_bits() == 1.0_f32.to_bits()
        {
            return None;
        }
        op.map(vec![scalar; width], scalar_first)
    }
}

impl Arithmetic {
    /// The map with a constant per column; `None` for a division of the constants.
    pub(super) fn map(self, columns: Vec<f32>, constant_first: bool) -> Option<Map> {
        match (self, constant_first) {
            (Self::Add, _) => Some(Map::Add(columns)),
            (Self::Sub, false) => Some(Map::Sub(columns)),
            (Self::Sub, true) => Some(Map::SubFrom(columns)),
            (Self::Mul, _) => Some(Map::Mul(columns)),
            (Self::Div, false) => Some(Map::Div(columns)),
            (Self::Div, true) => None,
        }
    }
}

impl Form {
    /// x itself.
    pub(super) const X: Self = Self { formula: Formula::X, operations: Some(Vec::new()) };

    fn after(&self, formula: Option<Formula>, operation: Operation) -> Option<Self> {
        let operations = match &self.operations {
            Some(all) if all.len() >= MAX_OPERATIONS => return None,
            Some(all) => Some(all.iter().copied().chain([operation]).collect()),
            None => None,
        };
        Some(Self { formula: formula?, operations })
    }

    /// erf of the value; `None` where that has no formula.
    pub(super) fn erf(&self) -> Option<Self> {
        self.after(self.formula.erf(), Operation::Erf)
    }

    /// The value and a scalar; `None` where that has no formula.
    pub(super) fn with_scalar(
        &self,
        op: Arithmetic,
        scalar: f32,
        scalar_first: bool,
    ) -> Option<Self> {
        let formula = self.formula.with_scalar(op, scalar.into(), scalar_first);
        self.after(formula, Operation::Scalar { op, scalar, scalar_first })
    }

    /// The value and another of the same x; `None` where that has no formula.
    pub(super) fn with(&self, op: Arithmetic, other: &Self) -> Option<Self> {
        let formula = match op {
            Arithmetic::Mul => self.formula.times(other.formula),
            Arithmetic::Add => self.formula.plus(other.formula),
            Arithmetic::Sub => self.formula.plus(other.formula.scale(-1.0)),
            Arithmetic::Div => None,
        };
        Some(Self { formula: formula?, operations: None })
    }

    /// The maps from x to the value over so many columns; `None` for erf and its argument in another
    /// formula than GELU.
    pub(super) fn maps(&self, width: usize) -> Option<Vec<Map>> {
        match &self.operations {
            Some(operations) => Some(operations.iter().filter_map(|o| o.map(width)).collect()),
            None => self.formula.maps(width),
        }
    }
}
