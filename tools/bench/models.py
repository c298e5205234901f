# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Makes the models of the benchmark: 64 and 64 hidden units, as published checkpoints have; and small erf networks,
merged into one graph, as the default model has.

Usage: models.py CARD DIRECTORY

Features, their statistics and the codec vocabulary are those of CARD, the built-in codec-aware model's. The weights are
random: the models cost as much as trained ones, and their scores mean nothing.
"""

import hashlib
import json
import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

HIDDEN = [64, 64]
# The default model's features; networks of its ensemble, and units of each in a hidden layer.
EIGHT = ["adm2", "vif_scale0", "vif_scale1", "vif_scale2", "vif_scale3", "motion2", "psnr_y", "float_ssim"]
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
    card_path, directory = sys.argv[1:]
    os.makedirs(directory, exist_ok=True)
    with open(card_path) as f:
        card = json.load(f)
    statistics = {key: card[key] for key in (
        "feature_order", "feature_mean", "feature_std", "feature_cap", "feature_clip_sigma", "missing_features",
    ) if key in card}
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
    indices = [card["feature_order"].index(name) for name in EIGHT]
    eight = {key: [card[key][i] for i in indices] for key in ("feature_order", "feature_mean", "feature_std")}
    eight |= {"feature_cap": {k: v for k, v in card.get("feature_cap", {}).items() if k in EIGHT}}
    write("merged", eight, save("merged.onnx", merged(rng, len(EIGHT), 2)))
    write("merged_one", eight, save("merged_one.onnx", merged(rng, len(EIGHT), 1)))


main()
