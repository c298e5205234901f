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
	cargo build --release -p vmaf-fr-v2 -p vmaf-fr-bench -p vmaf-fr
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
	. .deps/env.sh && cd $(DERIVED) && for kind in reference distorted; do [ -f $$kind.y4m ] || { \
	    ffmpeg -v error -y -f lavfi -i testsrc2=size=1920x1080:rate=24 -frames:v 24 -pix_fmt yuv420p \
	        $$([ $$kind = reference ] || echo -vf boxblur=2) $$kind.new.y4m && mv $$kind.new.y4m $$kind.y4m; } || exit; done
	. .deps/env.sh && $(CC) -O2 -std=c99 -Wall -Wextra -Wpedantic -Werror -Iinclude -Iexamples tools/bench/share.c \
	    -o $(DERIVED)/share $$(pkg-config --cflags --libs libvmaf) -Wl,-rpath,$$(pkg-config --variable=libdir libvmaf) \
	    -L$(RELEASE) -lvmaf_fr_v2 -Wl,-rpath,$(abspath $(DERIVED)) -lm && \
	    $(DERIVED)/share -r $(DERIVED)/reference.y4m -d $(DERIVED)/distorted.y4m -c x264 --engine embedded
	. .deps/env.sh && "$$VMAF_FR_TEST_PYTHON" scripts/bench-log.py --program $(RELEASE)/vmaf-fr
