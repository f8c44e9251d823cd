// SPDX-License-Identifier: MIT
//
// memcpy, strlen and memcmp of the C library at many sizes.
#include "kernel.h"

static uint32_t work(unsigned n)
{
    static char a[8192], b[8192];
    uint32_t sum = 0;
    memset(a, 'a', sizeof a - 1);
    for (unsigned r = 0; r < n * 500; r++) {
        size_t len = (r * 37) % 4000;
        memcpy(b + r % 9, a + r % 13, len);
        b[len + r % 9] = 0;
        sum = sum * 5 + (uint32_t)strlen(b) + (uint32_t)(memcmp(a, b, len) > 0);
    }
    return sum;
}
