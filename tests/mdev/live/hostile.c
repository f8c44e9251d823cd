// SPDX-License-Identifier: MIT
//
// The attacks of hostile.h. Most are one packet or one register that is wrong in a valid stream,
// since what is wrong all over fails at its first word.
#include "tests/mdev/live/hostile.h"

#include <stdlib.h>
#include <string.h>

#include "a2xx_regs.gen.h"
#include "base/bits.h"

enum { HEAP_BYTES = 512 << 10 };

uint32_t hostile_roll(struct attacker *a, uint32_t n)
{
    a->seed = a->seed * 6364136223846793005ull + 1442695040888963407ull;
    return (uint32_t)(a->seed >> 33) % n;
}

uint32_t hostile_word(struct attacker *a)
{
    return hostile_roll(a, 0x10000) << 16 | hostile_roll(a, 0x10000);
}

static uint32_t *entry_of(struct attacker *a, uint32_t va)
{
    return (uint32_t *)(void *)a->vm.ram + ((va - 0x01000000u) >> 12 & 0xffff);
}

static void invalidate(struct attacker *a)
{
    a2_write(&a->vm.gpu, A2_MH_MMU_INVALIDATE, 3);
}

uint32_t hostile_target(struct attacker *a)
{
    uint32_t off = hostile_roll(a, 1024) * 4;
    switch (hostile_roll(a, 9)) {
    case 0:
        return a->readonly.va + off;
    case 1:
        return a->dark.va + off;
    case 2:
        return off;
    case 3:
        return 0xfffff000u + off;
    case 4: // runs out of its grant
        return a->heap.va + a->heap.bytes - 4 * hostile_roll(a, 8);
    case 5: // into the read-only pages from before
        return a->readonly.va - 4 * hostile_roll(a, 4);
    case 6: // where its own driver has mapped nothing
        return 0x04000000u + off;
    case 7: // physical addresses of others
        return LIVE_RAM_PA + LIVE_RAM_BYTES + off;
    default:
        return hostile_word(a);
    }
}

// ---- submitting
// ------------------------------------------------------------------------------------

void hostile_submit(struct attacker *a, const uint32_t *dw, uint32_t n)
{
    struct pm4 p = {.dw = (uint32_t *)(void *)a->heap.cpu, .va = a->heap.va, .n = n, .room = n};
    if (dw) {
        memcpy(a->heap.cpu, dw, (size_t)n * 4);
    }
    a2_submit(&a->vm.gpu, &p, hostile_roll(a, 2) ? A2_SUBMIT_QUIET : 0);
}

static void ring_words(struct attacker *a, const uint32_t *dw, uint32_t n)
{
    struct a2_gpu *g = &a->vm.gpu;
    for (uint32_t i = 0; i < n; i++) {
        put_le32(g->ring.cpu + g->wptr * 4, dw[i]);
        g->wptr = (g->wptr + 1) % 8192;
    }
    a2_write(g, A2_CP_RB_WPTR, g->wptr);
}

static void packet(struct attacker *a, uint32_t op, const uint32_t *payload, uint32_t n)
{
    uint32_t dw[64];
    dw[0] = PM4_TYPE3(op, n);
    memcpy(dw + 1, payload, n * 4);
    hostile_submit(a, dw, n + 1);
}

#define PACKET(a, op, ...)                                                                         \
    packet(a, op, (const uint32_t[]){__VA_ARGS__},                                                 \
           sizeof(const uint32_t[]){__VA_ARGS__} / sizeof(uint32_t))

// ---- buffers
// ---------------------------------------------------------------------------------------

static void ib_outside(struct attacker *a)
{
    PACKET(a, 0x37, hostile_target(a), 1 + hostile_roll(a, 4096));
}

static void ib_outside_from_ring(struct attacker *a)
{
    ring_words(a,
               (const uint32_t[]){PM4_TYPE3(0x37, 2), hostile_target(a), 1 + hostile_roll(a, 65536),
                                  PM4_TYPE2},
               4);
}

static void ib_length(struct attacker *a)
{
    static const uint32_t lengths[] = {0, 0xfffff, 0x100000, 0xffffffff, 0x80000000, 0x3fffff};
    PACKET(a, 0x37, a->heap.va, lengths[hostile_roll(a, ARRAY_LEN(lengths))]);
}

