/* SPDX-License-Identifier: BSD-2-Clause-Patent */

/*
 * The same host as vmaf_linked.c, but it loads libvmaf_fr_v2 at run time, through the one symbol vmaf_fr_v2_api.
 * If the library is absent, of another architecture or of another API major, it says so and goes on with plain VMAF.
 *
 * The lines between "[vmaf_fr_v2" and "]" are all that the library adds to a libvmaf host.
 */

#include "host.h"

/* [vmaf_fr_v2 */
#include <dlfcn.h>

#include <vmaf_fr_v2_libvmaf.h>

#define API_MAJOR 1

/* The library is never closed again: it must stay loaded while the process lives. */
static const VmafFrV2Api *load_api(const char *library)
{
    const VmafFrV2Api *(*get_api)(uint32_t);
    const VmafFrV2Api *api;
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        fprintf(stderr, "vmaf_fr_v2 is not available: %s\n", dlerror());
        return NULL;
    }
    *(void **)&get_api = dlsym(handle, "vmaf_fr_v2_api");
    if (!get_api) {
        fprintf(stderr, "vmaf_fr_v2 is not available: %s has no symbol vmaf_fr_v2_api\n", library);
        return NULL;
    }
    api = get_api(API_MAJOR);
    if (!api) fprintf(stderr, "vmaf_fr_v2 is not available: %s has another API major than %d\n", library, API_MAJOR);
    return api;
}

static int open_model(const VmafFrV2Api *api, VmafFrV2 **fr, const struct Options *o, int32_t *codec_id)
{
    VmafFrV2Config config;
    int err;
    api->config_default(&config);
    config.engine = o->engine;
    config.onnxruntime_path = o->onnxruntime;
    err = api->open(fr, o->model, &config);
    if (err) {
        fprintf(stderr, "vmaf_fr_v2: %s\n", api->last_error(NULL));
        return err;
    }
    err = api->codec_id(*fr, o->codec, codec_id);
    if (!err && (o->preset || !isnan(o->crf))) err = api->set_encode(*fr, *codec_id, o->preset, o->crf);
    if (err) fprintf(stderr, "vmaf_fr_v2: %s\n", api->last_error(*fr));
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
    const VmafFrV2Api *api;
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
    api = load_api(o.library ? o.library : "libvmaf_fr_v2.so.1");
    if (!api) fprintf(stderr, "going on with plain VMAF\n");
    if (!err && api) err = open_model(api, &fr, &o, &codec_id);
    if (!err && api && (err = vmaf_fr_v2_use_features(api, fr, vmaf)))
        fprintf(stderr, "vmaf_fr_v2: %s\n", vmaf_fr_v2_libvmaf_error());
    /* ] */

    if (!err) err = vmaf_model_load(&model, &model_config, "vmaf_v0.6.1");
    if (!err) err = vmaf_use_features_from_model(vmaf, model);
    if (!err) err = read_videos(vmaf, &o, &n_frames);
    if (!err) err = vmaf_score_pooled(vmaf, model, VMAF_POOL_METHOD_MEAN, &score, 0, n_frames - 1);
    if (!err) err = print_scores(vmaf, "vmaf", &o, n_frames);

    /* [vmaf_fr_v2 */
    if (!err && api && (err = vmaf_fr_v2_score_frames(api, fr, vmaf, codec_id, 0, n_frames - 1)))
        fprintf(stderr, "vmaf_fr_v2: %s\n", vmaf_fr_v2_libvmaf_error());
    if (!err && api) err = print_scores(vmaf, VMAF_FR_V2_FEATURE_SCORE, &o, n_frames);
    if (api) api->close(fr);
    /* ] */

    if (!err && o.output) err = vmaf_write_output(vmaf, o.output, o.format);
    if (err) fprintf(stderr, "%s: failed: %s\n", argv[0], strerror(-err));
    vmaf_model_destroy(model);
    close_context(vmaf, &o);
    return err ? 1 : 0;
}
