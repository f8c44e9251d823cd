// SPDX-License-Identifier: MIT
//
// Calls and returns.
#include "kernel.h"

static __attribute__((noinline)) uint32_t fib(uint32_t n)
{
    return n < 2 ? n : fib(n - 1) + fib(n - 2);
}

static uint32_t work(unsigned n)
{
    uint32_t sum = 0;
    for (unsigned r = 0; r < n; r++) {
        sum += fib(22 + (r & 1));
    }
    return sum;
}
