/* SPDX-License-Identifier: BSD-2-Clause-Patent */

/*
 * A host that links libvmaf and libvmaf_fr_v2: scores a distorted video against its reference, prints the scores,
 * and has libvmaf write its log with them.
 *
 * The lines between "[vmaf_fr_v2" and "]" are all that the library adds to a libvmaf host.
 */

#include "host.h"

/* [vmaf_fr_v2 */
#include <vmaf_fr_v2_libvmaf.h>

static int open_model(VmafFrV2 **fr, const struct Options *o, int32_t *codec_id)
{
    VmafFrV2Config config;
    int err;
    vmaf_fr_v2_config_default(&config);
    config.engine = o->engine;
    config.onnxruntime_path = o->onnxruntime;
    err = vmaf_fr_v2_open(fr, o->model, &config);
    if (err) {
        fprintf(stderr, "vmaf_fr_v2: %s\n", vmaf_fr_v2_last_error(NULL));
        return err;
    }
    err = vmaf_fr_v2_codec_id(*fr, o->codec, codec_id);
    if (!err && (o->preset || !isnan(o->crf))) err = vmaf_fr_v2_set_encode(*fr, *codec_id, o->preset, o->crf);
    if (err) fprintf(stderr, "vmaf_fr_v2: %s\n", vmaf_fr_v2_last_error(*fr));
    return err;
}
/* ] */

int main(int argc, char **argv)
{
    struct Options o;
    VmafConfiguration configuration;
    VmafModelConfig model_config;
    VmafContext *vmaf = NULL;
    VmafModel *model = NULL;
    VmafFrV2 *fr = NULL;
    int32_t codec_id = 0;
    unsigned n_frames = 0;
    double score;
    int err = parse_options(argc, argv, &o);
    if (err) return err < 0;

    memset(&configuration, 0, sizeof(configuration));
    memset(&model_config, 0, sizeof(model_config));
    configuration.log_level = VMAF_LOG_LEVEL_WARNING;
    configuration.n_threads = o.threads;
    configuration.n_subsample = o.subsample;
    err = vmaf_init(&vmaf, configuration);

    /* [vmaf_fr_v2: before libvmaf's own models, so that motion is registered as the library needs it */
    if (!err) err = open_model(&fr, &o, &codec_id);
    if (!err && (err = vmaf_fr_v2_use_features(vmaf_fr_v2_api(1), fr, vmaf)))
        fprintf(stderr, "vmaf_fr_v2: %s\n", vmaf_fr_v2_libvmaf_error());
    /* ] */

    if (!err) err = vmaf_model_load(&model, &model_config, "vmaf_v0.6.1");
    if (!err) err = vmaf_use_features_from_model(vmaf, model);
    if (!err) err = read_videos(vmaf, &o, &n_frames);
    if (!err) err = vmaf_score_pooled(vmaf, model, VMAF_POOL_METHOD_MEAN, &score, 0, n_frames - 1);
    if (!err) err = print_scores(vmaf, "vmaf", &o, n_frames);

    /* [vmaf_fr_v2 */
    if (!err && (err = vmaf_fr_v2_score_frames(vmaf_fr_v2_api(1), fr, vmaf, codec_id, 0, n_frames - 1)))
        fprintf(stderr, "vmaf_fr_v2: %s\n", vmaf_fr_v2_libvmaf_error());
    if (!err) err = print_scores(vmaf, VMAF_FR_V2_FEATURE_SCORE, &o, n_frames);
    vmaf_fr_v2_close(fr);
    /* ] */

    if (!err && o.output) err = vmaf_write_output(vmaf, o.output, o.format);
    if (err) fprintf(stderr, "%s: failed: %s\n", argv[0], strerror(-err));
    vmaf_model_destroy(model);
    close_context(vmaf, &o);
    return err ? 1 : 0;
}
