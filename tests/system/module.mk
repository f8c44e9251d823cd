# SPDX-License-Identifier: MIT
# Whole guests, each made from Debian's packages where it is not there yet.
.PHONY: check-system
check-system: $(BUILD)/yamato baremetal-s3c
	@$(MAKE) --no-print-directory guest guest-installer guest-mini2440
	@tests/system/run.sh --yamato $(BUILD)/yamato --out $(BUILD)/system

# MINUTES of guest time on four cores, twice, with the same end; not part of check.
.PHONY: soak
MINUTES ?= 30
soak: $(BUILD)/yamato guest
	@tests/system/soak.sh --yamato $(BUILD)/yamato --out $(BUILD)/soak --minutes $(MINUTES)
