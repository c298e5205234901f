/* SPDX-License-Identifier: BSD-2-Clause-Patent */

/*
 * vmaf_fr_v2_libvmaf.h with the real libvmaf, on generated pictures: libvmaf_host [DIRECTORY of make_models.py]
 *
 * One long file: every test is a few lines on the fixture in its first part.
 */

#include <limits.h>

#include <vmaf_fr_v2_libvmaf.h>
#include <vmaf_fr_v2_pool.h>

#include "test.h"

#define WIDTH  352
#define HEIGHT 288

static const VmafFrV2Api *api;
static const char *models; /* NULL: no generated models */

struct Clip {
    enum VmafPixelFormat pixel_format;
    unsigned bitdepth, threads, subsample;
};

static const struct Clip plain = { VMAF_PIX_FMT_YUV420P, 8, 0, 0 };

static VmafContext *context(const struct Clip *clip)
{
    VmafConfiguration configuration;
    VmafContext *vmaf = NULL;
    memset(&configuration, 0, sizeof(configuration));
    configuration.n_threads = clip->threads;
    configuration.n_subsample = clip->subsample;
    CHECK_INT(vmaf_init(&vmaf, configuration), 0);
    return vmaf;
}

/* A moving texture; the distorted one is coarser and a little off. */
static void draw(VmafPicture *picture, const struct Clip *clip, unsigned index, int distorted)
{
    unsigned plane, x, y;
    CHECK_INT(vmaf_picture_alloc(picture, clip->pixel_format, clip->bitdepth, WIDTH, HEIGHT), 0);
    for (plane = 0; plane < 3; plane++) {
        for (y = 0; y < picture->h[plane]; y++) {
            char *row = (char *)picture->data[plane] + (ptrdiff_t)y * picture->stride[plane];
            for (x = 0; x < picture->w[plane]; x++) {
                unsigned v = ((x + 3 * index) * (y + 7) / 5 + (x ^ (y + index))) & 0xff;
                if (distorted) v = ((v & ~7u) + 3 + index % 3) & 0xff;
                if (clip->bitdepth == 8) {
                    row[x] = (char)v;
                } else {
                    const uint16_t wide = (uint16_t)(v << (clip->bitdepth - 8));
                    memcpy(row + 2 * (size_t)x, &wide, 2);
                }
            }
        }
    }
}

static void read_frames(VmafContext *vmaf, const struct Clip *clip, unsigned first, unsigned end)
{
    unsigned i;
    for (i = first; i < end; i++) {
        VmafPicture ref, dist;
        draw(&ref, clip, i, 0);
        draw(&dist, clip, i, 1);
        CHECK_INT(vmaf_read_pictures(vmaf, &ref, &dist, i), 0);
    }
}

static void flush(VmafContext *vmaf)
{
    CHECK_INT(vmaf_read_pictures(vmaf, NULL, NULL, 0), 0);
}

static VmafFrV2 *open_model(const char *model)
{
    VmafFrV2Config config = test_config(VMAF_FR_V2_ENGINE_EMBEDDED);
    VmafFrV2 *fr = NULL;
    CHECK_INT(api->open(&fr, model, &config), 0);
    if (!fr) exit(test_result());
    return fr;
}

static const char *generated(const char *name)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s/%s", models, name);
    return path;
}

static void use(VmafFrV2 *fr, VmafContext *vmaf)
{
    const int err = vmaf_fr_v2_use_features(api, fr, vmaf);
    if (err) fprintf(stderr, "%s\n", vmaf_fr_v2_libvmaf_error());
    CHECK_INT(err, 0);
}

static void score(VmafFrV2 *fr, VmafContext *vmaf, int32_t codec_id, unsigned low, unsigned high, int expected)
{
    const int err = vmaf_fr_v2_score_frames(api, fr, vmaf, codec_id, low, high);
    if (err != expected) fprintf(stderr, "%s\n", vmaf_fr_v2_libvmaf_error());
    CHECK_INT(err, expected);
    CHECK_INT(*vmaf_fr_v2_libvmaf_error() == '\0', err == 0);
}

static int has(VmafContext *vmaf, const char *feature, unsigned index)
{
    double value;
    return !vmaf_feature_score_at_index(vmaf, feature, &value, index);
}

