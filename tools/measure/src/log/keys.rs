// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Which keys of a libvmaf log hold which feature.
//!
//! libvmaf renamed its features more than once: 1.x wrote `psnr`, `ssim` and `ms_ssim`; 2.x writes
//! `integer_` in front of the fixed-point features and gives most names an alias; what has no alias
//! appears under the collector's own key (`VMAF_integer_feature_motion_sad_score` since 3.1).

/// The keys under which `feature` may stand in a frame's `metrics`, the preferred one first.
///
/// A name that libvmaf's history says nothing about is its own and only key.
pub fn log_keys(feature: &str) -> Vec<String> {
    let stem = feature.strip_prefix("integer_").unwrap_or(feature);
    let fixed_point =
        |stem: &str| [format!("integer_{stem}"), format!("VMAF_integer_feature_{stem}_score")];
    let float = |stem: &str| [stem.to_owned(), format!("VMAF_feature_{stem}_score")];
    match stem {
        "adm2" | "adm_scale0" | "adm_scale1" | "adm_scale2" | "adm_scale3" | "vif_scale0"
        | "vif_scale1" | "vif_scale2" | "vif_scale3" | "motion2" => {
            fixed_point(stem).into_iter().chain(float(stem)).collect()
        }
        // Since libvmaf 3.1 the plain motion score is written as the sum of absolute differences
        // that it always was.
        "motion" => fixed_point("motion")
            .into_iter()
            .chain(fixed_point("motion_sad"))
            .chain(float("motion"))
            .collect(),
        "psnr_y" => keys(&["psnr_y", "float_psnr", "psnr"]),
        "float_ssim" => keys(&["float_ssim", "ssim"]),
        "float_ms_ssim" => keys(&["float_ms_ssim", "ms_ssim"]),
        "cambi" => keys(&["cambi", "Cambi_feature_cambi_score"]),
        _ => keys(&[feature]),
    }
}

fn keys(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::log_keys;

    #[test]
    fn fixed_point_values_win_over_float_ones() {
        let keys = log_keys("adm2");
        assert_eq!(keys[0], "integer_adm2");
        assert!(keys.contains(&"adm2".to_owned()));
        assert!(keys.contains(&"VMAF_feature_adm2_score".to_owned()));
    }

    #[test]
    fn names_of_old_and_new_versions_are_known() {
        for (feature, key) in [
            ("psnr_y", "psnr"),
            ("float_ssim", "ssim"),
            ("float_ms_ssim", "ms_ssim"),
            ("motion", "VMAF_integer_feature_motion_sad_score"),
            ("motion", "integer_motion_sad"),
        ] {
            assert!(log_keys(feature).iter().any(|k| k == key), "{feature} {key}");
        }
    }

    #[test]
    fn an_unknown_feature_is_its_own_key() {
        assert_eq!(log_keys("niqe"), ["niqe"]);
    }
}
