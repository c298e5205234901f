/* SPDX-License-Identifier: BSD-2-Clause-Patent */
/* A C host that scores raw frames when the benchmark asks for it: see src/worker.rs.
 *
 * Usage: worker MODEL ENGINE ONNXRUNTIME FEATURES IDS      (IDS "-": NULL codec ids)
 */
#define _POSIX_C_SOURCE 200809L

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "vmaf_fr_v2.h"

static void *load(const char *path, size_t *size)
{
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END)) {
        perror(path);
        exit(1);
    }
    *size = (size_t)ftell(f);
    rewind(f);
    void *data = malloc(*size ? *size : 1);
    if (!data || fread(data, 1, *size, f) != *size) {
        perror(path);
        exit(1);
    }
    fclose(f);
    return data;
}

static int64_t thread_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

int main(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: %s MODEL ENGINE ONNXRUNTIME FEATURES IDS\n", argv[0]);
        return 2;
    }
    VmafFrV2Config config;
    vmaf_fr_v2_config_default(&config);
    config.engine = atoi(argv[2]);
    config.onnxruntime_path = *argv[3] ? argv[3] : NULL;
    VmafFrV2 *fr;
    if (vmaf_fr_v2_open(&fr, argv[1], &config)) {
        fprintf(stderr, "%s\n", vmaf_fr_v2_last_error(NULL));
        return 1;
    }
    VmafFrV2Info info;
    info.struct_size = sizeof(info);
    if (vmaf_fr_v2_info(fr, &info)) return 1;

    size_t size;
    float *features = load(argv[4], &size);
    size_t rows = size / (info.n_features * sizeof(*features));
    int32_t *ids = strcmp(argv[5], "-") ? load(argv[5], &size) : NULL;
    VmafFrV2Score *scores = calloc(rows, sizeof(*scores));

    size_t n, times;
    while (scores && scanf("%zu %zu", &n, &times) == 2 && n > 0 && n <= rows) {
        const int64_t start = thread_time();
        for (size_t i = 0; i < times; i++) {
            if (vmaf_fr_v2_score(fr, features, ids, n, scores)) {
                fprintf(stderr, "%s\n", vmaf_fr_v2_last_error(fr));
                return 1;
            }
        }
        printf("%" PRId64 " %.9g\n", thread_time() - start, scores[n - 1].score);
        fflush(stdout);
    }
    free(scores);
    free(ids);
    free(features);
    return vmaf_fr_v2_close(fr) != 0;
}
