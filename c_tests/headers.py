# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Compiles each public header alone: headers.py INCLUDE_DIRECTORY [LIBVMAF_INCLUDE_DIRECTORY]"""

import os
import shutil
import subprocess
import sys

WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Wshadow", "-Wstrict-prototypes", "-Wredundant-decls", "-Werror"]
DIALECTS = {
    "gcc": ["c99", "c11", "c17"], "clang": ["c99", "c11", "c17"],
    "g++": ["c++11", "c++17", "c++20"], "clang++": ["c++11", "c++17", "c++20"],
}

include = sys.argv[1]
libvmaf = sys.argv[2] if len(sys.argv) > 2 else ""
headers = sorted(name for name in os.listdir(include) if name.endswith(".h"))
assert "vmaf_fr_v2.h" in headers, f"{include}: no vmaf_fr_v2.h"
if not libvmaf:
    headers.remove("vmaf_fr_v2_libvmaf.h")
    print("vmaf_fr_v2_libvmaf.h is left out: no libvmaf")

failed = compiled = 0
for compiler, dialects in DIALECTS.items():
    if not shutil.which(compiler):
        print(f"{compiler} is left out: not installed")
        continue
    language = "c++" if "++" in compiler else "c"
    for dialect in dialects:
        for header in headers:
            source = f'#include "{header}"\n#include "{header}"\nint one_declaration;\n'
            command = [compiler, f"-std={dialect}", "-x", language, "-fsyntax-only", *WARNINGS, f"-I{include}", "-"]
            if language == "c++":
                command.remove("-Wstrict-prototypes")
            if libvmaf:
                # libvmaf's own headers are not ours to warn about.
                command[-1:-1] = ["-isystem", libvmaf]
            result = subprocess.run(command, input=source, capture_output=True, text=True)
            compiled += 1
            if result.returncode:
                failed += 1
                print(f"{' '.join(command)} < {header}\n{result.stderr}", file=sys.stderr)
print(f"{compiled} compilations, {failed} failed")
sys.exit(1 if failed or not compiled else 0)
