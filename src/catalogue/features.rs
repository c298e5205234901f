// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The features of libvmaf's stock extractors.

/// A feature that libvmaf computes for each frame.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Feature {
    /// The name that cards and this library use.
    pub name: &'static str,
    /// The libvmaf extractor that computes it.
    pub extractor: &'static Extractor,
    /// Whether it is one of the six that libvmaf's own default model reads.
    pub canonical: bool,
    /// Keys in libvmaf's feature collector, the preferred one first.
    pub collector_keys: &'static [&'static str],
    /// Names in libvmaf's logs, the preferred one first.
    pub log_names: &'static [&'static str],
    /// The smallest possible value.
    pub low: f64,
    /// The largest possible value.
    pub high: f64,
    /// What the value is for identical pictures.
    pub identical: Identical,
    /// Whether it is known only once the next picture was read, or with the flush.
    pub waits_for_next_picture: bool,
}

/// What a feature is for identical pictures.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Identical {
    /// This number.
    Number(f64),
    /// Infinite: libvmaf's collector holds infinity, its newer logs `null`.
    Infinite {
        /// The number that a model gets in its place.
        stands_in: f64,
        /// The PSNRs that are at their cap whenever this feature is infinite: those of the planes it compares.
        psnr: &'static [&'static str],
    },
    /// It depends on the content.
    Content,
}

/// A libvmaf feature extractor.
#[derive(Debug, PartialEq)]
pub struct Extractor {
    /// libvmaf's name of it.
    pub name: &'static str,
    /// Options that its features need, with their values.
    pub options: &'static [(&'static str, &'static str)],
    /// The smallest picture it takes.
    pub smallest: Smallest,
    /// Whether it refuses pictures without chroma (4:0:0).
    pub needs_chroma: bool,
    /// Whether libvmaf's default VMAF model runs it anyway, with the default options.
    pub in_vmaf_model: bool,
    /// Processor time that it adds to a plain VMAF run on 1080p, as a share of that run (libvmaf 3.2.0 with its
    /// assembler code); 0 where the run includes it.
    pub cost: f64,
}

/// The smallest picture that an extractor takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Smallest {
    /// Any size.
    Any,
    /// So many samples in both directions.
    Both(u32),
    /// So many samples in at least one direction.
    Either(u32),
}

const fn extractor(name: &'static str, cost: f64) -> Extractor {
    Extractor {
        name,
        options: &[],
        smallest: Smallest::Any,
        needs_chroma: false,
        in_vmaf_model: false,
        cost,
    }
}

static ADM: Extractor = Extractor { in_vmaf_model: true, ..extractor("adm", 0.0) };
static VIF: Extractor = Extractor { in_vmaf_model: true, ..extractor("vif", 0.0) };
/// libvmaf's model runs it too, but without `debug` newer versions write neither `motion` nor its sum of absolute
/// differences.
static MOTION: Extractor = Extractor { options: &[("debug", "true")], ..extractor("motion", 0.0) };
static PSNR: Extractor = extractor("psnr", 0.04);
static FLOAT_SSIM: Extractor = extractor("float_ssim", 0.4);
/// Five scales of an 11-tap window.
static FLOAT_MS_SSIM: Extractor =
    Extractor { smallest: Smallest::Both(176), ..extractor("float_ms_ssim", 6.4) };
/// Versions up to 3.0 want 320 samples, and say no more than that there is a problem.
static CAMBI: Extractor = Extractor { smallest: Smallest::Either(216), ..extractor("cambi", 0.4) };
static CIEDE: Extractor = Extractor { needs_chroma: true, ..extractor("ciede", 17.0) };
static PSNR_HVS: Extractor = Extractor { needs_chroma: true, ..extractor("psnr_hvs", 1.0) };

/// libvmaf's cap on the PSNR of 8-bit pictures, in dB.
const IDENTICAL_DB: f64 = 60.0;

/// libvmaf 1.x wrote plain names; 2.x writes `integer_` before those of its fixed-point extractors, and the
/// collector's key where a feature has no alias.
macro_rules! fixed_or_float {
    ($name:literal) => {
        &[
            concat!("integer_", $name),
            concat!("VMAF_integer_feature_", $name, "_score"),
            $name,
            concat!("VMAF_feature_", $name, "_score"),
        ]
    };
}

macro_rules! collected {
    ($name:literal) => {
        &[
            concat!("VMAF_integer_feature_", $name, "_score"),
            concat!("VMAF_feature_", $name, "_score"),
        ]
    };
}

/// What PSNR-HVS and CIEDE2000 are for identical planes, whose PSNRs are at their cap.
const fn infinite(psnr: &'static [&'static str]) -> Identical {
    Identical::Infinite { stands_in: IDENTICAL_DB, psnr }
}

macro_rules! ratio {
    ($name:literal, $extractor:ident, $canonical:literal, $keys:expr) => {
        Feature {
            name: $name,
            extractor: &$extractor,
            canonical: $canonical,
            collector_keys: $keys,
            log_names: fixed_or_float!($name),
            low: 0.0,
            high: 10.0,
            identical: Identical::Number(1.0),
            waits_for_next_picture: false,
        }
    };
}

