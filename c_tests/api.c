/* SPDX-License-Identifier: BSD-2-Clause-Patent */

/* Every function of the API on the built-in models: what it gives, and what it does with NULL. */

#include <pthread.h>

#include "test.h"

static VmafFrV2 *open_builtin(const char *model, int32_t engine)
{
    VmafFrV2Config config = test_config(engine);
    VmafFrV2 *fr = NULL;
    const int err = vmaf_fr_v2_open(&fr, model, &config);
    if (err) fprintf(stderr, "%s: %s\n", model ? model : "NULL", vmaf_fr_v2_last_error(NULL));
    CHECK_INT(err, 0);
    return fr;
}

static VmafFrV2Info info_of(const VmafFrV2 *fr)
{
    VmafFrV2Info info;
    memset(&info, 0, sizeof(info));
    info.struct_size = sizeof(info);
    CHECK_INT(vmaf_fr_v2_info(fr, &info), 0);
    return info;
}

static void versions(void)
{
    char text[32];
    snprintf(text, sizeof(text), "%d.%d.%d", VMAF_FR_V2_VERSION_MAJOR, VMAF_FR_V2_VERSION_MINOR,
             VMAF_FR_V2_VERSION_PATCH);
    CHECK_TEXT(vmaf_fr_v2_version(), text);
    CHECK_TEXT(vmaf_fr_v2_version(), EXPECTED_VERSION);
    CHECK_INT(vmaf_fr_v2_api_version(), ((uint32_t)VMAF_FR_V2_API_VERSION_MAJOR << 16) |
              (VMAF_FR_V2_API_VERSION_MINOR << 8) | VMAF_FR_V2_API_VERSION_PATCH);
    CHECK_INT(VMAF_FR_V2_API_VERSION_MAJOR, EXPECTED_API_MAJOR);
}

static void table(void)
{
    const VmafFrV2Api *api = vmaf_fr_v2_api(VMAF_FR_V2_API_VERSION_MAJOR);
    CHECK(api != NULL);
    CHECK(vmaf_fr_v2_api(0) == NULL);
    CHECK(vmaf_fr_v2_api(VMAF_FR_V2_API_VERSION_MAJOR + 1) == NULL);
    CHECK(vmaf_fr_v2_api(UINT32_MAX) == NULL);
    if (!api) return;
    CHECK_INT(api->struct_size, sizeof(VmafFrV2Api));
    CHECK(api->config_default == vmaf_fr_v2_config_default);
    CHECK(api->open == vmaf_fr_v2_open);
    CHECK(api->score == vmaf_fr_v2_score);
    CHECK(api->close == vmaf_fr_v2_close);
    CHECK(api->info == vmaf_fr_v2_info);
    CHECK(api->feature_name == vmaf_fr_v2_feature_name);
    CHECK(api->codec_name == vmaf_fr_v2_codec_name);
    CHECK(api->codec_id == vmaf_fr_v2_codec_id);
    CHECK(api->set_encode == vmaf_fr_v2_set_encode);
    CHECK(api->last_error == vmaf_fr_v2_last_error);
    CHECK(api->strerror == vmaf_fr_v2_strerror);
    CHECK(api->version == vmaf_fr_v2_version);
    CHECK(api->api_version == vmaf_fr_v2_api_version);
    CHECK(api->codec_known == vmaf_fr_v2_codec_known);
    CHECK(api->feature_optional == vmaf_fr_v2_feature_optional);
    CHECK(api->domain == vmaf_fr_v2_domain);
    CHECK(api->builtin_count == vmaf_fr_v2_builtin_count);
    CHECK(api->builtin_id == vmaf_fr_v2_builtin_id);
}

