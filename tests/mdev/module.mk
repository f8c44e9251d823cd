# SPDX-License-Identifier: MIT
mdev_TESTS := $(sort $(wildcard tests/mdev/test_*.c))

.PHONY: check-mutation
check-mutation: $(call archives,mdev)
	@tests/mdev/mutation.sh "$(CC)" "$(BUILD)" "$(CPPFLAGS_ALL) -std=c11 -g -fno-strict-aliasing $(SANFLAGS)" "-Wl,--start-group $(call archives,mdev) -Wl,--end-group $(call linkflags,mdev) $(call pkg-libs,cmocka)"

# 10^7 messages (FUZZ_MESSAGES) at the vfio-user server under sanitizers, from a growing corpus.
FUZZ_MESSAGES ?= 10000000
.PHONY: fuzz-vfio-user fuzz-vfio-user-run
fuzz-vfio-user:
	@$(MAKE) --no-print-directory CC=clang BUILD=$(BUILD)/fuzz-build FUZZ=1 FUZZ_MESSAGES=$(FUZZ_MESSAGES) fuzz-vfio-user-run
fuzz-vfio-user-run: $(call archives,mdev)
	@mkdir -p $(BUILD)/fuzz $(BUILD)/corpus/fuzz_vfio_user $(BUILD)/crash
	@$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -O1 -fsanitize=fuzzer tests/fuzz/fuzz_vfio_user.c -o $(BUILD)/fuzz/vfio_user_messages -Wl,--start-group $(call archives,mdev) -Wl,--end-group $(call linkflags,mdev)
	@tests/mdev/fuzz-messages.sh $(BUILD)/fuzz/vfio_user_messages $(FUZZ_MESSAGES) $(BUILD)/corpus/fuzz_vfio_user $(BUILD)/crash