/* One frame's score by the plain API, from the features in the context. */
static double by_hand(VmafFrV2 *fr, VmafContext *vmaf, int32_t codec_id, unsigned index)
{
    static const struct { const char *feature, *key; } keys[] = {
        { "adm2", "VMAF_integer_feature_adm2_score" }, { "adm_scale0", "integer_adm_scale0" },
        { "adm_scale1", "integer_adm_scale1" }, { "adm_scale2", "integer_adm_scale2" },
        { "adm_scale3", "integer_adm_scale3" }, { "vif_scale0", "VMAF_integer_feature_vif_scale0_score" },
        { "vif_scale1", "VMAF_integer_feature_vif_scale1_score" },
        { "vif_scale2", "VMAF_integer_feature_vif_scale2_score" },
        { "vif_scale3", "VMAF_integer_feature_vif_scale3_score" }, { "motion", "VMAF_integer_feature_motion_score" },
        { "motion2", "VMAF_integer_feature_motion2_score" },
    };
    float row[64];
    VmafFrV2Score s;
    size_t i, k;
    const char *name;
    for (i = 0; (name = api->feature_name(fr, i)); i++) {
        double value = NAN;
        char text[64];
        for (k = 0; k < sizeof(keys) / sizeof(keys[0]) && strcmp(keys[k].feature, name); k++) {}
        if (k < sizeof(keys) / sizeof(keys[0])) name = keys[k].key;
        CHECK_INT(vmaf_feature_score_at_index(vmaf, name, &value, (unsigned)index), 0);
        /* As libvmaf's log has it. Near 1, where adm, vif and SSIM are spread by logarithms, the seventh decimal shows. */
        snprintf(text, sizeof(text), "%.6f", value);
        row[i] = (float)strtod(text, NULL);
    }
    CHECK_INT(api->score(fr, row, &codec_id, 1, &s), 0);
    return s.score;
}

static void all_formats(void)
{
    static const struct Clip clips[] = {
        { VMAF_PIX_FMT_YUV420P, 8, 0, 0 }, { VMAF_PIX_FMT_YUV420P, 8, 3, 0 }, { VMAF_PIX_FMT_YUV420P, 10, 0, 0 },
        { VMAF_PIX_FMT_YUV422P, 10, 2, 0 }, { VMAF_PIX_FMT_YUV444P, 12, 0, 0 },
    };
    const unsigned n = 4;
    size_t c;
    for (c = 0; c < sizeof(clips) / sizeof(clips[0]); c++) {
        VmafContext *vmaf = context(&clips[c]);
        VmafFrV2 *fr = open_model("builtin:fr_regressor_v2_codec_aware");
        double scores[4] = { 0 }, pooled = -1, theirs = -2;
        unsigned i;
        int32_t method;
        use(fr, vmaf);
        read_frames(vmaf, &clips[c], 0, n);
        flush(vmaf);
        score(fr, vmaf, 1, 0, n - 1, 0);
        for (i = 0; i < n; i++) {
            CHECK_INT(vmaf_feature_score_at_index(vmaf, VMAF_FR_V2_FEATURE_SCORE, &scores[i], i), 0);
            CHECK_NEAR(scores[i], by_hand(fr, vmaf, 1, i), 1e-4);
        }
        for (method = VMAF_FR_V2_POOL_MIN; method <= VMAF_FR_V2_POOL_HARMONIC_MEAN; method++) {
            CHECK_INT(vmaf_feature_score_pooled(vmaf, VMAF_FR_V2_FEATURE_SCORE, (enum VmafPoolingMethod)method, &theirs,
                                                0, n - 1), 0);
            CHECK_INT(vmaf_fr_v2_pool(method, scores, n, &pooled), 0);
            CHECK_BITS(pooled, theirs);
        }
        CHECK_INT(api->close(fr), 0);
        /* libvmaf 2.x frees 4:4:4 pictures twice here: Netflix/vmaf issue 1103. */
        if (clips[c].pixel_format != VMAF_PIX_FMT_YUV444P || strncmp(vmaf_version(), "2.", 2))
            CHECK_INT(vmaf_close(vmaf), 0);
    }
}

