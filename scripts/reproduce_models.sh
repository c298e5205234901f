#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause-Patent
# Makes the library's models from the corpus of rated clips: evaluates the recipe, trains, exports, lets the gate decide.
#
#   scripts/reproduce_models.sh CORPUS.parquet [FOLDER]
#
# FOLDER is models/ of this repository unless it is named. The program is built unless VMAF_FR names one.
# VMAF_FR_V2_ONNXRUNTIME, or a system library, must be a libonnxruntime: every model is checked with both engines.
set -eu
[ $# -ge 1 ] || { sed -n '3,8s/^# \{0,1\}//p' "$0" >&2; exit 2; }
corpus=$1
root=$(CDPATH= cd -- "$(dirname -- "$0")/.." && pwd)
folder=${2:-$root/models}
if [ -z "${VMAF_FR:-}" ]; then
    (cd "$root" && cargo build --release --locked -p vmaf-fr)
    VMAF_FR=${CARGO_TARGET_DIR:-$root/target}/release/vmaf-fr
fi
work=$folder/.work
mkdir -p "$work"

# All reports are brought to the scale of vmaf_v0.6.1, which these three datasets have.
data="--teacher-scale-of nvc,vsr,hdr"

# shellcheck disable=SC2086 # options are words
"$VMAF_FR" evaluate "$corpus" $data --seeds 5 --output "$work/evaluation.json"
train() {
    id=$1
    shift
    # shellcheck disable=SC2086
    "$VMAF_FR" train "$corpus" $data --id "$id" --output "$folder" --evaluation "$work/evaluation.json" \
        --provenance "$root/models/provenance.json" "$@"
}
train fr_regressor_v1
train fr_regressor_v2_codec_aware --num-codecs 6
train fr_regressor_v1_variance --emit-variance
train fr_regressor_v1_ensemble --members 5
"$VMAF_FR" gate --evaluation "$work/evaluation.json" --registry "$folder/registry.json" --default fr_regressor_v1 \
    fr_regressor_v1.json fr_regressor_v2_codec_aware.json fr_regressor_v1_variance.json fr_regressor_v1_ensemble.json
