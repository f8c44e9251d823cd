// SPDX-License-Identifier: MIT
//
// Hostile microcode and hostile assembler text: decode, check, print in both dialects, assemble,
// run and translate whatever comes. Nothing may crash, hang or touch memory outside its arguments.
#include "tests/shader-isa/hammer.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    hammer_bytes(data, size);
    return 0;
}
