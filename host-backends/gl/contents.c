// SPDX-License-Identifier: MIT
//
// Whether memory still holds what was read or written there, where no generation numbers tell:
// hashes of its bytes. Four lanes side by side, several times as fast as one; a page at a time, so
// that the hashes of bytes at hand and of bytes in memory, however it is scattered, are the same.
#include <string.h>

#include "base/hash.h"
#include "host-backends/gl/gl.h"

enum { PAGE = 4096 };

static uint64_t hash_part(uint64_t h, const uint8_t *p, size_t n)
{
    uint64_t lane[4] = {h, h + 1, h + 2, h + 3};
    for (; n >= 32; p += 32, n -= 32) {
        uint64_t v[4];
        memcpy(v, p, 32);
        for (unsigned i = 0; i < 4; i++) {
            lane[i] = (lane[i] ^ v[i]) * 0x9e3779b97f4a7c15ull;
            lane[i] ^= lane[i] >> 29;
        }
    }
    return hash_bytes(hash_bytes(h, lane, sizeof lane), p, n);
}

static size_t part_at(uint32_t va, uint64_t n)
{
    size_t part = PAGE - va % PAGE;
    return part < n ? part : (size_t)n;
}

uint64_t gl_hash_at(uint64_t h, uint32_t va, const void *data, size_t n)
{
    const uint8_t *p = data;
    while (n) {
        size_t part = part_at(va, n);
        h = hash_part(h, p, part);
        va += (uint32_t)part;
        p += part;
        n -= part;
    }
    return h;
}

uint64_t gl_hash_memory(struct gl_context *ctx, uint64_t h, uint32_t va, uint64_t n)
{
    struct gpu_mem *mem = ctx->mem;
    while (n) {
        size_t part = part_at(va, n), got = 0;
        const uint8_t *p = mem->ops->span(mem, va, part, &got);
        uint8_t copy[PAGE];
        if (!p || got < part) {
            memset(copy, 0, part);
            h += !mem->ops->read(mem, va, copy, part); // a hole
            p = copy;
        }
        h = hash_part(h, p, part);
        va += (uint32_t)part;
        n -= part;
    }
    return h;
}
