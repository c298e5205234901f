# SPDX-License-Identifier: BSD-2-Clause-Patent
"""The shared library exports exactly the list, and the archive at least: symbols.py LIST SHARED [ARCHIVE]"""

import subprocess
import sys


def defined(*command):
    out = subprocess.run(["nm", "--defined-only", *command], capture_output=True, text=True).stdout
    return {fields[2].split("@")[0] for fields in map(str.split, out.splitlines()) if len(fields) == 3
            and fields[1] in "TDBRWVi"}


wanted = {line.strip() for line in open(sys.argv[1], encoding="utf-8") if line.strip() and line[0] != "#"}
exported = defined("-D", sys.argv[2])
for name in sorted(wanted - exported):
    print(f"{sys.argv[2]}: {name} is not exported", file=sys.stderr)
for name in sorted(exported - wanted):
    print(f"{sys.argv[2]}: {name} is exported, but not in {sys.argv[1]}", file=sys.stderr)
failed = wanted != exported
if len(sys.argv) > 3:
    for name in sorted(wanted - defined(sys.argv[3])):
        print(f"{sys.argv[3]}: {name} is not defined", file=sys.stderr)
        failed = True

dynamic = subprocess.run(["readelf", "-d", sys.argv[2]], capture_output=True, text=True, check=True).stdout
needed = [line.split("[")[1].rstrip("]") for line in dynamic.splitlines() if "(NEEDED)" in line]
print(f"{len(exported)} exported symbols; needs {', '.join(needed)}")
for name in needed:
    if "vmaf.so" in name or "onnxruntime" in name:
        print(f"{sys.argv[2]}: links {name}", file=sys.stderr)
        failed = True
if "NODELETE" not in dynamic:
    print(f"{sys.argv[2]}: not linked with -z nodelete", file=sys.stderr)
    failed = True
sys.exit(failed)
