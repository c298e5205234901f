/* SPDX-License-Identifier: BSD-2-Clause-Patent */

/*
 * Opens every model that make_models.py made and checks the error: errors DIRECTORY [CASE]
 *
 * With VMAF_FR_V2_ONNXRUNTIME unset and no libonnxruntime in the system, cases of that engine are left out.
 */

#define _GNU_SOURCE /* seteuid */

#include <limits.h>
#include <math.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "test.h"

static const char *directory;

static const struct { const char *name; int value; } errnos[] = {
    { "0", 0 }, { "EINVAL", EINVAL }, { "ENOENT", ENOENT }, { "EACCES", EACCES }, { "E2BIG", E2BIG },
    { "EBADMSG", EBADMSG }, { "EPROTO", EPROTO }, { "EILSEQ", EILSEQ }, { "EPERM", EPERM },
    { "ENOTSUP", ENOTSUP }, { "ENOSYS", ENOSYS }, { "ENOMEM", ENOMEM }, { "EIO", EIO },
    { "EFAULT", EFAULT }, { "ERANGE", ERANGE }, { "EDOM", EDOM },
};

static const char *errno_name(int err)
{
    size_t i;
    for (i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++)
        if (errnos[i].value == -err) return errnos[i].name;
    return "no errno of the table";
}

/* Whether `err` is one of the names in "ENOENT|EACCES". */
static int is_one_of(int err, const char *names)
{
    const char *name = errno_name(err), *at = strstr(names, name);
    const size_t length = strlen(name);
    return at && (at == names || at[-1] == '|') && (at[length] == '\0' || at[length] == '|');
}

static const char *path_in_directory(const char *name)
{
    static char path[PATH_MAX];
    if (*name == '/' || !strncmp(name, "builtin:", 8)) return name;
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    return path;
}

static int have_onnxruntime(void)
{
    VmafFrV2Config config = test_config(VMAF_FR_V2_ENGINE_ONNXRUNTIME);
    VmafFrV2 *fr = NULL;
    const int err = vmaf_fr_v2_open(&fr, NULL, &config);
    vmaf_fr_v2_close(fr);
    return !err;
}

/* Opening, and where it is to succeed one score, under one engine. */
static void run_case(const char *name, const char *model, const char *expected, int32_t engine, int unpinned,
                     const char *text)
{
    VmafFrV2Config config = test_config(engine);
    VmafFrV2 *const untouched = (VmafFrV2 *)&config;
    VmafFrV2 *fr = untouched;
    int err;

    if (unpinned) config.flags |= VMAF_FR_V2_FLAG_ALLOW_UNPINNED;
    err = vmaf_fr_v2_open(&fr, path_in_directory(model), &config);
    if (!is_one_of(err, expected)) {
        fprintf(stderr, "case %s, engine %d: open gave %s, expected %s: %s\n", name, (int)engine, errno_name(err),
                expected, err ? vmaf_fr_v2_last_error(NULL) : "");
        failures++;
    }
    if (err) {
        const char *message = vmaf_fr_v2_last_error(NULL);
        if (!strstr(message, text) || !*message || strchr(message, '\n')) {
            fprintf(stderr, "case %s, engine %d: \"%s\" lacks \"%s\"\n", name, (int)engine, message, text);
            failures++;
        }
        CHECK(fr == untouched);
    } else {
        VmafFrV2Info info;
        info.struct_size = sizeof(info);
        CHECK_INT(vmaf_fr_v2_info(fr, &info), 0);
        CHECK_INT(info.n_features, !strcmp(name, "good_no_card") ? 6 : 3);
        {
            /* One standard deviation above the mean in each feature: 10 each above the graph's bias. */
            const float features[6] = { 0.75f, 0.75f, 7.5f, 0, 0, 0 };
            /* A vocabulary without "unknown" needs the codec. */
            const int32_t codec_id = 0, *codec_ids = strcmp(name, "good_own_vocabulary") ? NULL : &codec_id;
            VmafFrV2Score score;
            if (codec_ids) CHECK_INT(vmaf_fr_v2_score(fr, features, NULL, 1, &score), -ERANGE);
            CHECK_INT(vmaf_fr_v2_score(fr, features, codec_ids, 1, &score), 0);
            if (!strcmp(name, "good_v1")) CHECK_NEAR(score.score, 80.0, 1e-4);
            if (!strcmp(name, "good_v2")) CHECK_NEAR(score.score, 90.0, 1e-4); /* codec 5, unknown */
            if (!strcmp(name, "good_out_of_range")) CHECK_NEAR(score.score, 100.0, 0);
            if (!strcmp(name, "good_external")) CHECK_NEAR(score.score, 80.0, 1e-4);
            if (!strcmp(name, "good_logvar")) {
                CHECK_NEAR(score.stddev, exp(-1.0), 1e-6);
                CHECK_NEAR(score.ci95_high - score.score, 1.959964 * exp(-1.0), 1e-6);
                CHECK_INT(info.has_variance, 1);
            } else if (!strcmp(name, "good_ensemble")) {
                CHECK_NEAR(score.score, 82.0, 1e-4);
                CHECK_NEAR(score.stddev, 13.114877, 1e-4); /* of 70, 80 and 96 */
                CHECK_INT(info.n_members, 3);
            } else {
                CHECK_INT(info.n_members, 1);
            }
        }
        CHECK_INT(vmaf_fr_v2_close(fr), 0);
    }
}

