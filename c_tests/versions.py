# SPDX-License-Identifier: BSD-2-Clause-Patent
"""One version everywhere: versions.py SOURCE_ROOT MESON_VERSION API_VERSION LIBRARY"""

import ctypes
import json
import pathlib
import re
import subprocess
import sys

root, meson_version, api_version, library_path = sys.argv[1:]
header = (pathlib.Path(root) / "include/vmaf_fr_v2.h").read_text(encoding="utf-8")


def macros(stem):
    return ".".join(re.search(rf"^#define {stem}_{part} (\d+)", header, re.M).group(1)
                    for part in ("MAJOR", "MINOR", "PATCH"))


metadata = json.loads(subprocess.run(
    ["cargo", "metadata", "--format-version", "1", "--no-deps", "--offline", "--manifest-path", f"{root}/Cargo.toml"],
    capture_output=True, text=True, check=True).stdout)
crate = next(p for p in metadata["packages"] if p["name"] == "vmaf-fr-v2")
library = ctypes.CDLL(library_path)
library.vmaf_fr_v2_version.restype = ctypes.c_char_p
library.vmaf_fr_v2_api_version.restype = ctypes.c_uint32
running_api = library.vmaf_fr_v2_api_version()
dynamic = subprocess.run(["readelf", "-d", library_path], capture_output=True, text=True, check=True).stdout
pc = pathlib.Path(library_path).resolve().parent / "meson-private/vmaf_fr_v2.pc"

project = {
    "Cargo.toml": crate["version"],
    "meson": meson_version,
    "header": macros("VMAF_FR_V2_VERSION"),
    "running library": library.vmaf_fr_v2_version().decode(),
    "vmaf_fr_v2.pc": re.search(r"^library_version=(.*)$", pc.read_text(), re.M).group(1),
}
api = {
    "cargo-c's .pc": crate["metadata"]["capi"]["pkg_config"]["version"],
    "Cargo.toml": crate["metadata"]["capi"]["library"]["version"],
    "meson": api_version,
    "header": macros("VMAF_FR_V2_API_VERSION"),
    "running library": ".".join(str(running_api >> shift & 255) for shift in (16, 8, 0)),
    "vmaf_fr_v2.pc": re.search(r"^Version: (.*)$", pc.read_text(), re.M).group(1),
    "its variable": re.search(r"^api_version=(.*)$", pc.read_text(), re.M).group(1),
}
soname = re.search(r"SONAME.*\[(.*)\]", dynamic).group(1)
print("version:", project, "\nAPI version:", api, "\nSONAME:", soname)
assert len(set(project.values())) == 1, project
assert len(set(api.values())) == 1, api
assert soname == f"libvmaf_fr_v2.so.{api_version.split('.')[0]}", soname
