// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Shapes of constants and of rows, and ONNX's rules for them, each once.

use std::fmt;

use super::constant::{floats, integers};
use super::node::Shaping;
use crate::error::{Error, Result, bail, err};
use crate::onnx::Tensor;

/// Ranks above this are not of this family, and would make work quadratic.
const MAX_RANK: usize = 8;

/// One dimension.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dim {
    /// The number of rows, known when the graph runs.
    Batch,
    Size(usize),
}

/// The dimensions of a constant, or of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Shape(Vec<Dim>);

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let dim = |d: &Dim| match d {
            Dim::Batch => "N".to_owned(),
            Dim::Size(d) => d.to_string(),
        };
        write!(f, "[{}]", self.0.iter().map(dim).collect::<Vec<_>>().join(", "))
    }
}

impl Shape {
    pub(super) fn of_constant(c: &Tensor) -> Self {
        Self(c.dims.iter().map(|&d| Dim::Size(d)).collect())
    }

    /// Rows whose dimensions after the batch's are `tail`.
    pub(super) fn of_rows(tail: &[usize]) -> Self {
        Self(std::iter::once(Dim::Batch).chain(tail.iter().map(|&d| Dim::Size(d))).collect())
    }

    /// Whether the batch is the first dimension and no other.
    pub(super) fn is_of_rows(&self) -> bool {
        self.0.first() == Some(&Dim::Batch) && !self.0[1..].contains(&Dim::Batch)
    }

    pub(super) fn rank(&self) -> usize {
        self.0.len()
    }

    /// The dimensions other than the batch's.
    pub(super) fn sizes(&self) -> Vec<usize> {
        let size = |d: &Dim| match *d {
            Dim::Batch => None,
            Dim::Size(d) => Some(d),
        };
        self.0.iter().filter_map(size).collect()
    }

    /// The number of columns of rows. Every shape of rows comes from one of countable columns.
    pub(super) fn columns(&self) -> usize {
        count(&self.0).unwrap_or(0)
    }

    fn has_batch(&self) -> bool {
        self.0.contains(&Dim::Batch)
    }

    /// The shape that a node of inputs `self` and `second` makes.
    pub(super) fn after(
        &self,
        at: &dyn fmt::Display,
        shaping: Shaping<'_>,
        second: Option<&Tensor>,
    ) -> Result<Self> {
        let second = second.map(|t| integers(at, t)).transpose()?;
        match shaping {
            Shaping::Squeeze { axes } => self.squeezed(at, second.unwrap_or(axes)),
            Shaping::Unsqueeze { axes } => self.unsqueezed(at, second.unwrap_or(axes)),
            Shaping::Flatten { axis } => self.flattened(at, axis),
            Shaping::Reshape { zero_copies } => match second {
                Some(shape) => self.reshaped(at, shape, zero_copies),
                None => bail!(Unsupported, "{at}: without an input 'shape'"),
            },
        }
    }

    fn squeezed(&self, at: &dyn fmt::Display, axes: &[i64]) -> Result<Self> {
        let mut axes = from_front(at, axes, self.rank())?;
        if axes.is_empty() {
            axes = (0..self.rank()).filter(|&i| self.0[i] == Dim::Size(1)).collect();
        }
        for &axis in &axes {
            match self.0[axis] {
                Dim::Size(1) => {}
                Dim::Size(_) => bail!(Malformed, "{at}: axis {axis} of shape {self} is not 1"),
                Dim::Batch => return Err(moves_batch(at)),
            }
        }
        let kept = (0..self.rank()).filter(|i| !axes.contains(i));
        Ok(Self(kept.map(|i| self.0[i]).collect()))
    }

    fn unsqueezed(&self, at: &dyn fmt::Display, axes: &[i64]) -> Result<Self> {
        let mut axes = from_front(at, axes, self.rank().saturating_add(axes.len()))?;
        axes.sort_unstable();
        let mut dims = self.0.clone();
        for axis in axes {
            if axis > dims.len() {
                bail!(Malformed, "{at}: axis {axis} is out of range");
            }
            dims.insert(axis, Dim::Size(1));
        }
        Ok(Self(dims))
    }

    fn flattened(&self, at: &dyn fmt::Display, axis: i64) -> Result<Self> {
        let rank = self.rank() as i64;
        let first = if axis < 0 { axis.saturating_add(rank) } else { axis };
        if !(0..=rank).contains(&first) {
            bail!(Malformed, "{at}: axis {axis} of a tensor of rank {rank}");
        }
        let (rows, columns) = self.0.split_at(first as usize);
        let flat = |dims: &[Dim]| match count(dims) {
            None => Err(err!(Malformed, "{at}: shape {self} is too large")),
            Some(n) if !dims.contains(&Dim::Batch) => Ok(Dim::Size(n)),
            Some(1) => Ok(Dim::Batch),
            Some(_) => Err(moves_batch(at)),
        };
        Ok(Self(vec![flat(rows)?, flat(columns)?]))
    }

