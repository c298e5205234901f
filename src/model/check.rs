// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Whether a card agrees with itself.

use super::card::{Card, DomainCard, Imputation, TransformCard};
use crate::error::{Result, bail};
use crate::features::Transform;

impl Card {
    /// Holds the members of the card against each other, and their number against the graph's features.
    ///
    /// # Errors
    /// `Inconsistent` names the member, what was expected and what is there.
    pub(super) fn check(&self, n_features: usize) -> Result<()> {
        let order = &self.feature_order;
        if order.len() != n_features {
            bail!(
                Inconsistent,
                "feature_order: {} names, the graph takes {n_features} features",
                order.len()
            );
        }
        distinct("feature_order", order)?;
        for (name, cap) in &self.feature_cap {
            if !order.contains(name) || !cap.is_finite() {
                bail!(
                    Inconsistent,
                    "feature_cap: '{name}' is not in feature_order, or {cap} is not finite"
                );
            }
        }
        for (name, range) in &self.feature_range {
            self.knows("feature_range", name)?;
            check_range(&format!("feature_range of '{name}'"), *range)?;
        }
        if let Some(range) = self.score_range {
            check_range("score_range", range)?;
        }
        for (name, transform) in &self.feature_transform {
            self.knows("feature_transform", name)?;
            self.check_transform(name, transform)
                .map_err(|e| e.of(format_args!("feature_transform of '{name}'")))?;
        }
        self.check_missing()?;
        for (name, imputation) in &self.imputation {
            self.check_imputation(imputation)
                .map_err(|e| e.of(format_args!("imputation of '{name}'")))?;
        }
        if let Some(domain) = &self.domain {
            self.check_domain(domain).map_err(|e| e.of("domain"))?;
        }
        let uses_z = !self.imputation.is_empty() || self.domain.is_some();
        if uses_z
            && let Some(i) = self
                .members
                .iter()
                .position(|m| m.feature_mean.is_some() || m.feature_std.is_some())
        {
            bail!(
                Inconsistent,
                "members[{i}] has its own feature_mean or feature_std; with imputation or domain all members share \
                 the card's"
            );
        }
        self.check_numbers()
    }

    fn check_numbers(&self) -> Result<()> {
        let calibration = self.calibration;
        for (field, value) in [
            ("feature_clip_sigma", self.feature_clip_sigma),
            ("conformal_scale", self.conformal_scale),
            ("domain.edge", self.domain.as_ref().map(|d| d.edge)),
            ("calibration.slope", calibration.map(|c| c.slope)),
            ("difference_interval.half_width", self.difference_interval.map(|d| d.half_width)),
        ] {
            if let Some(value) = value
                && !(value > 0.0 && value.is_finite())
            {
                bail!(Inconsistent, "{field}: expected a finite number above 0, got {value}");
            }
        }
        for (field, value) in [
            ("domain.interval_slope", self.domain.as_ref().map(|d| d.interval_slope)),
            ("calibration.stddev", calibration.map(|c| c.stddev)),
        ] {
            if let Some(value) = value
                && !(value >= 0.0 && value.is_finite())
            {
                bail!(Inconsistent, "{field}: expected a finite number of 0 or more, got {value}");
            }
        }
        finite("calibration.offset", calibration.iter().map(|c| c.offset))
    }

    fn check_transform(&self, feature: &str, transform: &TransformCard) -> Result<()> {
        if transform.read()? == Transform::Log1p
            && let Some(cap) = self.feature_cap.get(feature)
            && *cap <= -1.0
        {
            bail!(Inconsistent, "log1p takes values above -1, and feature_cap is {cap}");
        }
        Ok(())
    }

    fn check_missing(&self) -> Result<()> {
        let regressed = match self.missing_features.as_deref() {
            None | Some("mean") => false,
            Some("regress") => true,
            Some(other) => {
                bail!(Inconsistent, "missing_features: expected 'mean' or 'regress', got '{other}'")
            }
        };
        if let Some(optional) = &self.optional_features {
            if self.missing_features.is_none() {
                bail!(Inconsistent, "optional_features without missing_features");
            }
            for (name, worth) in optional {
                if !self.feature_order.contains(name) || ![1, 2].contains(worth) {
                    bail!(
                        Inconsistent,
                        "optional_features: '{name}' is not in feature_order, or {worth} is neither 1 nor 2"
                    );
                }
            }
        }
        match (&self.optional_features, regressed) {
            (None, true) => bail!(
                Inconsistent,
                "missing_features is 'regress': optional_features must name the features that may be missing"
            ),
            (Some(optional), true) => {
                if let Some(name) =
                    optional.keys().find(|name| !self.imputation.contains_key(*name))
                {
                    bail!(
                        Inconsistent,
                        "imputation: no entry for '{name}', which optional_features lets be missing"
                    );
                }
                if let Some(name) =
                    self.imputation.keys().find(|name| !optional.contains_key(*name))
                {
                    bail!(
                        Inconsistent,
                        "imputation of '{name}', which is not in optional_features"
                    );
                }
            }
            (_, false) => {
                if let Some(name) = self.imputation.keys().next() {
                    bail!(
                        Inconsistent,
                        "imputation of '{name}', but missing_features is not 'regress'"
                    );
                }
            }
        }
        Ok(())
    }

