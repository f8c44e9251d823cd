// SPDX-License-Identifier: MIT
//
// The GPU's own address translation (MH MMU of the a2xx, as the open kernel driver sets it up): one
// flat table with a word per 4 KiB page for the window that starts at 16 MiB; a word is the
// physical page with bit 1 readable, bit 0 writable, 0 unmapped. Behind the table lie 32 bytes that
// faulting accesses go to. Left out: everything is handed out once and never returned.
#include "a2xx_regs.gen.h"
#include "gpu.h"
#include "libc.h"

enum { VA_BASE = 0x01000000, VA_PAGES = 0xfff0, TABLE_BYTES = VA_PAGES * 4, SCRATCH_BYTES = 32 };

static uint32_t pages(uint32_t bytes)
{
    return (bytes + A2_PAGE_BYTES - 1) / A2_PAGE_BYTES;
}

static uint32_t *entry(const struct a2_gpu *gpu, uint32_t va)
{
    return (uint32_t *)(void *)gpu->mem.cpu + (va - VA_BASE) / A2_PAGE_BYTES;
}

static void invalidate(struct a2_gpu *gpu)
{
    gpu->plat->ops->barrier(gpu->plat);
    a2_write(gpu, A2_MH_MMU_INVALIDATE,
             A2_MH_MMU_INVALIDATE_INVALIDATE_ALL | A2_MH_MMU_INVALIDATE_INVALIDATE_TC);
}

bool a2_mmu_init(struct a2_gpu *gpu)
{
    uint32_t used = pages(TABLE_BYTES + SCRATCH_BYTES) * A2_PAGE_BYTES;
    if (gpu->mem.bytes < used || gpu->mem.pa % A2_PAGE_BYTES) {
        return false;
    }
    memset(gpu->mem.cpu, 0, used);
    gpu->mem_used = used;
    gpu->pages_used = 0;
    return true;
}

uint32_t a2_mmu_table_pa(const struct a2_gpu *gpu)
{
    return gpu->mem.pa;
}

uint32_t a2_mmu_scratch_pa(const struct a2_gpu *gpu)
{
    return gpu->mem.pa + TABLE_BYTES;
}

void a2_protect(struct a2_gpu *gpu, const struct a2_bo *bo, uint32_t pte)
{
    for (uint32_t at = 0; at < bo->bytes; at += A2_PAGE_BYTES) {
        *entry(gpu, bo->va + at) = pte ? (bo->pa + at) | (pte & A2_PTE_RW) : 0;
    }
    invalidate(gpu);
}

bool a2_alloc(struct a2_gpu *gpu, uint32_t bytes, uint32_t pte, struct a2_bo *bo)
{
    uint32_t n = pages(bytes);
    if (!n || n > VA_PAGES - gpu->pages_used ||
        n > (gpu->mem.bytes - gpu->mem_used) / A2_PAGE_BYTES) {
        return false;
    }
    bo->cpu = gpu->mem.cpu + gpu->mem_used;
    bo->pa = gpu->mem.pa + gpu->mem_used;
    bo->va = VA_BASE + gpu->pages_used * A2_PAGE_BYTES;
    bo->bytes = n * A2_PAGE_BYTES;
    gpu->mem_used += bo->bytes;
    gpu->pages_used += n;
    memset(bo->cpu, 0, bo->bytes);
    a2_protect(gpu, bo, pte);
    return true;
}

uint32_t a2_unmapped_va(struct a2_gpu *gpu, uint32_t bytes)
{
    uint32_t n = pages(bytes), va = VA_BASE + gpu->pages_used * A2_PAGE_BYTES;
    if (n > VA_PAGES - gpu->pages_used) {
        return 0; // nothing is ever mapped there
    }
    gpu->pages_used += n;
    return va;
}
