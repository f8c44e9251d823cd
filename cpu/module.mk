# SPDX-License-Identifier: MIT
# The ARM processors. Sources are found by name: the instruction set's parts grow independently.
cpu_DEPS := base
cpu_SRCS := $(wildcard cpu/*.c cpu/fp/*.c cpu/jit/*.c cpu/lib/*.c)
cpu_GEN := $(BUILD)/gen/cpu/isa_tables.h $(BUILD)/gen/cpu/isa_protos.h
cpu_CFLAGS := $(if $(wildcard cpu/disasm.h),-DCPU_HAS_DISASM)

$(BUILD)/tools/isagen: tools/isagen.c $(wildcard cpu/isa/*.def) cpu/isa.h cpu/insn.h
	@mkdir -p $(@D)
	@echo "  HOSTCC  $<"
	@$(CC) -std=c11 -O1 -g $(WARNINGS) -D_GNU_SOURCE -I. $< -o $@

$(BUILD)/gen/cpu/isa_protos.h: $(BUILD)/gen/cpu/isa_tables.h
$(BUILD)/gen/cpu/isa_tables.h: $(BUILD)/tools/isagen
	@mkdir -p $(@D)
	@echo "  GEN     $@"
	@$< $(@D)

-include cpu/lib/module.mk
