# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Compares the ABI with its baseline: abi.py [--update] BASELINE DESCRIBED LIBRARY

DESCRIBED is the library made of abi.c, LIBRARY the real one. Any difference fails the test. An addition needs a new
baseline (--update) and a higher minor version of the API; any other change needs a new major version.
"""

import pathlib
import shutil
import subprocess
import sys
import tempfile

update = "--update" in sys.argv
baseline, described, library = [a for a in sys.argv[1:] if a != "--update"]
if not shutil.which("abidw"):
    print("skipped: abidw is not installed (Debian: abigail-tools)", file=sys.stderr)
    sys.exit(77)


def exported(path):
    out = subprocess.run(["nm", "-D", "--defined-only", path], capture_output=True, text=True, check=True).stdout
    return {line.split()[2].split("@")[0] for line in out.splitlines() if line.split()[1] == "T"}


if exported(described) != exported(library):
    sys.exit(f"abi.c and the library differ: {exported(described) ^ exported(library)}")

with tempfile.TemporaryDirectory() as directory:
    current = pathlib.Path(directory, "current.abi")
    subprocess.run(["abidw", "--no-corpus-path", "--no-comp-dir-path", "--no-show-locs", "--no-elf-needed",
                    "--type-id-style", "hash", "--out-file", current, described], check=True)
    if update:
        shutil.copy(current, baseline)
        print(f"wrote {baseline}")
        sys.exit()
    # Exit status: bit 2 says that the ABI changed, bit 3 that hosts break.
    result = subprocess.run(["abidiff", baseline, current], capture_output=True, text=True)
    print(result.stdout, result.stderr)
    sys.exit(1 if result.returncode else 0)
