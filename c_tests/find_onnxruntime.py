# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Prints the path of the libonnxruntime inside this Python's onnxruntime package."""

import glob
import importlib.util
import os

spec = importlib.util.find_spec("onnxruntime")
capi = os.path.join(os.path.dirname(spec.origin), "capi")
found = [path for path in sorted(glob.glob(os.path.join(capi, "libonnxruntime.so*"))) if "providers" not in path]
print(found[0] if found else "")