static void config_default(void)
{
    struct { VmafFrV2Config config; unsigned char guard[16]; } c;
    size_t i;
    memset(&c, 0xa5, sizeof(c));
    vmaf_fr_v2_config_default(&c.config);
    CHECK_INT(c.config.struct_size, sizeof(VmafFrV2Config));
    CHECK_INT(c.config.engine, VMAF_FR_V2_ENGINE_AUTO);
    CHECK(c.config.onnxruntime_path == NULL);
    CHECK(c.config.n_threads <= 1);
    CHECK_INT(c.config.flags, 0);
    CHECK(c.config.log == NULL);
    CHECK(c.config.log_cookie == NULL);
    for (i = 0; i < sizeof(c.guard); i++) CHECK_INT(c.guard[i], 0xa5);
    vmaf_fr_v2_config_default(NULL);
}

static void strings(void)
{
    static const int known[] = { EINVAL, ENOENT, EACCES, E2BIG, EBADMSG, EPROTO, EILSEQ, EPERM, ENOTSUP, ENOSYS, ENOMEM,
                                 EIO, EFAULT, ERANGE, EDOM, ENODATA, EEXIST };
    size_t i, j;
    for (i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        const char *text = vmaf_fr_v2_strerror(-known[i]);
        CHECK(text && *text);
        for (j = 0; j < i; j++) CHECK(strcmp(text, vmaf_fr_v2_strerror(-known[j])) != 0);
    }
    CHECK(vmaf_fr_v2_strerror(0) && *vmaf_fr_v2_strerror(0));
    CHECK(vmaf_fr_v2_strerror(-123456) && *vmaf_fr_v2_strerror(-123456));
    CHECK(vmaf_fr_v2_strerror(INT32_MIN) != NULL);
    CHECK(vmaf_fr_v2_strerror(INT32_MAX) != NULL);
}

static void null_pointers(void)
{
    VmafFrV2 *fr = open_builtin(NULL, VMAF_FR_V2_ENGINE_AUTO);
    VmafFrV2Info info;
    VmafFrV2Score score;
    float features[64] = { 0 };
    int32_t id = -7;
    memset(&info, 0, sizeof(info));
    info.struct_size = sizeof(info);

    CHECK_INT(vmaf_fr_v2_open(NULL, NULL, NULL), -EINVAL);
    CHECK_INT(vmaf_fr_v2_score(NULL, features, NULL, 1, &score), -EINVAL);
    CHECK_INT(vmaf_fr_v2_score(fr, NULL, NULL, 1, &score), -EINVAL);
    CHECK(*vmaf_fr_v2_last_error(fr));
    CHECK_INT(vmaf_fr_v2_score(fr, features, NULL, 1, NULL), -EINVAL);
    CHECK_INT(vmaf_fr_v2_score(fr, NULL, NULL, 0, NULL), 0);
    CHECK_INT(vmaf_fr_v2_score(fr, features, NULL, SIZE_MAX, &score), -EINVAL);
    CHECK_INT(vmaf_fr_v2_close(NULL), 0);
    CHECK_INT(vmaf_fr_v2_info(NULL, &info), -EINVAL);
    CHECK_INT(vmaf_fr_v2_info(fr, NULL), -EINVAL);
    CHECK(vmaf_fr_v2_feature_name(NULL, 0) == NULL);
    CHECK(vmaf_fr_v2_codec_name(NULL, 0) == NULL);
    CHECK_INT(vmaf_fr_v2_codec_id(NULL, "x264", &id), -EINVAL);
    CHECK_INT(vmaf_fr_v2_codec_id(fr, NULL, &id), -EINVAL);
    CHECK_INT(vmaf_fr_v2_codec_id(fr, "x264", NULL), -EINVAL);
    CHECK_INT(id, -7);
    CHECK_INT(vmaf_fr_v2_set_encode(NULL, 0, NULL, 0), -EINVAL);
    CHECK(vmaf_fr_v2_last_error(NULL) != NULL);

    CHECK_INT(vmaf_fr_v2_codec_known(NULL, "x264"), -EINVAL);
    CHECK_INT(vmaf_fr_v2_codec_known(fr, NULL), -EINVAL);
    CHECK_INT(vmaf_fr_v2_codec_known(fr, "caf\xe9"), -EINVAL);
    CHECK_INT(vmaf_fr_v2_feature_optional(NULL, 0), -EINVAL);
    CHECK_INT(vmaf_fr_v2_feature_optional(fr, SIZE_MAX), -EINVAL);
    CHECK_INT(vmaf_fr_v2_domain(NULL, features, 1, &score.score), -EINVAL);
    CHECK_INT(vmaf_fr_v2_domain(fr, NULL, 1, &score.score), -EINVAL);
    CHECK_INT(vmaf_fr_v2_domain(fr, features, 1, NULL), -EINVAL);
    CHECK_INT(vmaf_fr_v2_domain(fr, features, SIZE_MAX, &score.score), -EINVAL);
    CHECK_INT(vmaf_fr_v2_domain(fr, NULL, 0, NULL), 0);
    CHECK(vmaf_fr_v2_builtin_id(SIZE_MAX) == NULL);
    CHECK_INT(vmaf_fr_v2_close(fr), 0);
}

