/* SPDX-License-Identifier: BSD-2-Clause-Patent */

/* Scores of both engines against those of Python's onnxruntime: golden FILE (made by make_golden.py) */

#include "test.h"

#define TOLERANCE 1e-4 /* absolute, on 0..100 */

static char line[1 << 16];

static char *next_field(char **at)
{
    char *field = *at;
    *at += strcspn(*at, "\t\n");
    if (**at) *(*at)++ = '\0';
    return field;
}

static int read_line(FILE *f, char **at)
{
    *at = line;
    return fgets(line, sizeof(line), f) != NULL;
}

static void run_set(FILE *f, long start, const char *name, const char *model, int rows, int width, int32_t engine)
{
    VmafFrV2Config config = test_config(engine);
    VmafFrV2 *fr = NULL;
    VmafFrV2Info info;
    double worst = 0, worst_stddev = 0;
    int i, j, err;
    char *at;

    config.flags = VMAF_FR_V2_FLAG_DISABLE_CLIP; /* as the golden vectors are */
    err = vmaf_fr_v2_open(&fr, model, &config);
    if (err == -ENOSYS) {
        printf("%s: no ONNX Runtime found\n", name);
        return;
    }
    if (err) fprintf(stderr, "%s: %s\n", name, vmaf_fr_v2_last_error(NULL));
    CHECK_INT(err, 0);
    if (err) return;
    info.struct_size = sizeof(info);
    CHECK_INT(vmaf_fr_v2_info(fr, &info), 0);
    CHECK_INT(info.n_features, width);

    fseek(f, start, SEEK_SET);
    for (i = 0; i < rows && read_line(f, &at); i++) {
        const double expected = atof(next_field(&at));
        const char *stddev = next_field(&at), *codec = next_field(&at), *preset = next_field(&at);
        const char *crf = next_field(&at);
        float features[64];
        int32_t id = 0;
        VmafFrV2Score score;
        for (j = 0; j < width && j < 64; j++) features[j] = (float)atof(next_field(&at));
        if (*codec != '-') CHECK_INT(vmaf_fr_v2_codec_id(fr, codec, &id), 0);
        if (*preset != '-' || *crf != '-')
            CHECK_INT(vmaf_fr_v2_set_encode(fr, id, *preset == '-' ? NULL : preset, *crf == '-' ? NAN : atof(crf)), 0);
        err = vmaf_fr_v2_score(fr, features, *codec == '-' ? NULL : &id, 1, &score);
        if (err) fprintf(stderr, "%s row %d: %s\n", name, i, vmaf_fr_v2_last_error(fr));
        CHECK_INT(err, 0);
        if (err) break;
        CHECK_NEAR(score.score, expected, TOLERANCE);
        if (fabs(score.score - expected) > worst) worst = fabs(score.score - expected);
        CHECK_INT(isnan(score.stddev), *stddev == '-');
        if (*stddev == '-') continue;
        CHECK_NEAR(score.stddev, atof(stddev), TOLERANCE);
        if (fabs(score.stddev - atof(stddev)) > worst_stddev) worst_stddev = fabs(score.stddev - atof(stddev));
    }
    CHECK_INT(i, rows);
    printf("%s, %s: %d rows, worst difference %.2e, of stddev %.2e\n", name, info.engine_version, rows, worst,
           worst_stddev);
    CHECK_INT(vmaf_fr_v2_close(fr), 0);
}

int main(int argc, char **argv)
{
    FILE *f = argc > 1 ? fopen(argv[1], "r") : NULL;
    char *at;
    int sets = 0;
    if (!f) return test_skip("no golden file (Python with onnxruntime is needed to make it)");
    while (read_line(f, &at)) {
        char name[256], model[4096];
        int rows, width, i;
        const long start = ftell(f);
        CHECK_TEXT(next_field(&at), "set");
        snprintf(name, sizeof(name), "%s", next_field(&at));
        snprintf(model, sizeof(model), "%s", next_field(&at));
        rows = atoi(next_field(&at));
        width = atoi(next_field(&at));
        run_set(f, start, name, model, rows, width, VMAF_FR_V2_ENGINE_ONNXRUNTIME);
        run_set(f, start, name, model, rows, width, VMAF_FR_V2_ENGINE_EMBEDDED);
        fseek(f, start, SEEK_SET);
        for (i = 0; i < rows; i++) CHECK(read_line(f, &at));
        sets++;
    }
    fclose(f);
    CHECK(sets > 0);
    return test_result();
}
