#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause-Patent
# Makes the library's models from tables of rated clips: evaluates each recipe, trains, exports, lets the gate decide.
#
#   scripts/reproduce_models.sh AVT.parquet LBMFR.parquet VMAF_MODELS [FOLDER]
#
# VMAF_MODELS is the folder of libvmaf's models (model/ in its source, share/model where build-libvmaf.sh installs it).
# FOLDER is models/ of this repository unless it is named. The program is built unless VMAF_FR names one.
# VMAF_FR_V2_ONNXRUNTIME, or a system library, must be a libonnxruntime: every model is checked with both engines.
set -eu
[ $# -ge 3 ] || { sed -n '3,9s/^# \{0,1\}//p' "$0" >&2; exit 2; }
avt=$1 lbmfr=$2 vmaf=$3
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
folder=${4:-$root/models}
if [ -z "${VMAF_FR:-}" ]; then
    (cd "$root" && cargo build --release --locked -p vmaf-fr)
    VMAF_FR=${CARGO_TARGET_DIR:-$root/target}/release/vmaf-fr
fi
work=$folder/.work
mkdir -p "$work"

for recipe in "$root"/models/recipes/*.toml; do
    id=$(basename "$recipe" .toml)
    set -- "$recipe" "avt=$avt" "lbmfr=$lbmfr" --vmaf-model "$vmaf/vmaf_4k_v0.6.1.json" --vmaf-model "$vmaf/vmaf_v0.6.1.json"
    "$VMAF_FR" evaluate "$@" --output "$work/$id.json"
    "$VMAF_FR" train "$@" --evaluation "$work/$id.json" --output "$folder"
    "$VMAF_FR" gate "$folder/$id.json" --evaluation "$work/$id.json" --registry "$folder/registry.json"
done
"$VMAF_FR" gate "$folder/fr_regressor_v3.json" --evaluation "$work/fr_regressor_v3.json" --registry "$folder/registry.json" \
    --default fr_regressor_v3
