// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Which columns of a table hold the features, under whichever of libvmaf's names, and what they may hold.

use vmaf_fr_v2::catalogue::{Identical, feature, log_names};

use super::error::Fault;
use super::table::Table;

/// The column of each feature; `None` if the table has none.
pub(super) fn columns(
    table: &Table,
    features: &[String],
    target: &str,
) -> Result<Vec<Option<String>>, Fault> {
    features
        .iter()
        .map(|name| {
            let known = log_names(name);
            let columns: Vec<String> =
                table.names().iter().filter(|n| known.contains(&n.as_str())).cloned().collect();
            if columns.iter().any(|column| column == target) {
                let (column, feature) = (target.to_owned(), name.clone());
                return Err(Fault::TargetIsFeature { column, feature });
            }
            if columns.len() > 1 {
                return Err(Fault::SeveralColumns { what: format!("feature {name}"), columns });
            }
            Ok(columns.into_iter().next())
        })
        .collect()
}

/// What is wrong with a feature's value; NaN is a missing one.
pub(super) fn problem(name: &str, value: f64) -> Option<String> {
    let known = feature(name.strip_prefix("integer_").unwrap_or(name));
    if (value as f32).is_infinite() {
        let hint = match known.map(|feature| feature.identical) {
            Some(Identical::Infinite { stands_in: instead, .. }) => {
                format!(" (libvmaf's value for identical pictures: write {instead} instead)")
            }
            _ => String::new(),
        };
        return Some(format!("is {value}, expected a finite number, NaN or null{hint}"));
    }
    known.and_then(|feature| feature.refuses(value))
}