    fn check_imputation(&self, imputation: &Imputation) -> Result<()> {
        let Imputation { from, intercept, linear, quadratic, interval_factor } = imputation;
        distinct("from", from)?;
        for name in from {
            self.knows("from", name)?;
            if self.optional(name) != 0 {
                bail!(Inconsistent, "from: '{name}' may be missing itself");
            }
        }
        for (field, coefficients) in [("linear", linear), ("quadratic", quadratic)] {
            count(field, coefficients.len(), from.len())?;
            finite(field, coefficients.iter().copied())?;
        }
        finite("intercept", [*intercept])?;
        if !(*interval_factor >= 1.0 && interval_factor.is_finite()) {
            bail!(
                Inconsistent,
                "interval_factor: expected a finite number of 1 or more, got {interval_factor}"
            );
        }
        Ok(())
    }

    fn check_domain(&self, domain: &DomainCard) -> Result<()> {
        let DomainCard { features, mean, whiten, .. } = domain;
        if features.is_empty() {
            bail!(Inconsistent, "features: no names");
        }
        distinct("features", features)?;
        for name in features {
            self.knows("features", name)?;
        }
        count("mean", mean.len(), features.len())?;
        finite("mean", mean.iter().copied())?;
        if whiten.len() != features.len() {
            bail!(Inconsistent, "whiten: {} rows for {} features", whiten.len(), features.len());
        }
        for (i, row) in whiten.iter().enumerate() {
            let field = format!("whiten[{i}]");
            count(&field, row.len(), features.len())?;
            finite(&field, row.iter().copied())?;
        }
        Ok(())
    }

    fn knows(&self, field: &str, feature: &str) -> Result<()> {
        if self.feature_order.iter().any(|name| name == feature) {
            return Ok(());
        }
        bail!(Inconsistent, "{field}: '{feature}' is not in feature_order")
    }
}

impl TransformCard {
    /// The transform itself.
    ///
    /// # Errors
    /// `Inconsistent`: an unknown `op`, or a `top` that the logarithm cannot do with.
    pub(super) fn read(&self) -> Result<Transform> {
        match (self.op.as_str(), self.top) {
            ("log_distance", Some(top)) if top > 1.0 && top.is_finite() => {
                Ok(Transform::LogDistance { top })
            }
            ("log_distance", Some(top)) => {
                bail!(Inconsistent, "top: expected a finite number above 1, got {top}")
            }
            ("log_distance", None) => bail!(Inconsistent, "log_distance without top"),
            ("log1p", _) => Ok(Transform::Log1p),
            (op, _) => {
                bail!(Inconsistent, "op: expected 'log_distance' or 'log1p', got '{op}'")
            }
        }
    }
}

fn distinct(field: &str, names: &[String]) -> Result<()> {
    for (i, name) in names.iter().enumerate() {
        if name.is_empty() || names[..i].contains(name) {
            bail!(Inconsistent, "{field}: '{name}' is empty or there twice");
        }
    }
    Ok(())
}

fn count(field: &str, numbers: usize, features: usize) -> Result<()> {
    if numbers == features {
        return Ok(());
    }
    bail!(Inconsistent, "{field}: {numbers} numbers for {features} features")
}

fn finite(field: &str, values: impl IntoIterator<Item = f64>) -> Result<()> {
    match values.into_iter().find(|v| !v.is_finite()) {
        None => Ok(()),
        Some(value) => bail!(Inconsistent, "{field}: expected finite numbers, got {value}"),
    }
}

