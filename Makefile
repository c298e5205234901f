# SPDX-License-Identifier: BSD-2-Clause-Patent
#
# make bench    measures scoring against its alternatives and prints the tables of docs/performance.md.
#               scripts/test-needs.sh gets what it needs; on a busy machine the ratios hold, the times less so.

CC ?= cc
TARGET = $(or $(CARGO_TARGET_DIR),target)
RELEASE = $(TARGET)/release
DERIVED = $(TARGET)/bench

.PHONY: bench
bench:
	scripts/test-needs.sh
	cargo build --release -p vmaf-fr-v2 -p vmaf-fr-bench
	mkdir -p $(DERIVED)
	ln -sf $(abspath $(RELEASE))/libvmaf_fr_v2.so $(DERIVED)/libvmaf_fr_v2.so.1
	$(CC) -O2 -std=c99 -Wall -Wextra -Wpedantic -Werror -Iinclude tools/bench/worker.c -o $(DERIVED)/worker \
	    -L$(RELEASE) -lvmaf_fr_v2 -Wl,-rpath,$(abspath $(DERIVED))
	. .deps/env.sh && "$$VMAF_FR_TEST_PYTHON" tools/bench/models.py models/fr_regressor_v2_codec_aware.json $(DERIVED)
	. .deps/env.sh && $(RELEASE)/vmaf-fr-bench \
	    --library $(RELEASE)/libvmaf_fr_v2.so \
	    --onnxruntime "$$VMAF_FR_TEST_ONNXRUNTIME" \
	    --libvmaf "$$(dirname "$$VMAF_FR_TEST_VMAF")/../lib/libvmaf.so" \
	    --python "$$VMAF_FR_TEST_PYTHON" \
	    --worker $(DERIVED)/worker \
	    --models models --derived $(DERIVED) $(BENCH)