static void run_cases(const char *only)
{
    char line[4096], *field[6];
    const int onnxruntime = have_onnxruntime();
    int n = 0, i;
    FILE *cases = fopen(path_in_directory("cases.tsv"), "r");
    if (!cases) {
        perror(path_in_directory("cases.tsv"));
        failures++;
        return;
    }
    while (fgets(line, sizeof(line), cases)) {
        char *at = line;
        int32_t engine;
        line[strcspn(line, "\n")] = '\0';
        for (i = 0; i < 6; i++) {
            field[i] = at;
            at += strcspn(at, "\t");
            if (*at) *at++ = '\0';
        }
        if (only && strcmp(only, field[0])) continue;
        n++;
        for (engine = VMAF_FR_V2_ENGINE_ONNXRUNTIME; engine <= VMAF_FR_V2_ENGINE_EMBEDDED; engine++) {
            if (!strcmp(field[3], "embedded") && engine != VMAF_FR_V2_ENGINE_EMBEDDED) continue;
            if (!strcmp(field[3], "onnxruntime") && engine != VMAF_FR_V2_ENGINE_ONNXRUNTIME) continue;
            if (engine == VMAF_FR_V2_ENGINE_ONNXRUNTIME && !onnxruntime) continue;
            run_case(field[0], field[1], field[2], engine, !strcmp(field[4], "unpinned"), field[5]);
        }
    }
    fclose(cases);
    printf("%d cases%s\n", n, onnxruntime ? "" : ", embedded engine only: no ONNX Runtime found");
    CHECK(n > 0);
}

static void eacces(void)
{
    const uid_t user = geteuid();
    VmafFrV2 *fr = NULL;
    VmafFrV2Config config = test_config(VMAF_FR_V2_ENGINE_AUTO);
    char path[PATH_MAX];
    snprintf(path, sizeof(path), "%s", path_in_directory("good_v1.onnx"));
    /* Nobody keeps root from reading a file, so root becomes somebody else for the moment. */
    CHECK_INT(chmod(path, 0), 0);
    if (user == 0) CHECK_INT(seteuid(65534), 0);
    CHECK_INT(vmaf_fr_v2_open(&fr, path, &config), -EACCES);
    CHECK_CONTAINS(vmaf_fr_v2_last_error(NULL), user == 0 ? "ermission denied" : "good_v1.onnx");
    if (user == 0) CHECK_INT(seteuid(0), 0);
    CHECK_INT(chmod(path, 0644), 0);
}

