// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Embeds the built-in models, generates ONNX's messages and the C header, and names the shared library.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use serde_json::Value;

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo"));
    embed_models(&root.join("models"), &out.join("registry.rs"));
    generate_messages(&root.join("src/onnx"));
    generate_header(&root, &out.join("vmaf_fr_v2.h"));
    name_shared_library();
}

/// Writes the table of src/model/builtin.rs from models/registry.json.
fn embed_models(models: &Path, table: &Path) {
    println!("cargo:rerun-if-changed={}", models.display());
    let registry = read_json(&models.join("registry.json"));
    let mut rust = format!("const DEFAULT: &str = {:?};\n", text(&registry, "default"));
    rust.push_str("static MODELS: &[Builtin] = &[\n");
    for model in registry["models"].as_array().expect("registry.json: models is an array") {
        let card_path = models.join(text(model, "card"));
        let card = read_json(&card_path);
        let card_path = card_path.display().to_string();
        let mut files = BTreeSet::new();
        let members = card["members"].as_array().into_iter().flatten();
        for graph in std::iter::once(&card).chain(members) {
            if let Some(onnx) = graph["onnx"].as_str() {
                files.insert(onnx.to_owned());
            }
        }
        writeln!(
            rust,
            "    Builtin {{ id: {id:?}, c_id: c{id:?}, status: {:?}, card: include_bytes!({card_path:?}), files: &[",
            text(model, "status"),
            id = text(model, "id"),
        )
        .expect("writing to a String");
        for file in files {
            writeln!(
                rust,
                "        ({file:?}, include_bytes!({:?})),",
                models.join(&file).display().to_string()
            )
            .expect("writing to a String");
        }
        rust.push_str("    ] },\n");
    }
    rust.push_str("];\nstatic REMOVED: &[Removed] = &[\n");
    for removed in registry["removed"].as_array().into_iter().flatten() {
        let (id, successor) = (text(removed, "id"), text(removed, "successor"));
        writeln!(rust, "    Removed {{ id: {id:?}, successor: {successor:?} }},")
            .expect("writing to a String");
    }
    rust.push_str("];\n");
    fs::write(table, rust).expect("OUT_DIR is writable");
}

fn read_json(path: &Path) -> Value {
    println!("cargo:rerun-if-changed={}", path.display());
    let text = fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_else(|| panic!("registry.json: '{key}' is missing"))
}

/// Writes the messages of src/onnx/proto.rs to `OUT_DIR`.
fn generate_messages(folder: &Path) {
    let proto = folder.join("onnx.proto");
    println!("cargo:rerun-if-changed={}", proto.display());
    let messages = protox::compile([&proto], [folder]).unwrap_or_else(|e| panic!("{e}"));
    // Its comments are no Rust documentation.
    let mut config = prost_build::Config::new();
    config.disable_comments(["."]);
    config.compile_fds(messages).unwrap_or_else(|e| panic!("{}: {e}", proto.display()));
}

/// The header in `OUT_DIR` is the source's; `tests/header.rs` compares `include/vmaf_fr_v2.h` with it.
fn generate_header(root: &Path, header: &Path) {
    println!("cargo:rerun-if-changed=src/capi");
    println!("cargo:rerun-if-changed=src/scorer/score.rs");
    println!("cargo:rerun-if-changed=cbindgen.toml");
    let config = cbindgen::Config::from_file(root.join("cbindgen.toml")).expect("cbindgen.toml");
    let mut builder = cbindgen::Builder::new().with_config(config);
    // The modules that mod.rs names are read with it.
    for source in ["capi/mod.rs", "scorer/score.rs"] {
        builder = builder.with_src(root.join("src").join(source));
    }
    match builder.generate() {
        Ok(bindings) => {
            bindings.write_to_file(header);
            println!("cargo:rustc-env=VMAF_FR_V2_GENERATED_HEADER={}", header.display());
        }
        // rustc explains a syntax error better than cbindgen does.
        Err(cbindgen::Error::ParseSyntaxError { .. }) => {}
        Err(e) => panic!("cbindgen: {e}"),
    }
}

/// dlclose must keep the library: ONNX Runtime's threads and thread-local state outlive a handle.
fn name_shared_library() {
    if env::var("CARGO_CFG_TARGET_OS").is_ok_and(|os| os == "linux") {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
        // The API's major, as in package.metadata.capi.library.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,libvmaf_fr_v2.so.1");
    }
}
