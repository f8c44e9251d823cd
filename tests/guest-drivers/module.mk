# SPDX-License-Identifier: MIT
# The bare-metal demos, tested twice: the library and the demos on the host against a mediated device
# (test_demos), and the ELF images on the emulated board (test_board).
BM_TEST_INCLUDES = -DBM_DEMO_LIST='$(foreach d,$(BM_DEMOS),X($(d)))' $(BM_INCLUDES) $(CPPFLAGS_ALL) $(call pkg-cflags,cmocka)
BM_TEST_OUT := $(BUILD)/tests/guest-drivers
BM_TEST_OBJS := $(patsubst %.c,$(BUILD)/obj/%.o,$(addprefix tests/guest-drivers/, host.c reference.c))
bm-archives = $(patsubst %,$(BUILD)/lib/lib%.a,$(1))
BM_TEST_ROOMS := mdev host-backends gpu-model shader-isa base

$(BM_TEST_OBJS): $(BUILD)/obj/%.o: %.c $(BM_GEN_FILES)
	@mkdir -p $(@D)
	@$(CC) $(BM_TEST_INCLUDES) $(CFLAGS_ALL) $(OPTFLAGS) -c $< -o $@
$(BM_TEST_OUT)/test_demos: tests/guest-drivers/test_demos.c $(BM_TEST_OBJS) $(BM_HOST_OBJS) $(call bm-archives,$(BM_TEST_ROOMS))
	@mkdir -p $(@D)
	@echo "  TEST    $<"
	@$(CC) $(BM_TEST_INCLUDES) $(CFLAGS_ALL) $(OPTFLAGS) $(filter %.c %.o,$^) -o $@ -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(call linkflags,mdev) $(call pkg-libs,cmocka)
$(BM_TEST_OUT)/test_board: tests/guest-drivers/test_board.c $(BUILD)/obj/tests/guest-drivers/reference.o $(call bm-archives,soc cpu $(BM_TEST_ROOMS))
	@mkdir -p $(@D)
	@echo "  TEST    $<"
	@$(CC) $(BM_TEST_INCLUDES) $(CFLAGS_ALL) $(OPTFLAGS) $(filter %.c %.o,$^) -o $@ -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(call linkflags,soc) $(call pkg-libs,cmocka)

.PHONY: check-baremetal
check-baremetal: $(BM_TEST_OUT)/test_demos $(BM_TEST_OUT)/test_board $(BM_ELFS)
	@echo "  RUN     $<"
	@timeout 300 $< $(BM_TEST_OUT)
	@echo "  RUN     $(BM_TEST_OUT)/test_board"
	@timeout 300 $(BM_TEST_OUT)/test_board $(BUILD)/baremetal $(BM_TEST_OUT)
-include $(BM_TEST_OBJS:.o=.d) $(BM_TEST_OUT)/test_demos.d $(BM_TEST_OUT)/test_board.d