/// A feature made of this picture's motion and the next one's.
macro_rules! motion_of_two {
    ($name:literal, $canonical:literal) => {
        Feature {
            name: $name,
            extractor: &MOTION,
            canonical: $canonical,
            collector_keys: collected!($name),
            log_names: fixed_or_float!($name),
            low: 0.0,
            high: NONE,
            identical: Identical::Content,
            waits_for_next_picture: true,
        }
    };
}

/// A feature whose only key and log name is its own name.
macro_rules! plain {
    ($name:literal, $extractor:ident, $low:expr, $high:expr, $identical:expr) => {
        Feature {
            name: $name,
            extractor: &$extractor,
            canonical: false,
            collector_keys: &[$name],
            log_names: &[$name],
            low: $low,
            high: $high,
            identical: $identical,
            waits_for_next_picture: false,
        }
    };
}

const NONE: f64 = f64::INFINITY;

/// Structural similarity may round to a little above 1.
const SSIM_HIGH: f64 = 1.0 + 1e-6;

const fn with_log_names(feature: Feature, log_names: &'static [&'static str]) -> Feature {
    Feature { log_names, ..feature }
}

/// The 22 features that every libvmaf since 2.3.0 computes, in the order of models that name no other; then those that only
/// libvmaf 3 does.
pub static FEATURES: [Feature; 25] = TABLE;

const TABLE: [Feature; 25] = [
    ratio!("adm2", ADM, true, collected!("adm2")),
    ratio!("adm_scale0", ADM, false, fixed_or_float!("adm_scale0")),
    ratio!("adm_scale1", ADM, false, fixed_or_float!("adm_scale1")),
    ratio!("adm_scale2", ADM, false, fixed_or_float!("adm_scale2")),
    ratio!("adm_scale3", ADM, false, fixed_or_float!("adm_scale3")),
    ratio!("vif_scale0", VIF, true, collected!("vif_scale0")),
    ratio!("vif_scale1", VIF, true, collected!("vif_scale1")),
    ratio!("vif_scale2", VIF, true, collected!("vif_scale2")),
    ratio!("vif_scale3", VIF, true, collected!("vif_scale3")),
    Feature {
        name: "motion",
        extractor: &MOTION,
        canonical: false,
        // libvmaf 3.1 and later write it as the sum of absolute differences that it always was.
        collector_keys: &[
            "VMAF_integer_feature_motion_score",
            "VMAF_integer_feature_motion_sad_score",
            "VMAF_feature_motion_score",
        ],
        log_names: &[
            "integer_motion",
            "VMAF_integer_feature_motion_score",
            "integer_motion_sad",
            "VMAF_integer_feature_motion_sad_score",
            "motion",
            "VMAF_feature_motion_score",
        ],
        low: 0.0,
        high: NONE,
        identical: Identical::Content,
        waits_for_next_picture: false,
    },
    motion_of_two!("motion2", true),
    with_log_names(
        plain!("psnr_y", PSNR, 0.0, NONE, Identical::Number(IDENTICAL_DB)),
        &["psnr_y", "float_psnr", "psnr"],
    ),
    plain!("psnr_cb", PSNR, 0.0, NONE, Identical::Number(IDENTICAL_DB)),
    plain!("psnr_cr", PSNR, 0.0, NONE, Identical::Number(IDENTICAL_DB)),
    with_log_names(
        plain!("float_ssim", FLOAT_SSIM, -1.0, SSIM_HIGH, Identical::Number(1.0)),
        &["float_ssim", "ssim"],
    ),
    with_log_names(
        plain!("float_ms_ssim", FLOAT_MS_SSIM, -1.0, SSIM_HIGH, Identical::Number(1.0)),
        &["float_ms_ssim", "ms_ssim"],
    ),
    Feature {
        name: "cambi",
        extractor: &CAMBI,
        canonical: false,
        // The first one since libvmaf 3.2.0; the log's name stayed.
        collector_keys: &["Cambi_feature_cambi_score", "cambi"],
        log_names: &["cambi", "Cambi_feature_cambi_score"],
        low: 0.0,
        high: NONE,
        identical: Identical::Content,
        waits_for_next_picture: false,
    },
    plain!("ciede2000", CIEDE, -NONE, NONE, infinite(&["psnr_y", "psnr_cb", "psnr_cr"])),
    plain!("psnr_hvs_y", PSNR_HVS, -NONE, NONE, infinite(&["psnr_y"])),
    plain!("psnr_hvs_cb", PSNR_HVS, -NONE, NONE, infinite(&["psnr_cb"])),
    plain!("psnr_hvs_cr", PSNR_HVS, -NONE, NONE, infinite(&["psnr_cr"])),
    plain!("psnr_hvs", PSNR_HVS, -NONE, NONE, infinite(&["psnr_y", "psnr_cb", "psnr_cr"])),
    // libvmaf 3.
    ratio!("adm3", ADM, false, collected!("adm3")),
    Feature {
        // What was added, not lost: 0 for identical pictures.
        identical: Identical::Number(0.0),
        ..ratio!("aim", ADM, false, collected!("aim"))
    },
    motion_of_two!("motion3", false),
];

