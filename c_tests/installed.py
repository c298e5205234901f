# SPDX-License-Identifier: BSD-2-Clause-Patent
"""Tests the library as installed, from outside the source tree.

Usage: installed.py SOURCE_ROOT CARGO_TARGET_DIR

Installs into an empty prefix. Builds the example hosts with pkg-config alone, by gcc and clang, C and C++, against the
shared and the static library, and runs them. Builds a meson project that has the library as a subproject. If cargo-c is
installed, installs with it and compares the trees.
"""

import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import clips

source, cargo_target_dir = (pathlib.Path(p).resolve() for p in sys.argv[1:3])
MESON = [sys.executable, "-m", "mesonbuild.mesonmain"] if not shutil.which("meson") else ["meson"]
WARNINGS = ["-Wall", "-Wextra", "-Wpedantic", "-Werror"]


def run(*command, cwd=None, env=None, stdin=None, expect=0):
    result = subprocess.run([str(c) for c in command], cwd=cwd, env={**os.environ, **(env or {})}, input=stdin,
                            capture_output=True, text=True)
    if result.returncode != expect:
        sys.exit(f"{' '.join(map(str, command))}\nexit status {result.returncode}, expected {expect}\n"
                 f"{result.stdout}{result.stderr}")
    return result


def install(prefix, build, *options):
    run(*MESON, "setup", build, source, f"--prefix={prefix}", "--libdir=lib", "-Dtests=disabled", "-Dexamples=disabled",
        f"-Dcargo_target_dir={cargo_target_dir}", *options)
    run(*MESON, "install", "-C", build)
    return prefix


def tree(prefix):
    """Files, and symbolic links with what they resolve to in the end."""
    return sorted(f"{path.relative_to(prefix)}{' -> ' + path.resolve().name if path.is_symlink() else ''}"
                  for path in prefix.rglob("*") if path.is_file())


def pkg_config(prefix, *arguments):
    path = os.pathsep.join([str(prefix / "lib/pkgconfig"), os.environ.get("PKG_CONFIG_PATH", "")])
    return run("pkg-config", *arguments, env={"PKG_CONFIG_PATH": path}).stdout.split()


def have(package):
    return subprocess.run(["pkg-config", "--exists", package]).returncode == 0


def needed(program):
    return re.findall(r"NEEDED.*\[(.*)\]", run("readelf", "-d", program).stdout)


def hosts(prefix, static, work):
    """Builds and runs every host; returns what they printed."""
    work.mkdir()
    for name in ("host.h", "vmaf_linked.c", "vmaf_dlopen.c", "scorer.cpp"):
        shutil.copy(source / "examples" / name, work)
    names = ["vmaf_fr_v2"] + (["libvmaf"] if have("libvmaf") else [])
    mode = ["--static"] if static else []
    printed = {}
    for compiler, dialect in (("gcc", "c99"), ("clang", "c99"), ("g++", "c++11"), ("clang++", "c++11")):
        if not shutil.which(compiler):
            print(f"  {compiler} is left out: not installed")
            continue
        c_hosts = ("vmaf_linked.c",) if static else ("vmaf_linked.c", "vmaf_dlopen.c")
        for host in ("scorer.cpp",) if "++" in compiler else c_hosts:
            if host != "scorer.cpp" and len(names) == 1:
                print(f"  {host} is left out: no libvmaf")
                continue
            packages = names[:1] if host == "scorer.cpp" else names
            program = work / f"{host.split('.')[0]}-{compiler}"
            system = ["-lm", "-ldl"]
            if host == "vmaf_dlopen.c":
                # Needs our headers, and links libvmaf only.
                flags = pkg_config(prefix, "--cflags", *packages) + pkg_config(prefix, "--libs", "libvmaf")
            else:
                flags = pkg_config(prefix, *mode, "--cflags", "--libs", *packages)
            run(compiler, f"-std={dialect}", *WARNINGS, "-O1", work / host, "-o", program, *flags, *system, cwd=work)
            links = "libvmaf_fr_v2.so.1" in needed(program)
            assert links == (not static and host != "vmaf_dlopen.c"), (program, needed(program))
            printed[host, compiler] = exercise(host, program, prefix, static, work)
    for host in {h for h, _ in printed}:
        outputs = {text for (h, _), text in printed.items() if h == host}
        assert len(outputs) == 1, (host, outputs)
    print(f"  {'static' if static else 'shared'}: " + ", ".join(f"{h} by {c}" for h, c in printed))
    return {h: text for (h, _), text in printed.items()}


def exercise(host, program, prefix, static, work):
    # Nothing of ours but the installed prefix.
    env = {"LD_LIBRARY_PATH": os.pathsep.join([str(prefix / "lib"), *libvmaf_path])}
    if host == "scorer.cpp":
        # Between 0 and 1, which every feature can be.
        rows = "".join(" ".join(str(7 * (i + j) % 90 / 100) for j in range(width_of_default)) + "\n" for i in range(5))
        bad = run(program, stdin="1 2 three\n", env=env, expect=1)
        assert "line 1" in bad.stderr, bad.stderr
        return run(program, stdin=rows, env=env).stdout
    ref, dist = pair
    command = [program, "-r", ref, "-d", dist, "-c", "libx264", "--frames", "-o", work / "log.json", "--engine", "embedded"]
    result = run(*command, env=env)
    assert "vmaf_fr_v2 mean" in result.stdout, result
    log = (work / "log.json").read_text()
    assert '"vmaf_fr_v2"' in log, log
    if host == "vmaf_dlopen.c":
        missing = run(*command, "--library", "/nonexistent/libvmaf_fr_v2.so.1", env=env)
        assert "not available" in missing.stderr and "plain VMAF" in missing.stderr, missing.stderr
        assert "vmaf mean" in missing.stdout and "vmaf_fr_v2" not in missing.stdout, missing.stdout
        assert [line for line in result.stdout.splitlines() if line.startswith("vmaf ")] == missing.stdout.splitlines()
    short = work / "short.y4m"
    short.write_bytes(dist.read_bytes()[:-100])
    cut = run(program, "-r", ref, "-d", short, "-m", "", env=env, expect=1)
    assert cut.stderr, cut
    cut = run(program, "-r", ref, "-d", short, env=env, expect=1)
    assert "cut short" in cut.stderr, cut.stderr
    return result.stdout


