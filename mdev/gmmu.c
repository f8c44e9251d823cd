// SPDX-License-Identifier: MIT
//
// Guest memory as a vGPU may reach it. Two steps, both enforced here and nowhere else: the guest's
// own GPU page table (MH_MMU, flat array of one word per 4 KiB page, entry = physical page | bit 1
// readable | bit 0 writable; kernel msm_gpummu.c) gives a guest-physical address, and the client's
// DMA windows give host memory. The result is cached per page and forgotten when the guest
// invalidates (MH_MMU_INVALIDATE) or the client changes its windows: exactly what a TLB may do.
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/bits.h"
#include "base/checked.h"
#include "mdev/private.h"

enum { PTE_WRITE = 1, PTE_READ = 2 };
#define UNMAP_PATIENCE_NS 3000000000ull

static uint8_t *window_lookup(struct vgpu *vgpu, uint64_t gpa, uint64_t bytes, unsigned *prot,
                              unsigned *window)
{
    uint8_t *hva = NULL;
    pthread_mutex_lock(&vgpu->dma_lock);
    for (unsigned i = 0; i < vgpu->nwindows; i++) {
        const struct dma_window *w = &vgpu->windows[i];
        if (gpa >= w->gpa && range_ok(gpa - w->gpa, bytes, w->bytes)) {
            hva = w->hva + (gpa - w->gpa);
            *prot = w->prot;
            *window = i;
            break;
        }
    }
    pthread_mutex_unlock(&vgpu->dma_lock);
    return hva;
}

// The page's translation from the guest's table, or an entry without a page.
static struct gmmu_entry walk(struct vgpu *vgpu, uint32_t va, uint32_t epoch)
{
    struct gmmu_entry e = {NULL, epoch, 0, 0};
    unsigned window = 0;
    uint32_t range = vgpu->regs[REG_MH_MMU_VA_RANGE];
    uint32_t base = range & 0xfffff000u, size = (range & 0xfff) << 16;
    uint64_t gpa = va & ~(uint64_t)(PAGE_BYTES - 1);
    unsigned prot = 0, allowed = VGPU_DMA_READ | VGPU_DMA_WRITE;

    if (vgpu->regs[REG_MH_MMU_CONFIG] & MMU_ENABLE) {
        uint64_t pte_gpa;
        const uint8_t *pte;
        uint32_t word;
        if (va < base || va - base >= size) {
            return e; // outside the range: a fault, as the driver configures every client
        }
        pte_gpa =
            (uint64_t)vgpu->regs[REG_MH_MMU_PT_BASE] + (uint64_t)((va - base) >> PAGE_SHIFT) * 4;
        pte = window_lookup(vgpu, pte_gpa & ~3ull, 4, &prot, &window);
        if (!pte || !(prot & VGPU_DMA_READ)) {
            return e;
        }
        word = get_le32(pte);
        gpa = word & 0xfffff000u;
        allowed = (word & PTE_READ ? VGPU_DMA_READ : 0u) | (word & PTE_WRITE ? VGPU_DMA_WRITE : 0u);
    }
    if (allowed) {
        e.page = window_lookup(vgpu, gpa, PAGE_BYTES, &prot, &window);
        e.prot = (uint8_t)(allowed & prot);
        e.window = (uint8_t)window;
    }
    return e;
}

static uint8_t *page_for(struct gmmu *mmu, uint32_t va, unsigned prot)
{
    uint32_t epoch = atomic_load_explicit(&mmu->vgpu->epoch, memory_order_acquire);
    struct gmmu_entry *e;

    if (!mmu->pages) {
        mmu->pages = calloc(VA_PAGES, sizeof *mmu->pages);
        if (!mmu->pages) {
            return NULL;
        }
    }
    e = &mmu->pages[va >> PAGE_SHIFT];
    if (__builtin_expect(e->epoch != epoch, 0)) {
        *e = walk(mmu->vgpu, va, epoch);
    }
    if (__builtin_expect(!e->page || (e->prot & prot) != prot, 0)) {
        if (!mmu->faulted) {
            mmu->faulted = true;
            mmu->fault_va = va;
            mmu->fault_write = prot & VGPU_DMA_WRITE;
        }
        return NULL;
    }
    return e->page;
}

static struct gmmu *from_mem(struct gpu_mem *mem)
{
    return container_of(mem, struct gmmu, mem);
}

static bool mem_read(struct gpu_mem *mem, uint32_t va, void *dst, size_t n)
{
    uint8_t *out = dst;
    size_t left = n;
    if ((uint64_t)va + n > 1ull << 32) {
        memset(dst, 0, n);
        return false;
    }
    while (left) {
        size_t in = va & (PAGE_BYTES - 1), take = PAGE_BYTES - in;
        const uint8_t *page = page_for(from_mem(mem), va, VGPU_DMA_READ);
        take = take < left ? take : left;
        if (!page) {
            memset(dst, 0, n);
            return false;
        }
        memcpy(out, page + in, take);
        out += take;
        va += (uint32_t)take;
        left -= take;
    }
    return true;
}