static void ib_unaligned(struct attacker *a)
{
    PACKET(a, 0x37, a->heap.va + 1 + hostile_roll(a, 3), 64);
}

static void ib_chain(struct attacker *a)
{
    uint32_t dw[128 * 4];
    for (unsigned i = 0; i < 128; i++) {
        dw[i * 4] = PM4_TYPE3(0x37, 2);
        dw[i * 4 + 1] = a->heap.va + 16 * hostile_roll(a, 128); // anywhere, also itself
        dw[i * 4 + 2] = 4 * (1 + hostile_roll(a, 16));
        dw[i * 4 + 3] = PM4_TYPE2;
    }
    hostile_submit(a, dw, ARRAY_LEN(dw));
}

static void ib_count(struct attacker *a)
{
    uint32_t dw[200 * 3];
    for (unsigned i = 0; i < 200; i++) {
        dw[i * 3] = PM4_TYPE3(0x3f, 2);
        dw[i * 3 + 1] = a->heap.va + 0x10000 + i * 16;
        dw[i * 3 + 2] = 1 + hostile_roll(a, 8);
    }
    hostile_submit(a, dw, ARRAY_LEN(dw));
}

static void ib_changes_itself(struct attacker *a)
{
    // the copy runs: what the stream writes over its own buffer must have no effect this time
    uint32_t dw[] = {PM4_TYPE3(0x3d, 4), a->heap.va + 5 * 4, PM4_TYPE3(0x3d, 2), hostile_target(a),
                     hostile_word(a),    PM4_TYPE2,          PM4_TYPE2,          PM4_TYPE2};
    hostile_submit(a, dw, ARRAY_LEN(dw));
}

// ---- packets
// -----------------------------------------------------------------------------------------

static void packet_past_end(struct attacker *a)
{
    uint32_t dw[] = {PM4_TYPE2,
                     0xc0000000u | hostile_roll(a, 0x4000) << 16 | hostile_roll(a, 128) << 8, 0, 0};
    hostile_submit(a, dw, 2 + hostile_roll(a, 3));
}

static void packet_unknown(struct attacker *a)
{
    PACKET(a, hostile_roll(a, 128), hostile_word(a), hostile_word(a), hostile_word(a));
}

static void packet_any(struct attacker *a)
{
    uint32_t dw[64], n = 1 + hostile_roll(a, 8);
    for (unsigned i = 0; i < n; i++) {
        dw[i] = hostile_roll(a, 2) ? hostile_target(a) : hostile_word(a);
    }
    packet(a, hostile_roll(a, 128), dw, n);
}

static void type1(struct attacker *a)
{
    uint32_t dw[] = {0x40000000u | hostile_word(a) >> 2, hostile_word(a), hostile_word(a)};
    hostile_submit(a, dw, 3);
}

static void privileged_packet(struct attacker *a)
{
    static const uint8_t ops[] = {0x40, 0x48, 0x5f, 0x66, 0x6f};
    PACKET(a, ops[hostile_roll(a, ARRAY_LEN(ops))], hostile_word(a));
}

static void random_words(struct attacker *a)
{
    uint32_t dw[256];
    for (unsigned i = 0; i < ARRAY_LEN(dw); i++) {
        dw[i] = hostile_roll(a, 8) ? hostile_word(a) : hostile_target(a);
    }
    hostile_submit(a, dw, ARRAY_LEN(dw));
}

static void random_ring(struct attacker *a)
{
    uint32_t dw[64];
    for (unsigned i = 0; i < ARRAY_LEN(dw); i++) {
        dw[i] = hostile_roll(a, 4)
                    ? hostile_word(a)
                    : 0xc0000000u | hostile_roll(a, 4) << 16 | hostile_roll(a, 128) << 8;
    }
    ring_words(a, dw, ARRAY_LEN(dw));
}

// ---- registers
// ---------------------------------------------------------------------------------------

static void privileged_register(struct attacker *a)
{
    static const uint16_t regs[] = {0x3c,  0x40,  0x41,  0x42,  0x45,
                                    0x1c0, 0x1c1, 0x1c5, 0x1f6, 0xa42};
    uint32_t dw[] = {regs[hostile_roll(a, ARRAY_LEN(regs))], hostile_target(a)};
    hostile_submit(a, dw, 2);
}

