/* SPDX-License-Identifier: BSD-2-Clause-Patent */
/* Scores one frame with the built-in model: the smallest host. */
#include <stdio.h>
#include <vmaf_fr_v2.h>

int main(void)
{
    /* adm2, adm_scale0..3, vif_scale0..3, motion, motion2, psnr_y/cb/cr, float_ssim, float_ms_ssim,
     * cambi, ciede2000, psnr_hvs_y/cb/cr, psnr_hvs, as libvmaf computed them. */
    const float features[22] = { 0.93f, 0.96f, 0.91f, 0.92f, 0.93f, 0.39f, 0.58f, 0.67f, 0.76f, 4.9f,  4.7f,
                                 31.6f, 38.0f, 42.5f, 0.96f, 0.93f, 0.08f, 35.4f, 26.9f, 33.4f, 36.8f, 27.7f };
    VmafFrV2Config config;
    VmafFrV2Score score;
    VmafFrV2 *fr;
    int32_t codec;

    vmaf_fr_v2_config_default(&config);
    if (vmaf_fr_v2_open(&fr, NULL, &config)) {
        fprintf(stderr, "%s\n", vmaf_fr_v2_last_error(NULL));
        return 1;
    }
    if (vmaf_fr_v2_codec_id(fr, "x265", &codec) || vmaf_fr_v2_score(fr, features, &codec, 1, &score)) {
        fprintf(stderr, "%s\n", vmaf_fr_v2_last_error(fr));
        return 1;
    }
    printf("%.3f\n", score.score);
    return vmaf_fr_v2_close(fr);
}
