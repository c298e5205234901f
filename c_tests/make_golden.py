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

import reference


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


def built_in(out, root):
    rng = np.random.default_rng(5)
    for entry in json.loads((root / "models/registry.json").read_text())["models"]:
        card_path = root / "models" / entry["card"]
        card = json.loads(card_path.read_text())
        n = 64
        features = reference.draw(card, rng.standard_normal((n, len(card["feature_order"]))))
        # What may be missing for its own reason is now and then.
        if "optional_features" in card:
            features[(rng.random(features.shape) < 0.2) & reference.optional(card)] = np.nan
        vocabulary = card.get("codec_vocab") or card.get("encoder_vocab") or []
        codecs = rng.integers(0, max(1, len(vocabulary)), n)
        extra = max(0, len(card.get("codec_block_layout") or []) - len(vocabulary))
        block = np.full((n, len(vocabulary) + extra), 0.5, np.float32)
        block[:, : len(vocabulary)] = np.eye(max(1, len(vocabulary)), dtype=np.float32)[codecs][:, : len(vocabulary)]
        score, stddev = reference.calibrated(card, *reference.estimates(card, card_path.parent, features, block))
        rows = [[score, sd, vocabulary[codec] if vocabulary else None, None, None, *row] for score, sd, codec, row in
                zip(score, [None] * n if stddev is None else stddev, codecs, features)]
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