/* A call without a handle leaves its text where open leaves its own. */
static void texts_without_a_handle(void)
{
    VmafFrV2 *fr = NULL;
    VmafFrV2Score score;
    VmafFrV2Info info;
    float feature = 0;
    int32_t id;
    int call;
    for (call = 0; call < 7; call++) {
        CHECK_INT(vmaf_fr_v2_open(&fr, "builtin:none", NULL), -ENOENT);
        CHECK_CONTAINS(vmaf_fr_v2_last_error(NULL), "none");
        switch (call) {
        case 0: CHECK_INT(vmaf_fr_v2_score(NULL, &feature, NULL, 1, &score), -EINVAL); break;
        case 1: CHECK_INT(vmaf_fr_v2_info(NULL, &info), -EINVAL); break;
        case 2: CHECK_INT(vmaf_fr_v2_codec_id(NULL, "x264", &id), -EINVAL); break;
        case 3: CHECK_INT(vmaf_fr_v2_set_encode(NULL, 0, NULL, 0), -EINVAL); break;
        case 4: CHECK_INT(vmaf_fr_v2_codec_known(NULL, "x264"), -EINVAL); break;
        case 5: CHECK_INT(vmaf_fr_v2_feature_optional(NULL, 0), -EINVAL); break;
        default: CHECK_INT(vmaf_fr_v2_domain(NULL, &feature, 1, &score.score), -EINVAL);
        }
        CHECK_TEXT(vmaf_fr_v2_last_error(NULL), "fr is NULL");
    }
}

/* No failure of another handle takes a handle's text away. */
static void texts_of_many_handles(void)
{
    VmafFrV2 *fr[200];
    VmafFrV2Score score;
    const char *first = NULL;
    int i;
    for (i = 0; i < 200; i++) {
        fr[i] = open_builtin(NULL, VMAF_FR_V2_ENGINE_EMBEDDED);
        CHECK_INT(vmaf_fr_v2_score(fr[i], NULL, NULL, 1, &score), -EINVAL);
        if (!i) first = vmaf_fr_v2_last_error(fr[0]);
    }
    CHECK_TEXT(first, "features is NULL");
    CHECK(first == vmaf_fr_v2_last_error(fr[0]));
    for (i = 0; i < 200; i++) {
        CHECK_TEXT(vmaf_fr_v2_last_error(fr[i]), "features is NULL");
        CHECK_INT(vmaf_fr_v2_close(fr[i]), 0);
    }
}

