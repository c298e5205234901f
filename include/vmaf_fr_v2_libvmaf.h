/* SPDX-License-Identifier: BSD-2-Clause-Patent */

/**
 * @file
 * Scores the frames of a VmafContext.
 *
 * Header-only, C99 and C++11, over libvmaf's public API (2.3.0 or newer). It is compiled in the host, so that
 * libvmaf_fr_v2 itself never links libvmaf. Everything goes through a `VmafFrV2Api`, so that the same code serves
 * a host that links the library (`vmaf_fr_v2_api(1)`) and one that loads it (`dlsym(..., "vmaf_fr_v2_api")`).
 *
 *     vmaf_fr_v2_use_features(api, fr, vmaf);            before the first picture, and before
 *                                                        vmaf_use_features_from_model()
 *     vmaf_read_pictures(vmaf, &ref, &dist, i); ...
 *     vmaf_read_pictures(vmaf, NULL, NULL, 0);           the flush
 *     vmaf_fr_v2_score_frames(api, fr, vmaf, codec_id, 0, n_frames - 1);
 *     vmaf_feature_score_pooled(vmaf, "vmaf_fr_v2", VMAF_POOL_METHOD_MEAN, &score, 0, n_frames - 1);
 *     vmaf_write_output(vmaf, path, VMAF_OUTPUT_FORMAT_JSON);
 *
 * Every function returns 0 or a negative errno. What went wrong, with the feature, the frame and the feature
 * extractor, is in vmaf_fr_v2_libvmaf_error() (where the library itself refused, its own text is part of it).
 * That text belongs to the calling thread and to the source file that includes this header.
 *
 * Threads: like libvmaf's own calls on a context, calls of one context come from one thread at a time.
 * libvmaf's worker threads may run meanwhile.
 */

#ifndef VMAF_FR_V2_LIBVMAF_H
#define VMAF_FR_V2_LIBVMAF_H

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libvmaf/libvmaf.h>

#include "vmaf_fr_v2.h"

