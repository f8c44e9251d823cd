# SPDX-License-Identifier: MIT
# Yamato's build. One non-recursive makefile; each room names its sources in ROOM/module.mk.
#
# Variables a user may set:
#   BUILD=dir     where everything goes (default build)
#   SAN=1         AddressSanitizer + UndefinedBehaviorSanitizer (goes to $(BUILD)-san)
#   DEBUG=1       -O0 -g
#   CC=clang      either compiler works
#   PREFIX=/usr/local  for `make install`
#
# A room's module.mk sets, with ROOM the folder's name:
#   ROOM_SRCS   its .c files           ROOM_DEPS  rooms that it may use, nearest first
#   ROOM_PKGS   pkg-config names       ROOM_LIBS  plain -l flags      ROOM_CFLAGS  extra flags
#   ROOM_OPT    optional, default -O2
# Generated sources go to $(BUILD)/gen/ROOM (on the include path) with rules in the module.mk and are
# named in ROOM_GEN, so that they exist before anything of the room is compiled.
# A tests/ROOM/module.mk adds to ROOM_TESTS one .c file a test program (cmocka), and may add to
# ROOM_TEST_PKGS. `make check-ROOM` builds and runs them; `make lib-ROOM` builds the archive.
# Fuzz targets: tests/fuzz/module.mk.

BUILD ?= build
ifeq ($(SAN),1)
override BUILD := $(BUILD)-san
SANFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
endif
ifeq ($(FUZZ),1)
SANFLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer
endif
PREFIX ?= /usr/local
CC ?= cc
PKG_CONFIG ?= pkg-config
OPTFLAGS := $(if $(DEBUG),-O0,-O2)

WARNINGS := -Wall -Wextra -Wshadow -Wvla -Wstrict-prototypes -Wmissing-prototypes \
            -Wpointer-arith -Wundef -Werror
CPPFLAGS_ALL := -D_GNU_SOURCE -I. -I$(BUILD)/gen
CFLAGS_ALL := -std=c11 -g $(WARNINGS) $(SANFLAGS) -fno-strict-aliasing -ffp-contract=off -MMD -MP

.DEFAULT_GOAL := all
ROOMS := base cpu user shader-isa gpu-model host-backends mdev soc cli
-include $(foreach r,$(ROOMS),$(r)/module.mk)

# ---- rules for a room -------------------------------------------------------------------------
pkg-cflags = $(if $(1),$(shell $(PKG_CONFIG) --cflags $(1)))
pkg-libs = $(if $(1),$(shell $(PKG_CONFIG) --libs $(1)))
# rooms in link order: the room, then what it uses, transitively (duplicates are harmless in archives)
closure = $(1) $(foreach d,$($(1)_DEPS),$(call closure,$(d)))
archives = $(foreach r,$(call closure,$(1)),$(BUILD)/lib/lib$(r).a)
linkflags = $(call pkg-libs,$(sort $(foreach r,$(call closure,$(1)),$($(r)_PKGS)))) \
            $(sort $(foreach r,$(call closure,$(1)),$($(r)_LIBS))) -lm -lpthread

-include $(foreach r,$(ROOMS),tests/$(r)/module.mk)

define room_rules
$(1)_OBJS := $$(patsubst %.c,$(BUILD)/obj/%.o,$$($(1)_SRCS))
$(BUILD)/lib/lib$(1).a: $$($(1)_OBJS)
	@mkdir -p $$(@D)
	@rm -f $$@
	@$(AR) rcs $$@ $$^
$$($(1)_OBJS): $(BUILD)/obj/%.o: %.c $$($(1)_GEN) | $$(foreach d,$$($(1)_DEPS),$$($$(d)_GEN))
	@mkdir -p $$(@D)
	@echo "  CC      $$<"
	@$(CC) $(CPPFLAGS_ALL) $$(call pkg-cflags,$$($(1)_PKGS)) $(CFLAGS_ALL) $$(or $$(if $(DEBUG),-O0),$$($(1)_OPT),$(OPTFLAGS)) $$($(1)_CFLAGS) -c $$< -o $$@
.PHONY: lib-$(1) check-$(1)
lib-$(1): $(BUILD)/lib/lib$(1).a
$(1)_TEST_BINS := $$(patsubst tests/%.c,$(BUILD)/tests/%,$$($(1)_TESTS))
$$($(1)_TEST_BINS): $(BUILD)/tests/%: tests/%.c $$(call archives,$(1)) $$($(1)_GEN)
	@mkdir -p $$(@D)
	@echo "  TEST    $$<"
	@$(CC) $(CPPFLAGS_ALL) $$(call pkg-cflags,cmocka $$($(1)_PKGS) $$($(1)_TEST_PKGS)) $(CFLAGS_ALL) $(OPTFLAGS) $$($(1)_TEST_CFLAGS) $$< -o $$@ -Wl,--start-group $$(call archives,$(1)) -Wl,--end-group $$(call linkflags,$(1)) $$(call pkg-libs,cmocka $$($(1)_TEST_PKGS)) $$($(1)_TEST_LIBS)
check-$(1): $$($(1)_TEST_BINS)
	@set -e; for t in $$^; do echo "  RUN     $$$$t"; $$$$t; done
-include $$($(1)_OBJS:.o=.d) $$(addsuffix .d,$$($(1)_TEST_BINS))
endef
$(foreach r,$(ROOMS),$(eval $(call room_rules,$(r))))