static void builtin_models(void)
{
    const size_t n = vmaf_fr_v2_builtin_count();
    int releases_ended = 0;
    size_t i, j;
    CHECK(n > 0);
    CHECK(vmaf_fr_v2_builtin_id(n) == NULL);
    for (i = 0; i < n; i++) {
        const char *id = vmaf_fr_v2_builtin_id(i);
        VmafFrV2 *bare = NULL;
        CHECK(id != NULL);
        for (j = 0; j < i; j++) CHECK(strcmp(id, vmaf_fr_v2_builtin_id(j)) != 0);
        /* The bare id opens the model, without a configuration. */
        CHECK_INT(vmaf_fr_v2_open(&bare, id, NULL), 0);
        if (!bare) continue;
        CHECK_TEXT(info_of(bare).id, id);
        CHECK_INT(info_of(bare).engine, VMAF_FR_V2_ENGINE_EMBEDDED);
        if (i) {
            const int is_release = !strcmp(info_of(bare).status, "release");
            CHECK(!(is_release && releases_ended));
            if (!is_release) releases_ended = 1;
        } else {
            VmafFrV2 *fr = open_builtin(NULL, VMAF_FR_V2_ENGINE_AUTO);
            CHECK_TEXT(info_of(fr).id, id);
            CHECK_INT(vmaf_fr_v2_close(fr), 0);
        }
        CHECK_INT(vmaf_fr_v2_close(bare), 0);
    }
}

static void default_model(void)
{
    VmafFrV2 *fr = open_builtin(NULL, VMAF_FR_V2_ENGINE_EMBEDDED);
    const VmafFrV2Info info = info_of(fr);
    char name[128];
    VmafFrV2 *same = NULL;
    /* The gate decides; a card that it has not judged says neither. */
    if (strcmp(info.status, "experimental")) CHECK_TEXT(info.status, "release");
    CHECK(info.id && *info.id);
    CHECK(info.engine_version && *info.engine_version);
    CHECK_INT(info.engine, VMAF_FR_V2_ENGINE_EMBEDDED);
    CHECK_INT(info.n_members, info.n_members < 1 ? 1 : info.n_members);
    CHECK(info.score_min < info.score_max);
    snprintf(name, sizeof(name), "builtin:%s", info.id);
    same = open_builtin(name, VMAF_FR_V2_ENGINE_EMBEDDED);
    CHECK_TEXT(info_of(same).id, info.id);
    CHECK_INT(vmaf_fr_v2_close(same), 0);
    CHECK_INT(vmaf_fr_v2_close(fr), 0);
}

/* 22 features of a real frame, in the order of the full set. */
static const float frame[22] = {
    0.957697f, 0.941620f, 0.912799f, 0.962172f, 0.978057f, 0.474781f, 0.744816f, 0.843737f, 0.903351f, 0.415588f,
    0.415588f, 35.179138f, 40.511875f, 42.128323f, 0.990760f, 0.967307f, 0.002049f, 38.548878f, 31.014843f, 36.941093f,
    37.238953f, 31.723698f,
};
static const char *const full[22] = {
    "adm2", "adm_scale0", "adm_scale1", "adm_scale2", "adm_scale3", "vif_scale0", "vif_scale1", "vif_scale2",
    "vif_scale3", "motion", "motion2", "psnr_y", "psnr_cb", "psnr_cr", "float_ssim", "float_ms_ssim", "cambi",
    "ciede2000", "psnr_hvs_y", "psnr_hvs_cb", "psnr_hvs_cr", "psnr_hvs",
};

/* The frame's features in the order that a model wants them; 0 where it wants one that is not among the 22. */
static int fill(const VmafFrV2 *fr, float *row, uint32_t n)
{
    uint32_t i, j;
    for (i = 0; i < n; i++) {
        const char *name = vmaf_fr_v2_feature_name(fr, i);
        for (j = 0; j < 22 && strcmp(full[j], name); j++) {}
        if (j == 22) return 0;
        row[i] = frame[j];
    }
    return 1;
}

