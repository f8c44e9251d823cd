# SPDX-License-Identifier: MIT
# Measurements beside the peers; never a pass or fail on a time.
.PHONY: bench bench-boot
bench: bench-boot
bench-boot: $(BUILD)/yamato guest
	@tests/bench/boot.sh --yamato $(BUILD)/yamato --out $(BUILD)/bench
