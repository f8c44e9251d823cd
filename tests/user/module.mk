# SPDX-License-Identifier: MIT
user_TESTS := $(wildcard tests/user/test_*.c)

# Programs from Debian's packages under `yamato user` and qemu-arm: check-user-debian all of them on both
# architectures (check-user-debian-fast: quick ones on armhf), and a slice with every check-user, but not
# under the sanitizers.
.PHONY: check-user-debian check-user-debian-fast check-user-debian-slice
check-user-debian: $(BUILD)/yamato
	@bash tests/user/debian/run.sh --yamato $< --out $(BUILD)/debian --jobs 2 armhf armel
check-user-debian-fast: $(BUILD)/yamato
	@bash tests/user/debian/run.sh --yamato $< --out $(BUILD)/debian --fast --jobs 2 armhf
check-user-debian-slice: $(BUILD)/yamato
	@bash tests/user/debian/run.sh --yamato $< --out $(BUILD)/debian-slice --slice --jobs 2 armhf
ifneq ($(SAN),1)
check-user: | check-user-debian-slice
endif

# Random bytes as code, 10^8 instructions each in user and in system mode, under the sanitizers.
.PHONY: check-random-code
check-random-code:
	@$(MAKE) --no-print-directory SAN=1 check-random-code-run
check-random-code-run: $(BUILD)/tests/user/test_random $(BUILD)/tests/cpu/test_random_bytes $(BUILD)/tests/cpu/test_jit_random_bytes
	YAMATO_LONG=200 $(BUILD)/tests/user/test_random
	YAMATO_LONG=30 $(BUILD)/tests/cpu/test_random_bytes
	YAMATO_LONG=30 $(BUILD)/tests/cpu/test_jit_random_bytes

# The room's own code under ThreadSanitizer, with the programs of test_programs.c (those with threads count).
.PHONY: check-user-tsan
check-user-tsan: $(BUILD)/lib/libcpu.a $(BUILD)/lib/libbase.a
	@mkdir -p $(BUILD)/tsan
	@echo "  TSAN    user"
	@$(CC) $(CPPFLAGS_ALL) -std=c11 -g -O1 -fsanitize=thread -fno-strict-aliasing $(user_SRCS) tests/user/test_programs.c \
	    -o $(BUILD)/tsan/test_programs -Wl,--start-group $(BUILD)/lib/libcpu.a $(BUILD)/lib/libbase.a -Wl,--end-group \
	    $(shell $(PKG_CONFIG) --libs cmocka libpng zlib) -lm -lpthread
	@TSAN_OPTIONS=halt_on_error=1 setarch -R $(BUILD)/tsan/test_programs
