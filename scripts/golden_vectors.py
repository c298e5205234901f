#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Writes models/<id>.golden.json: raw features, codecs, and what Python onnxruntime makes of them.

    scripts/golden_vectors.py models/<id>.json...

The features are drawn around each model's own statistics, one in each row far beyond its cap or clip if that is possible,
some missing; nothing of the rated clips is in them. Needs numpy and onnxruntime.
"""
import json
import pathlib
import sys

import numpy as np

sys.path.append(str(pathlib.Path(__file__).resolve().parent.parent / "c_tests"))
import reference  # noqa: E402

ROWS = 48


def main(paths):
    for path in map(pathlib.Path, paths):
        card = json.loads(path.read_text())
        rng = np.random.default_rng(22)
        width = len(card["feature_order"])
        z = np.repeat([0.5, 1.0], ROWS // 2)[:, None] * rng.standard_normal((ROWS, width))
        # Every feature in turn far beyond its cap or clip.
        rows = np.arange(ROWS)
        z[rows, rows % width] += 9 * np.where(rows % 2, 1, -1)
        raw = reference.draw(card, z)
        raw[(rng.random(raw.shape) < 0.05) & reference.optional(card)] = np.nan
        codecs = np.arange(ROWS) % 6
        block = np.eye(6, dtype=np.float32)[codecs] if card["codec_aware"] else None
        score, stddev = reference.calibrated(card, *reference.estimates(card, path.parent, raw, block))
        golden = {"model": card["id"], "codec": codecs.tolist()}
        golden["features"] = [[None if np.isnan(x) else float(x) for x in row] for row in raw]
        golden["score"] = score.tolist()
        if stddev is not None:
            golden["stddev"] = stddev.tolist()
        golden["note"] = "not clipped to score_range; null features are missing (NaN); stddev without conformal_scale"
        path.with_suffix(".golden.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