/* Features that libvmaf 2.3.1 does not cap are infinite for identical pictures. */
static void identical_pictures(void)
{
    VmafContext *vmaf = context(&plain);
    VmafFrV2 *fr = open_model("builtin:fr_regressor_v2_codec_aware");
    VmafPicture ref, dist;
    double value = 0;
    use(fr, vmaf);
    draw(&ref, &plain, 0, 0);
    draw(&dist, &plain, 0, 0);
    CHECK_INT(vmaf_read_pictures(vmaf, &ref, &dist, 0), 0);
    flush(vmaf);
    CHECK_INT(vmaf_feature_score_at_index(vmaf, "ciede2000", &value, 0), 0);
    printf("identical pictures: ciede2000 is %g\n", value);
    score(fr, vmaf, 0, 0, 0, 0);
    CHECK_INT(vmaf_feature_score_at_index(vmaf, VMAF_FR_V2_FEATURE_SCORE, &value, 0), 0);
    CHECK(value > 0);
    api->close(fr);
    vmaf_close(vmaf);
}

static void one_frame(void)
{
    VmafContext *vmaf = context(&plain);
    VmafFrV2 *fr = open_model(NULL);
    use(fr, vmaf);
    read_frames(vmaf, &plain, 0, 1);
    flush(vmaf);
    score(fr, vmaf, 0, 0, 0, 0);
    CHECK(has(vmaf, VMAF_FR_V2_FEATURE_SCORE, 0));
    api->close(fr);
    vmaf_close(vmaf);
}

static void subsampling(unsigned threads)
{
    const struct Clip clip = { VMAF_PIX_FMT_YUV420P, 8, threads, 3 };
    VmafContext *vmaf = context(&clip);
    VmafFrV2 *fr = open_model("builtin:fr_regressor_v2_codec_aware");
    unsigned i, count = 99;
    double mean;
    use(fr, vmaf);
    read_frames(vmaf, &clip, 0, 8);
    flush(vmaf);
    CHECK_INT(vmaf_fr_v2_ready_frames(api, fr, vmaf, 0, &count), 0);
    CHECK_INT(count, 7); /* 0, 3 and 6 */
    score(fr, vmaf, 0, 1, 2, 0); /* nothing but skipped frames: nothing to do */
    score(fr, vmaf, 0, 0, 7, 0);
    for (i = 0; i < 8; i++) CHECK_INT(has(vmaf, VMAF_FR_V2_FEATURE_SCORE, i), i % 3 == 0);
    CHECK_INT(vmaf_feature_score_pooled(vmaf, VMAF_FR_V2_FEATURE_SCORE, VMAF_POOL_METHOD_MEAN, &mean, 0, 7), 0);
    /* Frame 9 would be next; it was not read. */
    score(fr, vmaf, 0, 7, 9, -ENODATA);
    CHECK_CONTAINS(vmaf_fr_v2_libvmaf_error(), "frame 9");
    api->close(fr);
    vmaf_close(vmaf);
}

static void while_reading(unsigned threads)
{
    const struct Clip clip = { VMAF_PIX_FMT_YUV420P, 8, threads, 0 };
    VmafContext *vmaf = context(&clip), *whole = context(&plain);
    VmafFrV2 *fr = open_model("builtin:fr_regressor_v2_codec_aware");
    unsigned done = 0, i, count, rounds = 0;
    const unsigned n = 12;
    use(fr, vmaf);
    for (i = 0; i < n; i++) {
        read_frames(vmaf, &clip, i, i + 1);
        CHECK_INT(vmaf_fr_v2_ready_frames(api, fr, vmaf, done, &count), 0);
        CHECK(done + count <= i + 1);
        if (!threads && i > 1) CHECK_INT(done + count, i); /* motion2 is one frame behind */
        if (!count) continue;
        score(fr, vmaf, 2, done, done + count - 1, 0);
        done += count;
        rounds++;
    }
    if (!threads) CHECK(rounds > 1);
    flush(vmaf);
    CHECK_INT(vmaf_fr_v2_ready_frames(api, fr, vmaf, done, &count), 0);
    CHECK_INT(done + count, n);
    score(fr, vmaf, 2, done, n - 1, 0);

    use(fr, whole);
    read_frames(whole, &plain, 0, n);
    flush(whole);
    score(fr, whole, 2, 0, n - 1, 0);
    for (i = 0; i < n; i++) {
        double a = -1, b = -2;
        CHECK_INT(vmaf_feature_score_at_index(vmaf, VMAF_FR_V2_FEATURE_SCORE, &a, i), 0);
        CHECK_INT(vmaf_feature_score_at_index(whole, VMAF_FR_V2_FEATURE_SCORE, &b, i), 0);
        CHECK_NEAR(a, b, 1e-4);
    }
    api->close(fr);
    vmaf_close(vmaf);
    vmaf_close(whole);
}

