// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Whether a fit can use a recipe: before anything is read, and field by field.

use std::collections::BTreeSet;

use anyhow::{Result, bail, ensure};
use vmaf_fr_v2::catalogue::{CANONICAL_FEATURES, FULL_FEATURES, UNKNOWN, Vocabulary};

use super::{CodecInput, Recipe, Transform};

/// Where a number may lie.
#[derive(Clone, Copy)]
enum Bounds {
    /// From the first to the second.
    Within(f64, f64),
    /// Above the first, up to the second.
    Above(f64, f64),
}

/// Far more than any fit uses: a wrong exponent is found before the machine is.
const MOST: f64 = 1e6;
/// No weight, rate or penalty.
const NOT_NEGATIVE: Bounds = Bounds::Within(0.0, MOST);
const POSITIVE: Bounds = Bounds::Above(0.0, MOST);
/// A share.
const SHARE: Bounds = Bounds::Within(0.0, 1.0);

fn number(field: &str, x: f64, bounds: Bounds) -> Result<()> {
    match bounds {
        Bounds::Within(low, high) if !(low..=high).contains(&x) => {
            bail!("{field} is {x}, expected {low} to {high}")
        }
        Bounds::Above(low, high) if !(x > low && x <= high) => {
            bail!("{field} is {x}, expected more than {low}, at most {high}")
        }
        _ => Ok(()),
    }
}

fn count(field: &str, n: usize, [low, high]: [usize; 2]) -> Result<()> {
    ensure!((low..=high).contains(&n), "{field} is {n}, expected {low} to {high}");
    Ok(())
}

fn distinct<'a>(field: &str, names: impl IntoIterator<Item = &'a String>) -> Result<()> {
    let mut seen = BTreeSet::new();
    for name in names {
        ensure!(seen.insert(name), "{field} has {name:?} twice");
    }
    Ok(())
}

impl Recipe {
    /// Refuses what no fit can use.
    ///
    /// # Errors
    /// Names the field, what it is, and what was expected.
    pub fn check(&self) -> Result<()> {
        let safe = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.');
        ensure!(
            !self.id.is_empty() && self.id.chars().all(safe) && !self.id.starts_with('.'),
            "id is {:?}, expected letters, digits, '_', '-' and '.': it names files",
            self.id
        );
        self.check_features()?;
        self.check_network()?;
        self.check_codec()?;
        self.check_stages()?;
        self.check_intervals()?;
        self.check_corpora()
    }

    /// Refuses a name that is not among the model's features.
    fn takes(&self, field: &str, name: &str) -> Result<()> {
        ensure!(
            self.features.iter().any(|have| have == name),
            "{field} names {name:?}, which is not in features: {}",
            self.features.join(", ")
        );
        Ok(())
    }

    fn check_features(&self) -> Result<()> {
        distinct("features", &self.features)?;
        if let Some(name) = self.features.iter().find(|n| !FULL_FEATURES.contains(&n.as_str())) {
            bail!("features has {name:?}, expected some of {}", FULL_FEATURES.join(", "));
        }
        for name in CANONICAL_FEATURES {
            ensure!(
                self.features.iter().any(|have| have == name),
                "features lacks {name}: no score is worth anything without the six of VMAF's own model"
            );
        }
        for (name, &worth) in &self.optional {
            self.takes("optional", name)?;
            ensure!(
                !CANONICAL_FEATURES.contains(&name.as_str()),
                "optional.{name}: every VMAF log has it, and what is missing is regressed from it"
            );
            ensure!((1..=2).contains(&worth), "optional.{name} is {worth}, expected 1 or 2");
        }
        for (name, &cap) in &self.cap {
            self.takes("cap", name)?;
            number(&format!("cap.{name}"), cap, POSITIVE)?;
        }
        for (name, transform) in &self.transform {
            self.takes("transform", name)?;
            if let Transform::LogDistance { top } = *transform {
                number(&format!("transform.{name}.top"), top, Bounds::Above(1.0, 10.0))?;
            }
        }
        number("clip_sigma", self.clip_sigma, Bounds::Above(0.0, 100.0))?;
        let [low, high] = self.score_range;
        ensure!(
            low.is_finite() && high.is_finite() && low < high,
            "score_range is [{low}, {high}], expected two finite numbers, the lower one first"
        );
        count("data.frames_per_clip", self.data.frames_per_clip, [0, 100_000])
    }

