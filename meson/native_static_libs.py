#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Prints what a static library of Rust code needs from the system, as rustc tells it."""

import os
import re
import subprocess
import sys
import tempfile

with tempfile.TemporaryDirectory() as directory:
    source = os.path.join(directory, "empty.rs")
    with open(source, "w"):
        pass
    result = subprocess.run([*sys.argv[1:], "--crate-type", "staticlib", "--print", "native-static-libs", source,
                             "-o", os.path.join(directory, "libempty.a")],
                            capture_output=True, text=True)
found = re.search(r"native-static-libs:(.*)", result.stderr)
if result.returncode or not found:
    sys.exit(result.stderr or "rustc did not tell native-static-libs")
seen = []
for flag in found.group(1).split():
    # The C library is there anyway; naming it would only confuse the order of a static link.
    if flag not in seen and flag != "-lc":
        seen.append(flag)
print(" ".join(seen))