/* The keys of the float extractors and of newer versions of libvmaf, in the order of the header's table. */
static void other_keys(void)
{
    VmafContext *vmaf = context(&plain);
    VmafFrV2 *fr;
    double s;
    if (!models) return;
    fr = open_model(generated("good_v1.onnx")); /* adm2, vif_scale0, motion2; means 0.5, 0.5, 5 */
    CHECK_INT(vmaf_import_feature_score(vmaf, "VMAF_feature_adm2_score", 0.75, 0), 0);
    CHECK_INT(vmaf_import_feature_score(vmaf, "VMAF_feature_vif_scale0_score", 0.5, 0), 0);
    CHECK_INT(vmaf_import_feature_score(vmaf, "VMAF_feature_motion2_score", 5.0, 0), 0);
    score(fr, vmaf, 0, 0, 0, 0);
    CHECK_INT(vmaf_feature_score_at_index(vmaf, VMAF_FR_V2_FEATURE_SCORE, &s, 0), 0);
    CHECK_NEAR(s, 60.0, 1e-4);
    /* If both are there, the integer one counts. */
    CHECK_INT(vmaf_import_feature_score(vmaf, "VMAF_feature_adm2_score", 0.75, 1), 0);
    CHECK_INT(vmaf_import_feature_score(vmaf, "VMAF_integer_feature_adm2_score", 0.5, 1), 0);
    CHECK_INT(vmaf_import_feature_score(vmaf, "VMAF_feature_vif_scale0_score", 0.5, 1), 0);
    CHECK_INT(vmaf_import_feature_score(vmaf, "VMAF_feature_motion2_score", 5.0, 1), 0);
    score(fr, vmaf, 0, 1, 1, 0);
    CHECK_INT(vmaf_feature_score_at_index(vmaf, VMAF_FR_V2_FEATURE_SCORE, &s, 1), 0);
    CHECK_NEAR(s, 50.0, 1e-4);
    api->close(fr);
    vmaf_close(vmaf);

    /* motion under the key of newer versions: the sum of absolute differences. */
    vmaf = context(&plain);
    fr = open_model("builtin:fr_regressor_v2_codec_aware");
    {
        static const char *const keys[][2] = {
            { "VMAF_feature_adm2_score", "adm_scale0" }, { "VMAF_feature_adm_scale1_score", "adm_scale2" },
            { "VMAF_feature_adm_scale3_score", "VMAF_feature_vif_scale0_score" },
            { "VMAF_feature_vif_scale1_score", "VMAF_feature_vif_scale2_score" },
            { "VMAF_feature_vif_scale3_score", "VMAF_integer_feature_motion_sad_score" },
            { "VMAF_integer_feature_motion2_score", "psnr_y" }, { "psnr_cb", "psnr_cr" },
            { "float_ssim", "float_ms_ssim" }, { "cambi", "ciede2000" }, { "psnr_hvs_y", "psnr_hvs_cb" },
            { "psnr_hvs_cr", "psnr_hvs" },
        };
        size_t i, j;
        for (i = 0; i < 11; i++)
            for (j = 0; j < 2; j++) CHECK_INT(vmaf_import_feature_score(vmaf, keys[i][j], 0.9, 0), 0);
    }
    score(fr, vmaf, 0, 0, 0, 0);
    api->close(fr);
    vmaf_close(vmaf);
}

static void float_extractors(void)
{
    VmafContext *vmaf = context(&plain);
    VmafFrV2 *fr;
    if (!models) return;
    fr = open_model(generated("good_v1.onnx"));
    if (vmaf_use_feature(vmaf, "float_adm", NULL)) {
        printf("this libvmaf has no float extractors\n");
    } else {
        CHECK_INT(vmaf_use_feature(vmaf, "float_vif", NULL), 0);
        CHECK_INT(vmaf_use_feature(vmaf, "float_motion", NULL), 0);
        read_frames(vmaf, &plain, 0, 3);
        flush(vmaf);
        score(fr, vmaf, 0, 0, 2, 0);
    }
    api->close(fr);
    vmaf_close(vmaf);
}