// Marks the page of an address that page_for has just found.
static void log_write(struct gmmu *mmu, uint32_t va)
{
    const struct gmmu_entry *e = &mmu->pages[va >> PAGE_SHIFT];
    const struct dma_window *w = &mmu->vgpu->windows[e->window];
    size_t n = (size_t)(e->page - w->hva) >> PAGE_SHIFT;
    if (w->dirty) {
        atomic_fetch_or_explicit(&w->dirty[n / 64], 1ull << n % 64, memory_order_relaxed);
    }
}

static bool mem_write(struct gpu_mem *mem, uint32_t va, const void *src, size_t n)
{
    struct gmmu *mmu = from_mem(mem);
    const uint8_t *in = src;
    if (!gmmu_reachable(mmu, va, n, VGPU_DMA_WRITE)) {
        return false;
    }
    while (n) {
        size_t off = va & (PAGE_BYTES - 1), take = PAGE_BYTES - off;
        uint8_t *page = page_for(mmu, va, VGPU_DMA_WRITE);
        take = take < n ? take : n;
        if (!page) {
            return false; // the table changed under us
        }
        if (atomic_load_explicit(&mmu->vgpu->logging, memory_order_relaxed)) {
            log_write(mmu, va);
        }
        memcpy(page + off, in, take);
        in += take;
        va += (uint32_t)take;
        n -= take;
    }
    return true;
}

static const uint8_t *mem_span(struct gpu_mem *mem, uint32_t va, size_t want, size_t *got)
{
    struct gmmu *mmu = from_mem(mem);
    const uint8_t *first = page_for(mmu, va, VGPU_DMA_READ);
    size_t n = PAGE_BYTES - (va & (PAGE_BYTES - 1));

    *got = 0;
    if (!first) {
        return NULL;
    }
    // pages that happen to be neighbours on the host extend the span
    while (n < want && (uint64_t)va + n < 1ull << 32) {
        bool had = mmu->faulted;
        const uint8_t *page = page_for(mmu, va + (uint32_t)n, VGPU_DMA_READ);
        if (!page) {
            mmu->faulted = had; // only looking ahead: not the guest's fault
            break;
        }
        if (page != first + (n + (va & (PAGE_BYTES - 1)))) {
            break;
        }
        n += PAGE_BYTES;
    }
    *got = n < want ? n : want;
    return first + (va & (PAGE_BYTES - 1));
}

static const struct gpu_mem_ops mem_ops = {.read = mem_read, .write = mem_write, .span = mem_span};

void gmmu_init(struct gmmu *mmu, struct vgpu *vgpu)
{
    *mmu = (struct gmmu){.mem = {&mem_ops}, .vgpu = vgpu};
}

void gmmu_fini(struct gmmu *mmu)
{
    free(mmu->pages);
    mmu->pages = NULL;
}

bool gmmu_clear_fault(struct gmmu *mmu, uint32_t *va, bool *write)
{
    bool was = mmu->faulted;
    *va = mmu->fault_va;
    *write = mmu->fault_write;
    mmu->faulted = false;
    return was;
}

bool gmmu_reachable(struct gmmu *mmu, uint32_t va, uint64_t bytes, unsigned prot)
{
    uint64_t end = (uint64_t)va + bytes;
    if (end > 1ull << 32) {
        return false;
    }
    for (uint64_t a = va & ~(uint64_t)(PAGE_BYTES - 1); a < end; a += PAGE_BYTES) {
        if (!page_for(mmu, (uint32_t)a, prot)) {
            return false;
        }
    }
    return true;
}

// ---- which pages the device wrote
// ------------------------------------------------------------------

static size_t dirty_words(const struct dma_window *w)
{
    return (size_t)(w->bytes / PAGE_BYTES + 63) / 64;
}

static int dirty_alloc(struct dma_window *w)
{
    w->dirty = calloc(dirty_words(w), sizeof *w->dirty);
    return w->dirty ? 0 : -ENOMEM;
}

static int nothing(void *arg, struct err *err)
{
    (void)arg, (void)err;
    return 0;
}

int vgpu_dirty_start(struct vgpu *vgpu)
{
    int rc = 0;
    if (atomic_load(&vgpu->logging)) {
        return -EBUSY;
    }
    pthread_mutex_lock(&vgpu->dma_lock);
    for (unsigned i = 0; i < vgpu->nwindows && !rc; i++) {
        rc = dirty_alloc(&vgpu->windows[i]);
    }
    atomic_store(&vgpu->logging, !rc);
    pthread_mutex_unlock(&vgpu->dma_lock);
    if (rc) {
        vgpu_dirty_stop(vgpu);
        return rc;
    }
    // a slice that began before may still write without logging: let it end
    return engine_call(vgpu->mdev, nothing, NULL, NULL);
}

