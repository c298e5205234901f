/* SPDX-License-Identifier: BSD-2-Clause-Patent */

/*
 * What the two example hosts share and what any real host has already: a command line, a reader of y4m and raw
 * yuv files, and the loop that gives pictures to libvmaf. Nothing in here knows of vmaf_fr_v2.
 */

#ifndef HOST_H
#define HOST_H

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libvmaf/libvmaf.h>

struct Options {
    const char *reference, *distorted;
    unsigned width, height, bitdepth;        /* raw yuv only */
    enum VmafPixelFormat pixel_format;       /* raw yuv only */
    const char *model, *codec, *preset;
    double crf;                              /* NaN: not told */
    int engine;
    const char *onnxruntime;
    const char *library;                     /* the dlopen host's */
    unsigned threads, subsample;
    const char *output;
    enum VmafOutputFormat format;
    int frames;                              /* print every frame */
};

static void usage(FILE *to, const char *program)
{
    fprintf(to,
        "Usage: %s -r REFERENCE -d DISTORTED [options]\n"
        "\n"
        "Both videos are y4m, or raw yuv described by the first four options.\n"
        "  -w, --width N             -h, --height N\n"
        "  -p, --pixel_format 420|422|444      -b, --bitdepth 8|10|12\n"
        "  -m, --model MODEL         an .onnx file, its card, or builtin:ID (default: the built-in release model)\n"
        "  -c, --codec NAME          encoder of the distorted video, e.g. libx264 (default: unknown)\n"
        "      --preset NAME         its preset, and\n"
        "      --crf N               its quality, for models that take them\n"
        "      --engine auto|onnxruntime|embedded\n"
        "      --onnxruntime PATH    libonnxruntime to load\n"
        "      --library PATH        libvmaf_fr_v2 to load (vmaf_dlopen only)\n"
        "  -t, --threads N           threads of libvmaf\n"
        "  -s, --subsample N         score every Nth frame\n"
        "  -o, --output FILE         write libvmaf's log there, as --json (default), --xml or --csv\n"
        "      --frames              print every frame's scores\n", program);
}

static int parse_number(const char *option, const char *text, unsigned low, unsigned high, unsigned *number)
{
    char *end;
    unsigned long value;
    errno = 0;
    value = strtoul(text, &end, 10);
    if (errno || end == text || *end || *text == '-' || value < low || value > high) {
        fprintf(stderr, "%s: expected a number from %u to %u, got \"%s\"\n", option, low, high, text);
        return -EINVAL;
    }
    *number = (unsigned)value;
    return 0;
}

/* 0: go on; 1: help was asked for and given; < 0: refused, with a message. */
static int parse_options(int argc, char **argv, struct Options *o)
{
    static const char *const alias[][2] = {
        { "-r", "--reference" }, { "-d", "--distorted" }, { "-w", "--width" }, { "-h", "--height" },
        { "-p", "--pixel_format" }, { "-b", "--bitdepth" }, { "-m", "--model" }, { "-c", "--codec" },
        { "-t", "--threads" }, { "-s", "--subsample" }, { "-o", "--output" },
    };
    int i;
    size_t a;

    memset(o, 0, sizeof(*o));
    o->bitdepth = 8;
    o->pixel_format = VMAF_PIX_FMT_YUV420P;
    o->codec = "unknown";
    o->crf = NAN;
    o->format = VMAF_OUTPUT_FORMAT_JSON;

    for (i = 1; i < argc; i++) {
        const char *name = argv[i], *value;
        int err = 0;
        for (a = 0; a < sizeof(alias) / sizeof(alias[0]); a++)
            if (!strcmp(name, alias[a][0])) name = alias[a][1];

        if (!strcmp(name, "--help")) { usage(stdout, argv[0]); return 1; }
        if (!strcmp(name, "--frames")) { o->frames = 1; continue; }
        if (!strcmp(name, "--json")) { o->format = VMAF_OUTPUT_FORMAT_JSON; continue; }
        if (!strcmp(name, "--xml")) { o->format = VMAF_OUTPUT_FORMAT_XML; continue; }
        if (!strcmp(name, "--csv")) { o->format = VMAF_OUTPUT_FORMAT_CSV; continue; }

        if (i + 1 == argc) {
            fprintf(stderr, "%s: unknown, or its value is missing (see --help)\n", argv[i]);
            return -EINVAL;
        }
        value = argv[++i];
        if (!strcmp(name, "--reference")) o->reference = value;
        else if (!strcmp(name, "--distorted")) o->distorted = value;
        else if (!strcmp(name, "--width")) err = parse_number(name, value, 1, 32768, &o->width);
        else if (!strcmp(name, "--height")) err = parse_number(name, value, 1, 32768, &o->height);
        else if (!strcmp(name, "--bitdepth")) err = parse_number(name, value, 8, 12, &o->bitdepth);
        else if (!strcmp(name, "--pixel_format")) {
            if (!strcmp(value, "420")) o->pixel_format = VMAF_PIX_FMT_YUV420P;
            else if (!strcmp(value, "422")) o->pixel_format = VMAF_PIX_FMT_YUV422P;
            else if (!strcmp(value, "444")) o->pixel_format = VMAF_PIX_FMT_YUV444P;
            else { fprintf(stderr, "%s: expected 420, 422 or 444, got \"%s\"\n", name, value); err = -EINVAL; }
        }
        else if (!strcmp(name, "--model")) o->model = value;
        else if (!strcmp(name, "--codec")) o->codec = value;
        else if (!strcmp(name, "--preset")) o->preset = value;
        else if (!strcmp(name, "--crf")) {
            char *end;
            o->crf = strtod(value, &end);
            if (end == value || *end) {
                fprintf(stderr, "%s: expected a number, got \"%s\"\n", name, value);
                err = -EINVAL;
            }
        }
        else if (!strcmp(name, "--engine")) {
            /* The numbers of VMAF_FR_V2_ENGINE_*. */
            static const char *const engines[] = { "auto", "onnxruntime", "embedded" };
            for (o->engine = 0; o->engine < 3 && strcmp(value, engines[o->engine]); o->engine++) {}
            if (o->engine == 3) {
                fprintf(stderr, "%s: expected auto, onnxruntime or embedded, got \"%s\"\n", name, value);
                err = -EINVAL;
            }
        }
        else if (!strcmp(name, "--onnxruntime")) o->onnxruntime = value;
        else if (!strcmp(name, "--library")) o->library = value;
        else if (!strcmp(name, "--threads")) err = parse_number(name, value, 0, 1024, &o->threads);
        else if (!strcmp(name, "--subsample")) err = parse_number(name, value, 1, 1000000, &o->subsample);
        else if (!strcmp(name, "--output")) o->output = value;
        else { fprintf(stderr, "%s: unknown option (see --help)\n", argv[i - 1]); err = -EINVAL; }
        if (err) return err;
    }
    if (!o->reference || !o->distorted) {
        usage(stderr, argv[0]);
        return -EINVAL;
    }
    return 0;
}

