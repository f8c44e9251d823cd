# SPDX-License-Identifier: MIT
cli_TESTS := $(sort $(wildcard tests/cli/test_*.c))
