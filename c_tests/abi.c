/* SPDX-License-Identifier: BSD-2-Clause-Patent */

/*
 * The library's ABI as C hosts see it: every function of the header, defined with its prototype and nothing inside.
 * abidw reads the types from here rather than from the library, whose debug information describes Rust's private
 * types as well; abi.py holds its symbols against the library's.
 */

#include <vmaf_fr_v2.h>

void vmaf_fr_v2_config_default(VmafFrV2Config *cfg) { (void)cfg; }
int vmaf_fr_v2_open(VmafFrV2 **fr, const char *model, const VmafFrV2Config *cfg)
{
    (void)fr, (void)model, (void)cfg;
    return 0;
}
int vmaf_fr_v2_score(VmafFrV2 *fr, const float *features, const int32_t *codec_ids, size_t n_frames,
                     VmafFrV2Score *scores)
{
    (void)fr, (void)features, (void)codec_ids, (void)n_frames, (void)scores;
    return 0;
}
int vmaf_fr_v2_close(VmafFrV2 *fr) { (void)fr; return 0; }
int vmaf_fr_v2_info(const VmafFrV2 *fr, VmafFrV2Info *info) { (void)fr, (void)info; return 0; }
const char *vmaf_fr_v2_feature_name(const VmafFrV2 *fr, size_t i) { (void)fr, (void)i; return NULL; }
const char *vmaf_fr_v2_codec_name(const VmafFrV2 *fr, size_t i) { (void)fr, (void)i; return NULL; }
int vmaf_fr_v2_codec_id(const VmafFrV2 *fr, const char *name, int32_t *id) { (void)fr, (void)name, (void)id; return 0; }
int vmaf_fr_v2_set_encode(VmafFrV2 *fr, int32_t codec_id, const char *preset, double crf)
{
    (void)fr, (void)codec_id, (void)preset, (void)crf;
    return 0;
}
const char *vmaf_fr_v2_last_error(const VmafFrV2 *fr) { (void)fr; return NULL; }
const char *vmaf_fr_v2_strerror(int err) { (void)err; return NULL; }
const char *vmaf_fr_v2_version(void) { return NULL; }
uint32_t vmaf_fr_v2_api_version(void) { return 0; }
int vmaf_fr_v2_codec_known(const VmafFrV2 *fr, const char *name) { (void)fr, (void)name; return 0; }
int vmaf_fr_v2_feature_optional(const VmafFrV2 *fr, size_t i) { (void)fr, (void)i; return 0; }
int vmaf_fr_v2_domain(VmafFrV2 *fr, const float *features, size_t n_frames, double *distances)
{
    (void)fr, (void)features, (void)n_frames, (void)distances;
    return 0;
}
size_t vmaf_fr_v2_builtin_count(void) { return 0; }
const char *vmaf_fr_v2_builtin_id(size_t i) { (void)i; return NULL; }
const VmafFrV2Api *vmaf_fr_v2_api(uint32_t api_major) { (void)api_major; return NULL; }
