# SPDX-License-Identifier: MIT
# Machines: the framework (soc/*.c), devices (soc/dev) and boards (soc/boards).
soc_SRCS := $(wildcard soc/*.c soc/dev/*.c soc/boards/*.c)
soc_DEPS := base cpu mdev
soc_PKGS := slirp zlib
soc_LIBS := -lfdt