struct Video {
    const char *path;
    FILE *file;
    int y4m;
    unsigned width, height, bitdepth;
    enum VmafPixelFormat pixel_format;
};

/* Understands "420", "420jpeg", "422p10", ...; libvmaf 2.3.1 measures 8, 10 and 12 bit. */
static int parse_colour(struct Video *v, const char *tag)
{
    const char *depth = strchr(tag, 'p');
    v->bitdepth = 8;
    if (!strncmp(tag, "420", 3)) v->pixel_format = VMAF_PIX_FMT_YUV420P;
    else if (!strncmp(tag, "422", 3)) v->pixel_format = VMAF_PIX_FMT_YUV422P;
    else if (!strncmp(tag, "444", 3)) v->pixel_format = VMAF_PIX_FMT_YUV444P;
    else return -EINVAL;
    if (!strncmp(tag, "444alpha", 8)) return -EINVAL;
    if (depth && depth[1] >= '0' && depth[1] <= '9') v->bitdepth = (unsigned)atoi(depth + 1);
    return v->bitdepth == 8 || v->bitdepth == 10 || v->bitdepth == 12 ? 0 : -EINVAL;
}

static int video_open(struct Video *v, const char *path, const struct Options *o)
{
    char line[1024], *token;
    size_t length = strlen(path);

    memset(v, 0, sizeof(*v));
    v->path = path;
    v->file = fopen(path, "rb");
    if (!v->file) {
        const int err = errno;
        fprintf(stderr, "%s: %s\n", path, strerror(err));
        return -err;
    }
    v->y4m = length > 4 && !strcmp(path + length - 4, ".y4m");
    if (!v->y4m) {
        v->width = o->width;
        v->height = o->height;
        v->bitdepth = o->bitdepth;
        v->pixel_format = o->pixel_format;
        if (v->width && v->height && v->bitdepth != 9 && v->bitdepth != 11) return 0;
        fprintf(stderr, "%s: raw yuv needs --width, --height and a --bitdepth of 8, 10 or 12\n", path);
        return -EINVAL;
    }

    if (!fgets(line, sizeof(line), v->file) || strncmp(line, "YUV4MPEG2 ", 10) || !strchr(line, '\n')) {
        fprintf(stderr, "%s: no y4m header\n", path);
        return -EINVAL;
    }
    v->pixel_format = VMAF_PIX_FMT_YUV420P;
    v->bitdepth = 8;
    for (token = strtok(line + 10, " \n"); token; token = strtok(NULL, " \n")) {
        if (*token == 'W' && parse_number("y4m width", token + 1, 1, 32768, &v->width)) return -EINVAL;
        if (*token == 'H' && parse_number("y4m height", token + 1, 1, 32768, &v->height)) return -EINVAL;
        if (*token == 'C' && parse_colour(v, token + 1)) {
            fprintf(stderr, "%s: colour format %s is none of 420, 422, 444 in 8, 10 or 12 bit\n", path, token + 1);
            return -EINVAL;
        }
    }
    if (v->width && v->height) return 0;
    fprintf(stderr, "%s: the y4m header has no width or no height\n", path);
    return -EINVAL;
}

