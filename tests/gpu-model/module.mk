# SPDX-License-Identifier: MIT
gpu-model_TESTS := $(addprefix tests/gpu-model/, test_formats.c test_tables.c test_cp.c \
                     test_draw_build.c test_rd.c test_replay.c test_corpus.c test_save.c)
