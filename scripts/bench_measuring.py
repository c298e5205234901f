#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Times libvmaf's vmaf on 1080p with the features of each built-in model, beside plain VMAF.

    scripts/bench_measuring.py --vmaf PROGRAM [--ffmpeg PROGRAM] [--frames 24] [--rounds 5]

Prints processor time divided by that of plain VMAF: the median over rounds, in each of which all sets are measured in turn.
PROGRAM should be built with libvmaf's assembler code (nasm): without it VMAF's own features take far longer and the others
do not, so that the ratios say little.
"""
import argparse
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

MODELS = pathlib.Path(__file__).resolve().parent.parent / "models"
# What a plain VMAF run measures in any case.
OF_VMAF = {"adm", "vif", "motion"}
EXTRACTORS = {
    "adm": "adm", "vif": "vif", "motion": "motion", "psnr_y": "psnr", "psnr_cb": "psnr", "psnr_cr": "psnr",
    "float_ssim": "float_ssim", "float_ms_ssim": "float_ms_ssim", "cambi": "cambi", "ciede2000": "ciede",
    "psnr_hvs": "psnr_hvs",
}


def extractor(feature):
    """The extractor of libvmaf that writes a feature."""
    return next(name for prefix, name in EXTRACTORS.items() if feature.startswith(prefix))


def sets():
    """Title and extractors of each thing to measure."""
    yield "plain VMAF", []
    yield "+ psnr", ["psnr"]
    yield "+ psnr, float_ssim", ["psnr", "float_ssim"]
    for entry in json.loads((MODELS / "registry.json").read_text())["models"]:
        card = json.loads((MODELS / entry["card"]).read_text())
        worth = {1: "without features that are used only if they are there", 2: "all features"}
        for level, title in worth.items():
            optional = card.get("optional_features", {})
            features = [f for f in card["feature_order"] if optional.get(f, 1) <= level]
            found = sorted({extractor(f) for f in features} - OF_VMAF)
            yield f"{entry['id']}, {title}", found


def processor_time(command):
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    after = os.times()
    return after.children_user + after.children_system - before.children_user - before.children_system


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--vmaf", required=True)
    parser.add_argument("--ffmpeg", default=os.environ.get("VMAF_FR_TEST_FFMPEG", "ffmpeg"))
    parser.add_argument("--frames", type=int, default=24)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    titles = {}
    for title, extractors in sets():
        titles.setdefault(tuple(extractors), []).append(title)
    with tempfile.TemporaryDirectory() as folder:
        clips = []
        for name, blur in (("reference", []), ("distorted", ["-vf", "boxblur=2"])):
            clips.append(os.path.join(folder, f"{name}.y4m"))
            source = "mandelbrot=size=1920x1080:rate=24"
            subprocess.run(
                [options.ffmpeg, "-v", "error", "-f", "lavfi", "-i", source, "-frames:v", str(options.frames), *blur,
                 "-pix_fmt", "yuv420p", clips[-1]], check=True)
        times = {key: [] for key in titles}
        for _ in range(options.rounds):
            for key, all_times in times.items():
                command = [options.vmaf, "-r", clips[0], "-d", clips[1], "-m", "version=vmaf_v0.6.1", "--quiet",
                           "-o", os.path.join(folder, "log")]
                for name in key:
                    command += ["--feature", name]
                all_times.append(processor_time(command))
    print(f"plain VMAF: {1000 * statistics.median(times[()]) / options.frames:.1f} ms of processor time a frame")
    for key, all_times in times.items():
        ratio = statistics.median(t / plain for t, plain in zip(all_times, times[()]))
        print(f"{ratio:6.2f}  {'; '.join(titles[key])}  [{', '.join(key)}]")


if __name__ == "__main__":
    sys.exit(main())
