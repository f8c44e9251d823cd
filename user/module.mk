# SPDX-License-Identifier: MIT
# Linux/ARM programs on the CPU library, with system calls carried out by the host.
user_SRCS := $(sort $(wildcard user/*.c))
user_DEPS := cpu base
