# SPDX-License-Identifier: MIT
cpu_TESTS := $(wildcard tests/cpu/test_*.c)
cpu_TEST_PKGS := unicorn capstone
# libunicorn calls functions of its own that have our names (cpu_reset): keep ours out of its sight.
cpu_TEST_LIBS := -Wl,--exclude-libs,ALL
