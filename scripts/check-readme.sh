#!/usr/bin/env bash
# SPDX-License-Identifier: BSD-2-Clause-Patent
#
# Runs every command of README.md but the test command, which runs this.

set -euo pipefail
cd "$(dirname "$0")/.."
commands=$(sed -n '/^```sh$/,/^```$/p' README.md | sed -e '/^```/d' -e '/^scripts\/test\.sh$/d')
[ -n "$commands" ] || { echo 'check-readme: README.md has no commands' >&2; exit 1; }
bash -euxo pipefail -c "$commands"
