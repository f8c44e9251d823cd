# SPDX-License-Identifier: MIT
# The bare-metal driver library and its demos: `make baremetal` builds one ELF image a demo under
# $(BUILD)/baremetal. The GPU part of the library also compiles for the host, for the tests.
BM := guest-drivers/baremetal
BM_CROSS ?= arm-none-eabi-
BM_GEN := $(BUILD)/gen/guest-drivers
BM_DEMOS := clear triangle texcube bins blend fence_storm hang fault
BM_IMAGES := $(BM_DEMOS) trap

BM_GPU_SRCS := $(addprefix $(BM)/lib/, gpu.c mmu.c ring.c pm4.c shader.c state.c frame.c mat.c \
                 libc.c print.c) $(BM)/demos/demo.c
BM_BOARD_SRCS := $(addprefix $(BM)/lib/, start.S board.c uart.c timer.c tzic.c display.c power.c \
                   exception.c)
BM_DEMO_SRCS := $(BM_DEMOS:%=$(BM)/demos/%.c)
BM_SHADERS := $(sort $(wildcard $(BM)/shaders/*.asm))
BM_GEN_FILES := $(BM_GEN)/a2xx_regs.gen.h $(BM_GEN)/shaders.gen.h $(BM_GEN)/shaders.gen.c

# -mno-unaligned-access: the MMU is off, so all memory is strongly ordered
BM_CFLAGS := -mcpu=cortex-a8 -mfpu=neon -mfloat-abi=hard -mno-unaligned-access -ffreestanding \
             -fno-common -ffunction-sections -fdata-sections -O2 -std=c11 -g -ffp-contract=off \
             -fno-tree-loop-distribute-patterns -MMD -MP
BM_INCLUDES := -I$(BM)/lib -I$(BM)/demos -I$(BM_GEN)
# demos are Thumb-2, the library is ARM: both states and the change between them run
BM_DEMO_CFLAGS := -mthumb

# ---- generated: register names, shaders ----------------------------------------------------------
$(BUILD)/tools/reggen: tools/reggen.c gpu-model/a2xx_regs.def gpu-model/a2xx_enums.def \
                       gpu-model/pm4.def gpu-model/formats.def
	@mkdir -p $(@D)
	@$(CC) -std=c11 $(WARNINGS) -I. $< -o $@
$(BUILD)/tools/shasm: tools/shasm.c $(BUILD)/lib/libshader-isa.a $(BUILD)/lib/libbase.a
	@mkdir -p $(@D)
	@$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -O1 $< -o $@ $(BUILD)/lib/libshader-isa.a $(BUILD)/lib/libbase.a $(call linkflags,shader-isa)
$(BM_GEN)/a2xx_regs.gen.h: $(BUILD)/tools/reggen
	@mkdir -p $(@D)
	@$< > $@.tmp && mv $@.tmp $@
$(BM_GEN)/shaders.gen.c: $(BUILD)/tools/shasm $(BM_SHADERS)
	@mkdir -p $(@D)
	@$< $(basename $@) $(BM_SHADERS)
$(BM_GEN)/shaders.gen.h: $(BM_GEN)/shaders.gen.c ;

# ---- for the board -------------------------------------------------------------------------------
BM_OBJ := $(BUILD)/obj/baremetal
BM_LIB_OBJS := $(patsubst $(BM)/%,$(BM_OBJ)/%.o,$(basename $(BM_GPU_SRCS) $(BM_BOARD_SRCS))) \
               $(BM_OBJ)/shaders.gen.o
BM_ELFS := $(BM_IMAGES:%=$(BUILD)/baremetal/%.elf)

$(BM_OBJ)/%.o: $(BM)/%.c $(BM_GEN_FILES)
	@mkdir -p $(@D)
	@echo "  ARM     $<"
	@$(BM_CROSS)gcc $(BM_CFLAGS) $(WARNINGS) $(BM_INCLUDES) $(if $(filter $(BM)/demos/%,$<),$(BM_DEMO_CFLAGS)) -c $< -o $@
$(BM_OBJ)/%.o: $(BM)/%.S
	@mkdir -p $(@D)
	@$(BM_CROSS)gcc $(BM_CFLAGS) -c $< -o $@
$(BM_OBJ)/shaders.gen.o: $(BM_GEN)/shaders.gen.c
	@mkdir -p $(@D)
	@$(BM_CROSS)gcc $(BM_CFLAGS) $(BM_INCLUDES) -c $< -o $@
BM_MAIN_OBJS := $(BM_IMAGES:%=$(BM_OBJ)/main/%.o)
$(BM_MAIN_OBJS): $(BM_OBJ)/main/%.o: $(BM)/lib/main.c $(BM_GEN_FILES)
	@mkdir -p $(@D)
	@$(BM_CROSS)gcc $(BM_CFLAGS) $(WARNINGS) $(BM_INCLUDES) -DDEMO=demo_$* -c $< -o $@
$(BM_ELFS): $(BUILD)/baremetal/%.elf: $(BM_OBJ)/main/%.o $(BM_OBJ)/demos/%.o $(BM_LIB_OBJS) $(BM)/lib/imx53.ld
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	@$(BM_CROSS)gcc $(BM_CFLAGS) -nostdlib -static -T $(BM)/lib/imx53.ld -Wl,--gc-sections,--build-id=none,--no-warn-rwx-segments -o $@ $(filter %.o,$^) -lgcc

.PHONY: baremetal
.SECONDARY: $(BM_LIB_OBJS) $(BM_MAIN_OBJS) $(BM_IMAGES:%=$(BM_OBJ)/demos/%.o)
baremetal: $(BM_ELFS)

# ---- for the host ----------------------------------------------------------------------------------
BM_HOST_OBJS := $(patsubst $(BM)/%.c,$(BUILD)/obj/baremetal-host/%.o,$(BM_GPU_SRCS) $(BM_DEMO_SRCS)) \
                $(BUILD)/obj/baremetal-host/shaders.gen.o
$(BUILD)/obj/baremetal-host/%.o: $(BM)/%.c $(BM_GEN_FILES)
	@mkdir -p $(@D)
	@$(CC) $(BM_INCLUDES) $(CFLAGS_ALL) -O1 -c $< -o $@
$(BUILD)/obj/baremetal-host/shaders.gen.o: $(BM_GEN)/shaders.gen.c
	@mkdir -p $(@D)
	@$(CC) $(BM_INCLUDES) $(CFLAGS_ALL) -O1 -c $< -o $@

-include $(wildcard $(BM_OBJ)/*/*.d $(BUILD)/obj/baremetal-host/*/*.d)

-include guest-drivers/baremetal/s3c/module.mk
