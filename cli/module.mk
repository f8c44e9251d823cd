# SPDX-License-Identifier: MIT
cli_SRCS := $(sort $(wildcard cli/*.c))
cli_DEPS := user soc mdev host-backends gpu-model shader-isa cpu base
cli_PKGS := jansson
