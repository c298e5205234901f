# SPDX-License-Identifier: BSD-2-Clause-Patent
"""What a card's numbers come to, in numpy and Python's onnxruntime: nothing of the library is in it.

A card is the parsed JSON, `raw` an array of one row of libvmaf values per frame, NaN where one is missing.
"""

import numpy as np
import onnxruntime

Z95 = 1.959964


def transform(card, name, x):
    """A feature's capped value as it is standardised."""
    how = card.get("feature_transform", {}).get(name)
    if how is None:
        return x
    if how["op"] == "log_distance":
        return -10 * np.log10(how["top"] - np.clip(x, 0, 1))
    return np.log1p(x)


def raw_value(card, name, t):
    """The value that `transform` makes t of, if there is one that the feature can have."""
    how = card.get("feature_transform", {}).get(name, {"op": None})
    x = how["top"] - 10 ** (-t / 10) if how["op"] == "log_distance" else np.expm1(t) if how["op"] == "log1p" else t
    # The library refuses negative values, and a structural similarity above 1.
    highest = 1 if how["op"] == "log_distance" or name.endswith("ssim") else np.inf
    return np.clip(x, 0, highest)


def draw(card, z):
    """Raw values of rows of z."""
    order = card["feature_order"]
    mean, std = (np.array(card.get(f"feature_{s}", [d] * len(order))) for s, d in [("mean", 0.5), ("std", 0.25)])
    t = mean + std * z
    return np.stack([raw_value(card, name, t[:, i]) for i, name in enumerate(order)], axis=1).astype(np.float32)


def optional(card):
    """Whether each feature may be missing."""
    names = card.get("optional_features", card["feature_order"] if "missing_features" in card else {})
    return np.array([name in names for name in card["feature_order"]])


def standardise(card, raw, member=None):
    """What the graph gets."""
    order, bound = card["feature_order"], card.get("feature_clip_sigma", np.inf)
    statistics = [(member or {}).get(key) or card.get(key) for key in ("feature_mean", "feature_std")]
    mean, std = statistics if statistics[0] else ([0.0] * len(order), [1.0] * len(order))
    z = np.empty(raw.shape, np.float32)
    for i, name in enumerate(order):
        x = np.minimum(raw[:, i].astype(np.float64), card.get("feature_cap", {}).get(name, np.inf))
        z[:, i] = np.clip((transform(card, name, x) - mean[i]) / std[i], -bound, bound)
    if card.get("missing_features") == "mean":
        z[np.isnan(raw)] = 0
    for name, how in card.get("imputation", {}).items():
        seen = z[:, [order.index(n) for n in how["from"]]].astype(np.float64)
        regressed = how["intercept"] + seen @ np.array(how["linear"]) + seen**2 @ np.array(how["quadratic"])
        missing = np.isnan(raw[:, order.index(name)])
        z[missing, order.index(name)] = np.clip(regressed, -bound, bound)[missing]
    return z


def estimates(card, folder, raw, block=None):
    """Score and deviation (None: there is none) as the graphs have it, before any calibration."""
    outputs = []
    for member in card.get("members") or [card]:
        session = onnxruntime.InferenceSession(str(folder / member["onnx"]), providers=["CPUExecutionProvider"])
        z = standardise(card, raw, member)
        names = [i.name for i in session.get_inputs()]
        feed = {name: block if "codec" in name else z for name in names}
        outputs.append(session.run(None, feed)[0].reshape(len(z), -1).astype(np.float64))
    scores = np.stack([o[:, 0] for o in outputs])
    if len(outputs) > 1:
        return scores.mean(axis=0), scores.std(axis=0, ddof=1)
    if outputs[0].shape[1] == 2:
        return scores[0], np.exp(np.maximum(outputs[0][:, 1], -6) / 2)
    return scores[0], None


def calibrated(card, score, deviation):
    """The same on the scale of the card's calibration."""
    c = card.get("calibration")
    if c is None:
        return score, deviation
    own = 0 if deviation is None else c["slope"] * deviation
    return c["offset"] + c["slope"] * score, np.sqrt(own**2 + c["stddev"] ** 2) + 0 * score


def distances(card, raw):
    """How far each frame is from the training data; NaN if the card does not say."""
    domain = card.get("domain")
    if domain is None:
        return np.full(len(raw), np.nan)
    z = standardise(card, raw)[:, [card["feature_order"].index(n) for n in domain["features"]]].astype(np.float64)
    whitened = (z - domain["mean"]) @ np.array(domain["whiten"]).T
    return np.sqrt((whitened**2).mean(axis=1)) / domain["edge"]


def half_widths(card, raw, deviation):
    """Of the 95 % interval, for the calibrated deviation."""
    half = Z95 * deviation * card.get("conformal_scale", 1.0)
    if "domain" in card:
        half = half * (1 + card["domain"]["interval_slope"] * np.maximum(0, distances(card, raw) - 1))
    factors = np.ones(len(raw))
    for name, how in card.get("imputation", {}).items():
        missing = np.isnan(raw[:, card["feature_order"].index(name)])
        factors[missing] = np.maximum(factors[missing], how["interval_factor"])
    return half * factors
