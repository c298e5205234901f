#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Times the default recipe of `vmaf-fr train` in PyTorch and in vmaf-fr, in turn, and prints the ratio.

    scripts/bench_training.py CORPUS.parquet VMAF_FR [rounds]

Both do the same work on the same rows: pre-training per frame on the teacher, fine-tuning on ratings. Reading the
corpus is not counted on either side; vmaf-fr reports the seconds of its fit. Needs torch, numpy and pyarrow.
"""
import json
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
import pyarrow.parquet as pq
import torch

CARD = pathlib.Path(__file__).parent.parent / "models" / "fr_regressor_v1.json"
FEATURES = json.loads(CARD.read_text())["feature_order"]
FRAMES, HIDDEN, EPOCHS, BATCH, STEPS = 16, 24, 10, 1024, 200


def load(path):
    """Rows [clips, FRAMES, 22] standardised; teacher and ratings on 0..1."""
    table = pq.read_table(path, columns=["dataset", "clip", "frame_index", "vmaf", "mos", *FEATURES])
    table = table.sort_by([(name, "ascending") for name in ("dataset", "clip", "frame_index")])
    rows, teacher, mos = [], [], []
    vmaf = table["vmaf"].to_numpy()
    x = np.stack([table[name].to_numpy() for name in FEATURES], 1).astype(np.float64)
    clip = np.array(table["dataset"].to_pylist()) + np.array("/") + np.array(table["clip"].to_pylist())
    starts = np.r_[0, np.flatnonzero(clip[1:] != clip[:-1]) + 1, len(clip)]
    z = np.nan_to_num(np.clip((x - np.nanmean(x, 0)) / np.nanstd(x, 0), -6, 6)).astype(np.float32)
    for start, end in zip(starts[:-1], starts[1:]):
        chosen = np.linspace(start + 2, end - 1, FRAMES).astype(int)
        rows.append(z[chosen])
        teacher.append(vmaf[chosen] / 100)
        mos.append(table["mos"][int(start)].as_py() / 100)
    return torch.tensor(np.stack(rows)), torch.tensor(np.stack(teacher)), torch.tensor(np.array(mos, np.float32))


def fit(rows, teacher, mos):
    """The recipe; returns its seconds."""
    begin = time.perf_counter()
    torch.manual_seed(0)
    net = torch.nn.Sequential(
        torch.nn.Linear(22, HIDDEN), torch.nn.GELU(), torch.nn.Linear(HIDDEN, HIDDEN), torch.nn.GELU(), torch.nn.Linear(HIDDEN, 1)
    )
    flat, target = rows.reshape(-1, 22), teacher.reshape(-1).float()
    batches = -(-len(flat) // BATCH)
    optimiser = torch.optim.AdamW(net.parameters(), lr=5e-3, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 5e-3, total_steps=EPOCHS * batches)
    for _ in range(EPOCHS):
        for chosen in torch.randperm(len(flat)).split(BATCH):
            loss = ((net(flat[chosen])[:, 0] - target[chosen]) ** 2).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            schedule.step()
    optimiser = torch.optim.AdamW(net.parameters(), lr=1e-2, weight_decay=0.2)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, lambda step: 0.5 * (1 + np.cos(np.pi * step / STEPS)))
    clips = torch.arange(len(rows))
    for _ in range(STEPS):
        loss = ((net(rows[clips, torch.randint(0, FRAMES, (len(rows),))])[:, 0] - mos) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        schedule.step()
    return time.perf_counter() - begin


def rust(corpus, program):
    """Seconds of vmaf-fr's fit of the same shape, and its peak memory in MiB."""
    with tempfile.TemporaryDirectory() as folder:
        command = [program, "train", corpus, "--id", "bench", "--output", folder, "--quiet"]
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


def main(corpus, program, rounds=7):
    torch.set_num_threads(2)
    data = load(corpus)
    fit(*data)
    theirs, ours, peak = [], [], 0.0
    for _ in range(int(rounds)):
        theirs.append(fit(*data))
        seconds, peak = rust(corpus, program)
        ours.append(seconds)
    a, b = statistics.median(ours), statistics.median(theirs)
    print(f"vmaf-fr {a:.2f} s, PyTorch {torch.__version__} {b:.2f} s, ratio {a / b:.2f} (medians of {rounds})")
    print(f"peak memory of vmaf-fr train: {peak:.0f} MiB")


if __name__ == "__main__":
    main(*sys.argv[1:])
