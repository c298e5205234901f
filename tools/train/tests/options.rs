// SPDX-License-Identifier: BSD-2-Clause-Patent
//! Options refuse what they cannot be, before anything is read.

use vmaf_fr_train::options::result_path;

#[test]
fn a_result_is_not_written_over_by_its_own_report() {
    for (path, taken) in [
        ("e.json", true),
        ("e", true),
        ("folder.html/e", true),
        ("e.html", false),
        ("e.HTML", false),
        ("..", false),
    ] {
        assert_eq!(result_path(path).is_ok(), taken, "{path}");
    }
}
