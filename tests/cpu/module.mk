# SPDX-License-Identifier: MIT
cpu_TESTS := $(wildcard tests/cpu/test_*.c)
cpu_TEST_PKGS := unicorn capstone
