// SPDX-License-Identifier: MIT
//
// What the kernels share: `work(n)` does n rounds and returns a checksum; main prints it with the
// CPU seconds of the rounds alone.
#ifndef TESTS_BENCH_KERNEL_H
#define TESTS_BENCH_KERNEL_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint32_t work(unsigned n);

static inline uint32_t next_random(uint32_t *s)
{
    return *s = *s * 1664525u + 1013904223u;
}

int main(int argc, char **argv)
{
    unsigned n = argc > 1 ? (unsigned)atoi(argv[1]) : 1;
    struct timespec a, b;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &a);
    uint32_t sum = work(n);
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &b);
    double s = (double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9;
    printf("%08x %.6f\n", (unsigned)sum, s);
    return 0;
}

#endif
