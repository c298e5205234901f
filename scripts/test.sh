#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause-Patent
#
# scripts/test.sh          Gets what the tests need and runs all of them: formatting and lints, the README's commands,
#                          the C tests under meson with a real libvmaf, and the Rust tests with a real ONNX Runtime and
#                          real encoders.
# scripts/test.sh --fast   For the inner loop: formatting and lints, the Rust unit tests, the headers, and whatever is
#                          generated from the sources. No meson build, no README, no million rows.
#
# Both end with one line that counts the tests; any failure ends them at once with a non-zero status.

set -euo pipefail
fast=
case $#:${1-} in
    0:) ;;
    1:--fast) fast=1 ;;
    *) sed -n '4,11s/^# \{0,1\}//p' "$0" >&2; exit 64 ;;
esac
root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root"
step() { printf '\n== %s (%ss)\n' "$*" "$SECONDS"; }
count() { sed -nE "$2" "$logs/$1" | awk '{ n += $1 } END { print n + 0 }'; }

step 'what the tests need'
[ -n "$fast" ] && [ -f .deps/env.sh ] || scripts/test-needs.sh
# shellcheck source=/dev/null
. .deps/env.sh
export VMAF_FR_V2_ONNXRUNTIME=$VMAF_FR_TEST_ONNXRUNTIME
target=${CARGO_TARGET_DIR:-$root/target}
logs=$root/.deps/test-logs
mkdir -p "$logs"

step 'formatting and lints'
cargo fmt --all --check
cargo clippy --locked --workspace --all-targets -- -D warnings

if [ -n "$fast" ]; then
    step 'the headers, by every compiler'
    "$VMAF_FR_TEST_PYTHON" c_tests/headers.py include "$(pkg-config --variable=includedir libvmaf)"
    cc -std=c99 -Wall -Wextra -Werror -Iinclude c_tests/layout.c -o "$logs/layout"
    "$VMAF_FR_TEST_PYTHON" c_tests/compare.py abi/layout.x86_64.txt "$logs/layout"
    step 'Rust unit tests, and what is generated'
    generated=()
    for name in header layout catalogue; do
        [ ! -f "tests/$name.rs" ] || generated+=(--test "$name")
    done
    cargo test --locked --workspace --lib --bins "${generated[@]}" 2>&1 | tee "$logs/fast.txt"
    step 'summary'
    passed=$((2 + $(count fast.txt 's/^test result: .* ([0-9]+) passed;.*/\1/p')))
    skipped=$(count fast.txt 's/^test result: .* ([0-9]+) ignored;.*/\1/p')
    echo "$passed passed, 0 failed, $skipped skipped"
    exit
fi

step 'C tests (meson)'
cargo build --locked --release -p vmaf-fr
build=$root/build
[ -f "$build/build.ninja" ] || meson setup "$build"
meson configure "$build" -Dcargo_target_dir="$target" -Dvmaf_fr_program="$target/release/vmaf-fr"
meson compile -C "$build"
meson test -C "$build" --print-errorlogs 2>&1 | tee "$logs/meson.txt"

step 'the commands of README.md'
scripts/check-readme.sh

step 'Rust tests (cargo)'
cargo test --locked --workspace --no-fail-fast 2>&1 | tee "$logs/cargo.txt"

step 'one engine against the other, a million rows for each instruction set'
# Old processors have neither AVX2 nor fused multiply-adds: ONNX Runtime computes otherwise there, and so do we.
export VMAF_FR_TEST_SAME_BITS=1
parity() { cargo test --locked --release --test parity -- "$@" 2>&1 | tee -a "$logs/cargo.txt"; }
for set in avx512f:avx512 avx2:avx2; do
    if grep -qw "${set%%:*}" /proc/cpuinfo; then
        VMAF_FR_V2_EMBEDDED_KERNEL=${set#*:} parity --ignored --nocapture
    fi
done
if command -v qemu-x86_64 >/dev/null; then
    CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER='qemu-x86_64 -cpu Nehalem' parity --nocapture
fi

step 'the kernels call no instruction as a function'
# What the compiler leaves out of the function that enables an instruction set costs half the speed, and no
# result shows it. Packing at open may load and broadcast that way.
cargo build --locked --release -p vmaf-fr-v2
calls=$(nm --demangle "$target/release/libvmaf_fr_v2.so" | grep -E 'core_arch::.*_mm(256|512)?_[a-z0-9_]+$' |
    grep -Ev '_mm(256|512)_(set1|loadu)_ps$' || true)
[ -z "$calls" ] || { printf 'not part of the kernels:\n%s\n' "$calls" >&2; exit 1; }

step 'the benchmark still runs'
scripts/bench.sh --smoke >"$logs/bench.txt"

step 'summary'
passed=$(($(count meson.txt 's/^Ok: +([0-9]+).*/\1/p') + $(count cargo.txt 's/^test result: .* ([0-9]+) passed;.*/\1/p')))
failed=$(($(count meson.txt 's/^(Fail|Timeout): +([0-9]+).*/\2/p') + $(count cargo.txt 's/^test result: .* ([0-9]+) failed;.*/\1/p')))
skipped=$(($(count meson.txt 's/^Skipped: +([0-9]+).*/\1/p') + $(count cargo.txt 's/^test result: .* ([0-9]+) ignored;.*/\1/p')))
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ] && [ "$passed" -gt 0 ]
