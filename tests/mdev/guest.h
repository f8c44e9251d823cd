// SPDX-License-Identifier: MIT
//
// A guest in a few functions, for the mediator's tests: memory, a GPU page table, a ring and the
// driver's register sequence, as the kernel's a2xx driver does it.
#ifndef TESTS_MDEV_GUEST_H
#define TESTS_MDEV_GUEST_H

#include <assert.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/bits.h"
#include "base/err.h"
#include "base/log.h"
#include "mdev/vgpu.h"

#define RAM_GPA 0x70000000u
#define RAM_BYTES (8u << 20)
#define PT_OFF 0x0u          // page table at the start of RAM, 256 KiB
#define POOL_OFF 0x100000u   // backing of the first GPU pages
#define VA_BASE 0x01000000u
#define RING_VA VA_BASE      // 32 KiB ring
#define RING_DWORDS 8192u
#define FENCE_VA (VA_BASE + 0x8000u)
#define HEAP_VA (VA_BASE + 0x9000u)
#define MAPPED_PAGES 512u    // 2 MiB of GPU space mapped read/write

struct guest {
    struct vgpu_client client;
    struct mdev *mdev;
    struct vgpu *vgpu;
    uint8_t *ram;
    uint32_t wptr;
    _Atomic unsigned irqs;
    uint32_t seqno;
};

static inline void guest_irq(struct vgpu_client *client, unsigned index, bool level)
{
    struct guest *g = container_of(client, struct guest, client);
    (void)index;
    if (level) {
        atomic_fetch_add(&g->irqs, 1);
    }
}

static const struct vgpu_client_ops guest_ops = {guest_irq};

static inline void guest_write(struct guest *g, uint32_t reg, uint32_t val)
{
    assert(vgpu_region_write(g->vgpu, 0, reg * 4ull, &val, 4) == 0);
}

static inline uint32_t guest_read(struct guest *g, uint32_t reg)
{
    uint32_t v = 0;
    assert(vgpu_region_read(g->vgpu, 0, reg * 4ull, &v, 4) == 0);
    return v;
}

static inline uint8_t *guest_va(struct guest *g, uint32_t va)
{
    return g->ram + POOL_OFF + (va - VA_BASE);
}

static inline void guest_init_hw(struct guest *g)
{
    guest_write(g, 0x1f6, 1u << 28);
    guest_write(g, 0x3c, ~0u);
    guest_write(g, 0x3c, 0);
    guest_write(g, 0x41, 0x01000fff);
    guest_write(g, 0x42, RAM_GPA + PT_OFF);
    guest_write(g, 0x40, 0x01555551);
    guest_write(g, 0x45, 3);
    guest_write(g, 0x1f2, 0xcf800000);
    guest_write(g, 0xa42, 7);
    guest_write(g, 0x1c1, 0x0800020c);
    guest_write(g, 0x1c0, RING_VA);
    guest_write(g, 0x1f6, 0);
    g->wptr = 0;
}

static inline void guest_open(struct guest *g, struct mdev *mdev, const char *name)
{
    struct err err = {0};
    struct vgpu_config cfg = {.type = "yamato-a200", .name = name, .client = &g->client};
    memset(g, 0, sizeof *g);
    g->client.ops = &guest_ops;
    g->mdev = mdev;
    // fresh pages from the host: zero, and cheap where untouched
    g->ram = mmap(NULL, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert(g->ram != MAP_FAILED);
    for (uint32_t i = 0; i < MAPPED_PAGES; i++) {
        put_le32(g->ram + PT_OFF + i * 4, (RAM_GPA + POOL_OFF + i * 4096) | 3);
    }
    g->vgpu = vgpu_create(mdev, &cfg, &err);
    if (!g->vgpu) {
        fprintf(stderr, "vgpu_create: %s\n", err.msg);
    }
    assert(g->vgpu);
    assert(vgpu_dma_map(g->vgpu, RAM_GPA, RAM_BYTES, g->ram, VGPU_DMA_READ | VGPU_DMA_WRITE,
                        &err) == 0);
    guest_init_hw(g);
}

static inline void guest_close(struct guest *g)
{
    vgpu_destroy(g->vgpu);
    munmap(g->ram, RAM_BYTES);
}

static inline void guest_put(struct guest *g, uint32_t word)
{
    put_le32(guest_va(g, RING_VA) + g->wptr * 4, word);
    g->wptr = (g->wptr + 1) % RING_DWORDS;
}

static inline uint32_t pm4_type3(unsigned op, unsigned n)
{
    return 0xc0000000u | (n - 1) << 16 | op << 8;
}

// Kernel's tail of a submission: fence store and interrupt.
static inline void guest_put_fence(struct guest *g)
{
    g->seqno++;
    guest_put(g, 0x057a);
    guest_put(g, g->seqno);
    guest_put(g, pm4_type3(0x46, 3));
    guest_put(g, 4);
    guest_put(g, FENCE_VA);
    guest_put(g, g->seqno);
    guest_put(g, pm4_type3(0x40, 1));
    guest_put(g, 0x80000000u);
}

static inline void guest_put_ib(struct guest *g, uint32_t va, uint32_t ndw)
{
    guest_put(g, pm4_type3(0x37, 2));
    guest_put(g, va);
    guest_put(g, ndw);
    guest_put(g, 0x80000000u);
}

static inline void guest_kick(struct guest *g)
{
    guest_write(g, 0x1c5, g->wptr);
}

static inline bool guest_fenced(struct guest *g)
{
    return get_le32(guest_va(g, FENCE_VA)) == g->seqno;
}

// Submits words as one indirect buffer at the heap with the kernel's tail, waits. True when fenced.
static inline bool guest_run(struct guest *g, const uint32_t *dw, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        put_le32(guest_va(g, HEAP_VA) + i * 4, dw[i]);
    }
    guest_put_ib(g, HEAP_VA, n);
    guest_put_fence(g);
    guest_kick(g);
    return vgpu_wait_idle(g->vgpu, 5000000000ull) && guest_fenced(g);
}

#endif