static void codec_aware_model(void)
{
    static const char *const vocabulary[] = { "x264", "x265", "libsvtav1", "libvvenc", "libvpx-vp9", "unknown" };
    static const struct { const char *name; int32_t id; } names[] = {
        { "x264", 0 }, { "h264", 0 }, { "AVC", 0 }, { "libx264", 0 }, { " hevc ", 1 }, { "h265", 1 }, { "LIBX265", 1 },
        { "av1", 2 }, { "svtav1", 2 }, { "vvc", 3 }, { "h266", 3 }, { "vvenc", 3 }, { "vp9", 4 }, { "unknown", 5 },
        { "mpeg2video", 5 }, { "", 5 },
    };
    VmafFrV2 *fr = open_builtin("builtin:fr_regressor_v2_codec_aware", VMAF_FR_V2_ENGINE_AUTO);
    const VmafFrV2Info info = info_of(fr);
    float row[64];
    VmafFrV2Score by_null, by_unknown, batch[6];
    float rows[6 * 64];
    int32_t ids[6] = { 0, 1, 2, 3, 4, 5 }, unknown = 5, id;
    size_t i;
    int differs = 0;

    CHECK_INT(info.codec_aware, 1);
    CHECK_INT(info.n_codecs, 6);
    CHECK_INT(info.codec_vocab_version, 1);
    CHECK(info.engine == VMAF_FR_V2_ENGINE_ONNXRUNTIME || info.engine == VMAF_FR_V2_ENGINE_EMBEDDED);
    for (i = 0; i < 6; i++) CHECK_TEXT(vmaf_fr_v2_codec_name(fr, i), vocabulary[i]);
    CHECK(vmaf_fr_v2_codec_name(fr, 6) == NULL);
    CHECK(vmaf_fr_v2_codec_name(fr, SIZE_MAX) == NULL);
    CHECK(vmaf_fr_v2_feature_name(fr, info.n_features) == NULL);
    CHECK(vmaf_fr_v2_feature_name(fr, SIZE_MAX) == NULL);
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        CHECK_INT(vmaf_fr_v2_codec_known(fr, names[i].name), names[i].id != 5);
    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        id = -7;
        CHECK_INT(vmaf_fr_v2_codec_id(fr, names[i].name, &id), 0);
        CHECK_INT(id, names[i].id);
    }

    CHECK(fill(fr, row, info.n_features));
    for (i = 0; i < 6; i++) memcpy(rows + i * info.n_features, row, info.n_features * sizeof(*row));
    CHECK_INT(vmaf_fr_v2_score(fr, row, NULL, 1, &by_null), 0);
    CHECK_INT(vmaf_fr_v2_score(fr, row, &unknown, 1, &by_unknown), 0);
    CHECK_BITS(by_null.score, by_unknown.score);
    CHECK_INT(vmaf_fr_v2_score(fr, rows, ids, 6, batch), 0);
    CHECK_NEAR(batch[5].score, by_unknown.score, 1e-4);
    for (i = 0; i < 6; i++) {
        CHECK(batch[i].score >= info.score_min && batch[i].score <= info.score_max);
        CHECK_INT(info.has_variance, !isnan(batch[i].stddev));
        CHECK_INT(isnan(batch[i].ci95_low), isnan(batch[i].stddev));
        CHECK_INT(isnan(batch[i].ci95_high), isnan(batch[i].stddev));
        if (fabs(batch[i].score - batch[5].score) > 1e-3) differs = 1;
    }
    CHECK(differs); /* else it is not codec-aware */
    CHECK_INT(vmaf_fr_v2_close(fr), 0);
}

