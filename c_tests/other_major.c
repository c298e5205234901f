/* SPDX-License-Identifier: BSD-2-Clause-Patent */

/* A library of a later API major: it no longer knows major 1. */

#include <vmaf_fr_v2.h>

const VmafFrV2Api *vmaf_fr_v2_api(uint32_t api_major)
{
    (void)api_major;
    return NULL;
}
