#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause-Patent
#
# Gets what the tests need on a Debian machine that has Rust, gcc, make, git and Python 3.11 with pip:
#
#   .deps/venv     Python environment: meson, ninja, onnxruntime, onnx, numpy, ffmpeg (imageio-ffmpeg)
#   .deps/libvmaf  libvmaf 2.3.1, static and shared, with its vmaf program (see build-libvmaf.sh)
#   .deps/env.sh   PATH, PKG_CONFIG_PATH, ... for both: `. .deps/env.sh`
#
# and the Debian packages named below, where their programs are missing and this user may install them.
# Running it again takes no more than a second or two.

set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
deps=$root/.deps
venv=$deps/venv
mkdir -p "$deps"

say() { printf 'test-needs: %s\n' "$*" >&2; }

# program:package
wanted='g++:g++ clang:clang valgrind:valgrind abidw:abigail-tools ffprobe:ffmpeg pkg-config:pkg-config xxd:xxd
        qemu-x86_64:qemu-user time:time'
missing=
for pair in $wanted; do
    command -v "${pair%%:*}" >/dev/null 2>&1 || missing="$missing ${pair#*:}"
done
if [ -n "$missing" ]; then
    as_root=
    [ "$(id -u)" = 0 ] || as_root='sudo -n'
    say "installing the Debian packages$missing"
    # A failed update is no reason to stop: the lists at hand may do.
    if ! command -v apt-get >/dev/null 2>&1 ||
       ! { $as_root apt-get update -qq || true; } ||
       ! DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $missing >"$deps/apt.log" 2>&1
    then
        say "could not install:$missing"
        say "tests that need them skip; install them with: apt-get install$missing"
    fi
fi

stamp=$venv/.test-needs
if ! cmp -s "$root/scripts/test-needs.txt" "$stamp"; then
    say "making the Python environment $venv"
    rm -rf "$venv"
    if ! python3 -m venv "$venv" 2>"$deps/venv.log"; then
        # Debian's python3 comes without ensurepip.
        rm -rf "$venv"
        python3 -m pip install --quiet --target "$deps/virtualenv" virtualenv ||
            { cat "$deps/venv.log" >&2; say "python3 can make no virtual environment"; exit 1; }
        PYTHONPATH=$deps/virtualenv python3 -m virtualenv --quiet "$venv"
    fi
    rm -f "$deps/venv.log"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check -r "$root/scripts/test-needs.txt"
    cp "$root/scripts/test-needs.txt" "$stamp"
fi

"$root/scripts/build-libvmaf.sh"

if [ ! -e "$deps/env.sh" ] || [ "$0" -nt "$deps/env.sh" ] || [ "$stamp" -nt "$deps/env.sh" ]; then
    ffmpeg=$("$venv/bin/python" -c 'import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())')
    # The wheel calls its program by platform and version; hosts and scripts look for "ffmpeg".
    mkdir -p "$deps/bin"
    ln -sfn "$ffmpeg" "$deps/bin/ffmpeg"
    onnxruntime=$("$venv/bin/python" - <<'PY'
import glob, importlib.util, os
capi = os.path.join(os.path.dirname(importlib.util.find_spec("onnxruntime").origin), "capi")
print(sorted(p for p in glob.glob(os.path.join(capi, "libonnxruntime.so*")) if "providers" not in p)[0])
PY
)
    cat >"$deps/env.sh.new" <<ENV
# Made by scripts/test-needs.sh.
export PATH="$deps/bin:$venv/bin:$deps/libvmaf/bin:\$PATH"
export PKG_CONFIG_PATH="$deps/libvmaf/lib/pkgconfig\${PKG_CONFIG_PATH:+:\$PKG_CONFIG_PATH}"
export VMAF_FR_TEST_PYTHON="$venv/bin/python"
export VMAF_FR_TEST_VMAF="$deps/libvmaf/bin/vmaf"
export VMAF_FR_TEST_FFMPEG="$ffmpeg"
export VMAF_FR_TEST_ONNXRUNTIME="$onnxruntime"
ENV
    mv "$deps/env.sh.new" "$deps/env.sh"
fi
say "ready: . $deps/env.sh"