static void codec_blind_model(void)
{
    VmafFrV2 *fr = open_builtin("builtin:fr_regressor_v1", VMAF_FR_V2_ENGINE_AUTO);
    const VmafFrV2Info info = info_of(fr);
    float row[64];
    VmafFrV2Score without, with;
    int32_t id = 3;
    CHECK_INT(info.codec_aware, 0);
    CHECK_INT(info.n_codecs, 0);
    CHECK_INT(vmaf_fr_v2_set_encode(fr, 0, "medium", 23), -ENOTSUP);
    /* It answers by vocabulary 1, and ignores what it answered. */
    CHECK_INT(vmaf_fr_v2_codec_id(fr, "hevc", &id), 0);
    CHECK_INT(id, 1);
    CHECK_INT(vmaf_fr_v2_codec_known(fr, "hevc"), 1);
    CHECK_INT(vmaf_fr_v2_codec_known(fr, "mpeg2video"), 0);
    id = 3;
    CHECK(fill(fr, row, info.n_features));
    CHECK_INT(vmaf_fr_v2_score(fr, row, NULL, 1, &without), 0);
    CHECK_INT(vmaf_fr_v2_score(fr, row, &id, 1, &with), 0);
    CHECK_BITS(with.score, without.score);
    CHECK_INT(vmaf_fr_v2_close(fr), 0);
}

/* Hosts compiled against fewer members: the library must neither read nor write past what they have. */
static void older_hosts(void)
{
    struct { uint32_t struct_size, n_features, n_codecs; unsigned char guard[sizeof(VmafFrV2Info)]; } old_info;
    struct { uint32_t struct_size; int32_t engine; const char *onnxruntime_path; } old_config;
    VmafFrV2 *fr = NULL;
    VmafFrV2Info info;
    size_t i;

    memset(&old_config, 0xff, sizeof(old_config)); /* the padding, too */
    old_config.struct_size = sizeof(old_config);
    old_config.engine = VMAF_FR_V2_ENGINE_EMBEDDED;
    old_config.onnxruntime_path = NULL;
    {
        /* At the end of a page of malloc's, so that valgrind sees a read past it. */
        void *exact = malloc(sizeof(old_config));
        memcpy(exact, &old_config, sizeof(old_config));
        CHECK_INT(vmaf_fr_v2_open(&fr, NULL, (const VmafFrV2Config *)exact), 0);
        free(exact);
    }
    info = info_of(fr);
    CHECK_INT(info.engine, VMAF_FR_V2_ENGINE_EMBEDDED);

    memset(&old_info, 0xa5, sizeof(old_info));
    old_info.struct_size = offsetof(VmafFrV2Info, codec_aware);
    CHECK_INT(vmaf_fr_v2_info(fr, (VmafFrV2Info *)&old_info), 0);
    CHECK_INT(old_info.n_features, info.n_features);
    CHECK_INT(old_info.n_codecs, info.n_codecs);
    for (i = 0; i < sizeof(old_info.guard); i++) CHECK_INT(old_info.guard[i], 0xa5);

    info.struct_size = 2;
    CHECK_INT(vmaf_fr_v2_info(fr, &info), -EINVAL);

    /* A newer host, with members this library does not know: they must be left alone or 0. */
    {
        struct { VmafFrV2Config config; unsigned char more[32]; } newer;
        VmafFrV2 *other = NULL;
        memset(&newer, 0, sizeof(newer));
        vmaf_fr_v2_config_default(&newer.config);
        newer.config.struct_size = sizeof(newer);
        CHECK_INT(vmaf_fr_v2_open(&other, NULL, &newer.config), 0);
        CHECK_INT(vmaf_fr_v2_close(other), 0);
    }
    CHECK_INT(vmaf_fr_v2_close(fr), 0);
}

struct Messages { int n, at_level[4]; };

static void count_messages(void *cookie, int32_t level, const char *message)
{
    struct Messages *messages = (struct Messages *)cookie;
    CHECK(message && *message);
    CHECK(level >= VMAF_FR_V2_LOG_ERROR && level <= VMAF_FR_V2_LOG_INFO);
    messages->n++;
    if (level > 0 && level < 4) messages->at_level[level]++;
}

/* Has the log of `config` counted in `messages`, which begin at 0. */
static void count_into(struct Messages *messages, VmafFrV2Config *config)
{
    memset(messages, 0, sizeof(*messages));
    config->log = count_messages;
    config->log_cookie = messages;
}

