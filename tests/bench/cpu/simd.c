// SPDX-License-Identifier: MIT
//
// 128-bit integer and float vectors (the compiler's vector types: NEON, SSE2).
#include "kernel.h"

typedef uint32_t v4u __attribute__((vector_size(16)));
typedef float v4f __attribute__((vector_size(16)));

static uint32_t work(unsigned n)
{
    v4u a = {1, 2, 3, 4}, b = {5, 6, 7, 8};
    v4f f = {1, 2, 3, 4}, g = {0.5f, 0.25f, 0.75f, 0.125f};
    for (unsigned r = 0; r < n * 200000; r++) {
        a = a * 5 + (b ^ (a >> 3));
        b = (b << 1) - a;
        f = f * g + 1.5f;
    }
    return a[0] ^ a[3] ^ b[1] ^ (uint32_t)(f[2] * 1000);
}