/// The names of the first 22 [`FEATURES`], in that order: the order of models that name no other.
pub const FULL_FEATURES: [&str; 22] = {
    let mut names = [""; 22];
    let mut i = 0;
    while i < names.len() {
        names[i] = TABLE[i].name;
        i += 1;
    }
    names
};

/// The names of the canonical six, those of libvmaf's own default model, in the same order.
pub const CANONICAL_FEATURES: [&str; 6] = {
    let mut names = [""; 6];
    let (mut i, mut n) = (0, 0);
    while i < TABLE.len() {
        if TABLE[i].canonical {
            names[n] = TABLE[i].name;
            n += 1;
        }
        i += 1;
    }
    names
};

/// The feature of that name; `None` for names that no stock extractor of libvmaf computes.
pub fn feature(name: &str) -> Option<&'static Feature> {
    FEATURES.iter().find(|f| f.name == name)
}

/// The extractors that features need, each once, in the order in which they are first needed; names that the catalogue
/// does not have need none.
pub fn extractors<S: AsRef<str>>(features: &[S]) -> Vec<&'static Extractor> {
    let mut needed = Vec::new();
    for extractor in features.iter().filter_map(|n| feature(n.as_ref())).map(|f| f.extractor) {
        if !needed.contains(&extractor) {
            needed.push(extractor);
        }
    }
    needed
}

/// The names under which a log may hold a feature, the preferred one first. A card may also call a fixed-point
/// feature as the log does (`integer_adm2`); a name that the catalogue does not have is its own and only one.
pub fn log_names(name: &str) -> Vec<&str> {
    let stem = name.strip_prefix("integer_").unwrap_or(name);
    feature(stem).map_or_else(|| vec![name], |f| f.log_names.to_vec())
}

impl Feature {
    /// Why the feature cannot have this value, with the likely reason; `None` where it can.
    pub fn refuses(&self, value: f64) -> Option<String> {
        if value > self.high && self.high == SSIM_HIGH {
            return Some(format!(
                "is {value}, above 1: decibels? The extractor {} was registered with enable_db, as vmaf --aom_ctc \
                 and --nflx_ctc do",
                self.extractor.name
            ));
        }
        if value > self.high {
            return Some(format!(
                "is {value}, above {}, which it cannot be: are the columns in the model's order?",
                self.high
            ));
        }
        if value < self.low {
            return Some(format!(
                "is {value}, below {}, which it cannot be: are the columns in the model's order?",
                self.low
            ));
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_keys_are_of_one_feature_each() {
        for (i, a) in FEATURES.iter().enumerate() {
            assert!(a.log_names.contains(&a.name), "{}", a.name);
            for b in &FEATURES[..i] {
                assert_ne!(a.name, b.name);
                assert!(a.collector_keys.iter().all(|k| !b.collector_keys.contains(k)));
                assert!(a.log_names.iter().all(|k| !b.log_names.contains(k)));
            }
        }
        assert!(CANONICAL_FEATURES.iter().all(|n| !n.is_empty()));
    }

    #[test]
    fn fixed_point_values_win_over_float_ones() {
        let names = log_names("adm2");
        assert_eq!(names[0], "integer_adm2");
        assert!(names.contains(&"adm2") && names.contains(&"VMAF_feature_adm2_score"));
        assert_eq!(names, log_names("integer_adm2"));
    }

    #[test]
    fn names_of_old_and_new_versions_are_known() {
        for (feature, name) in [
            ("psnr_y", "psnr"),
            ("float_ssim", "ssim"),
            ("float_ms_ssim", "ms_ssim"),
            ("motion", "VMAF_integer_feature_motion_sad_score"),
            ("motion", "integer_motion_sad"),
            ("adm3", "integer_adm3"),
            ("aim", "integer_aim"),
            ("motion3", "VMAF_integer_feature_motion3_score"),
        ] {
            assert!(log_names(feature).contains(&name), "{feature} {name}");
        }
        assert_eq!(log_names("niqe"), ["niqe"]);
    }

    #[test]
    fn what_a_feature_cannot_be() {
        let of = |name: &str| feature(name).unwrap();
        assert!(of("float_ssim").refuses(18.0).unwrap().contains("enable_db"));
        assert!(of("float_ms_ssim").refuses(1.000_01).is_some());
        assert_eq!(of("float_ssim").refuses(1.000_000_5), None);
        assert!(of("float_ssim").refuses(-1.1).is_some());
        assert!(of("vif_scale0").refuses(10.5).is_some());
        assert!(of("motion2").refuses(-0.1).is_some());
        assert_eq!(of("psnr_hvs_cb").refuses(-3.0), None);
        assert_eq!(of("ciede2000").refuses(-3.0), None);
        assert_eq!(of("psnr_y").refuses(0.0), None);
    }
}