def subproject(work, default_library):
    """Builds a meson project that has the library in its subprojects folder."""
    work.mkdir()
    (work / "subprojects").mkdir()
    (work / "subprojects/vmaf_fr_v2").symlink_to(source, target_is_directory=True)
    shutil.copy(source / "examples/scorer.cpp", work)
    (work / "meson.build").write_text("""
project('consumer', 'c', 'cpp', default_options: ['cpp_std=c++11'])
vmaf_fr_v2 = dependency('vmaf_fr_v2', fallback: 'vmaf_fr_v2', required: true)
test('scorer', executable('scorer', 'scorer.cpp', dependencies: vmaf_fr_v2, install: true), args: ['/nonexistent'],
  should_fail: true)
""")
    run(*MESON, "setup", work / "build", work, f"--default-library={default_library}", "--buildtype=release",
        f"-Dvmaf_fr_v2:cargo_target_dir={cargo_target_dir}", "-Dvmaf_fr_v2:onnxruntime=enabled",
        env={"PKG_CONFIG_LIBDIR": str(work)})
    run(*MESON, "test", "-C", work / "build")
    rows = " ".join(["0.5"] * width_of_default) + "\n"
    assert "mean" in run(work / "build/scorer", stdin=rows).stdout
    print(f"  a meson project with the subproject, {default_library}: builds and runs")


def cargo_c(work, meson_tree):
    if subprocess.run(["cargo", "cinstall", "--version"], capture_output=True).returncode:
        print("  cargo-c is not installed: its tree is not compared")
        return
    prefix = work / "cargo-c"
    run("cargo", "cinstall", "--locked", "--release", "--package", "vmaf-fr-v2", f"--prefix={prefix}", "--libdir=lib",
        "--target-dir", cargo_target_dir / "cargo-c", cwd=source)
    theirs = tree(prefix)
    width = max(map(len, meson_tree))
    print(f"  {'meson install':{width}}  cargo cinstall")
    for name in sorted({*meson_tree, *theirs}):
        print(f"  {name if name in meson_tree else '-':{width}}  {name if name in theirs else '-'}")
    assert theirs == meson_tree, "the installed trees differ"
    for name in ("Version", "Cflags", "Libs"):
        a, b = (re.search(rf"^{name}: *(.*)$", (p / "lib/pkgconfig/vmaf_fr_v2.pc").read_text(), re.M).group(1)
                for p in (work / "prefix", prefix))
        assert a.split() == b.split(), (name, a, b)
    hosts(prefix, False, work / "hosts-cargo-c")


with tempfile.TemporaryDirectory(prefix="vmaf-fr-v2-installed-") as directory:
    work = pathlib.Path(directory)
    libvmaf_path = pkg_config(work, "--variable=libdir", "libvmaf") if have("libvmaf") else []
    pair = clips.pair(work)
    prefix = install(work / "prefix", work / "build")
    installed = tree(prefix)
    print("installed:", *installed, sep="\n  ")
    for name in ("include/vmaf_fr_v2/vmaf_fr_v2.h", "include/vmaf_fr_v2/vmaf_fr_v2_pool.h", "lib/libvmaf_fr_v2.a",
                 "include/vmaf_fr_v2/vmaf_fr_v2_libvmaf.h", "lib/pkgconfig/vmaf_fr_v2.pc",
                 "lib/libvmaf_fr_v2.so", "lib/libvmaf_fr_v2.so.1"):
        assert name in [line.split(" -> ")[0] for line in installed], name

    # The width of the default model, asked of the installed library itself.
    (work / "width.c").write_text("""
#include <stdio.h>
#include <vmaf_fr_v2.h>
int main(void) {
    VmafFrV2 *fr; VmafFrV2Config config; VmafFrV2Info info = { sizeof(info) };
    vmaf_fr_v2_config_default(&config);
    if (vmaf_fr_v2_open(&fr, NULL, &config) || vmaf_fr_v2_info(fr, &info)) return 1;
    printf("%u\\n", info.n_features);
    return vmaf_fr_v2_close(fr);
}
""")
    run("gcc", work / "width.c", "-o", work / "width", *pkg_config(prefix, "--cflags", "--libs", "vmaf_fr_v2"))
    width_of_default = int(run(work / "width", env={"LD_LIBRARY_PATH": str(prefix / "lib")}).stdout)

    shared = hosts(prefix, False, work / "hosts-shared")
    # The linker prefers a shared library: the static one is tested in a prefix that has no shared one.
    static_prefix = install(work / "prefix-static", work / "build-static", "--default-library=static")
    assert not [name for name in tree(static_prefix) if ".so" in name]
    static = hosts(static_prefix, True, work / "hosts-static")
    for host in ("scorer.cpp", "vmaf_linked.c"):
        assert static.get(host) == shared.get(host), host
    for default_library in ("shared", "static"):
        subproject(work / f"subproject-{default_library}", default_library)
    cargo_c(work, installed)