    fn reshaped(&self, at: &dyn fmt::Display, to: &[i64], zero_copies: bool) -> Result<Self> {
        // Another batch could fit what this one does not.
        let misfit = || {
            if self.has_batch() {
                err!(Unsupported, "{at}: {self} to {to:?} changes what a row is")
            } else {
                err!(Malformed, "{at}: shape {self} cannot become {to:?}")
            }
        };
        if to.len() > MAX_RANK {
            return Err(misfit());
        }
        let mut dims = Vec::with_capacity(to.len());
        let mut inferred = None;
        for (i, &d) in to.iter().enumerate() {
            dims.push(match d {
                -1 if inferred.is_none() => {
                    inferred = Some(i);
                    Dim::Size(1)
                }
                0 if zero_copies => *self.0.get(i).ok_or_else(misfit)?,
                d => Dim::Size(usize::try_from(d).map_err(|_| misfit())?),
            });
        }
        let (own, known) = (count(&self.0).ok_or_else(misfit)?, count(&dims).ok_or_else(misfit)?);
        if let Some(i) = inferred {
            let rest = own.checked_div(known).ok_or_else(misfit)?;
            let holds_batch = self.has_batch() && !dims.contains(&Dim::Batch);
            dims[i] = match (holds_batch, rest) {
                (false, rest) => Dim::Size(rest),
                (true, 1) => Dim::Batch,
                (true, _) => return Err(misfit()),
            };
        }
        let shape = Self(dims);
        if count(&shape.0) != Some(own) || shape.has_batch() != self.has_batch() {
            return Err(misfit());
        }
        Ok(shape)
    }

    /// A constant broadcast to one value per column of rows of this shape.
    pub(super) fn columns_of(&self, at: &dyn fmt::Display, c: &Tensor) -> Result<Vec<f32>> {
        let values = floats(at, c)?;
        let own = Self::of_constant(c);
        let joined = own.broadcast(at, self)?;
        if !joined.is_of_rows() {
            bail!(
                Unsupported,
                "{at}: constant of shape {own} over rows of {self} has a batch dimension"
            );
        }
        if joined != *self {
            bail!(Malformed, "{at}: constant of shape {own} does not fit rows of {self}");
        }
        // Most are as wide as the rows.
        if values.len() == self.columns() {
            return Ok(values.to_vec());
        }
        Ok(spread(values, &c.dims, &self.sizes()).collect())
    }

    /// The shape of what a node makes of two inputs, element by element: multidirectional
    /// broadcasting, as ONNX and numpy have it.
    pub(super) fn broadcast(&self, at: &dyn fmt::Display, other: &Self) -> Result<Self> {
        let rank = self.rank().max(other.rank());
        if rank > MAX_RANK {
            bail!(Unsupported, "{at}: constant of rank {rank}");
        }
        let dim = |shape: &Self, i: usize| {
            (i + shape.rank()).checked_sub(rank).map_or(Dim::Size(1), |i| shape.0[i])
        };
        let joined = (0..rank).map(|i| match (dim(self, i), dim(other, i)) {
            (a, b) if a == b => Ok(a),
            (Dim::Size(1), d) | (d, Dim::Size(1)) => Ok(d),
            (Dim::Size(_), Dim::Size(_)) => {
                bail!(Malformed, "{at}: shapes {self} and {other} do not fit")
            }
            _ => bail!(Unsupported, "{at}: {self} with {other} has a batch dimension"),
        });
        Ok(Self(joined.collect::<Result<_>>()?))
    }
}

/// The product of the dimensions other than the batch's.
fn count(dims: &[Dim]) -> Option<usize> {
    dims.iter().try_fold(1_usize, |n, d| match *d {
        Dim::Batch => Some(n),
        Dim::Size(d) => n.checked_mul(d),
    })
}

pub(super) fn moves_batch(at: &dyn fmt::Display) -> Error {
    err!(Unsupported, "{at}: changes the batch dimension")
}

/// Axes of a shape of `rank`, counted from the front.
fn from_front(at: &dyn fmt::Display, given: &[i64], rank: usize) -> Result<Vec<usize>> {
    if rank > MAX_RANK || given.len() > rank {
        bail!(Malformed, "{at}: {} axes for a tensor of rank {rank}", given.len());
    }
    let mut axes = Vec::with_capacity(given.len());
    for &axis in given {
        let from_front = if axis < 0 { axis.saturating_add(rank as i64) } else { axis };
        match usize::try_from(from_front) {
            Ok(a) if a < rank && !axes.contains(&a) => axes.push(a),
            _ => bail!(Malformed, "{at}: axis {axis} is out of range or there twice"),
        }
    }
    Ok(axes)
}

/// The values of a constant of shape `from` where it is broadcast to `to`. Dimensions of `from` that
/// `to` lacks are 1.
pub(super) fn spread<'a>(
    values: &'a [f32],
    from: &[usize],
    to: &[usize],
) -> impl Iterator<Item = f32> + use<'a> {
    // Per dimension of `to`, the last one first: its size, and the distance of neighbours in `values`.
    let mut step = 1;
    let steps: Vec<(usize, usize)> = (1..=to.len())
        .map(|i| {
            let own = from.len().checked_sub(i).map_or(1, |i| from[i]);
            let stride = if own == 1 { 0 } else { step };
            step *= own;
            (to[to.len() - i], stride)
        })
        .collect();
    (0..to.iter().product()).map(move |mut flat: usize| {
        let mut offset = 0;
        for &(size, stride) in &steps {
            offset += flat % size * stride;
            flat /= size;
        }
        values[offset]
    })
}