    fn check_network(&self) -> Result<()> {
        let network = &self.network;
        count("network.hidden: its number of layers", network.hidden.len(), [1, 8])?;
        for &units in &network.hidden {
            count("network.hidden: a layer's units", units, [1, 1024])?;
        }
        count("network.members", network.members, [1, 64])?;
        distinct("network.free", &network.free)
    }

    fn check_codec(&self) -> Result<()> {
        number("codec.penalty", self.codec.penalty(), NOT_NEGATIVE)?;
        let CodecInput::Contrast { plus, minus, .. } = &self.codec else { return Ok(()) };
        let vocabulary = Vocabulary::v1();
        ensure!(
            !plus.is_empty() && !minus.is_empty(),
            "codec.plus and codec.minus must name codecs"
        );
        distinct("codec.plus and codec.minus", plus.iter().chain(minus))?;
        for name in plus.iter().chain(minus) {
            ensure!(
                name != UNKNOWN && vocabulary.names().contains(name),
                "codec.plus or codec.minus names {name:?}, expected codecs of {}",
                vocabulary.names().join(", ")
            );
        }
        Ok(())
    }

    fn check_stages(&self) -> Result<()> {
        ensure!(!self.teacher.model.is_empty(), "teacher.model is empty");
        count("pretrain.steps", self.pretrain.steps, [0, 1_000_000])?;
        count("pretrain.batch", self.pretrain.batch, [1, 1_000_000])?;
        count("refit.steps", self.refit.steps, [0, 1_000_000])?;
        count("refit.frames", self.refit.frames, [1, 1000])?;
        for (field, rate) in [("pretrain.lr", self.pretrain.lr), ("refit.lr", self.refit.lr)] {
            number(field, rate, Bounds::Above(0.0, 1.0))?;
        }
        for (field, weight) in [
            ("pretrain.weight_decay", self.pretrain.weight_decay),
            ("refit.weight_decay", self.refit.weight_decay),
            ("effects.test_offset", self.effects.test_offset),
            ("effects.test_slope", self.effects.test_slope),
            ("effects.content", self.effects.content),
            ("effects.content_test", self.effects.content_test),
            ("effects.rate", self.effects.rate),
            ("anchors.weight", self.anchors.weight),
            ("weights.unknown_codec", self.weights.unknown_codec),
        ] {
            number(field, weight, NOT_NEGATIVE)?;
        }
        number("weights.content_power", self.weights.content_power, SHARE)?;
        let [low, high] = self.score_range;
        number("anchors.target", self.anchors.target, Bounds::Within(low, high))?;
        for &motion in &self.anchors.motion {
            number("anchors.motion", motion, Bounds::Within(0.0, 1000.0))?;
        }
        number("imputation.ridge", self.imputation.ridge, POSITIVE)
    }

    fn check_intervals(&self) -> Result<()> {
        if let Some(domain) = &self.domain {
            ensure!(!domain.features.is_empty(), "domain.features is empty");
            distinct("domain.features", &domain.features)?;
            for name in &domain.features {
                self.takes("domain.features", name)?;
            }
            number("domain.edge_quantile", domain.edge_quantile, SHARE)?;
            number("domain.slope", domain.slope, NOT_NEGATIVE)?;
        }
        for (field, value) in [
            ("interval.stddev", self.interval.stddev),
            ("interval.difference_half_width", self.interval.difference_half_width),
        ] {
            value.map_or(Ok(()), |value| number(field, value, POSITIVE))?;
        }
        for (name, &factor) in &self.interval.missing {
            let field = format!("interval.missing.{name}");
            ensure!(
                self.optional.contains_key(name),
                "{field}: only a feature of [optional] can be missing"
            );
            number(&field, factor, Bounds::Within(1.0, 1000.0))?;
        }
        Ok(())
    }

