# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Compares a program's output with a file: compare.py EXPECTED PROGRAM [ARGUMENTS]"""

import difflib
import subprocess
import sys

expected = open(sys.argv[1], encoding="utf-8").read()
actual = subprocess.run(sys.argv[2:], capture_output=True, text=True, check=True).stdout
sys.stderr.writelines(difflib.unified_diff(expected.splitlines(True), actual.splitlines(True), sys.argv[1], "actual"))
sys.exit(expected != actual)
