# SPDX-License-Identifier: MIT
# Whole guests. Needs the guest images (make guest guest-installer).
.PHONY: check-system
check-system: $(BUILD)/yamato
	@$(MAKE) --no-print-directory guest guest-installer
	@tests/system/run.sh --yamato $(BUILD)/yamato --out $(BUILD)/system
