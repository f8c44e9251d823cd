# SPDX-License-Identifier: MIT
# Measurements beside the peers; never a pass or fail on a time.
.PHONY: bench bench-boot bench-mdev bench-cpu bench-gpu bench-gpu-short bench-gpu-replay
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
	@tests/bench/cpu.sh --yamato $(BUILD)/yamato --out $(BUILD)/bench --root $(BUILD)/debian/armhf/root

# GPU scenes beside virgl and native llvmpipe; -short: 20 frames a scene, one run, to see where we are.
$(BUILD)/bench/gpu-stamp: tests/bench/gpu.c
	@mkdir -p $(@D)
	@echo "  BENCH   $<"
	@$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) $(OPTFLAGS) $< -o $@
BENCH_GPU = tests/bench/gpu.sh --yamato $(BUILD)/yamato --stamp $(BUILD)/bench/gpu-stamp --out $(BUILD)/bench/gpu
bench-gpu: $(BUILD)/yamato $(BUILD)/bench/gpu-stamp guest
	@$(BENCH_GPU)
bench-gpu-short: $(BUILD)/yamato $(BUILD)/bench/gpu-stamp guest
	@$(BENCH_GPU) --runs 1 --frames 20

include tests/mdev/live/module.mk

# Whole systems beside qemu-system-arm on the same board.
.PHONY: bench-system
bench-system: $(BUILD)/yamato guest
	@tests/bench/system.sh --yamato $(BUILD)/yamato --out $(BUILD)/bench
bench-gpu-replay: $(BUILD)/bench/gpu-stamp $(BUILD)/tests/host-backends/test_gl_frames
	@tests/bench/gpu-replay.sh --frames-program $(BUILD)/tests/host-backends/test_gl_frames \
	    --stamp $(BUILD)/bench/gpu-stamp --out $(BUILD)/bench/gpu
