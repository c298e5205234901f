// SPDX-License-Identifier: BSD-2-Clause-Patent
//! The library's own registry.

use std::path::Path;

#[test]
fn the_librarys_registry_is_backed_by_gate_results() {
    let registry = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models/registry.json");
    vmaf_fr_pipeline::gate::check_registry(&registry).unwrap();
}
