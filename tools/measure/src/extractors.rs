// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Which libvmaf feature extractor, with which options, produces a feature.

/// A libvmaf feature extractor as its programs name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Extractor {
    /// libvmaf's name of it.
    pub name: &'static str,
    /// Option and value, where the feature needs one.
    pub option: Option<(&'static str, &'static str)>,
}

const fn plain(name: &'static str) -> Extractor {
    Extractor { name, option: None }
}

const ADM: Extractor = plain("adm");
const VIF: Extractor = plain("vif");
/// Without `debug`, newer libvmaf reports neither `motion` nor its SAD.
const MOTION: Extractor = Extractor { name: "motion", option: Some(("debug", "true")) };

/// The extractor of one feature; `None` for a name that libvmaf's stock extractors do not produce.
pub fn extractor(feature: &str) -> Option<Extractor> {
    Some(match feature {
        "adm2" | "adm_scale0" | "adm_scale1" | "adm_scale2" | "adm_scale3" => ADM,
        "vif_scale0" | "vif_scale1" | "vif_scale2" | "vif_scale3" => VIF,
        "motion" | "motion2" => MOTION,
        "psnr_y" | "psnr_cb" | "psnr_cr" => plain("psnr"),
        "float_ssim" => plain("float_ssim"),
        "float_ms_ssim" => plain("float_ms_ssim"),
        "cambi" => plain("cambi"),
        "ciede2000" => plain("ciede"),
        "psnr_hvs_y" | "psnr_hvs_cb" | "psnr_hvs_cr" | "psnr_hvs" => plain("psnr_hvs"),
        _ => return None,
    })
}
