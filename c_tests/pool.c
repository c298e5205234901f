/* SPDX-License-Identifier: BSD-2-Clause-Patent */

/* The pooling header: values, refusals, and, built with libvmaf, the same bits as its pooling. */

#include <vmaf_fr_v2_pool.h>

#include "test.h"

#ifdef HAVE_LIBVMAF
#include <libvmaf/libvmaf.h>
#endif

static double pool(int32_t method, const double *scores, size_t n)
{
    double pooled = -7;
    CHECK_INT(vmaf_fr_v2_pool(method, scores, n, &pooled), 0);
    return pooled;
}

static void refused(int32_t method, const double *scores, size_t n, int err)
{
    double pooled = -7;
    CHECK_INT(vmaf_fr_v2_pool(method, scores, n, &pooled), err);
    CHECK(pooled == -7);
}

static void values(void)
{
    const double scores[] = { 1, 3, 0, 7 };
    CHECK_BITS(pool(VMAF_FR_V2_POOL_MIN, scores, 4), 0);
    CHECK_BITS(pool(VMAF_FR_V2_POOL_MAX, scores, 4), 7);
    CHECK_BITS(pool(VMAF_FR_V2_POOL_MEAN, scores, 4), 2.75);
    CHECK_BITS(pool(VMAF_FR_V2_POOL_HARMONIC_MEAN, scores, 4), 4.0 / (1.0 / 2 + 1.0 / 4 + 1.0 / 1 + 1.0 / 8) - 1);
    CHECK_BITS(pool(VMAF_FR_V2_POOL_MAX, scores, 1), 1);
}

static void refusals(void)
{
    double scores[] = { 50, -1, 60 }, pooled;
    int32_t method;
    for (method = VMAF_FR_V2_POOL_MIN; method <= VMAF_FR_V2_POOL_HARMONIC_MEAN; method++) {
        refused(method, scores, 0, -EINVAL);
        refused(method, NULL, 3, -EINVAL);
        CHECK_INT(vmaf_fr_v2_pool(method, scores, 3, NULL), -EINVAL);
    }
    refused(0, scores, 3, -EINVAL);
    refused(5, scores, 3, -EINVAL);
    refused(-1, scores, 3, -EINVAL);
    refused(VMAF_FR_V2_POOL_HARMONIC_MEAN, scores, 3, -EDOM);
    CHECK_INT(vmaf_fr_v2_pool(VMAF_FR_V2_POOL_MEAN, scores, 3, &pooled), 0);
    scores[1] = NAN;
    for (method = VMAF_FR_V2_POOL_MIN; method <= VMAF_FR_V2_POOL_HARMONIC_MEAN; method++)
        refused(method, scores, 3, -EDOM);
}

#ifdef HAVE_LIBVMAF
/* Clips of 1 to 2,000 frames of random values, pooled by both. */
static void as_libvmaf(void)
{
    static double scores[2000];
    uint64_t state = 42;
    int clip;
    for (clip = 0; clip < 200; clip++) {
        VmafConfiguration configuration;
        VmafContext *vmaf = NULL;
        unsigned n, i;
        int32_t method;
        memset(&configuration, 0, sizeof(configuration));
        CHECK_INT(vmaf_init(&vmaf, configuration), 0);
        n = clip < 5 ? (unsigned)clip + 1 : 1 + (unsigned)(clip * 97) % 2000;
        for (i = 0; i < n; i++) {
            state = state * 6364136223846793005u + 1442695040888963407u;
            scores[i] = (double)(state >> 11) / 9007199254740992.0 * (clip % 3 ? 100.0 : 1e-3);
            CHECK_INT(vmaf_import_feature_score(vmaf, "s", scores[i], i), 0);
        }
        for (method = VMAF_FR_V2_POOL_MIN; method <= VMAF_FR_V2_POOL_HARMONIC_MEAN; method++) {
            double theirs;
            CHECK_INT(vmaf_feature_score_pooled(vmaf, "s", (enum VmafPoolingMethod)method, &theirs, 0, n - 1), 0);
            CHECK_BITS(pool(method, scores, n), theirs);
        }
        vmaf_close(vmaf);
    }
    CHECK_INT(VMAF_FR_V2_POOL_MIN, VMAF_POOL_METHOD_MIN);
    CHECK_INT(VMAF_FR_V2_POOL_MAX, VMAF_POOL_METHOD_MAX);
    CHECK_INT(VMAF_FR_V2_POOL_MEAN, VMAF_POOL_METHOD_MEAN);
    CHECK_INT(VMAF_FR_V2_POOL_HARMONIC_MEAN, VMAF_POOL_METHOD_HARMONIC_MEAN);
    printf("as libvmaf %s's, to the last bit\n", vmaf_version());
}
#endif

int main(void)
{
    values();
    refusals();
#ifdef HAVE_LIBVMAF
    as_libvmaf();
#endif
    return test_result();
}
