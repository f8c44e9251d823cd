# SPDX-License-Identifier: MIT
# Measurements beside the peers; never a pass or fail on a time.
.PHONY: bench bench-boot bench-mdev bench-cpu
bench: bench-boot
bench-boot: $(BUILD)/yamato guest
	@tests/bench/boot.sh --yamato $(BUILD)/yamato --out $(BUILD)/bench

# What mediation costs: trapped accesses, vfio-user beside a bare socket, doorbell to execution.
$(BUILD)/bench/mdev: tests/bench/mdev.c tests/mdev/guest.h tests/mdev/vfu_client.h $(call archives,mdev)
	@mkdir -p $(@D)
	@echo "  BENCH   $<"
	@$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(OPTFLAGS) $< -o $@ -Wl,--start-group $(call archives,mdev) -Wl,--end-group $(call linkflags,mdev)
bench-mdev: $(BUILD)/bench/mdev
	@$<

# User mode beside qemu-arm.
bench-cpu: $(BUILD)/yamato
	@tests/bench/cpu.sh --yamato $(BUILD)/yamato --out $(BUILD)/bench