fn check_range(field: &str, [low, high]: [f64; 2]) -> Result<()> {
    if low < high && low.is_finite() && high.is_finite() {
        return Ok(());
    }
    bail!(
        Inconsistent,
        "{field}: expected two finite numbers, the lower one first, got [{low}, {high}]"
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use serde_json::{Value, json};

    /// A card of three features, the last one optional, with everything that this checks.
    fn whole() -> Value {
        json!({
            "feature_order": ["adm2", "motion2", "psnr_y"],
            "feature_transform": {
                "adm2": {"op": "log_distance", "top": 1.005}, "motion2": {"op": "log1p"}
            },
            "feature_cap": {"motion2": 50.0},
            "missing_features": "regress",
            "optional_features": {"psnr_y": 1},
            "imputation": {"psnr_y": {
                "from": ["adm2", "motion2"], "intercept": 0.1, "linear": [0.5, 0.25],
                "quadratic": [0.0, 0.125], "interval_factor": 1.5
            }},
            "domain": {
                "features": ["adm2", "psnr_y"], "mean": [0.0, 0.5], "whiten": [[1.0, 0.0], [0.5, 2.0]],
                "edge": 2.0, "interval_slope": 0.5
            },
            "calibration": {"offset": -3.0, "slope": 0.9, "stddev": 4.0},
            "difference_interval": {"half_width": 5.0}
        })
    }

    fn check(card: &Value) -> Result<()> {
        Card::parse(card.to_string().as_bytes())?.check(3)
    }

    #[test]
    fn a_whole_card_agrees_with_itself() {
        check(&whole()).unwrap();
    }

    #[test]
    fn what_disagrees_is_named() {
        // Where, what is put there, and what the message has to say.
        let cases = [
            ("/feature_transform/adm2/op", json!("sqrt"), "feature_transform of 'adm2': op"),
            ("/feature_transform/adm2/op", json!("sqrt"), "got 'sqrt'"),
            ("/feature_transform/adm2/top", json!(1.0), "above 1, got 1"),
            ("/feature_transform/adm2", json!({"op": "log_distance"}), "log_distance without top"),
            ("/feature_transform", json!({"cambi": {"op": "log1p"}}), "'cambi' is not in"),
            (
                "/feature_cap/motion2",
                json!(-1),
                "log1p takes values above -1, and feature_cap is -1",
            ),
            ("/missing_features", json!("guess"), "'mean' or 'regress', got 'guess'"),
            ("/missing_features", json!("mean"), "imputation of 'psnr_y', but missing_features"),
            ("/optional_features", json!(null), "must name the features"),
            ("/optional_features", json!({"psnr_y": 1, "adm2": 1}), "no entry for 'adm2'"),
            ("/optional_features", json!({}), "imputation of 'psnr_y', which is not in"),
            ("/imputation", json!({}), "no entry for 'psnr_y'"),
            (
                "/imputation/psnr_y/from/0",
                json!("psnr_y"),
                "imputation of 'psnr_y': from: 'psnr_y' may",
            ),
            ("/imputation/psnr_y/from/0", json!("motion2"), "'motion2' is empty or there twice"),
            ("/imputation/psnr_y/from/0", json!("cambi"), "from: 'cambi' is not in"),
            ("/imputation/psnr_y/linear", json!([0.5]), "linear: 1 numbers for 2 features"),
            ("/imputation/psnr_y/quadratic", json!([1, 2, 3]), "quadratic: 3 numbers for 2"),
            ("/imputation/psnr_y/interval_factor", json!(0.99), "interval_factor: expected"),
            ("/domain/features/0", json!("cambi"), "domain: features: 'cambi' is not in"),
            ("/domain/features/0", json!("psnr_y"), "domain: features: 'psnr_y' is empty or there"),
            ("/domain/features", json!([]), "domain: features: no names"),
            ("/domain/mean", json!([1]), "domain: mean: 1 numbers for 2"),
            ("/domain/whiten", json!([[1, 0]]), "domain: whiten: 1 rows for 2"),
            ("/domain/whiten/1", json!([1]), "domain: whiten[1]: 1 numbers for 2"),
            ("/domain/edge", json!(0), "domain.edge: expected a finite number above 0, got 0"),
            ("/domain/interval_slope", json!(-0.1), "domain.interval_slope: expected"),
            ("/calibration/slope", json!(0), "calibration.slope: expected"),
            ("/calibration/stddev", json!(-1), "calibration.stddev: expected"),
            ("/difference_interval/half_width", json!(0), "difference_interval.half_width"),
        ];
        for (place, value, text) in cases {
            let mut card = whole();
            *card.pointer_mut(place).unwrap_or_else(|| panic!("{place}")) = value;
            let e = check(&card).unwrap_err();
            assert_eq!(e.kind(), ErrorKind::Inconsistent, "{place}: {e}");
            assert!(e.message().contains(text), "{place}: {e}");
        }
    }

    #[test]
    fn members_of_other_statistics_have_no_common_z() {
        let mut card = whole();
        card["members"] = json!([{"onnx": "a"}, {"onnx": "b", "feature_mean": [0, 0, 0]}]);
        let e = check(&card).unwrap_err();
        assert!(e.message().contains("members[1] has its own feature_mean"), "{e}");
        card["members"][1] = json!({"onnx": "b"});
        check(&card).unwrap();
    }

    #[test]
    fn a_part_without_one_of_its_members_is_malformed() {
        for place in ["imputation/psnr_y/from", "domain/edge", "calibration/stddev"] {
            let mut card = whole();
            let (parent, member) = place.rsplit_once('/').unwrap();
            card.pointer_mut(&format!("/{parent}"))
                .unwrap()
                .as_object_mut()
                .unwrap()
                .remove(member);
            let e = check(&card).unwrap_err();
            assert_eq!(e.kind(), ErrorKind::Malformed);
            assert!(e.message().contains(&parent.replace('/', ".")), "{e}");
            assert!(e.message().contains(member), "{e}");
        }
    }
}
