// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The committed header is the one that cbindgen makes of the sources.

#[test]
fn committed_header_is_current() {
    let committed = concat!(env!("CARGO_MANIFEST_DIR"), "/include/vmaf_fr_v2.h");
    let generated = env!("VMAF_FR_V2_GENERATED_HEADER");
    let read = |path| std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{path}: {e}"));
    if read(committed) != read(generated) {
        if std::env::var_os("VMAF_FR_V2_UPDATE_HEADER").is_some() {
            std::fs::copy(generated, committed).unwrap();
            return;
        }
        panic!(
            "include/vmaf_fr_v2.h is not what src/capi gives; update it with\n  \
             VMAF_FR_V2_UPDATE_HEADER=1 cargo test --test header"
        );
    }
}

#[test]
fn versions_are_cargos() {
    let header = include_str!("../include/vmaf_fr_v2.h");
    for (part, value) in [
        ("MAJOR", env!("CARGO_PKG_VERSION_MAJOR")),
        ("MINOR", env!("CARGO_PKG_VERSION_MINOR")),
        ("PATCH", env!("CARGO_PKG_VERSION_PATCH")),
    ] {
        let line = format!("#define VMAF_FR_V2_VERSION_{part} {value}\n");
        assert!(header.contains(&line), "no {line}");
    }
}
