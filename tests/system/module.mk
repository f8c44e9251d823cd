# SPDX-License-Identifier: MIT
# Whole guests. Needs the guest images (make guest guest-installer).
.PHONY: check-system
check-system: $(BUILD)/yamato
	@$(MAKE) --no-print-directory guest guest-installer
	@tests/system/run.sh --yamato $(BUILD)/yamato --out $(BUILD)/system

# MINUTES of guest time on four cores, twice, with the same end; not part of check.
.PHONY: soak
MINUTES ?= 30
soak: $(BUILD)/yamato guest
	@tests/system/soak.sh --yamato $(BUILD)/yamato --out $(BUILD)/soak --minutes $(MINUTES)
