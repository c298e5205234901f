/* SPDX-License-Identifier: BSD-2-Clause-Patent */

/*
 * What the two example hosts share, and what a real host has already: a command line, a reader of y4m and raw yuv
 * files, the loop that hands pictures to libvmaf, and the printing of scores. Nothing in here knows vmaf_fr_v2.
 */

#ifndef HOST_H
#define HOST_H

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libvmaf/libvmaf.h>

/* ---- command line ---- */

struct Options {
    const char *reference, *distorted;
    unsigned width, height, bitdepth; /* raw yuv only */
    enum VmafPixelFormat pixel_format; /* raw yuv only */
    const char *model, *codec, *preset;
    double crf; /* NaN: not given */
    int engine; /* VMAF_FR_V2_ENGINE_* */
    const char *onnxruntime;
    const char *library; /* vmaf_dlopen only */
    unsigned threads, subsample;
    const char *output;
    enum VmafOutputFormat format;
    int frames; /* print every frame */
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
            "      --frames              print every frame's scores\n",
            program);
}

/* The functions below return 0 or a negative errno, and print what was wrong. */

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

static int parse_crf(const char *text, double *crf)
{
    char *end;
    *crf = strtod(text, &end);
    if (end != text && !*end) return 0;
    fprintf(stderr, "--crf: expected a number, got \"%s\"\n", text);
    return -EINVAL;
}

static int parse_pixel_format(const char *text, enum VmafPixelFormat *format)
{
    if (!strcmp(text, "420")) *format = VMAF_PIX_FMT_YUV420P;
    else if (!strcmp(text, "422")) *format = VMAF_PIX_FMT_YUV422P;
    else if (!strcmp(text, "444")) *format = VMAF_PIX_FMT_YUV444P;
    else {
        fprintf(stderr, "--pixel_format: expected 420, 422 or 444, got \"%s\"\n", text);
        return -EINVAL;
    }
    return 0;
}

static int parse_engine(const char *text, int *engine)
{
    /* The numbers of VMAF_FR_V2_ENGINE_*. */
    static const char *const engines[] = { "auto", "onnxruntime", "embedded" };
    for (*engine = 0; *engine < 3; ++*engine)
        if (!strcmp(text, engines[*engine])) return 0;
    fprintf(stderr, "--engine: expected auto, onnxruntime or embedded, got \"%s\"\n", text);
    return -EINVAL;
}

