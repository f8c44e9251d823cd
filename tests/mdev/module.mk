# SPDX-License-Identifier: MIT
mdev_TESTS := $(sort $(wildcard tests/mdev/test_*.c))

.PHONY: check-mutation
check-mutation: $(call archives,mdev)
	@tests/mdev/mutation.sh "$(CC)" "$(BUILD)" "$(CPPFLAGS_ALL) -std=c11 -g -fno-strict-aliasing $(SANFLAGS)" "-Wl,--start-group $(call archives,mdev) -Wl,--end-group $(call linkflags,mdev) $(call pkg-libs,cmocka)"

# 10^7 messages (FUZZ_MESSAGES) at the vfio-user server under sanitizers, from a generator.
FUZZ_MESSAGES ?= 10000000
.PHONY: fuzz-vfio-user
$(BUILD)/tests/mdev/fuzz_messages: tests/mdev/fuzz_messages.c tests/fuzz/fuzz_vfio_user.c $(call archives,mdev)
	@mkdir -p $(@D)
	@echo "  FUZZ    $<"
	@$(CC) $(CPPFLAGS_ALL) $(CFLAGS_ALL) -O1 $(filter %.c,$^) -o $@ -Wl,--start-group $(call archives,mdev) -Wl,--end-group $(call linkflags,mdev)
fuzz-vfio-user:
	@$(MAKE) --no-print-directory SAN=1 FUZZ_MESSAGES=$(FUZZ_MESSAGES) fuzz-vfio-user-run
.PHONY: fuzz-vfio-user-run
fuzz-vfio-user-run: $(BUILD)/tests/mdev/fuzz_messages
	@$< $(FUZZ_MESSAGES)