static void enomem(void)
{
    struct rlimit limit, low;
    VmafFrV2Config config = test_config(VMAF_FR_V2_ENGINE_AUTO);
    VmafFrV2 *fr = NULL;
    int err;
    FILE *status = fopen("/proc/self/statm", "r");
    unsigned long pages = 0;
    CHECK(status && fscanf(status, "%lu", &pages) == 1);
    if (status) fclose(status);
    CHECK_INT(getrlimit(RLIMIT_AS, &limit), 0);
    low = limit;
    low.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + (8u << 20);
    CHECK_INT(setrlimit(RLIMIT_AS, &low), 0);
    err = vmaf_fr_v2_open(&fr, path_in_directory("large.onnx"), &config);
    CHECK_INT(setrlimit(RLIMIT_AS, &limit), 0);
    CHECK_INT(err, -ENOMEM);
    CHECK_CONTAINS(vmaf_fr_v2_last_error(NULL), "large.onnx");
}

static void enosys(void)
{
    VmafFrV2Config config = test_config(VMAF_FR_V2_ENGINE_ONNXRUNTIME);
    VmafFrV2 *fr = NULL;
    config.onnxruntime_path = "/nonexistent/libonnxruntime.so";
    CHECK_INT(vmaf_fr_v2_open(&fr, NULL, &config), -ENOSYS);
    CHECK_CONTAINS(vmaf_fr_v2_last_error(NULL), "/nonexistent/libonnxruntime.so");
    /* A file that is no library, and a library that is no ONNX Runtime. */
    {
        char path[PATH_MAX];
        snprintf(path, sizeof(path), "%s", path_in_directory("cases.tsv"));
        config.onnxruntime_path = path;
        CHECK_INT(vmaf_fr_v2_open(&fr, NULL, &config), -ENOSYS);
        CHECK_CONTAINS(vmaf_fr_v2_last_error(NULL), "cases.tsv");
    }
#ifdef LIBM_PATH
    config.onnxruntime_path = LIBM_PATH;
    CHECK_INT(vmaf_fr_v2_open(&fr, NULL, &config), -ENOSYS);
    CHECK_CONTAINS(vmaf_fr_v2_last_error(NULL), LIBM_PATH);
#endif
    /* AUTO fails only if no engine runs the graph: with the errno of the one tried first, and both reasons. */
    config.engine = VMAF_FR_V2_ENGINE_AUTO;
    config.onnxruntime_path = "/nonexistent/libonnxruntime.so";
    CHECK_INT(vmaf_fr_v2_open(&fr, path_in_directory("not_embedded.onnx"), &config), -ENOSYS);
    CHECK_CONTAINS(vmaf_fr_v2_last_error(NULL), "/nonexistent/libonnxruntime.so");
    CHECK_CONTAINS(vmaf_fr_v2_last_error(NULL), "Softmax");
    if (have_onnxruntime()) {
        /* What the embedded engine cannot run, ONNX Runtime does. */
        VmafFrV2Info info;
        config.onnxruntime_path = NULL;
        CHECK_INT(vmaf_fr_v2_open(&fr, path_in_directory("not_embedded.onnx"), &config), 0);
        info.struct_size = sizeof(info);
        CHECK_INT(vmaf_fr_v2_info(fr, &info), 0);
        CHECK_INT(info.engine, VMAF_FR_V2_ENGINE_ONNXRUNTIME);
        CHECK_INT(vmaf_fr_v2_close(fr), 0);
    }
    /* The embedded engine does not care. */
    config.engine = VMAF_FR_V2_ENGINE_EMBEDDED;
    CHECK_INT(vmaf_fr_v2_open(&fr, NULL, &config), 0);
    CHECK_INT(vmaf_fr_v2_close(fr), 0);
}

