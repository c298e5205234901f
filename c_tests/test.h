/* SPDX-License-Identifier: BSD-2-Clause-Patent */

/* Checks for the C tests. A failed check is printed and counted, and the test goes on. */

#ifndef TEST_H
#define TEST_H

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vmaf_fr_v2.h>

/* The exit status that meson shows as "skipped". */
#define SKIP 77

static int failures;

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
            failures++; \
        } \
    } while (0)

/* As CHECK, and prints both values. */
#define CHECK_INT(actual, expected) \
    do { \
        const long long actual_ = (long long)(actual), expected_ = (long long)(expected); \
        if (actual_ != expected_) { \
            fprintf(stderr, "%s:%d: %s is %lld, expected %s (%lld)\n", __FILE__, __LINE__, #actual, actual_, \
                    #expected, expected_); \
            failures++; \
        } \
    } while (0)

#define CHECK_TEXT(actual, expected) \
    do { \
        const char *actual_ = (actual), *expected_ = (expected); \
        if (!actual_ || strcmp(actual_, expected_)) { \
            fprintf(stderr, "%s:%d: %s is \"%s\", expected \"%s\"\n", __FILE__, __LINE__, #actual, \
                    actual_ ? actual_ : "(null)", expected_); \
            failures++; \
        } \
    } while (0)

#define CHECK_CONTAINS(text, part) \
    do { \
        const char *text_ = (text), *part_ = (part); \
        if (!text_ || !strstr(text_, part_)) { \
            fprintf(stderr, "%s:%d: \"%s\" does not contain \"%s\"\n", __FILE__, __LINE__, \
                    text_ ? text_ : "(null)", part_); \
            failures++; \
        } \
    } while (0)

/* Within an absolute `tolerance`; NaN is near nothing. */
#define CHECK_NEAR(actual, expected, tolerance) \
    do { \
        const double actual_ = (actual), expected_ = (expected); \
        if (!(fabs(actual_ - expected_) <= (tolerance))) { \
            fprintf(stderr, "%s:%d: %s is %.17g, expected %.17g\n", __FILE__, __LINE__, #actual, actual_, \
                    expected_); \
            failures++; \
        } \
    } while (0)

/* The same bits, so that NaN equals NaN and 0 differs from -0. */
#define CHECK_BITS(actual, expected) \
    do { \
        const double actual_ = (actual), expected_ = (expected); \
        if (memcmp(&actual_, &expected_, sizeof(actual_))) { \
            fprintf(stderr, "%s:%d: %s is %a, expected %a\n", __FILE__, __LINE__, #actual, actual_, expected_); \
            failures++; \
        } \
    } while (0)

static inline int test_result(void)
{
    if (failures) fprintf(stderr, "%d failed\n", failures);
    return failures ? 1 : 0;
}

static inline int test_skip(const char *why)
{
    fprintf(stderr, "skipped: %s\n", why);
    return SKIP;
}

/* The default configuration with `engine`. $VMAF_FR_V2_ONNXRUNTIME is the path of ONNX Runtime. */
static inline VmafFrV2Config test_config(int32_t engine)
{
    VmafFrV2Config config;
    vmaf_fr_v2_config_default(&config);
    config.engine = engine;
    return config;
}

#endif /* TEST_H */
