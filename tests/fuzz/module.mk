# SPDX-License-Identifier: MIT
# Fuzz targets: tests/fuzz/fuzz_NAME.c with LLVMFuzzerTestOneInput, built with clang's libFuzzer,
# AddressSanitizer and UndefinedBehaviorSanitizer. `make fuzz FUZZ_SECONDS=60` runs them all.
FUZZ_SECONDS ?= 60
FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,$(sort $(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_BINS := $(addprefix $(BUILD)/fuzz/,$(FUZZ_NAMES))

$(FUZZ_BINS): $(BUILD)/fuzz/%: tests/fuzz/fuzz_%.c $(call archives,cli)
	@mkdir -p $(@D)
	@echo "  FUZZ    $<"
	@$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -O1 -fsanitize=fuzzer $< -o $@ -Wl,--start-group $(call archives,cli) -Wl,--end-group $(call linkflags,cli)

.PHONY: fuzz fuzz-run $(addprefix fuzz-,$(FUZZ_NAMES))
# As many at once as there are processors; the archives contain no main(): libFuzzer brings its own.
fuzz:
	@$(MAKE) --no-print-directory -j$$(nproc) CC=clang BUILD=$(BUILD)/fuzz-build FUZZ=1 FUZZ_SECONDS=$(FUZZ_SECONDS) fuzz-run
fuzz-run: $(addprefix fuzz-,$(FUZZ_NAMES))
	@echo "fuzz: $(words $^) targets, no finding"
$(addprefix fuzz-,$(FUZZ_NAMES)): fuzz-%: $(BUILD)/fuzz/%
	@mkdir -p $(BUILD)/corpus/$* $(BUILD)/crash
	@$< -max_total_time=$(FUZZ_SECONDS) -timeout=20 -rss_limit_mb=4096 -max_len=65536 -print_final_stats=1 \
	    -artifact_prefix=$(BUILD)/crash/$*- $(BUILD)/corpus/$* >$(BUILD)/crash/$*.log 2>&1 \
	    || { tail -40 $(BUILD)/crash/$*.log; echo "fuzz: $* FAILED"; exit 1; }
	@echo "ok      $*: $(FUZZ_SECONDS) s, $$(sed -n 's/.*number_of_executed_units: *//p' $(BUILD)/crash/$*.log) inputs"

# 10^7 packets of plausible command streams on each backend, with sanitizers (STORM_PACKETS=n for fewer).
STORM_PACKETS ?= 10000000
.PHONY: storm storm-run
storm:
	@$(MAKE) --no-print-directory BUILD=$(BUILD)/storm-build SAN=1 STORM_PACKETS=$(STORM_PACKETS) storm-run
storm-run: $(BUILD)/fuzz/storm
	@set -e; for b in soft gl; do echo "  STORM   $$b"; $(BUILD)/fuzz/storm $$b $(STORM_PACKETS); done
$(BUILD)/fuzz/storm: tests/fuzz/storm.c $(call archives,host-backends)
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -O1 $< -o $@ -Wl,--start-group $(call archives,host-backends) -Wl,--end-group $(call linkflags,host-backends)
