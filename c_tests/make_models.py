#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Makes small models, good and bad, and a table of what opening each must give.

Usage: make_models.py DIRECTORY

DIRECTORY/cases.tsv has one line per case, read by the C and the Rust tests:

    name  model  errno  engine  flags  text

model   path relative to DIRECTORY (or absolute)
errno   0, or the name of the errno whose negative open must return; ENOENT|EACCES where either will do
engine  auto, onnxruntime or embedded
flags   unpinned, or -
text    what the message must contain
"""

import hashlib
import json
import os
import random
import sys

import numpy as np
from onnx import TensorProto, checker, helper, numpy_helper, save_model

OPSET = [helper.make_opsetid("", 17)]
FEATURES = ["adm2", "vif_scale0", "motion2"]
VOCABULARY = ["x264", "x265", "libsvtav1", "libvvenc", "libvpx-vp9", "unknown"]
FLOAT, DOUBLE, STRING = TensorProto.FLOAT, TensorProto.DOUBLE, TensorProto.STRING


def value(name, shape, kind=FLOAT):
    return helper.make_tensor_value_info(name, kind, shape)


def array(name, data, kind=np.float32):
    return numpy_helper.from_array(np.asarray(data, dtype=kind), name)


def model(nodes, inputs, outputs, initializers=(), functions=(), opsets=()):
    graph = helper.make_graph(list(nodes), "g", list(inputs), list(outputs), list(initializers))
    return helper.make_model(graph, opset_imports=OPSET + list(opsets), ir_version=8, functions=list(functions),
                             producer_name="make_models.py")


def linear(width=3, codecs=0, out=1, bias=50.0, batch="N", kind=FLOAT, extra=(), **kwargs):
    """score = bias + 10 * sum(z) + 2 * codec id; with out = 2, a log-variance of -2 beside it."""
    numpy_kind = np.float64 if kind == DOUBLE else np.float32
    weights = np.zeros((width + codecs, out))
    weights[:width, 0] = 10
    weights[width:, 0] = 2 * np.arange(codecs)
    offset = np.array([bias, -2.0][:out])
    inputs = [value("features", [batch, width], kind)]
    nodes = []
    first = "features"
    if codecs:
        inputs.append(value("codec_onehot", [batch, codecs], kind))
        nodes.append(helper.make_node("Concat", ["features", "codec_onehot"], ["x"], axis=1))
        first = "x"
    nodes.append(helper.make_node("Gemm", [first, "w", "b"], ["y"]))
    initializers = [array("w", weights, numpy_kind), array("b", offset, numpy_kind)]
    if out == 1:
        initializers.append(array("axes", [1], np.int64))
        nodes.append(helper.make_node("Squeeze", ["y", "axes"], ["score"]))
        outputs = [value("score", [batch], kind)]
    else:
        nodes.append(helper.make_node("Identity", ["y"], ["score_logvar"]))
        outputs = [value("score_logvar", [batch, out], kind)]
    return model(nodes + list(extra), inputs, outputs, initializers, **kwargs)


class Writer:
    def __init__(self, directory):
        self.directory = directory
        self.cases = []
        os.makedirs(directory, exist_ok=True)

    def path(self, name):
        return os.path.join(self.directory, name)

    def write(self, name, data):
        with open(self.path(name), "wb") as f:
            f.write(data)
        return hashlib.sha256(data).hexdigest()

    def case(self, name, path, errno, text="", engine="auto", flags="-"):
        self.cases.append("\t".join([name, path, errno, engine, flags, text]))

    def card(self, name, digest, changes):
        card = {
            "id": name, "kind": "fr", "onnx": name + ".onnx", "sha256": digest, "feature_order": FEATURES,
            "feature_mean": [0.5, 0.5, 5.0], "feature_std": [0.25, 0.25, 2.5], "score_range": [0, 100],
        }
        for key, change in (changes or {}).items():
            if change is DROP:
                card.pop(key, None)
            else:
                card[key] = change
        return json.dumps(card).encode()

    def add(self, name, graph, errno="0", text="", engine="auto", flags="-", card=None, raw_card=None,
            open_card=False):
        """One graph with its card; `graph` is a model, or the file's bytes."""
        data = graph if isinstance(graph, bytes) else graph.SerializeToString()
        digest = self.write(name + ".onnx", data)
        self.write(name + ".json", raw_card if raw_card is not None else self.card(name, digest, card))
        self.case(name, name + (".json" if open_card else ".onnx"), errno, text, engine, flags)


