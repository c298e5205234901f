// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The statistics of an evaluation; nothing here knows of networks or tables.

mod agreement;
mod bootstrap;
mod curve;
mod interval;
mod quantile;

pub use agreement::{Agreement, krocc, plcc, ranks, rmse, srocc};
pub use bootstrap::{Lift, paired_bootstrap};
pub use curve::{Logistic, fit_line};
pub use interval::{conformal_scale, normal_quantile};
pub use quantile::{median, quantile};
