#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Makes models whose cards have transforms, imputation, a domain and a calibration, and what they have to give.

Usage: make_numbers.py DIRECTORY

DIRECTORY/numbers.tsv is what numbers.c reads. A set is a line `set NAME MODEL ROWS WIDTH HAS_VARIANCE`, then for each row:
score, stddev, ci95_low, ci95_high, distance, codec id, features; `-` stands for NaN. Scores are clipped.
"""

import hashlib
import json
import pathlib
import sys

import numpy as np
from onnx import helper

import reference
from make_models import VOCABULARY, array, model, value

FEATURES = ["adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2", "psnr_y", "float_ssim"]
NEEDED, ROWS, HIDDEN = FEATURES[:6], 96, 16


def network(rng, out, codecs=0):
    """A graph of the family: standardised features through one hidden layer with GELU by erf."""
    width = len(FEATURES) + codecs
    weights = {
        "w1": rng.normal(0, 0.5, (width, HIDDEN)), "b1": rng.normal(0, 0.3, HIDDEN),
        "w2": rng.normal(0, 6, (HIDDEN, out)), "b2": np.array([50.0, 1.5][:out]),
        "root": [np.sqrt(2)], "one": [1.0], "half": [0.5],
    }
    if out == 2:
        weights["w2"][:, 1] *= 0.05
    nodes, inputs, first = [], [value("features", ["N", len(FEATURES)])], "features"
    if codecs:
        inputs.append(value("codec_onehot", ["N", codecs]))
        nodes.append(helper.make_node("Concat", ["features", "codec_onehot"], ["x"], axis=1))
        first = "x"
    nodes += [helper.make_node("Gemm", [first, "w1", "b1"], ["h"]), helper.make_node("Div", ["h", "root"], ["d"]),
              helper.make_node("Erf", ["d"], ["e"]), helper.make_node("Add", ["e", "one"], ["a"]),
              helper.make_node("Mul", ["h", "a"], ["m"]), helper.make_node("Mul", ["m", "half"], ["g"]),
              helper.make_node("Gemm", ["g", "w2", "b2"], ["y"])]
    constants = [array(name, data) for name, data in weights.items()]
    if out == 2:
        nodes.append(helper.make_node("Identity", ["y"], ["score_logvar"]))
        outputs = [value("score_logvar", ["N", 2])]
    else:
        constants.append(array("axes", [1], np.int64))
        nodes.append(helper.make_node("Squeeze", ["y", "axes"], ["score"]))
        outputs = [value("score", ["N"])]
    return model(nodes, inputs, outputs, constants).SerializeToString()


def imputation(rng, factor):
    return {"from": NEEDED, "intercept": 0.1, "linear": rng.normal(0, 0.3, 6).tolist(),
            "quadratic": rng.normal(0, 0.05, 6).tolist(), "interval_factor": factor}


def parts(rng):
    """The card's members that are under test, by name."""
    inside = ["vif_scale1", "adm2", "psnr_y", "motion2"]
    return {
        "transform": {"feature_transform": {
            **{name: {"op": "log_distance", "top": top} for name, top in
               zip(FEATURES[:5] + ["float_ssim"], [1.005, 1.02, 1.01, 1.01, 1.01, 1.002])},
            "motion2": {"op": "log1p"}}},
        "regress": {"missing_features": "regress", "optional_features": {"psnr_y": 1, "float_ssim": 2},
                    "imputation": {"psnr_y": imputation(rng, 1.2), "float_ssim": imputation(rng, 1.35)}},
        "mean": {"missing_features": "mean", "optional_features": {"psnr_y": 1, "float_ssim": 2}},
        "domain": {"domain": {"features": inside, "mean": rng.normal(0, 0.2, 4).tolist(),
                              "whiten": (np.eye(4) + rng.normal(0, 0.3, (4, 4))).tolist(), "edge": 1.25,
                              "interval_slope": 0.4}},
        "calibration": {"calibration": {"offset": -4.25, "slope": 1.15, "stddev": 2.5}},
    }


def statistics(transformed):
    return {
        "feature_mean": [14.0, 4.0, 6.5, 8.0, 10.0, 1.5, 36.0, 15.0] if transformed else
                        [0.9, 0.5, 0.7, 0.8, 0.85, 5.0, 36.0, 0.95],
        "feature_std": [3.5, 2.0, 2.5, 3.0, 3.0, 0.75, 5.0, 4.0] if transformed else
                       [0.08, 0.2, 0.15, 0.1, 0.1, 3.0, 5.0, 0.04],
    }


def write(folder, out, name, names, members, width, codecs=0):
    seed = sum(name.encode())
    rng = np.random.default_rng(seed)
    card = {"id": name, "kind": "fr", "feature_order": FEATURES, **statistics("transform" in names),
            "feature_cap": {"psnr_y": 52.0, "motion2": 24.0}, "feature_clip_sigma": 4.0, "conformal_scale": 1.3,
            "score_range": [0, 100]}
    for part in names:
        card.update(parts(rng)[part])
    graphs = []
    for i in range(members):
        graph = network(rng, width, codecs)
        file = f"{name}_{i}.onnx" if members > 1 else f"{name}.onnx"
        (folder / file).write_bytes(graph)
        graphs.append({"onnx": file, "sha256": hashlib.sha256(graph).hexdigest()})
    card.update({"kind": "fr_ensemble", "members": graphs} if members > 1 else graphs[0])
    if codecs:
        card.update({"codec_aware": True, "codec_vocab": VOCABULARY, "codec_vocab_version": 1})
    (folder / f"{name}.json").write_text(json.dumps(card))

    spread = np.repeat([0.7, 1.5, 5.0], ROWS // 3)[:, None]
    raw = reference.draw(card, spread * rng.standard_normal((ROWS, len(FEATURES))))
    raw[(rng.random(raw.shape) < 0.3) & reference.optional(card)] = np.nan
    ids = rng.integers(0, max(1, codecs), ROWS)
    block = np.eye(codecs, dtype=np.float32)[ids] if codecs else None
    score, deviation = reference.estimates(card, folder, raw, block)
    score, deviation = reference.calibrated(card, score, deviation)
    nothing = np.full(ROWS, np.nan)
    half = nothing if deviation is None else reference.half_widths(card, raw, deviation)
    ends = [np.clip(v, 0, 100) for v in (score - half, score + half)]
    columns = [np.clip(score, 0, 100), nothing if deviation is None else deviation, *ends,
               reference.distances(card, raw), ids, *raw.T]
    out.write(f"set\t{name}\t{folder / name}.json\t{ROWS}\t{len(FEATURES)}\t{int(deviation is not None)}\n")
    for row in zip(*columns):
        out.write("\t".join("-" if np.isnan(v) else repr(float(v)) for v in row) + "\n")


def main():
    folder = pathlib.Path(sys.argv[1]).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    with open(folder / "numbers.tsv", "w") as out:
        every = ["transform", "regress", "domain", "calibration"]
        write(folder, out, "everything", every, 1, 2)
        write(folder, out, "everything_codec_aware", every, 1, 2, codecs=len(VOCABULARY))
        write(folder, out, "ensemble", ["transform", "regress", "domain"], 3, 1)
        write(folder, out, "no_deviation", ["transform", "regress", "domain"], 1, 1)
        write(folder, out, "deviation_by_calibration", ["regress", "calibration"], 1, 1)
        write(folder, out, "missing_is_the_mean", ["transform", "mean", "domain"], 1, 2)
        write(folder, out, "only_calibrated", ["calibration"], 1, 2)
        write(folder, out, "only_transformed", ["transform"], 1, 2)


if __name__ == "__main__":
    main()
