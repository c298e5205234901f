// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The statistics of an evaluation; nothing here knows of networks or tables.

mod agreement;
mod bootstrap;
mod components;
mod curve;
mod interval;
mod quantile;
#[cfg(test)]
pub(crate) mod synthetic;
mod weighted;

pub use agreement::{Agreement, plcc, ranks, rmse, srocc};
pub use bootstrap::{Draws, Lift};
pub use components::Components;
pub use curve::Logistic;
pub use interval::{LEVEL, conformal_width, normal_quantile, students_half_width};
pub use quantile::{median, quantile};
pub use weighted::Pairing;
