#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause-Patent
#
# Measures what scoring costs and prints the tables of docs/performance.md.
#
#   scripts/bench.sh            all tables, in about five minutes
#   scripts/bench.sh --smoke    everything once, on little data, in less than a minute after the build: does it still
#                               run? The numbers mean nothing.
#   scripts/bench.sh OPTIONS    the tables of scoring, threads and opening, with options of vmaf-fr-bench (--help)
#
# Is this tree slower than an older build of the library? In about three minutes:
#
#   scripts/bench.sh --baseline OLD/libvmaf_fr_v2.so --tables baseline,opening --sizes 1,1024 --limit 1.03
#
# Build both libraries in the same way. On a busy machine the ratios hold, the times less so.

set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"

scripts/test-needs.sh
# shellcheck source=/dev/null
. .deps/env.sh
target=${CARGO_TARGET_DIR:-$root/target}
build=$root/build
bench=$build/tools/bench
reconfigure=
[ ! -f "$build/build.ninja" ] || reconfigure=--reconfigure
{
    meson setup $reconfigure "$build" -Dbench=enabled -Dcargo_target_dir="$target"
    meson compile -C "$build" bench
    cargo build --locked --release -p vmaf-fr-bench
} >&2

scoring() {
    "$target/release/vmaf-fr-bench" \
        --library "$build/libvmaf_fr_v2.so" \
        --onnxruntime "$VMAF_FR_TEST_ONNXRUNTIME" \
        --libvmaf "$(pkg-config --variable=libdir libvmaf)/libvmaf.so" \
        --python "$VMAF_FR_TEST_PYTHON" \
        --worker "$bench/worker" \
        --models models --derived "$bench/models" "$@"
}
share() {
    "$bench/share" -r "$bench/reference.y4m" -d "$bench/distorted.y4m" -c x264 --engine embedded "$@"
}
log() {
    cargo build --locked --release -p vmaf-fr
    "$VMAF_FR_TEST_PYTHON" scripts/bench-log.py --program "$target/release/vmaf-fr" "$@"
}

case ${1-} in
'')
    scoring
    share
    log
    ;;
--smoke)
    scoring --rounds 1 --sizes 1,64
    share --subsample 24
    log --frames 600 --runs 1
    ;;
*)
    scoring "$@"
    ;;
esac
