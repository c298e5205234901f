/* SPDX-License-Identifier: BSD-2-Clause-Patent */

/*
 * The share of a whole run that the library takes: a host that measures two videos with libvmaf, as
 * examples/vmaf_linked.c does, with a clock around opening the model and around scoring (reading the features from
 * libvmaf, standardising, the network, importing the scores).
 *
 * Usage: as the example hosts.
 */
#define _POSIX_C_SOURCE 200809L

#include <time.h>

#include <vmaf_fr_v2_libvmaf.h>

#include "host.h"

static double processor_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* Prints what went wrong, if anything did. */
static int check(int err, const char *message)
{
    if (err) fprintf(stderr, "vmaf_fr_v2: %s\n", message);
    return err;
}

static int open_model(VmafFrV2 **fr, const struct Options *o)
{
    VmafFrV2Config config;
    vmaf_fr_v2_config_default(&config);
    config.engine = o->engine;
    config.onnxruntime_path = o->onnxruntime;
    return check(vmaf_fr_v2_open(fr, o->model, &config), vmaf_fr_v2_last_error(NULL));
}

int main(int argc, char **argv)
{
    const VmafFrV2Api *api = vmaf_fr_v2_api(1);
    struct Options o;
    VmafConfiguration configuration;
    VmafModelConfig model_config;
    VmafContext *vmaf = NULL;
    VmafModel *model = NULL;
    VmafFrV2 *fr = NULL;
    int32_t codec_id = 0;
    unsigned n_frames = 0;
    double vmaf_score, start, all, spent;
    int err = parse_options(argc, argv, &o);
    if (err) return err < 0;

    memset(&configuration, 0, sizeof(configuration));
    memset(&model_config, 0, sizeof(model_config));
    configuration.n_threads = o.threads;
    configuration.n_subsample = o.subsample;
    err = vmaf_init(&vmaf, configuration);

    start = processor_time();
    if (!err) err = open_model(&fr, &o);
    spent = processor_time() - start;

    if (!err) err = check(vmaf_fr_v2_codec_id(fr, o.codec, &codec_id), vmaf_fr_v2_last_error(fr));
    if (!err) err = check(vmaf_fr_v2_use_features(api, fr, vmaf), vmaf_fr_v2_libvmaf_error());
    if (!err) err = vmaf_model_load(&model, &model_config, "vmaf_v0.6.1");
    if (!err) err = vmaf_use_features_from_model(vmaf, model);
    if (!err) err = read_videos(vmaf, &o, &n_frames);
    if (!err) err = vmaf_score_pooled(vmaf, model, VMAF_POOL_METHOD_MEAN, &vmaf_score, 0, n_frames - 1);

    start = processor_time();
    if (!err)
        err = check(vmaf_fr_v2_score_frames(api, fr, vmaf, codec_id, 0, n_frames - 1), vmaf_fr_v2_libvmaf_error());
    spent += processor_time() - start;

    if (!err) err = print_scores(vmaf, VMAF_FR_V2_FEATURE_SCORE, &o, n_frames);
    vmaf_fr_v2_close(fr);
    vmaf_model_destroy(model);
    close_context(vmaf, &o);
    all = processor_time();
    if (!err)
        printf("The share of scoring in a whole run: %.3f ms of %.2f s processor time, %.4f %%\n", spent * 1e3, all,
               100.0 * spent / all);
    return err ? 1 : 0;
}
