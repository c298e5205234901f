/* SPDX-License-Identifier: BSD-2-Clause-Patent */
/* The linked example host with two clocks in it: the share of a whole run that goes into opening the model and
 * scoring (reading features from libvmaf, standardising, the network, giving scores back to libvmaf).
 *
 * Usage: as examples/vmaf_linked.c; one line follows what that prints.
 */
#define _POSIX_C_SOURCE 200809L

#include <time.h>

#include <vmaf_fr_v2_libvmaf.h>

static double spent;

static double processor_time(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int timed_open(VmafFrV2 **fr, const char *model, const VmafFrV2Config *config)
{
    const double start = processor_time();
    const int err = vmaf_fr_v2_open(fr, model, config);
    spent += processor_time() - start;
    return err;
}

static int timed_score_frames(const VmafFrV2Api *api, VmafFrV2 *fr, VmafContext *vmaf, int32_t codec_id,
                              unsigned index_low, unsigned index_high)
{
    const double start = processor_time();
    const int err = vmaf_fr_v2_score_frames(api, fr, vmaf, codec_id, index_low, index_high);
    spent += processor_time() - start;
    return err;
}

#define vmaf_fr_v2_open timed_open
#define vmaf_fr_v2_score_frames timed_score_frames
#define main host
#include "../../examples/vmaf_linked.c"
#undef main

int main(int argc, char **argv)
{
    const int status = host(argc, argv);
    const double all = processor_time();
    if (!status)
        printf("The share of scoring in a whole run: %.3f ms of %.2f s processor time, %.4f %%\n", spent * 1e3, all,
               100.0 * spent / all);
    return status;
}