static void logger(void)
{
    VmafFrV2Config config = test_config(VMAF_FR_V2_ENGINE_AUTO);
    VmafFrV2 *fr = NULL;
    struct Messages messages;
    count_into(&messages, &config);
    CHECK_INT(vmaf_fr_v2_open(&fr, NULL, &config), 0);
    CHECK_INT(messages.at_level[VMAF_FR_V2_LOG_INFO], 1);
    CHECK_INT(vmaf_fr_v2_close(fr), 0);
    printf("%d log messages\n", messages.n);
    CHECK_INT(vmaf_fr_v2_open(&fr, "builtin:none", &config), -ENOENT);
    CHECK_INT(messages.at_level[VMAF_FR_V2_LOG_ERROR], 1);
}

/* AUTO: the embedded engine first, ONNX Runtime first where the host names one; whatever fails is logged. */
static void automatic_engine(void)
{
    VmafFrV2Config config = test_config(VMAF_FR_V2_ENGINE_AUTO);
    VmafFrV2 *fr = NULL;
    struct Messages messages;
    count_into(&messages, &config);
    CHECK_INT(vmaf_fr_v2_open(&fr, NULL, &config), 0);
    CHECK_INT(info_of(fr).engine, VMAF_FR_V2_ENGINE_EMBEDDED);
    CHECK_INT(vmaf_fr_v2_close(fr), 0);
    CHECK_INT(messages.at_level[VMAF_FR_V2_LOG_WARNING], 0);
    config.onnxruntime_path = "/nonexistent/libonnxruntime.so";
    CHECK_INT(vmaf_fr_v2_open(&fr, NULL, &config), 0);
    CHECK_INT(info_of(fr).engine, VMAF_FR_V2_ENGINE_EMBEDDED);
    CHECK_INT(messages.at_level[VMAF_FR_V2_LOG_WARNING], 1);
    CHECK_INT(vmaf_fr_v2_close(fr), 0);
    config.onnxruntime_path = getenv("VMAF_FR_V2_ONNXRUNTIME");
    if (!config.onnxruntime_path) return;
    CHECK_INT(vmaf_fr_v2_open(&fr, NULL, &config), 0);
    CHECK_INT(info_of(fr).engine, VMAF_FR_V2_ENGINE_ONNXRUNTIME);
    CHECK_INT(vmaf_fr_v2_close(fr), 0);
}

/* Distances fail as scores do; they are NaN if the card does not describe its domain. numbers.c has more. */
static void domain(void)
{
    VmafFrV2 *fr = open_builtin(NULL, VMAF_FR_V2_ENGINE_EMBEDDED);
    const VmafFrV2Info info = info_of(fr);
    float rows[3 * 64];
    double distances[3];
    VmafFrV2Score scores[3];
    size_t i;
    for (i = 0; i < 3; i++) CHECK(fill(fr, rows + i * info.n_features, info.n_features));
    CHECK_INT(vmaf_fr_v2_domain(fr, rows, 3, distances), 0);
    for (i = 0; i < 3; i++) CHECK(isnan(distances[i]) || distances[i] >= 0);
    rows[2 * info.n_features] = INFINITY;
    distances[0] = 7;
    CHECK_INT(vmaf_fr_v2_score(fr, rows, NULL, 3, scores), -EDOM);
    CHECK_INT(vmaf_fr_v2_domain(fr, rows, 3, distances), -EDOM);
    CHECK_CONTAINS(vmaf_fr_v2_last_error(fr), "frame 2");
    CHECK_BITS(distances[0], 7.0);
    CHECK_INT(vmaf_fr_v2_close(fr), 0);
}

