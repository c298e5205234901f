/* SPDX-License-Identifier: BSD-2-Clause-Patent */

/*
 * Loading the library at run time: lifecycle LIBRARY [WRONG_ARCHITECTURE OTHER_MAJOR WITHOUT_SYMBOL]
 * Nothing here links it.
 */

#define _GNU_SOURCE /* dlmopen */

#include <dlfcn.h>
#include <unistd.h>

#include "test.h"

typedef const VmafFrV2Api *(*GetApi)(uint32_t);

static GetApi get_api(void *handle)
{
    GetApi get = NULL;
    *(void **)&get = dlsym(handle, "vmaf_fr_v2_api");
    return get;
}

/* Resident memory in KiB. */
static long resident(void)
{
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (!f || fscanf(f, "%*s %ld", &pages) != 1) pages = 0;
    if (f) fclose(f);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void open_score_close(const VmafFrV2Api *api, int32_t engine)
{
    VmafFrV2Config config;
    VmafFrV2 *fr = NULL;
    VmafFrV2Info info;
    VmafFrV2Score score;
    float *row;
    int err;
    api->config_default(&config);
    config.engine = engine;
    err = api->open(&fr, NULL, &config);
    if (err) fprintf(stderr, "%s\n", api->last_error(NULL));
    CHECK_INT(err, 0);
    if (err) return;
    info.struct_size = sizeof(info);
    CHECK_INT(api->info(fr, &info), 0);
    row = (float *)calloc(info.n_features, sizeof(*row));
    CHECK_INT(api->score(fr, row, NULL, 1, &score), 0);
    CHECK(score.score >= info.score_min && score.score <= info.score_max);
    free(row);
    CHECK_INT(api->close(fr), 0);
}

static void load_again(const char *library)
{
    const VmafFrV2Api *first, *second;
    void *handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!handle) fprintf(stderr, "%s\n", dlerror());
    CHECK(handle != NULL);
    if (!handle) exit(1);
    first = get_api(handle)(1);
    open_score_close(first, VMAF_FR_V2_ENGINE_AUTO);
    CHECK_INT(dlclose(handle), 0);
    /* Linked with -z nodelete: the code is still there. */
    CHECK(*first->version());
    open_score_close(first, VMAF_FR_V2_ENGINE_AUTO);
    handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    CHECK(handle != NULL);
    second = get_api(handle)(1);
    CHECK(second == first);
    CHECK(get_api(handle)(2) == NULL);
    open_score_close(second, VMAF_FR_V2_ENGINE_AUTO);
}

/* Two copies of the code in one process, each with its own state. */
static void two_copies(const char *library)
{
    char copy[4096], command[9000];
    void *here = dlopen(library, RTLD_NOW | RTLD_LOCAL), *there;
    const char *directory = getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp";
    const VmafFrV2Api *a, *b;
    snprintf(copy, sizeof(copy), "%s/copy_%ld.so", directory, (long)getpid());
    snprintf(command, sizeof(command), "cp -L '%s' '%s'", library, copy);
    CHECK_INT(system(command), 0);
    there = dlopen(copy, RTLD_NOW | RTLD_LOCAL);
    CHECK(there != NULL);
    unlink(copy);
    if (!here || !there) return;
    a = get_api(here)(1);
    b = get_api(there)(1);
    CHECK(a != b);
    CHECK_INT(a->open(NULL, NULL, NULL), -EINVAL);
    CHECK_INT(strcmp(b->last_error(NULL), a->last_error(NULL)) != 0, 1);
    open_score_close(a, VMAF_FR_V2_ENGINE_AUTO);
    open_score_close(b, VMAF_FR_V2_ENGINE_AUTO);
    open_score_close(a, VMAF_FR_V2_ENGINE_EMBEDDED);
}

static void flat_memory(const char *library, int32_t engine, const char *name)
{
    const VmafFrV2Api *api = get_api(dlopen(library, RTLD_NOW | RTLD_LOCAL))(1);
    VmafFrV2Config config;
    VmafFrV2 *fr = NULL;
    long before, growth;
    int i;
    api->config_default(&config);
    config.engine = engine;
    if (api->open(&fr, NULL, &config)) {
        printf("%s: not measured: %s\n", name, api->last_error(NULL));
        return;
    }
    api->close(fr);
    for (i = 0; i < 100; i++) open_score_close(api, engine);
    before = resident();
    for (i = 0; i < 3000; i++) open_score_close(api, engine);
    growth = resident() - before;
    printf("%s: %ld KiB resident, %+ld KiB after 3000 more opens and closes\n", name, before, growth);
    /* The allocator's own steps are of about a MiB, up and down; a leak of half a KiB per open would show. */
    CHECK(growth < 1500);
}

static void refuses(const char *library, const char *expected)
{
    void *handle;
    if (!library || !*library) return;
    handle = dlopen(library, RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        CHECK_CONTAINS(dlerror(), expected);
    } else if (!get_api(handle)) {
        CHECK_CONTAINS("no symbol", expected);
    } else {
        CHECK(get_api(handle)(1) == NULL);
        CHECK_CONTAINS("other major", expected);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2) return 2;
    load_again(argv[1]);
    two_copies(argv[1]);
    flat_memory(argv[1], VMAF_FR_V2_ENGINE_EMBEDDED, "embedded");
    flat_memory(argv[1], VMAF_FR_V2_ENGINE_ONNXRUNTIME, "ONNX Runtime");
    refuses("/nonexistent/libvmaf_fr_v2.so.1", "nonexistent");
    if (argc > 4) {
        refuses(argv[2], "wrong ELF class");
        refuses(argv[3], "other major");
        refuses(argv[4], "no symbol");
    }
    return test_result();
}
