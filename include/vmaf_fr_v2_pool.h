/* SPDX-License-Identifier: BSD-2-Clause-Patent */

/**
 * @file
 * Pools per-frame scores over time, as libvmaf does.
 *
 * Header-only, C99 and C++11, without any dependency, so that a host that keeps its own
 * scores needs neither libvmaf nor a library call. On the same doubles the results equal those
 * of `vmaf_feature_score_pooled()` to the last bit: both sums run over the frames in their
 * order, in double precision, one after the other. Two things void that: compiling the host with
 * `-ffast-math` (or `-fassociative-math`), and 32-bit x86 without `-msse2 -mfpmath=sse`.
 */

#ifndef VMAF_FR_V2_POOL_H
#define VMAF_FR_V2_POOL_H

#include <errno.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The numbers are those of libvmaf's enum VmafPoolingMethod. */
#define VMAF_FR_V2_POOL_MIN           1
#define VMAF_FR_V2_POOL_MAX           2
#define VMAF_FR_V2_POOL_MEAN          3
#define VMAF_FR_V2_POOL_HARMONIC_MEAN 4

/**
 * Pool `n` scores into one.
 *
 * @param method `VMAF_FR_V2_POOL_*`, or the enumerator of libvmaf's `enum VmafPoolingMethod`.
 * @param scores `n` scores, one per frame, in the order of the frames.
 * @param n      Number of scores, at least 1.
 * @param pooled Where the result goes; untouched on failure.
 *
 * The harmonic mean is libvmaf's: `n / sum(1 / (s + 1)) - 1`.
 *
 * @return 0, or `-EINVAL` for NULL, `n` = 0 or an unknown method, or `-EDOM` where a score is NaN or
 *         (harmonic mean only) not above -1.
 */
static inline int vmaf_fr_v2_pool(int32_t method, const double *scores, size_t n, double *pooled)
{
    double low, high, sum = 0.0, inverse_sum = 0.0;
    size_t i;

    if (!scores || !pooled || !n) return -EINVAL;
    if (method < VMAF_FR_V2_POOL_MIN || method > VMAF_FR_V2_POOL_HARMONIC_MEAN) return -EINVAL;

    low = high = scores[0];
    for (i = 0; i < n; i++) {
        const double s = scores[i];
        if (s != s) return -EDOM;
        if (method == VMAF_FR_V2_POOL_HARMONIC_MEAN) {
            if (s <= -1.0) return -EDOM;
            inverse_sum += 1.0 / (s + 1.0);
        }
        sum += s;
        if (s < low) low = s;
        if (s > high) high = s;
    }

    switch (method) {
    case VMAF_FR_V2_POOL_MIN:  *pooled = low; break;
    case VMAF_FR_V2_POOL_MAX:  *pooled = high; break;
    case VMAF_FR_V2_POOL_MEAN: *pooled = sum / (double)n; break;
    default:                   *pooled = (double)n / inverse_sum - 1.0; break;
    }
    return 0;
}

#ifdef __cplusplus
}
#endif

#endif /* VMAF_FR_V2_POOL_H */