/* Values that no libvmaf gives are refused, with the likely reason. */
static void impossible_values(void)
{
    static const struct { const char *feature; float value; const char *why; } cases[] = {
        { "float_ssim", 18.3f, "enable_db" }, { "float_ms_ssim", 1.01f, "decibels" }, { "float_ssim", -1.5f, "below -1" },
        { "adm2", 10.5f, "above 10" }, { "vif_scale3", -0.01f, "below 0" }, { "motion2", -1.0f, "below 0" },
        { "psnr_y", -3.0f, "below 0" }, { "cambi", -0.5f, "below 0" },
    };
    VmafFrV2 *fr = open_builtin("builtin:fr_regressor_v2_codec_aware", VMAF_FR_V2_ENGINE_AUTO);
    const VmafFrV2Info info = info_of(fr);
    size_t i;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        float rows[2 * 64];
        VmafFrV2Score scores[2];
        uint32_t f = 0;
        CHECK(fill(fr, rows, info.n_features) && fill(fr, rows + info.n_features, info.n_features));
        while (f < info.n_features && strcmp(vmaf_fr_v2_feature_name(fr, f), cases[i].feature)) f++;
        CHECK(f < info.n_features);
        rows[info.n_features + f] = cases[i].value;
        CHECK_INT(vmaf_fr_v2_score(fr, rows, NULL, 2, scores), -EDOM);
        CHECK_CONTAINS(vmaf_fr_v2_last_error(fr), "frame 1");
        CHECK_CONTAINS(vmaf_fr_v2_last_error(fr), cases[i].feature);
        CHECK_CONTAINS(vmaf_fr_v2_last_error(fr), cases[i].why);
    }
    CHECK_INT(vmaf_fr_v2_close(fr), 0);
}

/* last_error belongs to a thread; a handle serves several of them. */
struct Worker { VmafFrV2 *fr; int codec_id; double score; int ok; };

static void *work(void *argument)
{
    struct Worker *w = (struct Worker *)argument;
    float row[64];
    const int32_t good = w->codec_id, bad = 100 + w->codec_id;
    char expected[16];
    VmafFrV2Score score;
    VmafFrV2Info info;
    int i;
    info.struct_size = sizeof(info);
    w->ok = !vmaf_fr_v2_info(w->fr, &info) && fill(w->fr, row, info.n_features);
    snprintf(expected, sizeof(expected), "%d", bad);
    for (i = 0; i < 200 && w->ok; i++) {
        w->ok = vmaf_fr_v2_score(w->fr, row, &good, 1, &score) == 0;
        if (i && score.score != w->score) w->ok = 0;
        w->score = score.score;
        if (vmaf_fr_v2_score(w->fr, row, &bad, 1, &score) != -ERANGE) w->ok = 0;
        if (!strstr(vmaf_fr_v2_last_error(w->fr), expected)) w->ok = 0;
        if (vmaf_fr_v2_open(NULL, NULL, NULL) != -EINVAL) w->ok = 0;
    }
    return NULL;
}

static void threads(void)
{
    pthread_t thread[6];
    struct Worker worker[6];
    VmafFrV2 *fr = open_builtin("builtin:fr_regressor_v2_codec_aware", VMAF_FR_V2_ENGINE_AUTO);
    int i;
    for (i = 0; i < 6; i++) {
        worker[i].fr = fr;
        worker[i].codec_id = i;
        CHECK_INT(pthread_create(&thread[i], NULL, work, &worker[i]), 0);
    }
    for (i = 0; i < 6; i++) {
        CHECK_INT(pthread_join(thread[i], NULL), 0);
        CHECK(worker[i].ok);
    }
    CHECK_INT(vmaf_fr_v2_close(fr), 0);
}

int main(void)
{
    versions();
    table();
    config_default();
    strings();
    null_pointers();
    texts_without_a_handle();
    texts_of_many_handles();
    builtin_models();
    default_model();
    codec_aware_model();
    codec_blind_model();
    older_hosts();
    logger();
    automatic_engine();
    domain();
    impossible_values();
    threads();
    return test_result();
}