DROP = object()
TRANSFORM = {"adm2": {"op": "log_distance", "top": 1.005}, "motion2": {"op": "log1p"}}
IMPUTATION = {"from": ["adm2", "vif_scale0"], "intercept": 0.5, "linear": [0.25, 0.5], "quadratic": [0, -0.125],
              "interval_factor": 1.5}
REGRESS = {"missing_features": "regress", "optional_features": {"motion2": 1}, "imputation": {"motion2": IMPUTATION}}
DOMAIN = {"features": ["adm2", "motion2"], "mean": [0, 0.5], "whiten": [[1, 0], [0.5, 2]], "edge": 2,
          "interval_slope": 0.5}
CALIBRATION = {"offset": -5, "slope": 0.9, "stddev": 4}


def good(w):
    plain = linear()
    checker.check_model(plain)
    w.add("good_v1", plain)
    w.add("good_v1_by_card", plain, open_card=True)
    w.add("good_v2", linear(codecs=6), card={"codec_aware": True, "codec_vocab_version": 1})
    layout = [f"onehot[{n}]" for n in VOCABULARY] + ["preset_norm", "crf_norm"]
    w.add("good_block", linear(codecs=8), card={"codec_aware": True, "codec_vocab": VOCABULARY,
                                                "codec_block_layout": layout})
    w.add("good_own_vocabulary", linear(codecs=2), card={"codec_aware": True, "codec_vocab": ["libx264", "mpeg2"],
                                                         "codec_vocab_version": 7})
    w.add("good_logvar", linear(out=2))
    w.add("good_missing_mean", linear(), card={"missing_features": "mean"})
    w.add("good_optional", linear(), card={"missing_features": "mean",
                                           "optional_features": {"vif_scale0": 1, "motion2": 2}})
    w.add("good_feature_range", linear(), card={"feature_range": {"motion2": [0, 20]}})
    w.add("good_transform", linear(), card={"feature_transform": TRANSFORM})
    w.add("good_regress", linear(), card=REGRESS)
    w.add("good_domain", linear(), card={"domain": DOMAIN})
    w.add("good_calibration", linear(), card={"calibration": CALIBRATION})
    w.add("good_difference", linear(), card={"difference_interval": {"half_width": 5}})
    # With a byte-order mark, as some editors save it.
    data = linear().SerializeToString()
    w.add("good_bom", data, raw_card=b"\xef\xbb\xbf" + w.card("good_bom", hashlib.sha256(data).hexdigest(), None))
    w.add("good_out_of_range", linear(bias=1000.0))
    w.add("good_unpinned", linear(), flags="unpinned", card={"sha256": DROP})
    # Without a card the width alone tells the features: 6 are the canonical ones.
    w.write("good_no_card.onnx", linear(width=6).SerializeToString())
    w.case("good_no_card", "good_no_card.onnx", "0", "", flags="unpinned")

    members = [{"onnx": f"member{i}.onnx", "sha256": w.write(f"member{i}.onnx", linear(bias=b).SerializeToString())}
               for i, b in enumerate([40.0, 50.0, 66.0])]
    w.write("good_ensemble.json", w.card("good_ensemble", "", {
        "kind": "fr_ensemble", "onnx": DROP, "sha256": DROP, "members": members}))
    w.case("good_ensemble", "good_ensemble.json", "0")

    save_model(linear(), w.path("good_external.onnx"), save_as_external_data=True, location="good_external.data",
               size_threshold=0, convert_attribute=False)
    with open(w.path("good_external.onnx"), "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    with open(w.path("good_external.data"), "rb") as f:
        data = hashlib.sha256(f.read()).hexdigest()
    w.write("good_external.json", w.card("good_external", digest, {"external_data_sha256": data}))
    w.case("good_external", "good_external.onnx", "0")


def files(w):
    w.case("no_file", "no_such_model.onnx", "ENOENT", "no_such_model.onnx")
    w.case("no_card_file", "no_such_card.json", "ENOENT", "no_such_card.json")
    os.makedirs(w.path("directory.onnx"), exist_ok=True)
    w.case("directory", "directory.onnx", "ENOENT|EACCES", "directory.onnx")
    w.write("no_graph.json", w.card("no_graph", "0" * 64, {"onnx": "absent.onnx"}))
    w.case("no_graph", "no_graph.json", "ENOENT", "absent.onnx")
    w.case("not_builtin", "builtin:no_such_model", "ENOENT", "no_such_model")
    # The memory of the process: a regular file, but reading its start fails.
    w.case("unreadable_by_io_error", "/proc/self/mem", "EIO", "/proc/self/mem")


def sizes(w):
    limit = 50 << 20
    with open(w.path("huge.onnx"), "wb") as f:
        f.truncate(limit + 1)
    w.write("huge.json", w.card("huge", "0" * 64, None))
    w.case("huge_graph", "huge.onnx", "E2BIG", "huge.onnx")
    # Small enough to be read, and then nothing that ONNX could be: what -ENOMEM is provoked with.
    with open(w.path("large.onnx"), "wb") as f:
        f.truncate(limit - (1 << 20))
    w.write("large.json", w.card("large", "0" * 64, None))
    w.add("huge_card", linear(), "E2BIG", "huge_card.json",
          raw_card=b'{"notes": "' + b"x" * (1 << 20) + b'"}')

    def external(name, location, errno, text, size=None):
        graph = linear()
        weights = graph.graph.initializer[0]
        weights.ClearField("raw_data")
        weights.data_location = TensorProto.EXTERNAL
        entry = weights.external_data.add()
        entry.key, entry.value = "location", location
        if size is not None:
            with open(w.path(location), "wb") as f:
                f.truncate(size)
        w.add(name, graph, errno, text, card={"external_data_sha256": "0" * 64} if size is None else None)

    external("huge_external", "huge_external.data", "E2BIG", "huge_external.data", limit)
    external("absent_external", "absent.data", "ENOENT", "absent.data")
    external("external_parent", "../outside.data", "EPERM", "../outside.data")
    external("external_absolute", "/etc/passwd", "EPERM", "/etc/passwd")
    link = w.path("link.data")
    if os.path.lexists(link):
        os.remove(link)
    os.symlink("/etc/passwd", link)
    external("external_link_out", "link.data", "EPERM", "link.data")


def pins(w):
    w.add("wrong_pin", linear(), "EILSEQ", "wrong_pin.onnx", card={"sha256": "0" * 64})
    w.add("no_pin", linear(), "EILSEQ", "sha256", card={"sha256": DROP})
    w.write("no_card.onnx", linear().SerializeToString())
    w.case("no_card", "no_card.onnx", "EILSEQ", "no_card")
    digest = w.write("good_member.onnx", linear().SerializeToString())
    w.write("wrong_member.json", w.card("wrong_member", "", {
        "kind": "fr_ensemble", "onnx": DROP, "sha256": DROP,
        "members": [{"onnx": "good_member.onnx", "sha256": digest},
                    {"onnx": "good_member.onnx", "sha256": "f" * 64}]}))
    w.case("wrong_member", "wrong_member.json", "EILSEQ", "good_member.onnx")
    save_model(linear(), w.path("wrong_external.onnx"), save_as_external_data=True, location="wrong_external.data",
               size_threshold=0, convert_attribute=False)
    with open(w.path("wrong_external.onnx"), "rb") as f:
        digest = hashlib.sha256(f.read()).hexdigest()
    w.write("wrong_external.json", w.card("wrong_external", digest, {"external_data_sha256": "a" * 64}))
    w.case("wrong_external", "wrong_external.onnx", "EILSEQ", "wrong_external.data")


def malformed(w):
    whole = linear().SerializeToString()
    w.add("empty_graph", b"", "EBADMSG", "empty_graph.onnx")
    w.add("truncated_graph", whole[: len(whole) // 2], "EBADMSG", "truncated_graph.onnx")
    noise = random.Random(1)
    w.add("random_graph", bytes(noise.randrange(256) for _ in range(4096)), "EBADMSG", "random_graph.onnx")
    # A message nested in itself 100,000 times: node > attribute > graph > node > ...
    nested = b""
    for _ in range(2000):
        for tag in (0x32, 0x2A, 0x0A):  # attribute g, node attribute, graph node
            n, size = len(nested), b""
            while n > 127:
                size += bytes([n & 127 | 128])
                n >>= 7
            nested = bytes([tag]) + size + bytes([n]) + nested
    n, size = len(nested), b""
    while n > 127:
        size += bytes([n & 127 | 128])
        n >>= 7
    w.add("nested_graph", bytes([0x3A]) + size + bytes([n]) + nested, "EBADMSG", "nested_graph.onnx")
    undefined = model([helper.make_node("Identity", ["nothing"], ["score"])], [value("features", ["N", 3])],
                      [value("score", ["N"])])
    w.add("undefined_input", undefined, "EBADMSG", "nothing")

    for name, text in [
        ("empty_card", b""),
        ("truncated_card", b'{"id": "x", "feature_order": ["adm2", '),
        ("array_card", b"[1, 2, 3]"),
        ("random_card", bytes(noise.randrange(256) for _ in range(4096))),
        ("latin1_card", '{"id": "caf\u00e9"}'.encode("latin-1")),
        ("nested_card", b'{"corpus": ' + b"[" * 200_000 + b"]" * 200_000 + b"}"),
        ("trailing_card", b"{} {}"),
    ]:
        w.add(name, linear(), "EBADMSG", name + ".json", raw_card=text)
    w.add("calibration_incomplete", linear(), "EBADMSG", "stddev", card={"calibration": {"offset": 0, "slope": 1}})
    w.add("text_for_number", linear(), "EBADMSG", "feature_mean[1]", card={"feature_mean": [0.5, "half", 5.0]})


def disagreements(w):
    def numbers(name, key, values, text):
        w.add(name, linear(), "EPROTO", text, card={key: values})

    numbers("std_zero", "feature_std", [0.25, 0.0, 2.5], "vif_scale0")
    numbers("std_negative", "feature_std", [0.25, 0.25, -1.0], "motion2")
    numbers("mean_null", "feature_mean", [0.5, None, 5.0], "vif_scale0")
    numbers("mean_nan", "feature_mean", [0.5, float("nan"), 5.0], "feature_mean[1]")
    numbers("std_infinite", "feature_std", [0.25, 0.25, float("inf")], "feature_std[2]")
    numbers("mean_short", "feature_mean", [0.5, 0.5], "feature_mean")
    numbers("std_long", "feature_std", [1.0] * 4, "feature_std")
    w.add("mean_alone", linear(), "EPROTO", "feature_std", card={"feature_std": DROP})
    numbers("order_short", "feature_order", FEATURES[:2], "feature_order")
    numbers("order_long", "feature_order", FEATURES + ["cambi"], "feature_order")
    numbers("order_twice", "feature_order", ["adm2", "adm2", "motion2"], "adm2")
    numbers("range_reversed", "score_range", [100, 0], "score_range")
    numbers("range_of_stranger", "feature_range", {"cambi": [0, 1]}, "cambi")
    numbers("range_of_nothing", "feature_range", {"motion2": [5, 5]}, "motion2")
    numbers("optional_without_missing", "optional_features", {"motion2": 1}, "missing_features")
    for name, optional in [("optional_stranger", {"cambi": 1}), ("optional_worth", {"motion2": 3})]:
        w.add(name, linear(), "EPROTO", next(iter(optional)),
              card={"missing_features": "mean", "optional_features": optional})
    numbers("cap_of_stranger", "feature_cap", {"cambi": 1.0}, "cambi")

    for feature, op, top, text in [("cambi", "log1p", 2, "cambi"), ("adm2", "sqrt", 2, "sqrt"),
                                   ("adm2", "log_distance", 1, "top")]:
        numbers(f"transform_{text}", "feature_transform", {feature: {"op": op, "top": top}}, text)
    w.add("transform_below_cap", linear(), "EPROTO", "log1p",
          card={"feature_transform": TRANSFORM, "feature_cap": {"motion2": -1}})
    numbers("missing_guessed", "missing_features", "guess", "guess")

    def regress(name, text, **changes):
        w.add(name, linear(), "EPROTO", text, card={**REGRESS, **changes})

    regress("regress_without_optional", "optional_features", optional_features=DROP)
    regress("regress_without_imputation", "motion2", imputation=DROP)
    regress("regress_of_needed", "vif_scale0", imputation={"motion2": IMPUTATION, "vif_scale0": IMPUTATION})
    regress("regress_not_asked_for", "imputation", missing_features="mean")
    for name, changes, text in [
        ("regress_from_optional", {"from": ["adm2", "motion2"]}, "motion2"),
        ("regress_from_stranger", {"from": ["adm2", "cambi"]}, "cambi"),
        ("regress_short", {"linear": [1]}, "linear"),
        ("regress_narrower", {"interval_factor": 0.5}, "interval_factor"),
    ]:
        regress(name, text, imputation={"motion2": {**IMPUTATION, **changes}})
    for name, changes, text in [
        ("domain_of_stranger", {"features": ["adm2", "cambi"]}, "cambi"),
        ("domain_short", {"mean": [0]}, "mean"),
        ("domain_not_square", {"whiten": [[1, 0], [0]]}, "whiten[1]"),
        ("domain_without_edge", {"edge": 0}, "edge"),
        ("domain_narrows", {"interval_slope": -1}, "interval_slope"),
    ]:
        numbers(name, "domain", {**DOMAIN, **changes}, text)
    for key in ("slope", "stddev"):
        numbers(f"calibration_{key}", "calibration", {**CALIBRATION, key: -1}, key)
    numbers("difference_of_nothing", "difference_interval", {"half_width": 0}, "half_width")

    w.add("wrong_input_name", linear(), "EPROTO", "input_names", card={"input_names": ["data"]})
    w.add("wrong_output_name", linear(), "EPROTO", "output_names", card={"output_names": ["mos"]})
    w.add("vocabulary_width", linear(codecs=5), "EPROTO", "",
          card={"codec_aware": True, "codec_vocab": VOCABULARY, "codec_vocab_version": 1})
    w.add("vocabulary_1_is_another", linear(codecs=6), "EPROTO", "version 1",
          card={"codec_aware": True, "codec_vocab": VOCABULARY[::-1], "codec_vocab_version": 1})
    w.add("vocabulary_twice", linear(codecs=2), "EPROTO", "vocab",
          card={"codec_aware": True, "codec_vocab": ["x264", "X264"]})
    w.add("layout_width", linear(codecs=8), "EPROTO", "",
          card={"codec_aware": True, "codec_vocab": VOCABULARY,
                "codec_block_layout": [f"onehot[{n}]" for n in VOCABULARY] + ["preset_norm"]})
    w.add("aware_without_input", linear(), "EPROTO", "codec", card={"codec_aware": True})

    w.add("static_batch", linear(batch=1), "EPROTO", "batch")
    w.add("double_input", linear(kind=DOUBLE), "EPROTO", "DOUBLE")
    tail = [helper.make_node("Gemm", ["z", "w", "b"], ["y"]),
            helper.make_node("Squeeze", ["y", "axes"], ["score"])]
    constants = [array("w", np.ones((3, 1))), array("b", [0.0]), array("axes", [1], np.int64)]
    score = [value("score", ["N"])]
    w.add("string_input", model([helper.make_node("Cast", ["features"], ["z"], to=FLOAT)] + tail,
                                [value("features", ["N", 3], STRING)], score, constants), "EPROTO", "STRING")
    flat = [helper.make_node("Flatten", ["features"], ["z"])] + tail
    w.add("rank_1", model(flat, [value("features", ["N"])], score, constants), "EPROTO", "rank")
    w.add("rank_3", model(flat, [value("features", ["N", 3, 1])], score, constants), "EPROTO", "rank")
    w.add("dynamic_width", model(flat, [value("features", ["N", "F"])], score, constants), "EPROTO", "width")
    identity = [helper.make_node("Identity", ["features"], ["z"])] + tail
    features = [value("features", ["N", 3])]
    w.add("no_output", model(identity, features, [], constants), "EPROTO", "output")
    w.add("two_outputs", model(identity, features, score + [value("y", ["N", 1])], constants), "EPROTO", "outputs")
    w.add("three_inputs", model(identity, features + [value("a", ["N", 1]), value("b2", ["N", 1])], score, constants),
          "EPROTO", "inputs")
    w.add("no_input", model([helper.make_node("Identity", ["w"], ["score"])], [], score, constants), "EPROTO", "inputs")
    w.add("wide_output", linear(out=2), "0")
    w.add("three_wide_output", model([helper.make_node("Identity", ["features"], ["score"])], features,
                                     [value("score", ["N", 3])]), "EPROTO", "score")


def forbidden(w):
    features, score = [value("features", ["N", 3])], [value("score", ["N"])]
    axes = [array("axes", [1], np.int64)]
    sum_up = helper.make_node("ReduceSum", ["z", "axes"], ["score"], keepdims=0)
    w.add("operator", model([helper.make_node("RandomNormalLike", ["features"], ["z"]), sum_up], features, score,
                            axes), "EPERM", "RandomNormalLike")
    w.add("domain", model([helper.make_node("Mine", ["features"], ["z"], domain="com.example"), sum_up], features,
                          score, axes, opsets=[helper.make_opsetid("com.example", 1)]), "EPERM", "com.example")
    function = helper.make_function("", "Twice", ["a"], ["b"], [helper.make_node("Add", ["a", "a"], ["b"])], OPSET)
    w.add("local_function", model([helper.make_node("Twice", ["features"], ["z"]), sum_up], features, score, axes,
                                  functions=[function]), "EPERM", "Twice")
    branch = helper.make_graph([helper.make_node("Constant", [], ["c"], value=array("v", [1.0]))], "branch", [],
                               [value("c", [1])])
    condition = numpy_helper.from_array(np.array(True), "yes")
    w.add("subgraph", model([helper.make_node("If", ["yes"], ["z"], then_branch=branch, else_branch=branch), sum_up],
                            features, score, axes + [condition]), "EPERM", "If")
    w.write("escaping_card.json", w.card("escaping_card", "0" * 64, {"onnx": "../good_v1.onnx"}))
    w.case("escaping_card", "escaping_card.json", "EPERM", "../good_v1.onnx")

    # Allowed, but of no use to the embedded engine.
    softmax = model([helper.make_node("Softmax", ["features"], ["z"], axis=1), sum_up], features, score, axes)
    w.add("not_embedded", softmax, "ENOTSUP", "Softmax", engine="embedded")
    w.add("not_embedded_by_onnxruntime", softmax, engine="onnxruntime")


def main():
    w = Writer(os.path.abspath(sys.argv[1]))
    for make in (good, files, sizes, pins, malformed, disagreements, forbidden):
        make(w)
    w.write("cases.tsv", ("\n".join(w.cases) + "\n").encode())


if __name__ == "__main__":
    main()
