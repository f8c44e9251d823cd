# SPDX-License-Identifier: MIT
host-backends_TESTS := $(wildcard tests/host-backends/test_*.c)