static void einval(void)
{
    VmafFrV2Config config = test_config(VMAF_FR_V2_ENGINE_EMBEDDED);
    VmafFrV2 *fr = NULL;
    int32_t engine;
    for (engine = -1; engine <= 3; engine += 4) {
        config.engine = engine;
        CHECK_INT(vmaf_fr_v2_open(&fr, NULL, &config), -EINVAL);
        CHECK_CONTAINS(vmaf_fr_v2_last_error(NULL), "engine");
    }
    config = test_config(VMAF_FR_V2_ENGINE_EMBEDDED);
    config.flags = 1ull << 63;
    CHECK_INT(vmaf_fr_v2_open(&fr, NULL, &config), -EINVAL);
    CHECK_CONTAINS(vmaf_fr_v2_last_error(NULL), "flag");
    config = test_config(VMAF_FR_V2_ENGINE_EMBEDDED);
    config.struct_size = 3;
    CHECK_INT(vmaf_fr_v2_open(&fr, NULL, &config), -EINVAL);
    CHECK_CONTAINS(vmaf_fr_v2_last_error(NULL), "struct_size");
    config = test_config(VMAF_FR_V2_ENGINE_EMBEDDED);
    CHECK_INT(vmaf_fr_v2_open(&fr, "caf\xe9.onnx", &config), -EINVAL);
    CHECK_CONTAINS(vmaf_fr_v2_last_error(NULL), "UTF-8");
    config.onnxruntime_path = "\xff";
    config.engine = VMAF_FR_V2_ENGINE_ONNXRUNTIME;
    CHECK_INT(vmaf_fr_v2_open(&fr, NULL, &config), -EINVAL);
    CHECK_INT(vmaf_fr_v2_open(NULL, NULL, &config), -EINVAL);
    CHECK_CONTAINS(vmaf_fr_v2_last_error(NULL), "fr is NULL");
    CHECK(fr == NULL);
    /* Since API 1.1 no configuration is the default one. */
    CHECK_INT(vmaf_fr_v2_open(&fr, NULL, NULL), 0);
    CHECK_INT(vmaf_fr_v2_close(fr), 0);
}

