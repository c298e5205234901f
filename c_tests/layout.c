/* SPDX-License-Identifier: BSD-2-Clause-Patent */

/*
 * Prints the size of every public struct and the offset of every member, one to a line. The test compares that with
 * abi/layout.x86_64.txt (64-bit), and a Rust test compares the library's own structs with the same file.
 */

#include <stdio.h>

#include <vmaf_fr_v2.h>

#define SIZE(type) printf("%s %lu\n", #type, (unsigned long)sizeof(type))
#define MEMBER(type, member) \
    printf("%s.%s %lu %lu\n", #type, #member, (unsigned long)offsetof(type, member), \
           (unsigned long)sizeof(((type *)0)->member))

int main(void)
{
    SIZE(VmafFrV2Config);
    MEMBER(VmafFrV2Config, struct_size);
    MEMBER(VmafFrV2Config, engine);
    MEMBER(VmafFrV2Config, onnxruntime_path);
    MEMBER(VmafFrV2Config, n_threads);
    MEMBER(VmafFrV2Config, flags);
    MEMBER(VmafFrV2Config, log);
    MEMBER(VmafFrV2Config, log_cookie);
    SIZE(VmafFrV2Score);
    MEMBER(VmafFrV2Score, score);
    MEMBER(VmafFrV2Score, stddev);
    MEMBER(VmafFrV2Score, ci95_low);
    MEMBER(VmafFrV2Score, ci95_high);
    SIZE(VmafFrV2Info);
    MEMBER(VmafFrV2Info, struct_size);
    MEMBER(VmafFrV2Info, n_features);
    MEMBER(VmafFrV2Info, n_codecs);
    MEMBER(VmafFrV2Info, codec_aware);
    MEMBER(VmafFrV2Info, has_variance);
    MEMBER(VmafFrV2Info, engine);
    MEMBER(VmafFrV2Info, n_members);
    MEMBER(VmafFrV2Info, codec_vocab_version);
    MEMBER(VmafFrV2Info, score_min);
    MEMBER(VmafFrV2Info, score_max);
    MEMBER(VmafFrV2Info, id);
    MEMBER(VmafFrV2Info, engine_version);
    MEMBER(VmafFrV2Info, status);
    SIZE(VmafFrV2Api);
    MEMBER(VmafFrV2Api, struct_size);
    MEMBER(VmafFrV2Api, config_default);
    MEMBER(VmafFrV2Api, open);
    MEMBER(VmafFrV2Api, score);
    MEMBER(VmafFrV2Api, close);
    MEMBER(VmafFrV2Api, info);
    MEMBER(VmafFrV2Api, feature_name);
    MEMBER(VmafFrV2Api, codec_name);
    MEMBER(VmafFrV2Api, codec_id);
    MEMBER(VmafFrV2Api, set_encode);
    MEMBER(VmafFrV2Api, last_error);
    MEMBER(VmafFrV2Api, strerror);
    MEMBER(VmafFrV2Api, version);
    MEMBER(VmafFrV2Api, api_version);
    MEMBER(VmafFrV2Api, codec_known);
    MEMBER(VmafFrV2Api, feature_optional);
    MEMBER(VmafFrV2Api, domain);
    MEMBER(VmafFrV2Api, builtin_count);
    MEMBER(VmafFrV2Api, builtin_id);
    return 0;
}