static void with_a_vmaf_model(int before)
{
    VmafContext *vmaf = context(&plain);
    VmafFrV2 *fr = open_model("builtin:fr_regressor_v2_codec_aware");
    VmafModelConfig config;
    VmafModel *model = NULL;
    double s;
    memset(&config, 0, sizeof(config));
    CHECK_INT(vmaf_model_load(&model, &config, "vmaf_v0.6.1"), 0);
    if (before) use(fr, vmaf);
    CHECK_INT(vmaf_use_features_from_model(vmaf, model), 0);
    if (!before) use(fr, vmaf);
    read_frames(vmaf, &plain, 0, 3);
    flush(vmaf);
    score(fr, vmaf, 0, 0, 2, 0);
    CHECK_INT(vmaf_score_pooled(vmaf, model, VMAF_POOL_METHOD_MEAN, &s, 0, 2), 0);
    vmaf_model_destroy(model);
    api->close(fr);
    vmaf_close(vmaf);
}

static void uncertainty_and_log(void)
{
    static const struct { enum VmafOutputFormat format; const char *extension; } formats[] = {
        { VMAF_OUTPUT_FORMAT_JSON, "json" }, { VMAF_OUTPUT_FORMAT_XML, "xml" }, { VMAF_OUTPUT_FORMAT_CSV, "csv" },
    };
    VmafContext *vmaf = context(&plain);
    VmafFrV2 *fr;
    double sd;
    size_t f;
    if (!models) return;
    fr = open_model(generated("good_logvar.onnx"));
    use(fr, vmaf);
    read_frames(vmaf, &plain, 0, 5);
    flush(vmaf);
    score(fr, vmaf, 0, 0, 4, 0);
    CHECK_INT(vmaf_feature_score_pooled(vmaf, VMAF_FR_V2_FEATURE_STDDEV, VMAF_POOL_METHOD_MEAN, &sd, 0, 4), 0);
    CHECK_NEAR(sd, exp(-1.0), 1e-6);
    for (f = 0; f < 3; f++) {
        char path[PATH_MAX], text[1 << 16];
        FILE *log;
        size_t n = 0;
        snprintf(path, sizeof(path), "%s/libvmaf_log.%s", models, formats[f].extension);
        CHECK_INT(vmaf_write_output(vmaf, path, formats[f].format), 0);
        log = fopen(path, "r");
        if (log) {
            n = fread(text, 1, sizeof(text) - 1, log);
            fclose(log);
        }
        text[n] = '\0';
        CHECK_CONTAINS(text, "vmaf_fr_v2");
        CHECK_CONTAINS(text, "vmaf_fr_v2_stddev");
    }
    api->close(fr);
    vmaf_close(vmaf);
}

static void nothing_registered(void)
{
    VmafContext *vmaf = context(&plain);
    VmafFrV2 *fr = open_model("builtin:fr_regressor_v2_codec_aware");
    score(fr, vmaf, 0, 0, 0, -ENODATA);
    CHECK_CONTAINS(vmaf_fr_v2_libvmaf_error(), "frame 0");
    CHECK_CONTAINS(vmaf_fr_v2_libvmaf_error(), "vmaf_fr_v2_use_features");
    api->close(fr);
    vmaf_close(vmaf);

    /* One extractor of many is missing. */
    vmaf = context(&plain);
    fr = open_model("builtin:fr_regressor_v2_codec_aware");
    CHECK_INT(vmaf_use_feature(vmaf, "adm", NULL), 0);
    CHECK_INT(vmaf_use_feature(vmaf, "motion", NULL), 0);
    read_frames(vmaf, &plain, 0, 2);
    flush(vmaf);
    score(fr, vmaf, 0, 0, 1, -ENODATA);
    CHECK_CONTAINS(vmaf_fr_v2_libvmaf_error(), "frame 0");
    CHECK_CONTAINS(vmaf_fr_v2_libvmaf_error(), "vif_scale0");
    CHECK_CONTAINS(vmaf_fr_v2_libvmaf_error(), "extractor vif");
    CHECK(!has(vmaf, VMAF_FR_V2_FEATURE_SCORE, 0));
    api->close(fr);
    vmaf_close(vmaf);
}

