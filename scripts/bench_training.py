#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Times a recipe of `vmaf-fr train` in PyTorch and in vmaf-fr, in turn, and prints the ratio.

    scripts/bench_training.py VMAF_FR RECIPE.toml VMAF_MODEL.json ROUNDS NAME=TABLE.parquet...

Both do the same work on the same rows: pre-training per frame on VMAF's score, then the refit with effects of tests and
contents and with anchors; all members at once, in batched tensors, on the PyTorch side. Reading, standardising and
scoring with the teacher are not counted on either side; vmaf-fr reports the seconds of its fit. Rounds are pairs: the
ratio is the median of theirs. Needs torch, numpy and pyarrow, and a libonnxruntime as vmaf-fr does.
"""
import math
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
import tomllib

import numpy as np
import pyarrow.parquet as pq
import torch


def transformed(recipe, name, x):
    """A feature's value before it is standardised."""
    x = np.minimum(x, recipe.get("cap", {}).get(name, np.inf))
    op = recipe.get("transform", {}).get(name, {"op": None})
    if op["op"] == "log_distance":
        return -10 * np.log10(op["top"] - np.clip(x, 0, 1))
    return np.log1p(x) if op["op"] == "log1p" else x


def load(recipe, tables):
    """z [clips, frames, features], a stand-in for the teacher, ratings, and the numbers of test and content of each clip."""
    frames = recipe["data"]["frames_per_clip"]
    columns, tests, contents, ratings, codecs, vmaf = [], [], [], [], [], []
    for name, path in tables:
        table = pq.read_table(path)
        table = table.sort_by([(c, "ascending") for c in ("dataset", "clip", "frame_index")])
        get = lambda c: table[c].to_numpy(zero_copy_only=False)
        clip = get("dataset").astype(str) + np.array("/") + get("clip").astype(str)
        starts = np.r_[0, np.flatnonzero(clip[1:] != clip[:-1]) + 1, len(clip)]
        chosen = np.stack([np.linspace(a + 3, b - 1, frames).astype(int) for a, b in zip(starts, starts[1:])])
        absent = np.full(len(clip), np.nan)
        x = [transformed(recipe, f, get(f).astype(float) if f in table.column_names else absent) for f in recipe["features"]]
        columns.append(np.stack(x, 1)[chosen])
        vmaf.append(get("vmaf")[chosen])
        first = starts[:-1]
        tests += [f"{name}/{t}" for t in get("dataset")[first]]
        contents += [f"{name}/{c}" for c in get("content")[first]]
        codecs += list(get("codec")[first])
        ratings.append(get("mos")[first])
    x = np.concatenate(columns)
    mean, deviation = np.nanmean(x, (0, 1)), np.nanstd(x, (0, 1))
    z = np.nan_to_num(np.clip((x - mean) / deviation, -recipe["clip_sigma"], recipe["clip_sigma"]))
    anchors = []
    for motion in recipe["anchors"]["motion"]:
        identical = {"motion": motion, "motion2": motion}
        row = [transformed(recipe, f, identical.get(f, 60.0 if f.startswith("psnr") else 1.0)) for f in recipe["features"]]
        anchors.append(np.clip((np.array(row) - mean) / deviation, -recipe["clip_sigma"], recipe["clip_sigma"]))
    number = lambda names: torch.tensor(np.unique(names, return_inverse=True)[1])
    tensor = lambda values: torch.tensor(np.asarray(values), dtype=torch.float32)
    weight = np.where(np.array(codecs) == "unknown", recipe["weights"]["unknown_codec"], 1.0)
    return {
        "z": tensor(z),
        "teacher": (tensor(np.concatenate(vmaf)) - 55) / 25,
        "rating": (tensor(np.concatenate(ratings)) - 55) / 25,
        "weight": tensor(weight / weight.sum()),
        "anchors": tensor(anchors),
        "groups": [number(tests), number(contents), number([f"{t} {c}" for t, c in zip(tests, contents)])],
    }


