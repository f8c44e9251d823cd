# SPDX-License-Identifier: MIT
# The Linux guests. Made once and kept in build/guest (GUEST_OUT=dir elsewhere); GUEST_DEBS=dir keeps
# the downloaded packages where a clean does not reach. The recipes decide what is up to date.
GUEST_OUT ?= $(CURDIR)/build/guest
GUEST_RECIPE := guest-drivers/linux/make-guest.sh --out $(GUEST_OUT)

.PHONY: guest guest-boot guest-rootfs guest-installer guest-refresh guest-clean check-guest
guest:
	@$(GUEST_RECIPE) sd
guest-boot guest-rootfs guest-installer:
	@$(GUEST_RECIPE) $(@:guest-%=%)
# The same guest with piglit, weston and es2gears, in build/guest-conformance (with/conformance, tests/conformance).
.PHONY: guest-conformance
guest-conformance:
	@GUEST_WITH=conformance GUEST_ROOT_FREE_MB=64 guest-drivers/linux/make-guest.sh --out $(CURDIR)/build/guest-conformance sd
# piglit in that guest against llvmpipe here, classified (tests/conformance/run.sh); about an hour of CPU.
.PHONY: conformance
conformance: guest-conformance $(BUILD)/yamato
	@tests/conformance/run.sh --yamato $(BUILD)/yamato
guest-refresh:
	@$(GUEST_RECIPE) --refresh all
guest-clean:
	rm -rf $(GUEST_OUT)
# Boots the results in QEMU, where it is installed, and looks for the markers.
check-guest:
	@guest-drivers/linux/check-guest.sh --out $(GUEST_OUT)

# The mini2440's guest: kernel and user space from Debian's sources, in build/guest-mini2440.
.PHONY: guest-mini2440
guest-mini2440:
	@guest-drivers/linux/mini2440.sh