static void register_run(struct attacker *a)
{
    uint32_t dw[400], n = 1 + hostile_roll(a, 390);
    dw[0] = (n - 1) << 16 | hostile_roll(a, 0x8000) | hostile_roll(a, 2) << 15;
    for (uint32_t i = 1; i <= n; i++) {
        dw[i] = hostile_target(a);
    }
    hostile_submit(a, dw, n + 1);
}

static void register_rmw(struct attacker *a)
{
    static const uint16_t regs[] = {0x40, 0x41, 0x42, 0x1c0, 0x1c1, 0x3c};
    PACKET(a, 0x21, regs[hostile_roll(a, ARRAY_LEN(regs))], 0, hostile_target(a));
}

static void set_constant_register(struct attacker *a)
{
    PACKET(a, 0x2d, 4u << 16 | hostile_roll(a, 0x10000), hostile_word(a), hostile_word(a));
}

static void constant_range(struct attacker *a)
{
    PACKET(a, 0x2d,
           hostile_roll(a, 256) << 16 |
               (hostile_roll(a, 2) ? 0xffff - hostile_roll(a, 4) : hostile_roll(a, 0x10000)),
           hostile_word(a), hostile_word(a), hostile_word(a));
}

static void constant_load(struct attacker *a)
{
    PACKET(a, 0x2e, hostile_target(a), hostile_roll(a, 5) << 16 | hostile_roll(a, 0x400),
           hostile_roll(a, 0x1000));
}

// ---- memory
// ------------------------------------------------------------------------------------------

static void mem_write(struct attacker *a)
{
    uint32_t dw[40], n = 1 + hostile_roll(a, 36);
    dw[0] = hostile_target(a);
    for (uint32_t i = 1; i <= n; i++) {
        dw[i] = hostile_word(a);
    }
    packet(a, 0x3d, dw, n + 1);
}

static void reg_to_mem(struct attacker *a)
{
    PACKET(a, 0x3e, hostile_word(a) & 0xfffc7fffu, hostile_target(a));
}

static void event_write(struct attacker *a)
{
    PACKET(a, 0x46, 4, hostile_target(a), hostile_word(a));
}

static void wait_memory(struct attacker *a)
{
    PACKET(a, 0x3c, 0x10 | hostile_roll(a, 8), hostile_target(a), hostile_word(a), hostile_word(a),
           10);
}

static void wait_forever(struct attacker *a)
{
    PACKET(a, 0x52, hostile_roll(a, 0x5000), hostile_word(a), 0xffffffff, 10);
}

static void program_load(struct attacker *a)
{
    PACKET(a, 0x27, hostile_target(a) | hostile_roll(a, 2), hostile_word(a) & 0xfff0fff);
}

// ---- the page table and the ring's registers
// ---------------------------------------------------------------

static void table_to_others(struct attacker *a)
{
    static const uint32_t pas[] = {LIVE_RAM_PA - 4096, LIVE_RAM_PA + LIVE_RAM_BYTES, 0, 0xfffff000u,
                                   0x70000000u};
    uint32_t *e = entry_of(a, a->heap.va + a->heap.bytes - 4096), old = *e;
    *e =
        (hostile_roll(a, 2) ? pas[hostile_roll(a, ARRAY_LEN(pas))] : hostile_word(a) & ~0xfffu) | 3;
    if (LIVE_RAM_PA <= *e && *e < LIVE_RAM_PA + LIVE_RAM_BYTES) {
        *e = LIVE_RAM_PA - 0x1000 + 3; // its own memory is its own business
    }
    invalidate(a);
    PACKET(a, 0x3d, a->heap.va + a->heap.bytes - 4096 + hostile_roll(a, 1024) * 4, hostile_word(a),
           hostile_word(a));
    PACKET(a, 0x3e, 0x57a, a->heap.va + a->heap.bytes - 8);
    *e = old;
    invalidate(a);
}

static void table_base(struct attacker *a)
{
    a2_write(&a->vm.gpu, A2_MH_MMU_PT_BASE, hostile_target(a));
    a2_write(&a->vm.gpu, A2_MH_MMU_VA_RANGE, hostile_word(a));
    PACKET(a, 0x3d, hostile_target(a), hostile_word(a));
}

static void ring_elsewhere(struct attacker *a)
{
    a2_write(&a->vm.gpu, A2_CP_RB_BASE, hostile_target(a));
    a2_write(&a->vm.gpu, A2_CP_RB_CNTL, hostile_word(a));
    a2_write(&a->vm.gpu, A2_CP_RB_WPTR, hostile_roll(a, 16384));
}

