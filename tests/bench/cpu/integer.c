// SPDX-License-Identifier: MIT
//
// Integer arithmetic with shifts, multiplies and data-dependent branches.
#include "kernel.h"

static uint32_t work(unsigned n)
{
    uint32_t sum = 1;
    for (unsigned k = 0; k < n * 1000000; k++) {
        sum = sum & 1 ? sum * 3 + k : (sum >> 1) ^ (k << 7);
    }
    return sum;
}
