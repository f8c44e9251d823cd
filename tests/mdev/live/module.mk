# SPDX-License-Identifier: MIT
# Machines that render through the bare-metal library on a shared mediator: tests (check-live) and
# measurements (bench-share). Included after guest-drivers, whose objects it uses.
LIVE_INCLUDES = $(BM_INCLUDES) $(CPPFLAGS_ALL) $(call pkg-cflags,cmocka)
LIVE_OUT := $(BUILD)/tests/mdev/live
LIVE_TESTS := $(patsubst tests/mdev/live/%.c,$(LIVE_OUT)/%,$(sort $(wildcard tests/mdev/live/test_*.c)))
LIVE_PROGRAMS := $(LIVE_TESTS) $(LIVE_OUT)/share

LIVE_PARTS := $(addprefix tests/mdev/live/, live.c hostile.c hostile_draws.c)
$(LIVE_PROGRAMS): $(LIVE_OUT)/%: tests/mdev/live/%.c $(LIVE_PARTS) $(wildcard tests/mdev/live/*.h) $(BM_HOST_OBJS) $(call archives,mdev)
	@mkdir -p $(@D)
	@echo "  TEST    $<"
	@$(CC) $(LIVE_INCLUDES) $(CFLAGS_ALL) $(OPTFLAGS) $(filter %.c %.o,$^) -o $@ -Wl,--start-group $(filter %.a,$^) -Wl,--end-group $(call linkflags,mdev) $(call pkg-libs,cmocka)

.PHONY: check-live bench-share
check-live: $(LIVE_TESTS)
	@set -e; for t in $^; do echo "  RUN     $$t"; timeout 600 $$t; done

# 10^8 packets at random through copy, audit and engine; for `make check-long`.
.PHONY: check-packets
check-packets: $(LIVE_OUT)/test_hostile
	@YAMATO_HOSTILE_PACKETS=100000000 timeout 7200 $<

bench-share: $(LIVE_OUT)/share ## shares, fairness and mediation's cost on soft, gl and null
	@$<
