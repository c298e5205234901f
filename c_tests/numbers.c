/* SPDX-License-Identifier: BSD-2-Clause-Patent */

/* Transforms, imputation, domain and calibration of both engines against numpy: numbers DIRECTORY (of make_numbers.py) */

#include "test.h"

#define TOLERANCE 1e-4 /* absolute, on 0..100; relative, of distances */
#define ROWS 256
#define WIDTH 8

static char line[1 << 12];

typedef struct Rows {
    double score[ROWS], stddev[ROWS], low[ROWS], high[ROWS], distance[ROWS];
    int32_t codec[ROWS];
    float features[ROWS * WIDTH];
} Rows;

static double number(char **at)
{
    char *field = strtok(*at, "\t\n");
    *at = NULL;
    if (!field) {
        CHECK(field != NULL);
        return NAN;
    }
    return strcmp(field, "-") ? atof(field) : NAN;
}

static void read_rows(FILE *f, Rows *rows, int n)
{
    int i, j;
    for (i = 0; i < n && fgets(line, sizeof(line), f); i++) {
        char *at = line;
        rows->score[i] = number(&at);
        rows->stddev[i] = number(&at);
        rows->low[i] = number(&at);
        rows->high[i] = number(&at);
        rows->distance[i] = number(&at);
        rows->codec[i] = (int32_t)number(&at);
        for (j = 0; j < WIDTH; j++) rows->features[i * WIDTH + j] = (float)number(&at);
    }
    CHECK_INT(i, n);
}

/* NaN is what a NaN has to be. */
static void check_near(const char *name, int row, const char *what, double actual, double expected, double tolerance)
{
    if (isnan(expected) ? isnan(actual) : fabs(actual - expected) <= tolerance) return;
    fprintf(stderr, "%s, row %d: %s is %.17g, expected %.17g\n", name, row, what, actual, expected);
    failures++;
}

/* Rows that cannot be scored have no distance either, and leave everything as it was. */
static void refused_rows(VmafFrV2 *fr, const Rows *rows)
{
    static const struct { int feature; float value; const char *why; } bad[] = {
        { 0, NAN, "'adm2' is NaN" }, { 3, INFINITY, "'vif_scale2' is inf" }, { 5, -INFINITY, "'motion2' is -inf" },
        { 6, INFINITY, "'psnr_y' is inf" }, { 7, 1.5f, "enable_db" }, { 5, -1.0f, "'motion2' is -1" },
        { 1, 10.5f, "'vif_scale0' is 10.5" },
    };
    size_t i;
    for (i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        float features[3 * WIDTH];
        double distances[3] = { 7, 7, 7 };
        VmafFrV2Score scores[3];
        memcpy(features, rows->features, sizeof(features));
        features[2 * WIDTH + bad[i].feature] = bad[i].value;
        scores[0].score = 7;
        CHECK_INT(vmaf_fr_v2_score(fr, features, NULL, 3, scores), -EDOM);
        CHECK_CONTAINS(vmaf_fr_v2_last_error(fr), "frame 2");
        CHECK_CONTAINS(vmaf_fr_v2_last_error(fr), bad[i].why);
        CHECK_INT(vmaf_fr_v2_domain(fr, features, 3, distances), -EDOM);
        CHECK_CONTAINS(vmaf_fr_v2_last_error(fr), bad[i].why);
        CHECK_BITS(scores[0].score, 7.0);
        CHECK_BITS(distances[0], 7.0);
    }
}

static void run_set(const char *name, const char *model, const Rows *rows, int n, int has_variance, int32_t engine)
{
    VmafFrV2Config config = test_config(engine);
    VmafFrV2 *fr = NULL;
    VmafFrV2Info info;
    VmafFrV2Score scores[ROWS], one;
    double distances[ROWS], distance;
    int i, err = vmaf_fr_v2_open(&fr, model, &config);
    if (err == -ENOSYS) {
        printf("%s: no ONNX Runtime found\n", name);
        return;
    }
    if (err) fprintf(stderr, "%s: %s\n", name, vmaf_fr_v2_last_error(NULL));
    CHECK_INT(err, 0);
    if (err) return;
    info.struct_size = sizeof(info);
    CHECK_INT(vmaf_fr_v2_info(fr, &info), 0);
    CHECK_INT(info.has_variance, has_variance);
    CHECK_INT(info.n_features, WIDTH);
    CHECK_INT(vmaf_fr_v2_score(fr, rows->features, rows->codec, n, scores), 0);
    CHECK_INT(vmaf_fr_v2_domain(fr, rows->features, n, distances), 0);
    for (i = 0; i < n; i++) {
        check_near(name, i, "score", scores[i].score, rows->score[i], TOLERANCE);
        check_near(name, i, "stddev", scores[i].stddev, rows->stddev[i], TOLERANCE);
        check_near(name, i, "ci95_low", scores[i].ci95_low, rows->low[i], TOLERANCE);
        check_near(name, i, "ci95_high", scores[i].ci95_high, rows->high[i], TOLERANCE);
        check_near(name, i, "distance", distances[i], rows->distance[i], TOLERANCE * rows->distance[i]);
        /* One frame at a time gives the same. */
        CHECK_INT(vmaf_fr_v2_score(fr, rows->features + i * WIDTH, rows->codec + i, 1, &one), 0);
        CHECK_INT(vmaf_fr_v2_domain(fr, rows->features + i * WIDTH, 1, &distance), 0);
        CHECK_BITS(distance, distances[i]);
        if (engine == VMAF_FR_V2_ENGINE_EMBEDDED) CHECK(!memcmp(&one, scores + i, sizeof(one)));
    }
    refused_rows(fr, rows);
    CHECK_INT(vmaf_fr_v2_close(fr), 0);
}

int main(int argc, char **argv)
{
    static Rows rows;
    FILE *f = NULL;
    int sets = 0;
    if (argc > 1) {
        snprintf(line, sizeof(line), "%s/numbers.tsv", argv[1]);
        f = fopen(line, "r");
    }
    if (!f) return test_skip("no numbers (Python with onnx and onnxruntime is needed to make them)");
    while (fgets(line, sizeof(line), f)) {
        char name[256], model[2048];
        int n, width, has_variance;
        CHECK_INT(sscanf(line, "set\t%255[^\t]\t%2047[^\t]\t%d\t%d\t%d", name, model, &n, &width, &has_variance), 5);
        CHECK(n <= ROWS && width == WIDTH);
        if (failures) break;
        read_rows(f, &rows, n);
        run_set(name, model, &rows, n, has_variance, VMAF_FR_V2_ENGINE_ONNXRUNTIME);
        run_set(name, model, &rows, n, has_variance, VMAF_FR_V2_ENGINE_EMBEDDED);
        sets++;
    }
    fclose(f);
    CHECK_INT(sets, 8);
    return test_result();
}