void vgpu_dirty_stop(struct vgpu *vgpu)
{
    atomic_store(&vgpu->logging, false);
    engine_call(vgpu->mdev, nothing, NULL, NULL); // nobody holds a bitmap any more
    pthread_mutex_lock(&vgpu->dma_lock);
    for (unsigned i = 0; i < vgpu->nwindows; i++) {
        free(vgpu->windows[i].dirty);
        vgpu->windows[i].dirty = NULL;
    }
    pthread_mutex_unlock(&vgpu->dma_lock);
}

static uint64_t take_bit(struct dma_window *w, uint64_t page)
{
    uint64_t bit = 1ull << page % 64;
    return atomic_fetch_and(&w->dirty[page / 64], ~bit) & bit;
}

int vgpu_dirty_read(struct vgpu *vgpu, uint64_t gpa, uint64_t bytes, uint8_t *bitmap)
{
    uint64_t end;
    if (!bytes || ((gpa | bytes) & (PAGE_BYTES - 1)) || __builtin_add_overflow(gpa, bytes, &end)) {
        return -EINVAL;
    }
    if (!atomic_load(&vgpu->logging)) {
        return -ENOENT;
    }
    memset(bitmap, 0, (size_t)((bytes / PAGE_BYTES + 7) / 8));
    pthread_mutex_lock(&vgpu->dma_lock);
    for (unsigned i = 0; i < vgpu->nwindows; i++) {
        struct dma_window *w = &vgpu->windows[i];
        uint64_t from = gpa > w->gpa ? gpa : w->gpa;
        uint64_t to = end < w->gpa + w->bytes ? end : w->gpa + w->bytes;
        for (uint64_t at = from; at < to && w->dirty; at += PAGE_BYTES) {
            if (take_bit(w, (at - w->gpa) / PAGE_BYTES)) {
                uint64_t n = (at - gpa) / PAGE_BYTES;
                bitmap[n / 8] |= (uint8_t)(1u << n % 8);
            }
        }
    }
    pthread_mutex_unlock(&vgpu->dma_lock);
    return 0;
}

int vgpu_dma_map(struct vgpu *vgpu, uint64_t gpa, uint64_t bytes, void *hva, unsigned prot,
                 struct err *err)
{
    int rc = 0;
    uint64_t end;
    if (!bytes || ((gpa | bytes) & (PAGE_BYTES - 1)) || __builtin_add_overflow(gpa, bytes, &end)) {
        return err_set(err, -EINVAL, "%s: DMA window 0x%llx+0x%llx is not whole pages", vgpu->name,
                       (unsigned long long)gpa, (unsigned long long)bytes);
    }
    pthread_mutex_lock(&vgpu->dma_lock);
    for (unsigned i = 0; i < vgpu->nwindows; i++) {
        const struct dma_window *w = &vgpu->windows[i];
        if (gpa < w->gpa + w->bytes && w->gpa < end) {
            rc = err_set(err, -EEXIST, "%s: DMA window 0x%llx+0x%llx overlaps one at 0x%llx",
                         vgpu->name, (unsigned long long)gpa, (unsigned long long)bytes,
                         (unsigned long long)w->gpa);
        }
    }
    if (!rc && vgpu->nwindows == ARRAY_LEN(vgpu->windows)) {
        rc = err_set(err, -ENOSPC, "%s: more than %zu DMA windows", vgpu->name,
                     ARRAY_LEN(vgpu->windows));
    }
    if (!rc) {
        struct dma_window w = {gpa, bytes, hva, prot, NULL};
        rc = atomic_load(&vgpu->logging) ? dirty_alloc(&w) : 0;
        if (!rc) {
            vgpu->windows[vgpu->nwindows++] = w;
        } else {
            err_set(err, rc, "%s: no memory for a log of writes", vgpu->name);
        }
    }
    pthread_mutex_unlock(&vgpu->dma_lock);
    atomic_fetch_add(&vgpu->epoch, 1);
    return rc;
}

int vgpu_dma_unmap(struct vgpu *vgpu, uint64_t gpa, uint64_t bytes)
{
    int rc = -ENOENT;
    // nobody may hold a pointer into the window any more; work that has nothing to do with it ends
    // in peace, as far as a client's patience goes
    if (!vgpu_wait_idle(vgpu, UNMAP_PATIENCE_NS)) {
        engine_cancel(vgpu);
    }
    pthread_mutex_lock(&vgpu->dma_lock);
    for (unsigned i = 0; i < vgpu->nwindows; i++) {
        if (vgpu->windows[i].gpa == gpa && vgpu->windows[i].bytes == bytes) {
            free(vgpu->windows[i].dirty);
            vgpu->windows[i] = vgpu->windows[--vgpu->nwindows];
            rc = 0;
            break;
        }
    }
    pthread_mutex_unlock(&vgpu->dma_lock);
    atomic_fetch_add(&vgpu->epoch, 1);
    return rc;
}
