#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Has cargo build the library, and copies one of its artefacts to where ninja wants it.

cargo knows best what to rebuild; ninja learns from the dependency file when to ask it.
"""

import argparse
import fcntl
import os
import shutil
import subprocess
import sys

parser = argparse.ArgumentParser()
parser.add_argument("--cargo", default="cargo")
parser.add_argument("--manifest", required=True)
parser.add_argument("--target-dir", required=True)
parser.add_argument("--profile", required=True)
parser.add_argument("--crate-type", required=True, choices=["staticlib", "cdylib"])
parser.add_argument("--features", default="")
parser.add_argument("--output", required=True)
parser.add_argument("--depfile", required=True)
parser.add_argument("cargo_args", nargs="*")
args = parser.parse_args()

os.makedirs(args.target_dir, exist_ok=True)
# Builds with other features share the directory, and their artefacts the name: one at a time, with its copying.
with open(os.path.join(args.target_dir, ".meson-lock"), "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    command = [args.cargo, "rustc", "--locked", "--manifest-path", args.manifest, "--package", "vmaf-fr-v2", "--lib",
               "--target-dir", args.target_dir, "--profile", args.profile, "--crate-type", args.crate_type,
               "--no-default-features", "--features", args.features, *args.cargo_args]
    status = subprocess.run(command).returncode
    if status:
        sys.exit(status)
    directory = os.path.join(args.target_dir, os.environ.get("CARGO_BUILD_TARGET", ""),
                             "debug" if args.profile == "dev" else args.profile)
    suffix = {"staticlib": ".a", "cdylib": ".so"}[args.crate_type]
    stem = os.path.join(directory, "libvmaf_fr_v2")
    shutil.copyfile(stem + suffix, args.output)
    with open(stem + ".d", encoding="utf-8") as f:
        _, _, needs = f.read().partition(": ")
    with open(args.depfile, "w", encoding="utf-8") as f:
        f.write(args.output.replace(" ", "\\ ") + ": " + needs)
