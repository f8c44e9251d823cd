# SPDX-License-Identifier: MIT
gpu-model_SRCS := gpu-model/formats.c gpu-model/format_block.c gpu-model/texture.c \
                  gpu-model/profiles.c gpu-model/regs.c gpu-model/gpu.c gpu-model/cp.c \
                  gpu-model/cp_packets.c gpu-model/cp_cond.c gpu-model/shader_store.c gpu-model/state_build.c \
                  gpu-model/draw_build.c gpu-model/rect.c gpu-model/clear.c gpu-model/fields.c \
                  gpu-model/dump.c gpu-model/dump_text.c gpu-model/rd.c gpu-model/replay.c gpu-model/replay_mem.c \
                  gpu-model/save.c \
                  $(addprefix gpu-model/debug/, session.c show.c picture.c pixel.c script.c html.c)
gpu-model_DEPS := base shader-isa
gpu-model_PKGS := zlib
