/* SPDX-License-Identifier: BSD-2-Clause-Patent */

/*
 * A host compiled against API 1.0, whose header is kept in api_1_0/: it links with today's library and keeps working,
 * by function and by table.
 */

#include <vmaf_fr_v2.h>

#include "test.h"

#if VMAF_FR_V2_API_VERSION_MINOR != 0
#error "this host is compiled against API 1.0"
#endif

static int logged;

static void count(void *cookie, int32_t level, const char *message)
{
    (void)level;
    CHECK(cookie == (void *)&logged);
    CHECK(message && *message);
    logged++;
}

int main(void)
{
    const VmafFrV2Api *api = vmaf_fr_v2_api(VMAF_FR_V2_API_VERSION_MAJOR);
    VmafFrV2Config config;
    VmafFrV2 *fr = NULL;
    VmafFrV2Info info;
    VmafFrV2Score by_function[2], by_table[2];
    float *features;
    int32_t id = -1;
    uint32_t i;

    CHECK(api != NULL);
    if (!api) return test_result();
    CHECK(api->struct_size >= sizeof(VmafFrV2Api));
    CHECK(vmaf_fr_v2_api_version() >> 16 == 1);
    CHECK(vmaf_fr_v2_api_version() >= 0x010000);

    vmaf_fr_v2_config_default(&config);
    CHECK_INT(config.struct_size, sizeof(config));
    config.log = count;
    config.log_cookie = &logged;
    CHECK_INT(vmaf_fr_v2_open(&fr, NULL, &config), 0);
    if (!fr) return test_result();
    CHECK(logged > 0);

    memset(&info, 0, sizeof(info));
    info.struct_size = sizeof(info);
    CHECK_INT(vmaf_fr_v2_info(fr, &info), 0);
    features = (float *)malloc(2 * info.n_features * sizeof(*features));
    for (i = 0; i < 2 * info.n_features; i++) features[i] = 0.5f;
    CHECK_INT(vmaf_fr_v2_score(fr, features, NULL, 2, by_function), 0);
    CHECK_INT(api->score(fr, features, NULL, 2, by_table), 0);
    CHECK_BITS(by_function[0].score, by_table[0].score);
    CHECK_BITS(by_function[1].score, by_table[0].score);
    CHECK_INT(api->score(fr, NULL, NULL, 2, by_table), -EINVAL);
    CHECK_CONTAINS(api->last_error(fr), "features");
    CHECK_INT(api->codec_id(fr, "h264", &id), 0);
    CHECK_INT(id, 0);
    CHECK_TEXT(api->feature_name(fr, 0), vmaf_fr_v2_feature_name(fr, 0));
    CHECK(api->feature_name(fr, info.n_features) == NULL);
    CHECK(api->codec_name(fr, SIZE_MAX) == NULL);
    CHECK(api->set_encode(fr, 0, NULL, NAN) <= 0);
    CHECK_TEXT(api->version(), vmaf_fr_v2_version());
    CHECK(*api->strerror(-EDOM));
    free(features);
    CHECK_INT(api->close(fr), 0);
    return test_result();
}