static void flush_forgotten(void)
{
    VmafContext *vmaf = context(&plain);
    VmafFrV2 *fr = open_model("builtin:fr_regressor_v2_codec_aware");
    unsigned i;
    use(fr, vmaf);
    read_frames(vmaf, &plain, 0, 5);
    score(fr, vmaf, 0, 0, 4, -ENODATA);
    CHECK_CONTAINS(vmaf_fr_v2_libvmaf_error(), "frame 4");
    CHECK_CONTAINS(vmaf_fr_v2_libvmaf_error(), "motion2");
    CHECK_CONTAINS(vmaf_fr_v2_libvmaf_error(), "flush");
    for (i = 0; i < 5; i++) CHECK(!has(vmaf, VMAF_FR_V2_FEATURE_SCORE, i)); /* all or nothing */
    flush(vmaf);
    score(fr, vmaf, 0, 0, 5, -ENODATA);
    CHECK_CONTAINS(vmaf_fr_v2_libvmaf_error(), "frame 5");
    CHECK_CONTAINS(vmaf_fr_v2_libvmaf_error(), "past the last");
    score(fr, vmaf, 0, 0, UINT_MAX, -ENODATA);
    score(fr, vmaf, 0, 3, 2, -EINVAL);
    score(fr, vmaf, 0, 0, 4, 0);
    api->close(fr);
    vmaf_close(vmaf);
}

static void a_frame_left_out(void)
{
    VmafContext *vmaf = context(&plain);
    VmafFrV2 *fr;
    unsigned count;
    if (!models) return;
    fr = open_model(generated("good_v1.onnx"));
    CHECK_INT(vmaf_import_feature_score(vmaf, "VMAF_integer_feature_adm2_score", 0.5, 0), 0);
    CHECK_INT(vmaf_import_feature_score(vmaf, "VMAF_integer_feature_adm2_score", 0.5, 2), 0);
    CHECK_INT(vmaf_import_feature_score(vmaf, "VMAF_integer_feature_vif_scale0_score", 0.5, 0), 0);
    CHECK_INT(vmaf_import_feature_score(vmaf, "VMAF_integer_feature_vif_scale0_score", 0.5, 2), 0);
    CHECK_INT(vmaf_import_feature_score(vmaf, "VMAF_integer_feature_motion2_score", 0.5, 0), 0);
    CHECK_INT(vmaf_import_feature_score(vmaf, "VMAF_integer_feature_motion2_score", NAN, 2), 0);
    score(fr, vmaf, 0, 0, 2, -ENODATA);
    CHECK_CONTAINS(vmaf_fr_v2_libvmaf_error(), "frame 1");
    CHECK_INT(vmaf_fr_v2_ready_frames(api, fr, vmaf, 0, &count), 0);
    CHECK_INT(count, 1);
    CHECK_INT(vmaf_fr_v2_ready_frames(api, fr, vmaf, 1, &count), 0);
    CHECK_INT(count, 0);
    CHECK_INT(vmaf_fr_v2_ready_frames(api, fr, vmaf, 0, NULL), -EINVAL);
    /* NaN is named with the clip's frame number, not the batch's. */
    score(fr, vmaf, 0, 2, 2, -EDOM);
    CHECK_CONTAINS(vmaf_fr_v2_libvmaf_error(), "frame 2");
    CHECK_CONTAINS(vmaf_fr_v2_libvmaf_error(), "motion2");
    score(fr, vmaf, 0, 0, 0, 0);
    api->close(fr);
    vmaf_close(vmaf);
}

static void twice(void)
{
    VmafContext *vmaf = context(&plain);
    VmafFrV2 *fr = open_model("builtin:fr_regressor_v2_codec_aware");
    double before, after;
    use(fr, vmaf);
    read_frames(vmaf, &plain, 0, 4);
    flush(vmaf);
    score(fr, vmaf, 0, 1, 2, 0);
    CHECK_INT(vmaf_feature_score_at_index(vmaf, VMAF_FR_V2_FEATURE_SCORE, &before, 1), 0);
    score(fr, vmaf, 3, 0, 3, -EEXIST);
    CHECK_CONTAINS(vmaf_fr_v2_libvmaf_error(), "frame 1");
    CHECK_CONTAINS(vmaf_fr_v2_libvmaf_error(), "overwrite");
    CHECK_INT(vmaf_feature_score_at_index(vmaf, VMAF_FR_V2_FEATURE_SCORE, &after, 1), 0);
    CHECK_BITS(after, before);
    CHECK(!has(vmaf, VMAF_FR_V2_FEATURE_SCORE, 0));
    CHECK(!has(vmaf, VMAF_FR_V2_FEATURE_SCORE, 3));
    score(fr, vmaf, 3, 0, 0, 0);
    score(fr, vmaf, 3, 3, 3, 0);
    api->close(fr);
    vmaf_close(vmaf);
}