/* 1: `picture` holds the next frame; 0: end of file; < 0: an error, with a message. */
static int video_read(struct Video *v, VmafPicture *picture)
{
    int err, plane;
    unsigned row;
    if (v->y4m) {
        char line[1024];
        if (!fgets(line, sizeof(line), v->file)) return 0;
        if (strncmp(line, "FRAME", 5)) {
            fprintf(stderr, "%s: expected FRAME\n", v->path);
            return -EINVAL;
        }
    } else {
        const int c = getc(v->file);
        if (c == EOF) return 0;
        ungetc(c, v->file);
    }
    err = vmaf_picture_alloc(picture, v->pixel_format, v->bitdepth, v->width, v->height);
    if (err) return err;
    for (plane = 0; plane < 3; plane++) {
        const size_t bytes = picture->w[plane] * (size_t)(v->bitdepth > 8 ? 2 : 1);
        for (row = 0; row < picture->h[plane]; row++) {
            char *to = (char *)picture->data[plane] + (ptrdiff_t)row * picture->stride[plane];
            if (fread(to, 1, bytes, v->file) == bytes) continue;
            fprintf(stderr, "%s: the last frame is cut short\n", v->path);
            vmaf_picture_unref(picture);
            return -EINVAL;
        }
    }
    return 1;
}

static void video_close(struct Video *v)
{
    if (v->file) fclose(v->file);
    v->file = NULL;
}

/* Gives all pictures to libvmaf and flushes it; sets the options' pixel format to the videos'. */
static int read_videos(VmafContext *vmaf, struct Options *o, unsigned *n_frames)
{
    struct Video ref, dist;
    VmafPicture ref_picture, dist_picture;
    unsigned n = 0;
    int err, more_ref, more_dist;

    memset(&dist, 0, sizeof(dist));
    err = video_open(&ref, o->reference, o);
    if (!err) err = video_open(&dist, o->distorted, o);
    if (!err && (ref.width != dist.width || ref.height != dist.height || ref.bitdepth != dist.bitdepth ||
                 ref.pixel_format != dist.pixel_format)) {
        fprintf(stderr, "%s is %ux%u, %u bit; %s is %ux%u, %u bit, or their chroma formats differ\n", ref.path,
                ref.width, ref.height, ref.bitdepth, dist.path, dist.width, dist.height, dist.bitdepth);
        err = -EINVAL;
    }
    o->pixel_format = ref.pixel_format;
    while (!err) {
        more_ref = video_read(&ref, &ref_picture);
        more_dist = more_ref < 0 ? 0 : video_read(&dist, &dist_picture);
        if (more_ref == 1 && more_dist == 1) {
            err = vmaf_read_pictures(vmaf, &ref_picture, &dist_picture, n);
            if (err) fprintf(stderr, "frame %u: libvmaf could not measure it (error %d)\n", n, err);
            else n++;
            continue;
        }
        if (more_ref == 1) vmaf_picture_unref(&ref_picture);
        if (more_dist == 1) vmaf_picture_unref(&dist_picture);
        if (more_ref < 0 || more_dist < 0) err = more_ref < 0 ? more_ref : more_dist;
        else if (more_ref != more_dist)
            fprintf(stderr, "note: %s ends first, after %u frames\n", more_ref ? dist.path : ref.path, n);
        break;
    }
    if (!err && !n) {
        fprintf(stderr, "%s: no frames\n", ref.path);
        err = -EINVAL;
    }
    if (!err) err = vmaf_read_pictures(vmaf, NULL, NULL, 0);
    video_close(&ref);
    video_close(&dist);
    *n_frames = n;
    return err;
}

/*
 * libvmaf 2.x frees the last 4:4:4 pictures a second time when it closes the extractor ciede (Netflix/vmaf issue 1103).
 * A program that ends anyway leaves such a context to the system.
 */
static void close_context(VmafContext *vmaf, const struct Options *o)
{
    if (vmaf && !(o->pixel_format == VMAF_PIX_FMT_YUV444P && !strncmp(vmaf_version(), "2.", 2))) vmaf_close(vmaf);
}

/* Prints a feature's scores, per frame where asked for, and pooled. */
static int print_scores(VmafContext *vmaf, const char *feature, const struct Options *o, unsigned n_frames)
{
    static const struct { enum VmafPoolingMethod method; const char *name; } pools[] = {
        { VMAF_POOL_METHOD_MEAN, "mean" }, { VMAF_POOL_METHOD_HARMONIC_MEAN, "harmonic_mean" },
        { VMAF_POOL_METHOD_MIN, "min" }, { VMAF_POOL_METHOD_MAX, "max" },
    };
    size_t p;
    unsigned i;
    double score;
    for (i = 0; o->frames && i < n_frames; i++)
        if (!vmaf_feature_score_at_index(vmaf, feature, &score, i)) printf("%s frame %u: %.9f\n", feature, i, score);
    for (p = 0; p < sizeof(pools) / sizeof(pools[0]); p++) {
        const int err = vmaf_feature_score_pooled(vmaf, feature, pools[p].method, &score, 0, n_frames - 1);
        if (err) return err;
        printf("%s %s: %.9f\n", feature, pools[p].name, score);
    }
    return 0;
}

#endif /* HOST_H */