static void wptr_wild(struct attacker *a)
{
    for (unsigned i = 0; i < 20; i++) {
        a2_write(&a->vm.gpu, A2_CP_RB_WPTR,
                 hostile_roll(a, 4) ? hostile_roll(a, 8192) : hostile_word(a));
    }
}

static void mmio_random(struct attacker *a)
{
    for (unsigned i = 0; i < 200; i++) {
        uint32_t reg = hostile_roll(a, 0x8000);
        if (hostile_roll(a, 2)) {
            a2_write(&a->vm.gpu, reg, hostile_word(a));
        } else {
            a2_read(&a->vm.gpu, reg);
        }
    }
}

static void irq_storm(struct attacker *a)
{
    uint32_t dw[] = {PM4_TYPE3(0x40, 1), 0xffffffffu};
    for (unsigned i = 0; i < 50; i++) {
        ring_words(a, dw, 2);
    }
}

static void doorbell_storm(struct attacker *a)
{
    for (unsigned i = 0; i < 500; i++) {
        a2_write(&a->vm.gpu, A2_CP_RB_WPTR, a->vm.gpu.wptr);
    }
}

static void unmap_at_work(struct attacker *a)
{
    struct err *none = NULL;
    PACKET(a, 0x3d, a->heap.va + 64, hostile_word(a));
    vgpu_dma_unmap(a->vm.vgpu, LIVE_RAM_PA, LIVE_RAM_BYTES);
    PACKET(a, 0x3d, a->heap.va + 64, hostile_word(a));
    vgpu_dma_map(a->vm.vgpu, LIVE_RAM_PA, LIVE_RAM_BYTES, a->vm.ram, VGPU_DMA_READ | VGPU_DMA_WRITE,
                 none);
}

static void quota_flood(struct attacker *a)
{
    for (uint32_t i = 0; i < HEAP_BYTES / 4; i++) {
        put_le32(a->heap.cpu + i * 4, PM4_TYPE2);
    }
    vgpu_set_quota(a->vm.vgpu, VGPU_QUOTA_MIN);
    for (unsigned i = 0; i < 5; i++) {
        hostile_submit(a, NULL, HEAP_BYTES / 4 - hostile_roll(a, 1000));
    }
    vgpu_set_quota(a->vm.vgpu, VGPU_QUOTA_DEFAULT);
}

// clang-format off
static const struct hostile_class classes[] = {
#define C(name) {#name, name}
    C(ib_outside), C(ib_outside_from_ring), C(ib_length), C(ib_unaligned), C(ib_chain),
    C(ib_count), C(ib_changes_itself), C(packet_past_end), C(packet_unknown), C(packet_any),
    C(type1), C(privileged_packet), C(random_words), C(random_ring), C(privileged_register),
    C(register_run), C(register_rmw), C(set_constant_register), C(constant_range),
    C(constant_load), C(mem_write), C(reg_to_mem), C(event_write), C(wait_memory),
    C(wait_forever), C(program_load), C(table_to_others), C(table_base), C(ring_elsewhere),
    C(wptr_wild), C(mmio_random), C(irq_storm), C(doorbell_storm), C(unmap_at_work),
    C(quota_flood),
#undef C
};
// clang-format on

const struct hostile_class *hostile_class_at(unsigned i)
{
    return i < ARRAY_LEN(classes) ? &classes[i] : hostile_draw_at(i - ARRAY_LEN(classes));
}

bool hostile_open(struct attacker *a, struct mdev *mdev, const struct live_scene *scene)
{
    memset(a, 0, sizeof *a);
    if (!live_open(&a->vm, mdev, "attacker", scene) ||
        !a2_alloc(&a->vm.gpu, HEAP_BYTES, A2_PTE_RW, &a->heap) ||
        !a2_alloc(&a->vm.gpu, 64 << 10, A2_PTE_READ, &a->readonly) ||
        !a2_alloc(&a->vm.gpu, 64 << 10, 0, &a->dark)) {
        return false;
    }
    for (uint32_t i = 0; i < a->dark.bytes; i += 4) {
        put_le32(a->dark.cpu + i, LIVE_CANARY);
        put_le32(a->readonly.cpu + i, ~i);
    }
    return true;
}