/* 0: go on; 1: printed the help that was asked for; < 0: refused, with a message. */
static int parse_options(int argc, char **argv, struct Options *o)
{
    /* Options without a short form have numbers that no character has. */
    enum { HELP = 256, PRESET, CRF, ENGINE, ONNXRUNTIME, LIBRARY, JSON, XML, CSV, FRAMES };
    static const struct option known[] = {
        { "reference", required_argument, NULL, 'r' },
        { "distorted", required_argument, NULL, 'd' },
        { "width", required_argument, NULL, 'w' },
        { "height", required_argument, NULL, 'h' },
        { "pixel_format", required_argument, NULL, 'p' },
        { "bitdepth", required_argument, NULL, 'b' },
        { "model", required_argument, NULL, 'm' },
        { "codec", required_argument, NULL, 'c' },
        { "preset", required_argument, NULL, PRESET },
        { "crf", required_argument, NULL, CRF },
        { "engine", required_argument, NULL, ENGINE },
        { "onnxruntime", required_argument, NULL, ONNXRUNTIME },
        { "library", required_argument, NULL, LIBRARY },
        { "threads", required_argument, NULL, 't' },
        { "subsample", required_argument, NULL, 's' },
        { "output", required_argument, NULL, 'o' },
        { "json", no_argument, NULL, JSON },
        { "xml", no_argument, NULL, XML },
        { "csv", no_argument, NULL, CSV },
        { "frames", no_argument, NULL, FRAMES },
        { "help", no_argument, NULL, HELP },
        { NULL, 0, NULL, 0 },
    };
    int option, err = 0;

    memset(o, 0, sizeof(*o));
    o->bitdepth = 8;
    o->pixel_format = VMAF_PIX_FMT_YUV420P;
    o->codec = "unknown";
    o->crf = NAN;
    o->format = VMAF_OUTPUT_FORMAT_JSON;

    while (!err && (option = getopt_long(argc, argv, "r:d:w:h:p:b:m:c:t:s:o:", known, NULL)) != -1) {
        switch (option) {
        case 'r': o->reference = optarg; break;
        case 'd': o->distorted = optarg; break;
        case 'w': err = parse_number("--width", optarg, 1, 32768, &o->width); break;
        case 'h': err = parse_number("--height", optarg, 1, 32768, &o->height); break;
        case 'p': err = parse_pixel_format(optarg, &o->pixel_format); break;
        case 'b': err = parse_number("--bitdepth", optarg, 8, 12, &o->bitdepth); break;
        case 'm': o->model = optarg; break;
        case 'c': o->codec = optarg; break;
        case PRESET: o->preset = optarg; break;
        case CRF: err = parse_crf(optarg, &o->crf); break;
        case ENGINE: err = parse_engine(optarg, &o->engine); break;
        case ONNXRUNTIME: o->onnxruntime = optarg; break;
        case LIBRARY: o->library = optarg; break;
        case 't': err = parse_number("--threads", optarg, 0, 1024, &o->threads); break;
        case 's': err = parse_number("--subsample", optarg, 1, 1000000, &o->subsample); break;
        case 'o': o->output = optarg; break;
        case JSON: o->format = VMAF_OUTPUT_FORMAT_JSON; break;
        case XML: o->format = VMAF_OUTPUT_FORMAT_XML; break;
        case CSV: o->format = VMAF_OUTPUT_FORMAT_CSV; break;
        case FRAMES: o->frames = 1; break;
        case HELP: usage(stdout, argv[0]); return 1;
        default: return -EINVAL; /* getopt_long printed what was wrong */
        }
    }
    if (err) return err;
    if (optind < argc) {
        fprintf(stderr, "%s: unexpected argument (see --help)\n", argv[optind]);
        return -EINVAL;
    }
    if (!o->reference || !o->distorted) {
        usage(stderr, argv[0]);
        return -EINVAL;
    }
    return 0;
}

/*
 * ---- videos ----
 *
 * libvmaf's own readers of y4m and yuv belong to its program `vmaf` and are not in the library.
 */

struct Video {
    const char *path;
    FILE *file;
    int y4m;
    unsigned width, height, bitdepth;
    enum VmafPixelFormat pixel_format;
};

/* Accepts "420", "420jpeg", "422p10", ... in the 8, 10 or 12 bit that libvmaf 2.3.1 measures. */
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

/* Hands all pictures to libvmaf and flushes it; sets the options' pixel format to the videos'. */
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

/* ---- scores ---- */

/*
 * libvmaf 2.x frees the last 4:4:4 pictures a second time when it closes the extractor ciede (Netflix/vmaf issue 1103).
 * This program ends anyway, and leaves such a context to the system.
 */
static void close_context(VmafContext *vmaf, const struct Options *o)
{
    if (vmaf && !(o->pixel_format == VMAF_PIX_FMT_YUV444P && !strncmp(vmaf_version(), "2.", 2))) vmaf_close(vmaf);
}

/* Prints a feature's scores: per frame if --frames was given, and pooled. */
static int print_scores(VmafContext *vmaf, const char *feature, const struct Options *o, unsigned n_frames)
{
    static const struct {
        enum VmafPoolingMethod method;
        const char *name;
    } pools[] = {
        { VMAF_POOL_METHOD_MEAN, "mean" },
        { VMAF_POOL_METHOD_HARMONIC_MEAN, "harmonic_mean" },
        { VMAF_POOL_METHOD_MIN, "min" },
        { VMAF_POOL_METHOD_MAX, "max" },
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
