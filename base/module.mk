# SPDX-License-Identifier: MIT
base_SRCS := base/err.c base/log.c base/eventq.c base/regfile.c base/snapshot.c base/png.c \
             base/opts.c
base_PKGS := libpng zlib
