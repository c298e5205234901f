# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Makes the models of the benchmark: 64 and 64 hidden units, as published checkpoints have; and small erf networks,
merged into one graph, as the default model has.

Usage: models.py CARD DEFAULT_CARD DIRECTORY

Features and codec vocabulary are those of CARD, the built-in codec-aware model's of 22 features; the merged networks take
features and statistics of DEFAULT_CARD. The weights are random: the models cost as much as trained ones, and their scores
mean nothing.
"""

import hashlib
import json
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HIDDEN = [64, 64]
# Mean and standard deviation of the 22 features, raw, as published checkpoints have them.
STATISTICS = [
    (0.90, 0.05), (0.90, 0.05), (0.85, 0.05), (0.90, 0.05), (0.95, 0.03), (0.50, 0.10), (0.80, 0.10), (0.85, 0.10),
    (0.90, 0.05), (4.0, 2.0), (3.5, 2.0), (36.0, 4.0), (40.0, 4.0), (41.0, 4.0), (0.95, 0.04), (0.96, 0.03), (1.0, 0.9),
    (36.0, 4.0), (33.0, 4.0), (37.0, 4.0), (38.0, 4.0), (34.0, 4.0),
]
# Networks of the default model's ensemble, and units of each in a hidden layer.
NETWORKS, UNITS = 5, 16


def network(rng, n_features, n_codecs, n_outputs, gelu=True):
    """Linear, erf GELU, linear, erf GELU, linear; scores spread around 50."""
    constants = {"sqrt2": np.sqrt(np.float32(2)), "one": np.float32(1), "half": np.float32(0.5)}
    nodes, x = [], "features"
    if n_codecs:
        nodes.append(helper.make_node("Concat", ["features", "codec_onehot"], ["x"], axis=-1))
        x = "x"
    widths = [n_features + n_codecs, *HIDDEN, n_outputs]
    for i, (k, m) in enumerate(zip(widths, widths[1:])):
        is_last = i == len(HIDDEN)
        constants[f"w{i}"] = rng.normal(0, (10 if is_last else 1.4) / np.sqrt(k), (m, k))
        constants[f"b{i}"] = np.array([50, 1][:m]) if is_last else rng.normal(0, 0.1, m)
        nodes.append(helper.make_node("Gemm", [x, f"w{i}", f"b{i}"], [f"y{i}"], transB=1))
        x = f"y{i}"
        if gelu and not is_last:
            nodes += [
                helper.make_node("Div", [x, "sqrt2"], [f"d{i}"]),
                helper.make_node("Erf", [f"d{i}"], [f"e{i}"]),
                helper.make_node("Add", [f"e{i}", "one"], [f"a{i}"]),
                helper.make_node("Mul", [x, f"a{i}"], [f"m{i}"]),
                helper.make_node("Mul", [f"m{i}", "half"], [f"g{i}"]),
            ]
            x = f"g{i}"
    constants = {name: np.asarray(value, np.float32) for name, value in constants.items()}
    if n_outputs == 1:
        constants["axis"] = np.array([1], np.int64)
        nodes.append(helper.make_node("Squeeze", [x, "axis"], ["score"]))
        output = helper.make_tensor_value_info("score", TensorProto.FLOAT, ["N"])
    else:
        nodes[-1].output[0] = "score_logvar"
        output = helper.make_tensor_value_info("score_logvar", TensorProto.FLOAT, ["N", n_outputs])
    inputs = [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", n_features])]
    if n_codecs:
        inputs.append(helper.make_tensor_value_info("codec_onehot", TensorProto.FLOAT, ["N", n_codecs]))
    initializers = [numpy_helper.from_array(value, name) for name, value in constants.items()]
    graph = helper.make_graph(nodes, "bench", inputs, [output], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def merged(rng, n_features, depth):
    """An ensemble in one graph: linear, erf; the same on the units and the features, each network's units apart; linear
    on the units and the features; scores spread around 55."""
    width = NETWORKS * UNITS
    constants = {"scale": np.float32(25), "shift": np.float32(55), "axis": np.array([1], np.int64)}
    nodes, x, n_before = [], "features", 0
    for i in range(depth + 1):
        is_last = i == depth
        m = 1 if is_last else width
        skip = rng.normal(0, 1 / np.sqrt(n_features), (m, n_features))
        units = rng.normal(0, 1 / np.sqrt(width if is_last else UNITS), (m, n_before))
        if n_before and not is_last:
            units *= np.kron(np.eye(NETWORKS), np.ones((UNITS, UNITS)))
        constants[f"w{i}"] = np.concatenate([units, skip], axis=1)
        constants[f"b{i}"] = rng.normal(0, 0.1, m)
        if n_before:
            nodes.append(helper.make_node("Concat", [x, "features"], [f"x{i}"], axis=-1))
            x = f"x{i}"
        nodes.append(helper.make_node("Gemm", [x, f"w{i}", f"b{i}"], [f"y{i}"], transB=1))
        x, n_before = f"y{i}", width
        if not is_last:
            nodes.append(helper.make_node("Erf", [x], [f"h{i}"]))
            x = f"h{i}"
    nodes += [
        helper.make_node("Squeeze", [x, "axis"], ["f"]),
        helper.make_node("Mul", ["f", "scale"], ["scaled"]),
        helper.make_node("Add", ["scaled", "shift"], ["score"]),
    ]
    initializers = [
        numpy_helper.from_array(value if name == "axis" else np.asarray(value, np.float32), name)
        for name, value in constants.items()
    ]
    graph = helper.make_graph(
        nodes, "bench",
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, ["N", n_features])],
        [helper.make_tensor_value_info("score", TensorProto.FLOAT, ["N"])], initializers)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model)
    return model


def main():
    card_path, default_path, directory = sys.argv[1:]
    os.makedirs(directory, exist_ok=True)
    with open(card_path) as f, open(default_path) as g:
        card, default = json.load(f), json.load(g)
    mean, std = zip(*STATISTICS, strict=True)
    statistics = {"feature_order": card["feature_order"], "feature_mean": mean, "feature_std": std}
    statistics |= {"feature_clip_sigma": card["feature_clip_sigma"], "missing_features": "mean"}
    codec = {key: card[key] for key in ("codec_vocab", "codec_vocab_version")} | {"codec_aware": True}
    n_features, n_codecs = len(card["feature_order"]), len(card["codec_vocab"])
    rng = np.random.default_rng(1)

    def save(name, model):
        data = model.SerializeToString()
        with open(os.path.join(directory, name), "wb") as f:
            f.write(data)
        return {"onnx": name, "sha256": hashlib.sha256(data).hexdigest()}

    def write(name, *parts):
        with open(os.path.join(directory, name + ".json"), "w") as f:
            json.dump({"id": name, **statistics, **{k: v for p in parts for k, v in p.items()}}, f, indent=1)

    write("v1", save("v1.onnx", network(rng, n_features, 0, 1)))
    write("v2", codec, save("v2.onnx", network(rng, n_features, n_codecs, 1)))
    layers = save("layers.onnx", network(rng, n_features, 0, 1, gelu=False))
    with open(os.path.join(directory, "layers.json"), "w") as f:
        json.dump({"id": "layers", "feature_order": card["feature_order"], **layers}, f, indent=1)
    write("variance", codec, save("variance.onnx", network(rng, n_features, n_codecs, 2)))
    members = [save(f"member{i}.onnx", network(rng, n_features, n_codecs, 1)) for i in range(5)]
    write("ensemble", codec, {"kind": "fr_ensemble", "members": members})
    names = ("feature_order", "feature_mean", "feature_std", "feature_cap", "feature_transform", "missing_features",
             "optional_features", "imputation")
    eight = {key: default[key] for key in names if key in default}
    n_eight = len(eight["feature_order"])
    write("merged", eight, save("merged.onnx", merged(rng, n_eight, 2)))
    write("merged_one", eight, save("merged_one.onnx", merged(rng, n_eight, 1)))


main()
