#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Prints the version of the library, or with --api the version of its API: both live in Cargo.toml."""

import pathlib
import re
import sys

text = (pathlib.Path(__file__).resolve().parent.parent / "Cargo.toml").read_text(encoding="utf-8")
section = "package.metadata.capi.library" if "--api" in sys.argv[1:] else "workspace.package"
body = re.search(rf"^\[{re.escape(section)}\]\n(.*?)(?=^\[|\Z)", text, re.M | re.S)
version = body and re.search(r'^version\s*=\s*"([^"]+)"', body.group(1), re.M)
if not version:
    sys.exit(f"Cargo.toml: no version in [{section}]")
print(version.group(1))
