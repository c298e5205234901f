#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Turns the list of exported symbols into a version script for the linker."""

import sys

names = [line.strip() for line in open(sys.argv[1], encoding="utf-8") if line.strip() and line[0] != "#"]
with open(sys.argv[2], "w", encoding="utf-8") as script:
    script.write("{\n  global:\n" + "".join(f"    {name};\n" for name in names) + "  local:\n    *;\n};\n")
