#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Lift of the codec input in a linear model: the cross-check of docs/codec-lift.md.

Ridge regression of ssimulacra2 on the 22 features, with and without a codec one-hot, leave-one-content-out;
paired bootstrap over contents; the control has the codec labels of the clips shuffled within each content.

Usage: codec-lift-linear.py SWEEP.parquet      (needs numpy and pyarrow)
"""
import sys

import numpy as np
import pyarrow.parquet as pq

SHUFFLES, DRAWS, CAP, RIDGE = 20, 2000, 60.0, 3.0
EXTRA = {"key", "source", "frame_index", "codec", "vmaf", "preset", "crf", "height", "ssimulacra2"}


def plcc(a, b):
    return np.corrcoef(a, b)[0, 1]


def analyse(name, table):
    y = np.array(table["ssimulacra2"])
    features = [c for c in table if c not in EXTRA]
    x = np.array([[np.nan if v is None else v for v in table[f]] for f in features]).T
    for i, feature in enumerate(features):
        if feature.startswith("psnr") or feature == "ciede2000":  # null: identical, infinite
            x[:, i] = np.minimum(np.nan_to_num(x[:, i], nan=CAP), CAP)
    source = np.array(table["source"])
    _, first, clip = np.unique(table["key"], return_index=True, return_inverse=True)
    n = np.bincount(clip)
    truth, clip_source = np.bincount(clip, y) / n, source[first]
    codec = np.unique(table["codec"], return_inverse=True)[1][first]
    contents = sorted(set(source))

    def predict(labels):
        out = np.zeros(len(y))
        for content in contents:
            test = source == content
            mean, std = x[~test].mean(0), x[~test].std(0) + 1e-9
            z = np.clip((x - mean) / std, -6, 6)
            if labels is not None:
                z = np.c_[z, np.eye(codec.max() + 1)[labels[clip]]]
            a = np.c_[z, np.ones(len(z))]
            penalty = RIDGE * np.eye(a.shape[1])
            penalty[-1, -1] = 0
            out[test] = a[test] @ np.linalg.solve(a[~test].T @ a[~test] + penalty, a[~test].T @ y[~test])
        return np.bincount(clip, out) / n

    blind, aware = predict(None), predict(codec)
    lift = plcc(aware, truth) - plcc(blind, truth)
    rng = np.random.default_rng(1)
    members = [np.flatnonzero(clip_source == c) for c in contents]
    draws = []
    for _ in range(DRAWS):
        i = np.concatenate([members[k] for k in rng.integers(0, len(members), len(members))])
        draws.append(plcc(aware[i], truth[i]) - plcc(blind[i], truth[i]))
    shuffled = []
    for seed in range(SHUFFLES):
        rng, labels = np.random.default_rng(100 + seed), codec.copy()
        for i in members:
            labels[i] = rng.permutation(labels[i])
        shuffled.append(plcc(predict(labels), truth) - plcc(blind, truth))
    low, high = np.percentile(draws, [2.5, 97.5])
    print(
        f"{name}: {len(contents)} contents, {len(truth)} clips; PLCC blind {plcc(blind, truth):.4f}, aware "
        f"{plcc(aware, truth):.4f}, lift {lift:+.4f} [{low:+.4f}, {high:+.4f}]; "
        f"shuffled mean {np.mean(shuffled):+.4f}, highest {max(shuffled):+.4f}"
    )


def main():
    table = pq.read_table(sys.argv[1]).to_pydict()
    key, y = np.array(table["key"]), np.array(table["ssimulacra2"])
    _, clip = np.unique(key, return_inverse=True)
    in_range = (np.bincount(clip, y) / np.bincount(clip))[clip] >= 0
    real = np.array([not s.startswith("gen_") for s in table["source"]])
    for name, keep in [
        ("all", np.ones(len(y), bool)),
        ("all, target >= 0", in_range),
        ("real", real),
        ("real, target >= 0", real & in_range),
    ]:
        analyse(name, {c: [v for v, k in zip(values, keep) if k] for c, values in table.items()})


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main()