#ifdef __cplusplus
extern "C" {
#endif

/** The names under which scores enter the context, and so libvmaf's log. */
#define VMAF_FR_V2_FEATURE_SCORE  "vmaf_fr_v2"
#define VMAF_FR_V2_FEATURE_STDDEV "vmaf_fr_v2_stddev"

/* ---- private ---- */

#if defined(__cplusplus)
#define VMAF_FR_V2_THREAD_LOCAL thread_local
#elif defined(__STDC_VERSION__) && __STDC_VERSION__ >= 201112L && !defined(__STDC_NO_THREADS__)
#define VMAF_FR_V2_THREAD_LOCAL _Thread_local
#elif defined(_MSC_VER)
#define VMAF_FR_V2_THREAD_LOCAL __declspec(thread)
#else
#define VMAF_FR_V2_THREAD_LOCAL __thread
#endif

#define VMAF_FR_V2_MAX_KEYS  4
#define VMAF_FR_V2_TEXT_SIZE 1024
#define VMAF_FR_V2_BATCH     256u

/* Where a feature comes from, and what is to be known about it. */
typedef struct VmafFrV2Source {
    const char *feature;
    const char *extractor;
    const char *option, *value; /* what the extractor needs; NULL: nothing */
    double identical_db;        /* what stands in for infinity, which identical pictures give; 0: nothing does */
    int waits_for_next;         /* known only once the next picture was read */
    const char *key[VMAF_FR_V2_MAX_KEYS]; /* the names libvmaf has given it over time, the preferred one first */
} VmafFrV2Source;

static inline const VmafFrV2Source *vmaf_fr_v2_source_(const char *feature)
{
    static const VmafFrV2Source sources[] = {
        /* Generated from the catalogue; do not edit: VMAF_FR_V2_UPDATE_CATALOGUE=1 cargo test --test catalogue */
        { "adm2", "adm", NULL, NULL, 0.0, 0, { "VMAF_integer_feature_adm2_score", "VMAF_feature_adm2_score" } },
        { "adm_scale0", "adm", NULL, NULL, 0.0, 0,
          { "integer_adm_scale0", "VMAF_integer_feature_adm_scale0_score",
            "adm_scale0", "VMAF_feature_adm_scale0_score" } },
        { "adm_scale1", "adm", NULL, NULL, 0.0, 0,
          { "integer_adm_scale1", "VMAF_integer_feature_adm_scale1_score",
            "adm_scale1", "VMAF_feature_adm_scale1_score" } },
        { "adm_scale2", "adm", NULL, NULL, 0.0, 0,
          { "integer_adm_scale2", "VMAF_integer_feature_adm_scale2_score",
            "adm_scale2", "VMAF_feature_adm_scale2_score" } },
        { "adm_scale3", "adm", NULL, NULL, 0.0, 0,
          { "integer_adm_scale3", "VMAF_integer_feature_adm_scale3_score",
            "adm_scale3", "VMAF_feature_adm_scale3_score" } },
        { "vif_scale0", "vif", NULL, NULL, 0.0, 0,
          { "VMAF_integer_feature_vif_scale0_score", "VMAF_feature_vif_scale0_score" } },
        { "vif_scale1", "vif", NULL, NULL, 0.0, 0,
          { "VMAF_integer_feature_vif_scale1_score", "VMAF_feature_vif_scale1_score" } },
        { "vif_scale2", "vif", NULL, NULL, 0.0, 0,
          { "VMAF_integer_feature_vif_scale2_score", "VMAF_feature_vif_scale2_score" } },
        { "vif_scale3", "vif", NULL, NULL, 0.0, 0,
          { "VMAF_integer_feature_vif_scale3_score", "VMAF_feature_vif_scale3_score" } },
        { "motion", "motion", "debug", "true", 0.0, 0,
          { "VMAF_integer_feature_motion_score", "VMAF_integer_feature_motion_sad_score",
            "VMAF_feature_motion_score" } },
        { "motion2", "motion", "debug", "true", 0.0, 1,
          { "VMAF_integer_feature_motion2_score", "VMAF_feature_motion2_score" } },
        { "psnr_y", "psnr", NULL, NULL, 60.0, 0, { "psnr_y" } },
        { "psnr_cb", "psnr", NULL, NULL, 60.0, 0, { "psnr_cb" } },
        { "psnr_cr", "psnr", NULL, NULL, 60.0, 0, { "psnr_cr" } },
        { "float_ssim", "float_ssim", NULL, NULL, 0.0, 0, { "float_ssim" } },
        { "float_ms_ssim", "float_ms_ssim", NULL, NULL, 0.0, 0, { "float_ms_ssim" } },
        { "cambi", "cambi", NULL, NULL, 0.0, 0, { "Cambi_feature_cambi_score", "cambi" } },
        { "ciede2000", "ciede", NULL, NULL, 60.0, 0, { "ciede2000" } },
        { "psnr_hvs_y", "psnr_hvs", NULL, NULL, 60.0, 0, { "psnr_hvs_y" } },
        { "psnr_hvs_cb", "psnr_hvs", NULL, NULL, 60.0, 0, { "psnr_hvs_cb" } },
        { "psnr_hvs_cr", "psnr_hvs", NULL, NULL, 60.0, 0, { "psnr_hvs_cr" } },
        { "psnr_hvs", "psnr_hvs", NULL, NULL, 60.0, 0, { "psnr_hvs" } },
        { "adm3", "adm", NULL, NULL, 0.0, 0, { "VMAF_integer_feature_adm3_score", "VMAF_feature_adm3_score" } },
        { "aim", "adm", NULL, NULL, 0.0, 0, { "VMAF_integer_feature_aim_score", "VMAF_feature_aim_score" } },
        { "motion3", "motion", "debug", "true", 0.0, 1,
          { "VMAF_integer_feature_motion3_score", "VMAF_feature_motion3_score" } },
        /* End of what is generated. */
    };
    size_t i;
    for (i = 0; i < sizeof(sources) / sizeof(sources[0]); i++)
        if (!strcmp(sources[i].feature, feature)) return &sources[i];
    return NULL;
}

static inline char *vmaf_fr_v2_text_(void)
{
    static VMAF_FR_V2_THREAD_LOCAL char text[VMAF_FR_V2_TEXT_SIZE];
    return text;
}

#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
static inline int vmaf_fr_v2_fail_(int err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vsnprintf(vmaf_fr_v2_text_(), VMAF_FR_V2_TEXT_SIZE, format, args);
    va_end(args);
    return err;
}

/* A value as a model gets it: with six decimals, as in libvmaf's log, and finite if the pictures are identical. */
static inline double vmaf_fr_v2_value_(const char *feature, double value)
{
    const VmafFrV2Source *source = vmaf_fr_v2_source_(feature);
    char text[64];
    if (value > 1e15 && source && source->identical_db > 0) return source->identical_db;
    /* NaN, infinity and what is too large to lose anything stay as they are. */
    if (!(value > -1e15 && value < 1e15)) return value;
    snprintf(text, sizeof(text), "%.6f", value);
    return strtod(text, NULL);
}

/* One feature of one frame, under whichever name this libvmaf gave it. */
static inline int vmaf_fr_v2_read_(VmafContext *vmaf, const char *feature, unsigned index, double *value)
{
    const VmafFrV2Source *source = vmaf_fr_v2_source_(feature);
    int i;
    /* A feature unknown here can still have been imported by the host, under its own name. */
    if (!source) return vmaf_feature_score_at_index(vmaf, feature, value, index);
    for (i = 0; i < VMAF_FR_V2_MAX_KEYS && source->key[i]; i++)
        if (!vmaf_feature_score_at_index(vmaf, source->key[i], value, index)) return 0;
    return -EINVAL;
}

/*
 * libvmaf tells nobody its n_subsample, but pooling over one frame tells whether it skips that frame: it then
 * succeeds without having looked for a score.
 */
static inline int vmaf_fr_v2_is_skipped_(VmafContext *vmaf, unsigned index)
{
    double unused;
    return !vmaf_feature_score_pooled(vmaf, "vmaf_fr_v2 asks whether this frame is skipped", VMAF_POOL_METHOD_MEAN,
                                      &unused, index, index);
}

/* Checks the arguments that the functions share, and fetches the model's properties. */
static inline int vmaf_fr_v2_enter_(const VmafFrV2Api *api, const VmafFrV2 *fr, const VmafContext *vmaf,
                                    VmafFrV2Info *info)
{
    int err;
    vmaf_fr_v2_text_()[0] = '\0';
    if (!api) return vmaf_fr_v2_fail_(-EINVAL, "api is NULL: vmaf_fr_v2_api() knows no such major version");
    if (!fr) return vmaf_fr_v2_fail_(-EINVAL, "fr is NULL: no model is open");
    if (!vmaf) return vmaf_fr_v2_fail_(-EINVAL, "vmaf is NULL");
    if (api->struct_size < offsetof(VmafFrV2Api, api_version) + sizeof(api->api_version))
        return vmaf_fr_v2_fail_(-EINVAL, "the api table has %u bytes, this header needs %u", (unsigned)api->struct_size,
                                (unsigned)(offsetof(VmafFrV2Api, api_version) + sizeof(api->api_version)));
    memset(info, 0, sizeof(*info));
    info->struct_size = (uint32_t)sizeof(*info);
    err = api->info(fr, info);
    if (err) return vmaf_fr_v2_fail_(err, "%s", api->last_error(fr));
    return 0;
}

/* Says why a frame lacks a feature, as far as the context lets on. */
static inline int vmaf_fr_v2_missing_(const VmafFrV2Api *api, const VmafFrV2 *fr, VmafContext *vmaf,
                                      const VmafFrV2Info *info, unsigned frame, unsigned index_low, uint32_t missing)
{
    const char *feature = api->feature_name(fr, missing);
    const VmafFrV2Source *source = vmaf_fr_v2_source_(feature);
    const char *extractor = source ? source->extractor : "none known: the host imports it";
    const char *why;
    char text[256];
    double unused;
    uint32_t i, present = 0;

    for (i = 0; i < info->n_features; i++)
        if (!vmaf_fr_v2_read_(vmaf, api->feature_name(fr, i), frame, &unused)) present++;

    if (!present)
        why = frame == index_low
            ? "the frame has none of the model's features: no picture was read at this index, its features are not"
              " computed yet, or no feature extractor was registered (vmaf_fr_v2_use_features)"
            : "the frame has none of the model's features: index_high is past the last picture, a picture was left"
              " out, or its features are not computed yet";
    else if (source && source->waits_for_next)
        why = "it follows once the next picture is read, or with the flush: vmaf_read_pictures(vmaf, NULL, NULL, 0)";
    else if (source && source->option) {
        snprintf(text, sizeof(text), "the extractor was not registered, or without %s=%s: call vmaf_fr_v2_use_features"
                 " before anything else registers %s", source->option, source->value, source->extractor);
        why = text;
    } else
        why = "the extractor was not registered, failed, or has not finished this frame (flush first)";
    return vmaf_fr_v2_fail_(-ENODATA, "frame %u: no feature %s (feature extractor %s): %s", frame, feature, extractor,
                            why);
}

/* Scores one batch; on failure finds the frame at fault, which the library knows only by its place in the batch. */
static inline int vmaf_fr_v2_score_batch_(const VmafFrV2Api *api, VmafFrV2 *fr, uint32_t n_features,
                                          const float *features, const int32_t *codec_ids, const unsigned *frames,
                                          size_t n, VmafFrV2Score *scores)
{
    size_t i;
    int err = api->score(fr, features, codec_ids, n, scores);
    if (!err) return 0;
    for (i = 0; i < n && n > 1; i++) {
        const int one = api->score(fr, features + i * n_features, codec_ids + i, 1, scores + i);
        if (!one) continue;
        return vmaf_fr_v2_fail_(one, "frame %u: %s", frames[i], api->last_error(fr));
    }
    /* No single frame repeats it (or there is only one). */
    return vmaf_fr_v2_fail_(err, "frame %u%s: %s", frames[0], n > 1 ? " and after" : "", api->last_error(fr));
}

/* ---- public ---- */

/** The calling thread's last failure of the functions below, in this source file; "" after a success. Never NULL. */
static inline const char *vmaf_fr_v2_libvmaf_error(void)
{
    return vmaf_fr_v2_text_();
}

/**
 * Register the feature extractors that a model needs.
 *
 * Call it before the first picture and before other registrations: libvmaf keeps the first registration of an
 * extractor, and the feature `motion` needs the one with `debug=true`.
 *
 * @param api  `vmaf_fr_v2_api(1)`.
 * @param fr   An open model.
 * @param vmaf A context without pictures.
 *
 * @return 0; `-EINVAL` for NULL or an extractor that this libvmaf does not have; `-ENOTSUP` where the model needs
 *         a feature of which this header knows no extractor: all others are registered then, and the host can import
 *         that one itself with `vmaf_import_feature_score()`, under the feature's own name.
 */
static inline int vmaf_fr_v2_use_features(const VmafFrV2Api *api, const VmafFrV2 *fr, VmafContext *vmaf)
{
    VmafFrV2Info info;
    const char *unknown = NULL;
    uint32_t i, j;
    int err = vmaf_fr_v2_enter_(api, fr, vmaf, &info);
    if (err) return err;

    for (i = 0; i < info.n_features; i++) {
        const char *feature = api->feature_name(fr, i);
        const VmafFrV2Source *source = vmaf_fr_v2_source_(feature);
        VmafFeatureDictionary *options = NULL;

        if (!source) {
            if (!unknown) unknown = feature;
            continue;
        }
        for (j = 0; j < i; j++) {
            const VmafFrV2Source *other = vmaf_fr_v2_source_(api->feature_name(fr, j));
            if (other && !strcmp(other->extractor, source->extractor)) break;
        }
        if (j < i) continue;

        if (source->option) {
            err = vmaf_feature_dictionary_set(&options, source->option, source->value);
            if (err)
                return vmaf_fr_v2_fail_(err, "feature %s: cannot set %s=%s of extractor %s", feature, source->option,
                                        source->value, source->extractor);
        }
        /* Not freed on failure: libvmaf may or may not have done so by then. */
        err = vmaf_use_feature(vmaf, source->extractor, options);
        if (err)
            return vmaf_fr_v2_fail_(err, "feature %s: libvmaf %s cannot register the feature extractor %s", feature,
                                    vmaf_version(), source->extractor);
    }
    if (unknown)
        return vmaf_fr_v2_fail_(-ENOTSUP, "feature %s: no feature extractor is known for it; import it with "
                                "vmaf_import_feature_score()", unknown);
    return 0;
}

/**
 * Count the frames that can be scored while pictures are still being read.
 *
 * @param index_low The first frame to look at.
 * @param count     Receives the number of frames from `index_low` on, in one run, that have all features
 *                  (or are skipped by `n_subsample`); they can be scored with
 *                  `vmaf_fr_v2_score_frames(..., index_low, index_low + count - 1)` where count > 0.
 *
 * @return 0, or `-EINVAL` for NULL.
 */
static inline int vmaf_fr_v2_ready_frames(const VmafFrV2Api *api, const VmafFrV2 *fr, VmafContext *vmaf,
                                          unsigned index_low, unsigned *count)
{
    VmafFrV2Info info;
    unsigned n = 0, frame;
    uint32_t i;
    double unused;
    int err = vmaf_fr_v2_enter_(api, fr, vmaf, &info);
    if (err) return err;
    if (!count) return vmaf_fr_v2_fail_(-EINVAL, "count is NULL");

    for (frame = index_low;; frame++) {
        if (!vmaf_fr_v2_is_skipped_(vmaf, frame)) {
            for (i = 0; i < info.n_features; i++)
                if (vmaf_fr_v2_read_(vmaf, api->feature_name(fr, i), frame, &unused)) break;
            if (i < info.n_features) break;
            n = frame - index_low + 1; /* skipped frames count only once a scored one follows */
        }
    }
    *count = n;
    return 0;
}

/**
 * Score frames and import the results into the context.
 *
 * Reads the model's features of every frame in `index_low..=index_high`, scores them in batches, and imports
 * `vmaf_fr_v2` and, where the model has an uncertainty, `vmaf_fr_v2_stddev`. Frames that libvmaf skips
 * (`n_subsample`) are skipped. If a frame cannot be read or scored, nothing is
 * imported; if libvmaf refuses a score, those before it stay.
 *
 * Features are rounded to six decimals, as libvmaf's log prints them, so that everybody can compute the score
 * again from the features beside it in the log. For identical pictures libvmaf gives infinity as `ciede2000` and
 * `psnr_hvs*`, where it caps PSNR: those become 60, its cap on the PSNR of 8-bit pictures.
 *
 * Usually called once after the flush; during reading, for the frames that are complete (vmaf_fr_v2_ready_frames()).
 *
 * @param codec_id The codec of the distorted video, from `codec_id()`; codec-blind models ignore it.
 *
 * @return 0;
 *         `-EINVAL` for NULL or `index_low > index_high`;
 *         `-ENODATA` where a frame lacks a feature;
 *         `-EEXIST` where a frame has its score already: libvmaf does not overwrite;
 *         `-ENOMEM`; else what `vmaf_fr_v2_score()` returns, e.g. `-ERANGE` for the codec, `-EDOM` for a value
 *         that its feature cannot have.
 */
static inline int vmaf_fr_v2_score_frames(const VmafFrV2Api *api, VmafFrV2 *fr, VmafContext *vmaf, int32_t codec_id,
                                          unsigned index_low, unsigned index_high)
{
    VmafFrV2Info info;
    float *features = NULL;
    int32_t codec_ids[VMAF_FR_V2_BATCH];
    unsigned *frames = NULL;
    VmafFrV2Score *scores = NULL;
    size_t n = 0, batched = 0, capacity = 0, i;
    unsigned frame;
    double value;
    int err = vmaf_fr_v2_enter_(api, fr, vmaf, &info);
    if (err) return err;
    if (index_low > index_high)
        return vmaf_fr_v2_fail_(-EINVAL, "index_low %u is above index_high %u", index_low, index_high);

    for (i = 0; i < VMAF_FR_V2_BATCH; i++) codec_ids[i] = codec_id;
    features = (float *)malloc(sizeof(*features) * VMAF_FR_V2_BATCH * (info.n_features ? info.n_features : 1));
    if (!features) {
        err = vmaf_fr_v2_fail_(-ENOMEM, "no memory for %u frames of features", VMAF_FR_V2_BATCH);
        goto out;
    }

    for (frame = index_low;; frame++) {
        if (!vmaf_fr_v2_is_skipped_(vmaf, frame)) {
            uint32_t f;
            if (!vmaf_feature_score_at_index(vmaf, VMAF_FR_V2_FEATURE_SCORE, &value, frame)) {
                err = vmaf_fr_v2_fail_(-EEXIST, "frame %u: feature " VMAF_FR_V2_FEATURE_SCORE " is there already (%g),"
                                       " and libvmaf does not overwrite: score each frame once", frame, value);
                goto out;
            }
            if (n == capacity) {
                const size_t more = capacity ? capacity * 2 : VMAF_FR_V2_BATCH;
                void *grown = realloc(frames, more * sizeof(*frames));
                if (grown) frames = (unsigned *)grown;
                if (grown) grown = realloc(scores, more * sizeof(*scores));
                if (!grown) {
                    err = vmaf_fr_v2_fail_(-ENOMEM, "frame %u: no memory for %lu scores", frame, (unsigned long)more);
                    goto out;
                }
                scores = (VmafFrV2Score *)grown;
                capacity = more;
            }
            for (f = 0; f < info.n_features; f++) {
                if (vmaf_fr_v2_read_(vmaf, api->feature_name(fr, f), frame, &value)) {
                    err = vmaf_fr_v2_missing_(api, fr, vmaf, &info, frame, index_low, f);
                    goto out;
                }
                features[(n - batched) * info.n_features + f] =
                    (float)vmaf_fr_v2_value_(api->feature_name(fr, f), value);
            }
            frames[n++] = frame;
        }
        if (n - batched == VMAF_FR_V2_BATCH || (frame == index_high && n > batched)) {
            err = vmaf_fr_v2_score_batch_(api, fr, info.n_features, features, codec_ids, frames + batched, n - batched,
                                          scores + batched);
            if (err) goto out;
            batched = n;
        }
        if (frame == index_high) break; /* here, since index_high may be UINT_MAX */
    }

    for (i = 0; i < n; i++) {
        err = vmaf_import_feature_score(vmaf, VMAF_FR_V2_FEATURE_SCORE, scores[i].score, frames[i]);
        if (!err && scores[i].stddev == scores[i].stddev)
            err = vmaf_import_feature_score(vmaf, VMAF_FR_V2_FEATURE_STDDEV, scores[i].stddev, frames[i]);
        if (err) {
            err = vmaf_fr_v2_fail_(err, "frame %u: libvmaf did not take the score", frames[i]);
            goto out;
        }
    }

out:
    free(features);
    free(frames);
    free(scores);
    return err;
}

#ifdef __cplusplus
}
#endif

#endif /* VMAF_FR_V2_LIBVMAF_H */