def fit(recipe, data):
    """The recipe; returns its seconds."""
    begin = time.perf_counter()
    torch.manual_seed(recipe["seed"])
    z, rating, weight = data["z"], data["rating"], data["weight"]
    clips, frames, features = z.shape
    members = recipe["network"]["members"]
    free = torch.tensor([f in recipe["network"]["free"] for f in recipe["features"]])
    widths = [features, *recipe["network"]["hidden"]]
    weights = [torch.randn(members, a, b) * a**-0.5 for a, b in zip(widths, widths[1:])]
    biases = [torch.randn(members, 1, b) * 0.5 for b in widths[1:]]
    output, bias = torch.randn(members, widths[-1], 1) * widths[-1] ** -0.5, torch.zeros(members, 1, 1)
    skip = torch.randn(members, features, 1) * 0.1
    network = [*weights, *biases, output, bias, skip]
    for p in network:
        p.requires_grad_(True)
    signed = lambda w: torch.where(free[:, None], w, w.abs())

    def outputs(rows):
        x = rows[None].expand(members, -1, -1)
        unit = x
        for i, (w, b) in enumerate(zip(weights, biases)):
            unit = torch.erf(torch.baddbmm(b, unit, signed(w) if i == 0 else w.abs()))
        return (torch.baddbmm(bias, unit, output.abs()) + torch.bmm(x, signed(skip)))[..., 0]

    stage = recipe["pretrain"]
    flat, teacher = z.reshape(-1, features), data["teacher"].reshape(-1)
    optimiser = torch.optim.AdamW(network, lr=stage["lr"], weight_decay=stage["weight_decay"])
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimiser, stage["lr"], total_steps=stage["steps"], cycle_momentum=False
    )
    for _ in range(stage["steps"]):
        rows = torch.randint(len(flat), (stage["batch"],))
        loss = ((outputs(flat[rows]) - teacher[rows]) ** 2).mean(1).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()

    with torch.no_grad():
        x = outputs(flat).reshape(members, clips, frames).mean(2)
        mean_x, mean_y = (weight * x).sum(1, keepdim=True), (weight * rating).sum()
        slope = (weight * (x - mean_x) * (rating - mean_y)).sum(1) / (weight * (x - mean_x) ** 2).sum(1)
        slope = slope.clamp(0.1, 10)[:, None, None]
        output *= slope
        skip *= slope
        bias *= slope
        bias += mean_y - slope * mean_x[..., None]

    stage, effects = recipe["refit"], recipe["effects"]
    tests, contents, pairs = data["groups"]
    sizes = [int(g.max()) + 1 for g in (tests, tests, contents, pairs)]
    added = [torch.zeros(members, n, requires_grad=True) for n in sizes]
    penalties = [effects[k] for k in ("test_offset", "test_slope", "content", "content_test")]
    groups = [
        {"params": network, "lr": stage["lr"], "weight_decay": stage["weight_decay"]},
        {"params": added, "lr": stage["lr"] * effects["rate"], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda s: 0.5 * (1 + math.cos(math.pi * s / stage["steps"])))
    every = torch.arange(clips)[:, None]
    for _ in range(stage["steps"]):
        rows = z[every, torch.randint(frames, (clips, stage["frames"]))].reshape(-1, features)
        f = outputs(torch.cat([rows, data["anchors"]]))
        f, identical = f[:, : len(rows)].reshape(members, clips, -1).mean(2), f[:, len(rows) :]
        p = (1 + added[1][:, tests]) * f + added[0][:, tests] + added[2][:, contents] + added[3][:, pairs]
        loss = (weight * (p - rating) ** 2).sum()
        loss = loss + sum(k * (a**2).sum() for k, a in zip(penalties, added))
        target = (recipe["anchors"]["target"] - 55) / 25
        loss = loss + recipe["anchors"]["weight"] * ((identical - target) ** 2).mean(1).sum()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return time.perf_counter() - begin


def ours(program, recipe, model, tables):
    """Seconds of vmaf-fr's fit, and its peak memory in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        places = [f"{name}={path}" for name, path in tables]
        command = [program, "train", recipe, *places, "--vmaf-model", model, "--output", folder, "--quiet"]
        # A child's own peak would count the pages of this process that it was forked from.
        peak, process = 0, subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        while process.poll() is None:
            try:
                with open(f"/proc/{process.pid}/status", encoding="ascii") as status:
                    found = [int(line.split()[1]) for line in status if line.startswith("VmHWM")]
                if os.path.basename(os.readlink(f"/proc/{process.pid}/exe")) == os.path.basename(program):
                    peak = max([peak, *found])
            except OSError:
                pass
            time.sleep(0.02)
        message = process.stderr.read()
        if process.returncode:
            sys.exit(message)
    return float(re.search(r"fitted in ([0-9.]+) s", message).group(1)), peak / 1024


def main(program, recipe_path, model, rounds, *places):
    torch.set_num_threads(2)
    recipe = tomllib.loads(pathlib.Path(recipe_path).read_text(encoding="utf-8"))
    tables = [place.split("=", 1) for place in places]
    data = load(recipe, tables)
    fit(recipe, data)
    pairs, peak = [], 0.0
    for _ in range(int(rounds)):
        theirs = fit(recipe, data)
        seconds, peak = ours(program, recipe_path, model, tables)
        pairs.append((seconds, theirs))
    a, b = (statistics.median(side) for side in zip(*pairs))
    ratio = statistics.median(x / y for x, y in pairs)
    print(f"vmaf-fr {a:.2f} s, PyTorch {torch.__version__} {b:.2f} s, ratio {ratio:.2f} (medians of {rounds} pairs)")
    print(f"peak memory of vmaf-fr train: {peak:.0f} MiB")


if __name__ == "__main__":
    if len(sys.argv) < 6:
        sys.exit(__doc__)
    main(*sys.argv[1:])
