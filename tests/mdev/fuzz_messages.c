// SPDX-License-Identifier: MIT
//
// So many random messages at the vfio-user server: inputs of the fuzz target (tests/fuzz/fuzz_vfio_user.c)
// from a seeded generator that knows the commands' shapes, so that most messages get past the size
// checks and differ in one or two fields. usage: fuzz_messages COUNT [SEED]. For sanitized builds.
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mdev/vfio_user_wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { MESSAGES = 2000, RAM = 0x70000000 };

static uint64_t state;

static uint32_t rnd(uint32_t below)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(state >> 33) % below;
}

// Payload bytes of each command, without what follows a fixed part.
static const uint8_t sizes[VFU_COMMAND_LIMIT] = {
    [VFU_VERSION] = 4, [VFU_DMA_MAP] = 32, [VFU_DMA_UNMAP] = 24, [VFU_DEVICE_GET_INFO] = 16,
    [VFU_GET_REGION_INFO] = 32, [VFU_GET_REGION_IO_FDS] = 16, [VFU_GET_IRQ_INFO] = 16,
    [VFU_SET_IRQS] = 20, [VFU_REGION_READ] = 16, [VFU_REGION_WRITE] = 20, [VFU_DMA_READ] = 16,
    [VFU_DMA_WRITE] = 16, [VFU_REGION_WRITE_MULTI] = 32, [VFU_DEVICE_FEATURE] = 8,
    [VFU_MIG_DATA_READ] = 8, [VFU_MIG_DATA_WRITE] = 24};

static void put(uint8_t *at, uint64_t v, unsigned n)
{
    memcpy(at, &v, n);
}

// Registers that matter to the doorbell's road, now and then any other.
static uint32_t reg_offset(void)
{
    static const uint16_t regs[] = {0x1c0, 0x1c1, 0x1c4, 0x1c5, 0x1f2, 0x1f4, 0x1f6, 0x3c, 0x40,
                                    0x41,  0x42,  0x43,  0x45,  0x5d0, 0x3b7, 0xa42, 0xa44};
    return rnd(8) ? regs[rnd(sizeof regs / sizeof *regs)] * 4u : rnd(0x20000);
}

static void fill(uint8_t c, uint8_t *p)
{
    static const uint32_t values[] = {0, 1, 3, 0x10, 0x01000fff, 0x01555551, 0x0800020c, RAM, RAM + 0x1000, ~0u};
    uint64_t size = 0x1000ull << rnd(8);
    put(p, sizes[c] + (rnd(16) ? 64 : rnd(64)), 4); // argsz
    switch (c) {
    case VFU_DMA_MAP:
        put(p + 4, rnd(8) ? 3 : rnd(16), 4);
        put(p + 16, RAM + 0x1000ull * rnd(64), 8);
        put(p + 24, size, 8);
        break;
    case VFU_DMA_UNMAP:
        put(p + 4, rnd(4) ? 0 : 2, 4);
        put(p + 8, rnd(4) ? RAM + 0x1000ull * rnd(64) : 0, 8);
        put(p + 16, rnd(4) ? size : 0, 8);
        break;
    case VFU_GET_REGION_INFO:
    case VFU_GET_REGION_IO_FDS:
    case VFU_GET_IRQ_INFO:
        put(p + 8, rnd(10), 4);
        break;
    case VFU_SET_IRQS:
        put(p + 4, 1u << rnd(3) | 8u << rnd(3), 4);
        put(p + 8, rnd(6), 4);
        put(p + 16, rnd(3), 4);
        break;
    case VFU_REGION_READ:
    case VFU_REGION_WRITE: {
        uint32_t region = rnd(3) ? 0 : rnd(9);
        put(p, region == 0 ? reg_offset() : region == 1 && rnd(2) ? 0xc00 + rnd(16) : rnd(300), 8);
        put(p + 8, region, 4);
        put(p + 12, rnd(8) ? 4 : rnd(16), 4);
        put(p + 16, values[rnd(sizeof values / sizeof *values)], 4);
        break;
    }
    case VFU_REGION_WRITE_MULTI:
        put(p, 1, 8);
        put(p + 8, reg_offset(), 8);
        put(p + 20, 4, 4);
        put(p + 24, rnd(64), 8);
        break;
    case VFU_DEVICE_FEATURE: {
        static const uint8_t ids[] = {1, 2, 2, 2, 6, 7, 8};
        put(p + 4, ids[rnd(sizeof ids)] | 1u << (16 + rnd(3)), 4);
        put(p + 8, rnd(9), 4);
        break;
    }
    case VFU_MIG_DATA_READ:
    case VFU_MIG_DATA_WRITE:
        put(p, 8 + 16, 4);
        put(p + 4, 16, 4);
        break;
    default:
        break;
    }
}

