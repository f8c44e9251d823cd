# SPDX-License-Identifier: MIT
gpu-model_TESTS := tests/gpu-model/test_formats.c
