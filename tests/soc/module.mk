# SPDX-License-Identifier: MIT
soc_TESTS := $(wildcard tests/soc/test_*.c)

# A small driver to boot images by hand and from scripts: build/tests/soc/bootrun --help
.PHONY: bootrun
bootrun: $(BUILD)/tests/soc/bootrun
$(BUILD)/tests/soc/bootrun: tests/soc/bootrun.c \
        $(patsubst %,$(BUILD)/lib/lib%.a,soc mdev host-backends gpu-model shader-isa cpu base)
	@mkdir -p $(@D)
	@echo "  LINK    $@"
	@$(CC) $(CPPFLAGS_ALL) $(call pkg-cflags,$(soc_PKGS)) $(CFLAGS_ALL) $(OPTFLAGS) $< -o $@ -Wl,--start-group $(call archives,soc) -Wl,--end-group $(call linkflags,soc)
