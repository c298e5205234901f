/* SPDX-License-Identifier: BSD-2-Clause-Patent */

/*
 * The last destructors of a thread and of the process ask for the last error and close the model:
 *
 *     exit global|thread_local|key embedded|onnxruntime
 *
 * Exit status 0 where all of that worked; 1 where a text or a status was wrong; a signal where it did not.
 */

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <pthread.h>
#include <unistd.h>

#include <vmaf_fr_v2.h>

static void check(bool ok, const char *what)
{
    if (ok) return;
    std::fprintf(stderr, "%s\n", what);
    _exit(1);
}

/* What a destructor does with a model whose last call failed. */
static void end(VmafFrV2 *fr)
{
    VmafFrV2Score score;
    float feature = 0;
    check(std::strstr(vmaf_fr_v2_last_error(fr), "NaN") != NULL, "the text of the last failure is gone");
    /* A failure now, after thread-local storage may have gone. */
    check(vmaf_fr_v2_score(fr, NULL, NULL, 1, &score) < 0, "score without features");
    check(std::strstr(vmaf_fr_v2_last_error(fr), "features") != NULL, "no text of a failure at the end");
    check(vmaf_fr_v2_score(NULL, &feature, NULL, 1, &score) < 0, "score without a handle");
    check(std::strstr(vmaf_fr_v2_last_error(NULL), "fr is NULL") != NULL, "no text without a handle at the end");
    check(vmaf_fr_v2_close(fr) == 0, "close");
    std::fputs("closed at the end\n", stderr);
}

struct Handle {
    VmafFrV2 *fr;
    Handle() : fr(NULL) {}
    ~Handle() { if (fr) end(fr); }
};

static Handle global;
static thread_local Handle of_thread;
static pthread_key_t key;
static int engine;

static void end_of_key(void *fr)
{
    end(static_cast<VmafFrV2 *>(fr));
}

/* An open model whose last call failed. */
static VmafFrV2 *failed()
{
    VmafFrV2Config config;
    VmafFrV2 *fr = NULL;
    VmafFrV2Info info;
    VmafFrV2Score score;
    float features[256];
    uint32_t i;
    vmaf_fr_v2_config_default(&config);
    config.engine = engine;
    const int err = vmaf_fr_v2_open(&fr, "fr_regressor_v2_codec_aware", &config);
    if (err == -38) { /* ENOSYS: no ONNX Runtime here */
        std::fprintf(stderr, "skipped: %s\n", vmaf_fr_v2_last_error(NULL));
        _exit(77);
    }
    check(err == 0, vmaf_fr_v2_last_error(NULL));
    info.struct_size = sizeof(info);
    check(vmaf_fr_v2_info(fr, &info) == 0 && info.n_features <= 256, "info");
    for (i = 0; i < info.n_features; i++) features[i] = 0.5f;
    check(vmaf_fr_v2_score(fr, features, NULL, 1, &score) == 0, vmaf_fr_v2_last_error(fr));
    for (i = 0; i < info.n_features; i++) features[i] = NAN;
    check(vmaf_fr_v2_score(fr, features, NULL, 1, &score) < 0, "NaN was scored");
    return fr;
}

static void *with_thread_local(void *)
{
    of_thread.fr = failed();
    return NULL;
}

static void *with_key(void *)
{
    pthread_setspecific(key, failed());
    return NULL;
}

int main(int argc, char **argv)
{
    pthread_t thread;
    if (argc != 3) return 2;
    engine = std::strcmp(argv[2], "onnxruntime") ? VMAF_FR_V2_ENGINE_EMBEDDED : VMAF_FR_V2_ENGINE_ONNXRUNTIME;
    if (!std::strcmp(argv[1], "global")) {
        global.fr = failed();
    } else if (!std::strcmp(argv[1], "thread_local")) {
        pthread_create(&thread, NULL, with_thread_local, NULL);
        pthread_join(thread, NULL);
        /* And that of the main thread, which ends with the process. */
        of_thread.fr = failed();
    } else {
        pthread_key_create(&key, end_of_key);
        pthread_create(&thread, NULL, with_key, NULL);
        pthread_join(thread, NULL);
    }
    return 0;
}