# These use the rules above.
-include guest-drivers/linux/module.mk guest-drivers/baremetal/module.mk tests/guest-drivers/module.mk
-include tests/system/module.mk tests/fuzz/module.mk tests/bench/module.mk

# ---- the program ------------------------------------------------------------------------------
$(BUILD)/yamato: $(call archives,cli)
	@echo "  LINK    $@"
	@$(CC) $(SANFLAGS) -o $@ -Wl,--start-group $(call archives,cli) -Wl,--end-group $(call linkflags,cli)

.PHONY: all check-unit headers format lint clean help deps layers
all: $(BUILD)/yamato

check-unit: $(addprefix check-,$(ROOMS))

# ---- what a newcomer types ---------------------------------------------------------------------
.PHONY: demo bench check check-long install
# All that fits in CI: under 45 minutes on 2 cores from a clean clone, downloads included.
check:
	@tools/steps.sh "deps=$(MAKE) --no-print-directory deps" \
	    "build=$(MAKE) --no-print-directory -j$$(nproc) all" \
	    "headers=$(MAKE) --no-print-directory headers layers" \
	    "unit=$(MAKE) --no-print-directory -j$$(nproc) check-unit" \
	    "sanitizers=$(MAKE) --no-print-directory SAN=1 -j$$(nproc) check-unit" \
	    "mutation=$(MAKE) --no-print-directory check-mutation" \
	    "baremetal=$(MAKE) --no-print-directory check-baremetal" \
	    "live=$(MAKE) --no-print-directory check-live" \
	    "system=$(MAKE) --no-print-directory check-system" \
	    "fuzz=$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=$(FUZZ_SECONDS)"

# What does not fit: longer random runs, the whole corpus at every size, ten minutes of each fuzz target.
check-long:
	@tools/steps.sh "unit=$(MAKE) --no-print-directory YAMATO_LONG=100 check-unit" \
	    "system=$(MAKE) --no-print-directory check-system" \
	    "programs=$(MAKE) --no-print-directory check-user-debian" \
	    "library=$(MAKE) --no-print-directory check-lib-yamato-cpu" \
	    "threads=$(MAKE) --no-print-directory check-user-tsan" \
	    "random-code=$(MAKE) --no-print-directory check-random-code" \
	    "packets=$(MAKE) --no-print-directory SAN=1 check-packets" \
	    "storm=$(MAKE) --no-print-directory storm" \
	    "messages=$(MAKE) --no-print-directory fuzz-vfio-user" \
	    "soak=$(MAKE) --no-print-directory soak MINUTES=30" \
	    "fuzz=$(MAKE) --no-print-directory fuzz FUZZ_SECONDS=600"

demo:
	@$(MAKE) --no-print-directory deps
	@$(MAKE) --no-print-directory -j$$(nproc) all guest
	@tools/demo.sh --yamato $(BUILD)/yamato

install: all install-lib-yamato-cpu
	install -D -m755 $(BUILD)/yamato $(DESTDIR)$(PREFIX)/bin/yamato
	mkdir -p $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/bash-completion/completions
	$(BUILD)/yamato man > $(DESTDIR)$(PREFIX)/share/man/man1/yamato.1
	$(BUILD)/yamato completion > $(DESTDIR)$(PREFIX)/share/bash-completion/completions/yamato

# Every header compiles alone; *_body.h are templates that their .c includes.
HEADERS := $(filter-out %_body.h,$(wildcard $(foreach r,$(ROOMS),$(r)/*.h $(r)/*/*.h)))
headers:
	@set -e; for h in $(HEADERS); do $(CC) $(CPPFLAGS_ALL) $(call pkg-cflags,epoxy) -std=c11 $(WARNINGS) -fsyntax-only -x c $$h; done; \
	echo "headers: $(words $(HEADERS)) compile alone"

layers:
	@sh tools/layers.sh

format:
	@clang-format -i $$(git ls-files '*.c' '*.h')

lint:
	@clang-tidy -quiet $(foreach r,$(ROOMS),$($(r)_SRCS)) -- $(CPPFLAGS_ALL) -std=c11

clean:
	rm -rf $(BUILD)/obj $(BUILD)/lib $(BUILD)/tests $(BUILD)/gen $(BUILD)/yamato

# ---- host packages, named once ----------------------------------------------------------------
DEPS := $(shell grep -hv '^\#' host-packages.txt guest-drivers/linux/host-packages.txt 2>/dev/null | sort -u)
deps:
	@sh tools/deps.sh $(DEPS)

help:
	@sed -n 's/^##//p' Makefile

## Yamato's make targets:
##   make             build build/yamato
##   make deps        install the Debian packages that building, guests and tests need
##   make demo        set up everything, boot two guests that share one GPU, write build/demo/index.html
##   make check       all tests that fit in CI; make check-long the rest
##   make check-ROOM  the tests of one room (base cpu user shader-isa gpu-model host-backends mdev soc cli)
##   make bench       measure against the peers, in one run; bench-boot bench-system bench-cpu
##                    bench-gpu bench-mdev bench-share one of them
##   make soak        a long job on four cores, twice the same (MINUTES=n)
##   make guest       the Linux guest image, from Debian packages, under build/guest
##   make install     program, man pages, completion under PREFIX
##   make headers layers lint format     house-keeping checks
