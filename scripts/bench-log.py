#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Times `vmaf-fr score` on an hour of frames, and Python (json, numpy, onnxruntime) doing the same.

    cargo build --release -p vmaf-fr
    python3 scripts/bench-log.py [--frames 216000] [--runs 5] [--program target/release/vmaf-fr] [--baseline PROGRAM]
                                 [--onnxruntime LIB]

Every program reads the same log and prints the clip's mean score. The runs alternate, so that a slow while of the machine
falls on all programs. Times are medians of whole processes, start and imports included. Memory is the peak resident set
of the process (by GNU time: Debian package time). The scores must agree, or the script fails.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.append(str(ROOT / "c_tests"))
SAMPLE = ROOT / "samples" / "two-scenes-x265-crf34.json"
MODEL = ROOT / "models" / "fr_regressor_v3.json"
TIME = "/usr/bin/time"


def write_log(path, n_frames):
    """Repeats the sample's frames with new numbers and slightly shifted values, in libvmaf's layout."""
    sample = json.loads(SAMPLE.read_text())["frames"]
    with open(path, "w") as log:
        log.write('{\n  "version": "sample",\n  "fps": 25.00,\n  "frames": [')
        for number in range(n_frames):
            metrics = sample[number % len(sample)]["metrics"]
            shift = 1 - (number * 7919 % 10007) * 1e-6
            values = ",\n".join(f'        "{key}": {value * shift:.6f}' for key, value in metrics.items())
            comma = ",\n" if number else "\n"
            log.write(f'{comma}    {{\n      "frameNum": {number},\n      "metrics": {{\n{values}\n      }}\n    }}')
        log.write('\n  ],\n  "pooled_metrics": {\n  },\n  "aggregate_metrics": {\n  }\n}\n')


def score_in_python(log_path, card_path):
    """Does what a script can do with the log, the model and its card."""
    import numpy as np
    import onnxruntime as ort
    from reference import transform

    keys = {"psnr_y": ["psnr_y"], "motion": ["integer_motion", "VMAF_integer_feature_motion_sad_score"]}
    card = json.loads(pathlib.Path(card_path).read_text())
    with open(log_path) as log:
        frames = json.load(log)["frames"]
    first = frames[0]["metrics"]
    columns = []
    for feature in card["feature_order"]:
        candidates = keys.get(feature, ["integer_" + feature, feature])
        columns.append(next((key for key in candidates if key in first), None))
    mean = np.array(card["feature_mean"])
    std = np.array(card["feature_std"])
    raw = np.array([[frame["metrics"].get(key, np.nan) for key in columns] for frame in frames])
    cap = np.array([card.get("feature_cap", {}).get(feature, np.inf) for feature in card["feature_order"]])
    sigma = card.get("feature_clip_sigma", np.inf)
    raw = np.minimum(raw, cap)
    for i, feature in enumerate(card["feature_order"]):
        raw[:, i] = transform(card, feature, raw[:, i])
    z = np.clip((raw - mean) / std, -sigma, sigma).astype(np.float32)
    options = ort.SessionOptions()
    options.intra_op_num_threads = 1
    onnx = pathlib.Path(card_path).with_suffix(".onnx")
    session = ort.InferenceSession(str(onnx), options, providers=["CPUExecutionProvider"])
    output = session.run(None, {session.get_inputs()[0].name: z})[0]
    scores = np.clip(output.reshape(len(frames), -1)[:, 0].astype(np.float64), *card.get("score_range", (0, 100)))
    print(json.dumps({"score": scores.mean()}))


def run(command):
    """Seconds, peak resident MiB and the score that the command prints.

    GNU time starts the command: the peak of a child of this process would include this process's own memory.
    """
    with tempfile.NamedTemporaryFile("r") as peak:
        begin = time.perf_counter()
        process = subprocess.run(
            [TIME, "--format=%M", f"--output={peak.name}", *command], stdout=subprocess.PIPE, check=True
        )
        seconds = time.perf_counter() - begin
        return seconds, int(peak.read()) / 1024, json.loads(process.stdout)["score"]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=216_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "target" / "release" / "vmaf-fr")
    parser.add_argument("--baseline", type=pathlib.Path, help="another build of vmaf-fr, timed in the same rounds")
    parser.add_argument("--onnxruntime", help="libonnxruntime; the one in this Python's onnxruntime by default")
    parser.add_argument("--python-scorer", nargs=2, metavar=("LOG", "CARD"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.python_scorer:
        score_in_python(*args.python_scorer)
        return
    if not os.access(TIME, os.X_OK):
        sys.exit(f"bench-log: {TIME} is not there (Debian package time)")
    if not args.onnxruntime:
        package = pathlib.Path(importlib.util.find_spec("onnxruntime").origin).parent
        args.onnxruntime = str(next((package / "capi").glob("libonnxruntime.so*")))

    with tempfile.TemporaryDirectory() as folder:
        logs = {}
        for n_frames in sorted({args.frames // 10, args.frames}):
            logs[n_frames] = pathlib.Path(folder) / f"{n_frames}.json"
            write_log(logs[n_frames], n_frames)
        for n_frames, log in logs.items():
            commands = {"Python: json, numpy, onnxruntime": [sys.executable, __file__, "--python-scorer", log, MODEL]}
            for name, program in {"vmaf-fr": args.program, "baseline": args.baseline}.items():
                if not program:
                    continue
                score = [program, "score", log, "--model", MODEL, "--format", "json"]
                commands[f"{name}, ONNX Runtime"] = [
                    *score, "--engine", "onnxruntime", "--onnxruntime", args.onnxruntime,
                ]
                commands[f"{name}, embedded engine"] = [*score, "--engine", "embedded"]
            results = {name: [] for name in commands}
            for _ in range(args.runs):
                for name, command in commands.items():
                    results[name].append(run(command))
            reference = results["Python: json, numpy, onnxruntime"]
            base = statistics.median(seconds for seconds, _, _ in reference)
            print(f"{n_frames} frames, {log.stat().st_size / 1e6:.1f} MB, median of {args.runs} runs")
            for name, runs in results.items():
                seconds = statistics.median(seconds for seconds, _, _ in runs)
                peak = max(peak for _, peak, _ in runs)
                difference = max(abs(score - reference[0][2]) for _, _, score in runs)
                print(f"  {name:34} {seconds:8.3f} s  {base / seconds:6.1f} x  {peak:8.1f} MiB  "
                      f"differs by {difference:.1e}")
                if not difference <= 1e-4:
                    sys.exit(f"the score of '{name}' differs")


if __name__ == "__main__":
    main()