    fn check_corpora(&self) -> Result<()> {
        ensure!(!self.corpus.is_empty(), "there is no [[corpus]]");
        distinct("corpus.name", self.corpus.iter().map(|corpus| &corpus.name))?;
        for corpus in &self.corpus {
            number(&format!("corpus {}: weight", corpus.name), corpus.weight, NOT_NEGATIVE)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALLEST: &str = r#"
id = "m"
features = ["adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2", "psnr_y"]
optional = {psnr_y = 1}
[[corpus]]
name = "avt"
target = "mos"
"#;

    fn read(text: &str) -> Result<Recipe> {
        let recipe: Recipe = toml::from_str(text)?;
        recipe.check()?;
        Ok(recipe)
    }

    #[test]
    fn what_is_left_out_has_a_value_that_passes() {
        let recipe = read(SMALLEST).unwrap();
        assert_eq!((recipe.network.hidden.len(), recipe.network.members), (2, 5));
        assert_eq!(recipe.codec, CodecInput::None);
    }

    #[test]
    fn what_no_fit_can_use_is_named() {
        for (section, text) in [
            ("clip_sigma = nan", "clip_sigma is NaN"),
            ("score_range = [100.0, 0.0]", "the lower one first"),
            ("seeed = 1", "unknown field `seeed`"),
            ("cap = {cambi = 5.0}", "\"cambi\", which is not in features"),
            ("[cap]\npsnr_y = -1.0", "cap.psnr_y is -1"),
            ("[transform.adm2]\nop = \"sqrt\"", "unknown variant `sqrt`"),
            ("[transform.adm2]\nop = \"log_distance\"\ntop = 1.0", "transform.adm2.top is 1"),
            ("[network]\nhidden = []", "number of layers is 0"),
            ("[network]\nhidden = [0]", "units is 0"),
            ("[network]\nmembers = 0", "network.members is 0"),
            ("[network]\nwidth = 3", "unknown field `width`"),
            ("[codec]\nkind = \"one_hot\"\npenalty = -0.1", "codec.penalty is -0.1"),
            (
                "[codec]\nkind = \"contrast\"\nplus = [\"h264\"]\nminus = [\"x265\"]",
                "\"h264\", expected",
            ),
            (
                "[codec]\nkind = \"contrast\"\nplus = [\"x264\"]\nminus = [\"x264\"]",
                "\"x264\" twice",
            ),
            ("[pretrain]\nlr = inf", "pretrain.lr is inf"),
            ("[pretrain]\nbatch = 0", "pretrain.batch is 0"),
            ("[refit]\nlr = -0.01", "refit.lr is -0.01"),
            ("[refit]\nframes = 0", "refit.frames is 0"),
            ("[effects]\ncontent = nan", "effects.content is NaN"),
            ("[anchors]\ntarget = 101.0", "anchors.target is 101"),
            ("[weights]\nunknown_codec = -1.0", "weights.unknown_codec is -1"),
            ("[imputation]\nridge = 0.0", "imputation.ridge is 0"),
            ("[domain]\nfeatures = [\"cambi\"]", "domain.features names \"cambi\""),
            ("[interval]\nmissing = {adm2 = 2.0}", "interval.missing.adm2: only"),
            ("[interval]\nmissing = {psnr_y = 0.5}", "interval.missing.psnr_y is 0.5"),
        ] {
            // Fields of the top level stand before the first table.
            let text_of = if section.starts_with('[') {
                format!("{SMALLEST}\n{section}")
            } else {
                format!("{section}\n{SMALLEST}")
            };
            let error = format!("{:#}", read(&text_of).expect_err(section));
            assert!(error.contains(text), "{section}: {error}");
        }
        let without = |from: &str, to: &str| {
            format!("{:#}", read(&SMALLEST.replace(from, to)).expect_err(from))
        };
        assert!(without("\"adm2\", ", "").contains("features lacks adm2"));
        assert!(without("\"psnr_y\"]", "\"psnr\"]").contains("features has \"psnr\""));
        assert!(without("{psnr_y = 1}", "{psnr_y = 3}").contains("optional.psnr_y is 3"));
        assert!(without("{psnr_y = 1}", "{adm2 = 1}").contains("optional.adm2: every VMAF log"));
        assert!(without("\"m\"", "\"../m\"").contains("id is \"../m\""));
        assert!(without("[[corpus]]", "[corpus]").contains("invalid type"));
    }
}
