# SPDX-License-Identifier: MIT
gpu-model_TESTS := tests/gpu-model/test_formats.c tests/gpu-model/test_tables.c \
                   tests/gpu-model/test_cp.c