// One message in the target's own form: length, command, flags, payload.
static size_t message(uint8_t *out)
{
    uint8_t c = (uint8_t)(rnd(2) ? VFU_REGION_READ + rnd(2) : 1 + rnd(VFU_COMMAND_LIMIT - 1)), n = sizes[c];
    memset(out, 0, 3 + 64);
    out[1] = c;
    out[2] = (uint8_t)(rnd(16) ? (c == VFU_DMA_MAP || c == VFU_SET_IRQS ? 1 | rnd(2) << 3 : 0) : rnd(256));
    fill(c, out + 3);
    if (c == VFU_DEVICE_FEATURE) {
        n = (uint8_t)(n + 8 * rnd(4));
    }
    if (!rnd(16)) {
        n = (uint8_t)(n + rnd(9));
    } else if (!rnd(16)) {
        n = (uint8_t)(n - rnd(n + 1u));
    }
    for (unsigned k = rnd(6) ? 0 : 1 + rnd(3); n && k; k--) {
        out[3 + rnd(n)] ^= (uint8_t)(1u << rnd(8));
    }
    out[0] = (uint8_t)(n + 2);
    return 3u + n;
}

static size_t exact(uint8_t *out, uint8_t c, uint8_t flags, const uint64_t *words, unsigned n)
{
    out[0] = (uint8_t)(sizes[c] + 2);
    out[1] = c;
    out[2] = flags;
    memset(out + 3, 0, 64);
    for (unsigned i = 0; i < n; i++) {
        put(out + 3 + 8 * i, words[i], 8);
    }
    return 3u + sizes[c];
}

// What a driver does before its first doorbell, with memory of either kind and no page table: the ring's
// words are then whatever is in memory.
static size_t driver(uint8_t *out)
{
    static const uint32_t regs[][2] = {{0x40, 0}, {0x1c1, 0x0800020c}, {0x1c0, RAM}, {0x1f6, 0}};
    const uint64_t map[] = {32 | 3ull << 32, 0, RAM, 0x100000};
    size_t n = exact(out, VFU_DEVICE_RESET, 0, NULL, 0);
    n += exact(out + n, VFU_DMA_UNMAP, 0, (const uint64_t[]){24 | 2ull << 32, 0, 0}, 3);
    n += exact(out + n, VFU_DMA_MAP, rnd(2), map, 4);
    for (unsigned i = 0; i < sizeof regs / sizeof *regs; i++) {
        const uint64_t w[] = {regs[i][0] * 4u, 4ull << 32, regs[i][1]};
        n += exact(out + n, VFU_REGION_WRITE, 0, w, 3);
    }
    const uint64_t bell[] = {0x1c5 * 4, 4ull << 32, rnd(256)};
    return n + exact(out + n, VFU_REGION_WRITE, 0, bell, 3);
}

int main(int argc, char **argv)
{
    static uint8_t input[MESSAGES * 160];
    uint64_t want = argc > 1 ? strtoull(argv[1], NULL, 10) : 100000, sent = 0;
    state = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
    while (sent < want) {
        size_t n = 0;
        for (unsigned i = 0; i < MESSAGES; i++) {
            n += message(input + n);
            if (!rnd(64)) {
                n += driver(input + n);
            }
        }
        LLVMFuzzerTestOneInput(input, n);
        sent += MESSAGES; // at least
        if (sent % 200000 == 0) {
            printf("fuzz: vfio_user, %llu messages, no finding\n", (unsigned long long)sent);
            fflush(stdout);
        }
    }
    return 0;
}
