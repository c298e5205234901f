#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Writes expected scores in a form that golden.c reads.

Usage: make_golden.py SOURCE_ROOT OUTPUT

Writes two kinds of sets: the published golden vectors, if VMAF_FR_SHARED or ../shared has them; and for every built-in
model the scores by Python's onnxruntime of rows drawn around the card's means.

A set is a line `set NAME MODEL ROWS WIDTH`, then for each row: score, stddev, codec, preset, crf, features. `-`: none.
"""

import json
import os
import pathlib
import sys

import numpy as np
import onnxruntime


def text(values):
    return "\t".join("-" if v is None else v if isinstance(v, str) else repr(float(v)) for v in values)


def emit(out, name, model, rows):
    width = len(rows[0]) - 5
    out.write(f"set\t{name}\t{model}\t{len(rows)}\t{width}\n")
    for row in rows:
        out.write(text(row) + "\n")


def published(out, shared):
    for path in sorted(shared.glob("models/*/*.golden.json")):
        golden = json.loads(path.read_text())
        n = len(golden["score"])
        column = lambda key: golden.get(key) or [None] * n
        rows = [[score, None, codec, preset, crf, *features] for score, codec, preset, crf, features in
                zip(golden["score"], column("codec"), column("preset"), column("crf"), golden["features"])]
        model = path.with_name(path.name.replace(".golden.json", ".onnx"))
        emit(out, f"{path.parent.name}/{golden['model']}", str(model), rows)


def run(folder, card, member, features, block):
    mean = np.array(member.get("feature_mean", card.get("feature_mean", 0.0)))
    std = np.array(member.get("feature_std", card.get("feature_std", 1.0)))
    sigma = card.get("feature_clip_sigma", np.inf)
    z = np.clip((features - mean) / std, -sigma, sigma).astype(np.float32)
    session = onnxruntime.InferenceSession(str(folder / member["onnx"]), providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    feed = {names[0]: z} if len(names) == 1 else {
        name: block if "codec" in name else z for name in names}
    return session.run(None, feed)[0].reshape(len(z), -1).astype(np.float64)


def built_in(out, root):
    rng = np.random.default_rng(5)
    for entry in json.loads((root / "models/registry.json").read_text())["models"]:
        card_path = root / "models" / entry["card"]
        card = json.loads(card_path.read_text())
        order = card["feature_order"]
        n = 64
        mean, std = np.array(card.get("feature_mean", 0.5)), np.array(card.get("feature_std", 0.25))
        # The library refuses values that a feature cannot have: negative ones, a structural similarity above 1.
        highest = [1 if name.endswith("ssim") else np.inf for name in order]
        features = mean + std * rng.standard_normal((n, len(order)))
        features = np.clip(features, 0, highest).astype(np.float32)
        capped = features.astype(np.float64)
        for name, cap in card.get("feature_cap", {}).items():
            i = order.index(name)
            capped[:, i] = np.minimum(capped[:, i], cap)
        vocabulary = card.get("codec_vocab") or card.get("encoder_vocab") or []
        codecs = rng.integers(0, max(1, len(vocabulary)), n)
        extra = max(0, len(card.get("codec_block_layout") or []) - len(vocabulary))
        block = np.full((n, len(vocabulary) + extra), 0.5, np.float32)
        block[:, : len(vocabulary)] = np.eye(max(1, len(vocabulary)), dtype=np.float32)[codecs][:, : len(vocabulary)]
        outputs = [run(card_path.parent, card, member, capped, block) for member in card.get("members") or [card]]
        scores = np.stack([o[:, 0] for o in outputs])
        if len(outputs) > 1:
            stddev = scores.std(axis=0, ddof=1)
        elif outputs[0].shape[1] == 2:
            stddev = np.exp(np.maximum(outputs[0][:, 1], -6) / 2)
        else:
            stddev = [None] * n
        rows = [[score, sd, vocabulary[codec] if vocabulary else None, None, None, *row] for score, sd, codec, row in
                zip(scores.mean(axis=0), stddev, codecs, features)]
        emit(out, f"builtin:{entry['id']}", f"builtin:{entry['id']}", rows)


def main():
    root = pathlib.Path(sys.argv[1])
    shared = pathlib.Path(os.environ.get("VMAF_FR_SHARED", root.parent / "shared"))
    with open(sys.argv[2], "w") as out:
        if shared.is_dir():
            published(out, shared)
        else:
            print(f"{shared} is not there: published golden vectors are left out", file=sys.stderr)
        built_in(out, root)


if __name__ == "__main__":
    main()
