# SPDX-License-Identifier: MIT
# Bare-metal programs for the S3C24xx boards: `make baremetal-s3c` builds $(BUILD)/baremetal/s3c/*.bin.
S3C_SRC := guest-drivers/baremetal/s3c
S3C_OUT := $(BUILD)/baremetal/s3c
S3C_CFLAGS := -mcpu=arm920t -marm -ffreestanding -fno-common -Os -std=c11 -g -MMD -MP \
              -fno-tree-loop-distribute-patterns -fno-builtin
S3C_BINS := $(S3C_OUT)/loader.bin $(S3C_OUT)/cerom.nb0

$(S3C_OUT)/%.o: $(S3C_SRC)/%.c
	@mkdir -p $(@D)
	@echo "  ARM     $<"
	@$(BM_CROSS)gcc $(S3C_CFLAGS) -Wall -Wextra -Werror -c $< -o $@
$(S3C_OUT)/%.o: $(S3C_SRC)/%.S
	@mkdir -p $(@D)
	@$(BM_CROSS)gcc $(S3C_CFLAGS) -c $< -o $@
$(S3C_OUT)/loader.elf: $(S3C_OUT)/start.o $(S3C_OUT)/loader.o $(S3C_SRC)/loader.ld
	@$(BM_CROSS)gcc $(S3C_CFLAGS) -nostdlib -static -T $(S3C_SRC)/loader.ld -Wl,--build-id=none,--no-warn-rwx-segments -o $@ $(filter %.o,$^) -lgcc
$(S3C_OUT)/%.bin: $(S3C_OUT)/%.elf
	@$(BM_CROSS)objcopy -O binary -j .text $< $@
	@echo "  BIN     $@ ($$(wc -c < $@) bytes)"

$(S3C_OUT)/cerom.nb0: $(S3C_OUT)/cerom.o
	@$(BM_CROSS)ld -Ttext=0 --section-start=.start=0 -o $(S3C_OUT)/cerom.elf $<
	@$(BM_CROSS)objcopy -O binary -j .start $(S3C_OUT)/cerom.elf $@
	@echo "  BIN     $@ ($$(wc -c < $@) bytes)"

.PHONY: baremetal-s3c
baremetal-s3c: $(S3C_BINS)
-include $(wildcard $(S3C_OUT)/*.d)