/* Errors of an open model: the handle stays usable, and its scores stay as they were. */
static void open_model_errors(int32_t engine)
{
    VmafFrV2Config config = test_config(engine);
    VmafFrV2 *fr = NULL;
    float features[4][3] = { { 0.5f, 0.5f, 5.0f }, { 0.5f, 0.5f, 5.0f }, { 0.5f, 0.5f, 5.0f }, { 0.5f, 0.5f, 5.0f } };
    int32_t codec_ids[4] = { 0, 1, 2, 3 }, id = -7;
    VmafFrV2Score scores[4], before[4];
    size_t i;
    int err = vmaf_fr_v2_open(&fr, path_in_directory("good_v2.onnx"), &config);

    if (err == -ENOSYS) return;
    CHECK_INT(err, 0);
    if (err) return;
    memset(scores, 0x5a, sizeof(scores));
    memcpy(before, scores, sizeof(scores));

    features[2][1] = NAN;
    CHECK_INT(vmaf_fr_v2_score(fr, features[0], codec_ids, 4, scores), -EDOM);
    CHECK_CONTAINS(vmaf_fr_v2_last_error(fr), "frame 2");
    CHECK_CONTAINS(vmaf_fr_v2_last_error(fr), "vif_scale0");
    features[2][1] = 0.5f;
    features[3][2] = -INFINITY;
    CHECK_INT(vmaf_fr_v2_score(fr, features[0], codec_ids, 4, scores), -EDOM);
    CHECK_CONTAINS(vmaf_fr_v2_last_error(fr), "frame 3");
    CHECK_CONTAINS(vmaf_fr_v2_last_error(fr), "motion2");
    features[3][2] = 5.0f;
    for (i = 0; i < 4; i++) {
        static const int32_t bad[4] = { -1, 6, INT32_MIN, INT32_MAX };
        codec_ids[1] = bad[i];
        CHECK_INT(vmaf_fr_v2_score(fr, features[0], codec_ids, 4, scores), -ERANGE);
        CHECK_CONTAINS(vmaf_fr_v2_last_error(fr), "frame 1");
    }
    codec_ids[1] = 1;
    CHECK(!memcmp(scores, before, sizeof(scores)));

    CHECK_INT(vmaf_fr_v2_set_encode(fr, 0, "medium", 20.0), -ENOTSUP);
    CHECK_INT(vmaf_fr_v2_codec_id(fr, "caf\xe9", &id), -EINVAL);
    CHECK_INT(id, -7);

    CHECK_INT(vmaf_fr_v2_score(fr, features[0], codec_ids, 4, scores), 0);
    for (i = 0; i < 4; i++) CHECK_NEAR(scores[i].score, 50.0 + 2.0 * (double)i, 1e-4);
    CHECK_INT(vmaf_fr_v2_close(fr), 0);

    CHECK_INT(vmaf_fr_v2_open(&fr, path_in_directory("good_block.onnx"), &config), 0);
    CHECK_INT(vmaf_fr_v2_set_encode(fr, 0, "nonesuch", 20.0), -ERANGE);
    CHECK_CONTAINS(vmaf_fr_v2_last_error(fr), "nonesuch");
    CHECK_INT(vmaf_fr_v2_set_encode(fr, 2, "medium", 20.0), -ERANGE);
    CHECK_INT(vmaf_fr_v2_set_encode(fr, 6, NULL, NAN), -ERANGE);
    CHECK_INT(vmaf_fr_v2_set_encode(fr, -1, NULL, NAN), -ERANGE);
    CHECK_INT(vmaf_fr_v2_set_encode(fr, 0, "caf\xe9", 20.0), -EINVAL);
    /* The graph adds 2 * 6 * preset_norm + 2 * 7 * crf_norm; neutral is 0.5 each. */
    CHECK_INT(vmaf_fr_v2_score(fr, features[0], codec_ids, 1, scores), 0);
    CHECK_NEAR(scores[0].score, 63.0, 1e-4);
    CHECK_INT(vmaf_fr_v2_set_encode(fr, 0, "placebo", 63.0), 0);
    CHECK_INT(vmaf_fr_v2_score(fr, features[0], codec_ids, 2, scores), 0);
    CHECK_NEAR(scores[0].score, 76.0, 1e-4);
    CHECK_NEAR(scores[1].score, 65.0, 1e-4); /* codec 1 was not set */
    CHECK_INT(vmaf_fr_v2_set_encode(fr, 0, NULL, NAN), 0);
    CHECK_INT(vmaf_fr_v2_score(fr, features[0], codec_ids, 1, scores), 0);
    CHECK_NEAR(scores[0].score, 63.0, 1e-4);
    CHECK_INT(vmaf_fr_v2_close(fr), 0);

    /* A vocabulary without "unknown". */
    CHECK_INT(vmaf_fr_v2_open(&fr, path_in_directory("good_own_vocabulary.onnx"), &config), 0);
    CHECK_INT(vmaf_fr_v2_codec_id(fr, " AVC ", &id), 0);
    CHECK_INT(id, 0);
    id = -7;
    CHECK_INT(vmaf_fr_v2_codec_id(fr, "hevc", &id), -ERANGE);
    CHECK_INT(id, -7);
    CHECK_CONTAINS(vmaf_fr_v2_last_error(fr), "hevc");
    CHECK_INT(vmaf_fr_v2_close(fr), 0);

    /* A card that lets features be missing: the mean stands in, infinity never passes. */
    CHECK_INT(vmaf_fr_v2_open(&fr, path_in_directory("good_missing_mean.onnx"), &config), 0);
    features[0][1] = NAN;
    CHECK_INT(vmaf_fr_v2_score(fr, features[0], NULL, 1, scores), 0);
    CHECK_NEAR(scores[0].score, 50.0, 1e-4);
    CHECK_INT(vmaf_fr_v2_feature_optional(fr, 1), 1);
    features[0][1] = INFINITY;
    CHECK_INT(vmaf_fr_v2_score(fr, features[0], NULL, 1, scores), -EDOM);
    features[0][0] = features[0][1] = features[0][2] = NAN;
    CHECK_INT(vmaf_fr_v2_score(fr, features[0], NULL, 1, scores), -EDOM);
    CHECK_CONTAINS(vmaf_fr_v2_last_error(fr), "every feature");
    CHECK_INT(vmaf_fr_v2_close(fr), 0);

    /* Which features may be missing, and that nothing but those may. */
    CHECK_INT(vmaf_fr_v2_open(&fr, path_in_directory("good_optional.onnx"), &config), 0);
    CHECK_INT(vmaf_fr_v2_feature_optional(fr, 0), 0);
    CHECK_INT(vmaf_fr_v2_feature_optional(fr, 1), 1);
    CHECK_INT(vmaf_fr_v2_feature_optional(fr, 2), 2);
    CHECK_INT(vmaf_fr_v2_feature_optional(fr, 3), -EINVAL);
    features[0][0] = 0.5f;
    features[0][1] = features[0][2] = NAN;
    CHECK_INT(vmaf_fr_v2_score(fr, features[0], NULL, 1, scores), 0);
    CHECK_NEAR(scores[0].score, 50.0, 1e-4);
    features[0][0] = NAN;
    CHECK_INT(vmaf_fr_v2_score(fr, features[0], NULL, 1, scores), -EDOM);
    CHECK_CONTAINS(vmaf_fr_v2_last_error(fr), "adm2");
    CHECK_INT(vmaf_fr_v2_close(fr), 0);

    /* A card may narrow what a feature can be. */
    CHECK_INT(vmaf_fr_v2_open(&fr, path_in_directory("good_feature_range.onnx"), &config), 0);
    features[0][0] = features[0][1] = 0.5f;
    features[0][2] = 20.5f;
    CHECK_INT(vmaf_fr_v2_score(fr, features[0], NULL, 1, scores), -EDOM);
    CHECK_CONTAINS(vmaf_fr_v2_last_error(fr), "motion2");
    CHECK_CONTAINS(vmaf_fr_v2_last_error(fr), "feature_range");
    features[0][2] = 20.0f;
    CHECK_INT(vmaf_fr_v2_score(fr, features[0], NULL, 1, scores), 0);
    CHECK_INT(vmaf_fr_v2_close(fr), 0);

    /* Clipping, and doing without. */
    CHECK_INT(vmaf_fr_v2_open(&fr, path_in_directory("good_out_of_range.onnx"), &config), 0);
    CHECK_INT(vmaf_fr_v2_score(fr, features[1], NULL, 1, scores), 0);
    CHECK_NEAR(scores[0].score, 100.0, 0);
    CHECK_INT(vmaf_fr_v2_close(fr), 0);
    config.flags = VMAF_FR_V2_FLAG_DISABLE_CLIP;
    CHECK_INT(vmaf_fr_v2_open(&fr, path_in_directory("good_out_of_range.onnx"), &config), 0);
    CHECK_INT(vmaf_fr_v2_score(fr, features[1], NULL, 1, scores), 0);
    CHECK_NEAR(scores[0].score, 1000.0, 1e-3);
    CHECK_INT(vmaf_fr_v2_close(fr), 0);
}

/* -EFAULT needs a library built to panic on request. */
static void efault(void)
{
    VmafFrV2Config config = test_config(VMAF_FR_V2_ENGINE_AUTO);
    VmafFrV2 *fr = NULL;
    CHECK_INT(vmaf_fr_v2_open(&fr, "builtin:__panic", &config), -EFAULT);
    CHECK(*vmaf_fr_v2_last_error(NULL));
    CHECK(fr == NULL);
    /* The library goes on working. */
    CHECK_INT(vmaf_fr_v2_open(&fr, NULL, &config), 0);
    CHECK_INT(vmaf_fr_v2_close(fr), 0);
}

int main(int argc, char **argv)
{
    if (argc > 1 && !strcmp(argv[1], "--panic")) {
        efault();
        return test_result();
    }
    if (argc < 2) return test_skip("no directory of models (Python with onnx is needed to make them)");
    directory = argv[1];
    run_cases(argc > 2 ? argv[2] : NULL);
    if (argc > 2) return test_result();
    einval();
    eacces();
    enosys();
    open_model_errors(VMAF_FR_V2_ENGINE_EMBEDDED);
    open_model_errors(VMAF_FR_V2_ENGINE_ONNXRUNTIME);
    enomem();
    return test_result();
}
