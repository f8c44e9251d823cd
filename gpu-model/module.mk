# SPDX-License-Identifier: MIT
gpu-model_SRCS := gpu-model/formats.c gpu-model/format_block.c gpu-model/texture.c
gpu-model_DEPS := base shader-isa
gpu-model_PKGS := zlib
