// SPDX-License-Identifier: MIT
//
// The compression function of FIPS 180-4's SHA-256 over a fixed block.
#include "kernel.h"

static uint32_t ror(uint32_t v, unsigned n)
{
    return v >> n | v << (32 - n);
}

static uint32_t work(unsigned n)
{
    uint32_t h[8] = {0}, k[64], seed = 7;
    for (unsigned i = 0; i < 64; i++) {
        k[i] = next_random(&seed);
    }
    for (unsigned r = 0; r < n * 4000; r++) {
        uint32_t w[64], v[8];
        for (unsigned i = 0; i < 16; i++) {
            w[i] = i * 0x01010101u + r;
        }
        for (unsigned i = 16; i < 64; i++) {
            uint32_t x = w[i - 15], y = w[i - 2];
            w[i] = w[i - 16] + w[i - 7] + (ror(x, 7) ^ ror(x, 18) ^ x >> 3) +
                   (ror(y, 17) ^ ror(y, 19) ^ y >> 10);
        }
        memcpy(v, h, sizeof v);
        for (unsigned i = 0; i < 64; i++) {
            uint32_t t = v[7] + (ror(v[4], 6) ^ ror(v[4], 11) ^ ror(v[4], 25)) +
                         ((v[4] & v[5]) ^ (~v[4] & v[6])) + k[i] + w[i];
            uint32_t u = (ror(v[0], 2) ^ ror(v[0], 13) ^ ror(v[0], 22)) +
                         ((v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]));
            memmove(v + 1, v, 7 * sizeof *v);
            v[4] += t;
            v[0] = t + u;
        }
        for (unsigned i = 0; i < 8; i++) {
            h[i] += v[i];
        }
    }
    return h[0] ^ h[7];
}
