# SPDX-License-Identifier: MIT
# The ARM processors. Sources of VFP/NEON, the disassembler and the GDB stub are found by name.
cpu_DEPS := base
cpu_SRCS := $(filter-out cpu/cpu_unused.c,$(wildcard cpu/*.c cpu/fp/*.c))
cpu_LIBS :=
cpu_GEN  := $(BUILD)/gen/cpu/isa_tables.c $(BUILD)/gen/cpu/isa_protos.h

$(BUILD)/tools/isagen: tools/isagen.c $(wildcard cpu/isa/*.def) cpu/isa.h cpu/insn.h
	@mkdir -p $(@D)
	@echo "  HOSTCC  $<"
	@$(CC) -std=c11 -O1 -g $(WARNINGS) -D_GNU_SOURCE -I. $< -o $@

$(BUILD)/gen/cpu/isa_protos.h: $(BUILD)/gen/cpu/isa_tables.c
$(BUILD)/gen/cpu/isa_tables.c: $(BUILD)/tools/isagen
	@mkdir -p $(@D)
	@echo "  GEN     $@"
	@$< $(@D)
