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
import onnxruntime

ROWS = 48


def standardise(card, raw):
    """As the contract has it: cap, subtract and divide in f64, clip, 0 where missing, cast to f32."""
    order = card["feature_order"]
    cap = np.array([card.get("feature_cap", {}).get(name, np.inf) for name in order])
    z = (np.minimum(raw.astype(np.float64), cap) - card["feature_mean"]) / np.array(card["feature_std"])
    bound = card.get("feature_clip_sigma", np.inf)
    return np.where(np.isnan(z), 0.0, np.clip(z, -bound, bound)).astype(np.float32)


def main(paths):
    for path in map(pathlib.Path, paths):
        card = json.loads(path.read_text())
        rng = np.random.default_rng(22)
        mean, std = np.array(card["feature_mean"]), np.array(card["feature_std"])
        spread = np.repeat([0.5, 1.0], ROWS // 2)[:, None]
        raw = (mean + std * spread * rng.standard_normal((ROWS, len(mean)))).astype(np.float32)
        # Every feature in turn far beyond its cap or clip.
        rows = np.arange(ROWS)
        raw[rows, rows % len(mean)] += (9 * std * np.where(rows % 2, 1, -1)[:, None])[rows, rows % len(mean)].astype(np.float32)
        # The library refuses values that a feature cannot have: negative ones, a structural similarity above 1.
        raw = np.clip(raw, 0, [np.float32(1 if name.endswith("ssim") else np.inf) for name in card["feature_order"]])
        raw[rng.random(raw.shape) < 0.05] = np.nan
        codecs = np.arange(ROWS) % 6
        inputs = {"features": standardise(card, raw)}
        if card["codec_aware"]:
            inputs["codec_onehot"] = np.eye(len(card["codec_vocab"]), dtype=np.float32)[codecs]
        graphs = [m["onnx"] for m in card.get("members", [])] or [card["onnx"]]
        outputs = []
        for graph in graphs:
            session = onnxruntime.InferenceSession(path.with_name(graph), providers=["CPUExecutionProvider"])
            outputs.append(session.run(None, inputs)[0])
        golden = {"model": card["id"], "codec": codecs.tolist()}
        golden["features"] = [[None if np.isnan(x) else float(x) for x in row] for row in raw]
        if len(outputs) > 1:
            stack = np.stack(outputs).astype(np.float64)
            golden["score"] = stack.mean(0).tolist()
            golden["stddev"] = stack.std(0, ddof=1).tolist()
        elif card["output_names"] == ["score_logvar"]:
            golden["score"] = outputs[0][:, 0].tolist()
            golden["stddev"] = np.exp(np.maximum(outputs[0][:, 1].astype(np.float64), -6.0) / 2).tolist()
        else:
            golden["score"] = outputs[0].tolist()
        golden["note"] = "not clipped to score_range; null features are missing (NaN); stddev without conformal_scale"
        path.with_suffix(".golden.json").write_text(json.dumps(golden) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
