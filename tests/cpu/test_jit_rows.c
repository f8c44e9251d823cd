// SPDX-License-Identifier: MIT
//
// test_rows.c over the translator.
#define RIG_ENGINE CPU_ENGINE_TRANSLATOR
#include "tests/cpu/test_rows.c"
