# SPDX-License-Identifier: MIT
user_TESTS := $(wildcard tests/user/test_*.c)
