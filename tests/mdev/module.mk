# SPDX-License-Identifier: MIT
mdev_TESTS := $(sort $(wildcard tests/mdev/test_*.c))

.PHONY: check-mutation
check-mutation: $(call archives,mdev)
	@tests/mdev/mutation.sh "$(CC)" "$(BUILD)" "$(CPPFLAGS_ALL) -std=c11 -g -fno-strict-aliasing $(SANFLAGS)" "-Wl,--start-group $(call archives,mdev) -Wl,--end-group $(call linkflags,mdev) $(call pkg-libs,cmocka)"
