// SPDX-License-Identifier: MIT
//
// The tests of test_memory.c over the translator.
#define RIG_ENGINE CPU_ENGINE_TRANSLATOR
#include "tests/cpu/test_memory.c"
