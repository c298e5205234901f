# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Derives the benchmark's variance model and five-member ensemble from the built-in codec-aware one.

Usage: models.py CARD DIRECTORY

Their weights are the built-in ones disturbed: they cost what such models cost, and mean nothing.
"""

import hashlib
import json
import os
import sys

import numpy as np
import onnx
from onnx import helper, numpy_helper


def save(model, directory, name):
    data = model.SerializeToString()
    with open(os.path.join(directory, name), "wb") as f:
        f.write(data)
    return hashlib.sha256(data).hexdigest()


def initializer(model, name):
    return next(t for t in model.graph.initializer if t.name == name)


def disturbed(model, rng):
    model = onnx.ModelProto.FromString(model.SerializeToString())
    for t in model.graph.initializer:
        a = numpy_helper.to_array(t)
        if a.dtype == np.float32 and a.ndim > 0:
            t.CopyFrom(numpy_helper.from_array((a * rng.normal(1, 0.01, a.shape)).astype(np.float32), t.name))
    return model


def with_variance(model):
    """The last Gemm gets a second output, the log-variance; no Squeeze after it."""
    model = onnx.ModelProto.FromString(model.SerializeToString())
    gemm = [n for n in model.graph.node if n.op_type == "Gemm"][-1]
    for name, extra in ((gemm.input[1], 0.0), (gemm.input[2], 1.0)):
        t = initializer(model, name)
        a = numpy_helper.to_array(t)
        t.CopyFrom(numpy_helper.from_array(np.concatenate([a, np.full_like(a, extra)]), name))
    squeeze = model.graph.node.pop()
    assert squeeze.op_type == "Squeeze", squeeze.op_type
    gemm.output[0] = "score_logvar"
    del model.graph.output[:]
    batch = model.graph.input[0].type.tensor_type.shape.dim[0].dim_param
    model.graph.output.append(helper.make_tensor_value_info("score_logvar", onnx.TensorProto.FLOAT, [batch, 2]))
    onnx.checker.check_model(model)
    return model


def main():
    card_path, directory = sys.argv[1:]
    os.makedirs(directory, exist_ok=True)
    with open(card_path) as f:
        card = json.load(f)
    model = onnx.load(os.path.join(os.path.dirname(card_path), card["onnx"]))
    rng = np.random.default_rng(1)

    def write(name, **fields):
        with open(os.path.join(directory, name + ".json"), "w") as f:
            json.dump({**card, "id": name, **fields}, f, indent=1)

    write("variance", onnx="variance.onnx", output_names=["score_logvar"],
          sha256=save(with_variance(model), directory, "variance.onnx"))
    members = [{"onnx": f"member{i}.onnx", "sha256": save(disturbed(model, rng), directory, f"member{i}.onnx")}
               for i in range(5)]
    card.pop("onnx")
    card.pop("sha256")
    write("ensemble", kind="fr_ensemble", members=members)


main()