/* A clip longer than one batch: a codec outside the vocabulary, a bad value in the last frame, the scores. */
static void batches(void)
{
    const unsigned n = 600;
    VmafContext *vmaf = context(&plain);
    VmafFrV2 *fr;
    unsigned i;
    if (!models) return;
    fr = open_model(generated("good_v2.onnx"));
    for (i = 0; i < n; i++) {
        CHECK_INT(vmaf_import_feature_score(vmaf, "VMAF_integer_feature_adm2_score", 0.5 + i * 1e-3, i), 0);
        CHECK_INT(vmaf_import_feature_score(vmaf, "VMAF_integer_feature_vif_scale0_score", 0.5, i), 0);
        CHECK_INT(vmaf_import_feature_score(vmaf, "VMAF_integer_feature_motion2_score",
                                            i == 599 ? INFINITY : 5.0, i), 0);
    }
    score(fr, vmaf, 77, 0, n - 2, -ERANGE);
    CHECK_CONTAINS(vmaf_fr_v2_libvmaf_error(), "77");
    score(fr, vmaf, 0, 0, n - 1, -EDOM);
    CHECK_CONTAINS(vmaf_fr_v2_libvmaf_error(), "frame 599");
    CHECK_CONTAINS(vmaf_fr_v2_libvmaf_error(), "motion2");
    CHECK(!has(vmaf, VMAF_FR_V2_FEATURE_SCORE, 0));
    score(fr, vmaf, 3, 0, n - 2, 0);
    for (i = 0; i < n - 1; i++) {
        double s = NAN, expected = 56.0 + 40.0 * (double)i * 1e-3;
        CHECK_INT(vmaf_feature_score_at_index(vmaf, VMAF_FR_V2_FEATURE_SCORE, &s, i), 0);
        CHECK_NEAR(s, expected, 1e-3);
    }
    api->close(fr);
    vmaf_close(vmaf);
}

static void null_pointers(void)
{
    VmafContext *vmaf = context(&plain);
    VmafFrV2 *fr = open_model(NULL);
    CHECK_INT(vmaf_fr_v2_use_features(NULL, fr, vmaf), -EINVAL);
    CHECK_CONTAINS(vmaf_fr_v2_libvmaf_error(), "api");
    CHECK_INT(vmaf_fr_v2_use_features(api, NULL, vmaf), -EINVAL);
    CHECK_INT(vmaf_fr_v2_use_features(api, fr, NULL), -EINVAL);
    CHECK_INT(vmaf_fr_v2_score_frames(NULL, fr, vmaf, 0, 0, 0), -EINVAL);
    CHECK_INT(vmaf_fr_v2_score_frames(api, NULL, vmaf, 0, 0, 0), -EINVAL);
    CHECK_INT(vmaf_fr_v2_score_frames(api, fr, NULL, 0, 0, 0), -EINVAL);
    api->close(fr);
    vmaf_close(vmaf);
}

int main(int argc, char **argv)
{
    models = argc > 1 ? argv[1] : NULL;
    api = vmaf_fr_v2_api(1);
    CHECK(api != NULL);
    if (!api) return 1;
    printf("libvmaf %s%s\n", vmaf_version(), models ? "" : ", without generated models");
    null_pointers();
    all_formats();
    identical_pictures();
    one_frame();
    subsampling(0);
    subsampling(2);
    while_reading(0);
    while_reading(3);
    other_keys();
    float_extractors();
    with_a_vmaf_model(1);
    with_a_vmaf_model(0);
    uncertainty_and_log();
    nothing_registered();
    flush_forgotten();
    a_frame_left_out();
    twice();
    batches();
    return test_result();
}
