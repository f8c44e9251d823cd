# SPDX-License-Identifier: MIT
mdev_TESTS := $(sort $(wildcard tests/mdev/test_*.c))
