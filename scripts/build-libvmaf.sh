#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause-Patent
#
# Builds libvmaf 2.3.1 for the tests, static and shared, with its float extractors and its vmaf program,
# from the source inside the crate package libvmaf-sys, which cargo fetches and checks; its models' JSON files go
# to PREFIX/share/model. Nothing of it becomes part of this project.
#
# Usage: build-libvmaf.sh [PREFIX]      default: .deps/libvmaf

set -eu

root=$(cd "$(dirname "$0")/.." && pwd)
deps=$root/.deps
prefix=${1:-$deps/libvmaf}
package=libvmaf-sys
version=0.4.4

stamp=$prefix/.built-from
[ -x "$prefix/bin/vmaf" ] && [ -d "$prefix/share/model" ] && [ "$(cat "$stamp" 2>/dev/null)" = "$package $version" ] && exit 0

say() { printf 'build-libvmaf: %s\n' "$*" >&2; }

if [ -x "$deps/venv/bin/meson" ]; then
    PATH=$deps/venv/bin:$PATH
    export PATH
fi
for program in cargo python3 meson ninja g++ xxd; do
    command -v "$program" >/dev/null 2>&1 || { say "$program is missing (see scripts/test-needs.sh)"; exit 1; }
done

work=$(mktemp -d "${TMPDIR:-/tmp}/build-libvmaf.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM

say "fetching $package $version"
mkdir -p "$work/fetch/src"
: >"$work/fetch/src/lib.rs"
cat >"$work/fetch/Cargo.toml" <<TOML
[workspace]
[package]
name = "fetch"
version = "0.0.0"
edition = "2021"
[dependencies]
$package = { version = "=$version", default-features = false }
TOML
host=$(rustc -vV | sed -n 's/^host: //p')
source=$(cd "$work/fetch" && cargo metadata --quiet --format-version 1 --filter-platform "$host" | python3 -c '
import json, os, sys
for package in json.load(sys.stdin)["packages"]:
    if package["name"] == sys.argv[1]:
        print(os.path.join(os.path.dirname(package["manifest_path"]), "vmaf"))' "$package")
[ -f "$source/libvmaf/meson.build" ] || { say "no libvmaf source in $package $version"; exit 1; }

say "building libvmaf in $work"
cp -R "$source" "$work/vmaf"
chmod -R u+w "$work/vmaf"
rm -rf "$prefix"
if ! { meson setup "$work/build" "$work/vmaf/libvmaf" --prefix "$prefix" --libdir lib --buildtype release \
           --default-library both -Denable_asm=false -Denable_float=true -Denable_tests=false -Denable_docs=false &&
       meson install -C "$work/build"; } >"$work/log" 2>&1
then
    cat "$work/log" >&2
    say "libvmaf did not build"
    exit 1
fi
mkdir -p "$prefix/share/model"
cp "$source"/model/vmaf_*.json "$prefix/share/model/"
printf '%s\n' "$package $version" >"$stamp"
say "installed libvmaf in $prefix"
