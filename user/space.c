// SPDX-License-Identifier: MIT
//
// The program's address space. Its 4 GiB are a reserved region of the host in which the program's
// maps are placed; translation tables (ARM DDI 0406C B3.5, small pages, identity) give each page the
// program's permissions, so that the CPU itself raises its faults. Host pages of private maps are
// always writable: only the tables and space_ptr enforce permissions.
#include "user/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define L2_PA (TABLE_PA + 0x4000)
#define L2_ROWS 0x100000u

static void put_page(struct process *p, uint32_t va, unsigned flags, bool device)
{
    // v6 form; older models read these bits as four equal subpages' permissions and C, B.
    bool old = p->cfg->model && (strstr(p->cfg->model, "arm9"));
    uint32_t d = 0;
    if (flags & (PG_R | PG_W | PG_X)) {
        uint32_t ap = flags & PG_W ? 3 : 2;
        if (old) {
            d = va | ap * 0x550 | 0xc | 2;
        } else {
            d = va | ap << 4 | 0x40 | 0xc | 2 | !(flags & PG_X);
        }
    } else if (device) {
        d = va | (old ? 0x550 : 1u << 4) | 2 | (old ? 0 : 1); // privileged only
    }
    put_le32(p->base + L2_PA + (va >> 12) * 4, d);
}

int space_init(struct process *p)
{
    p->base = mmap(NULL, 1ull << 32, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    p->pages = calloc(1u << 20, 1);
    if (p->base == MAP_FAILED || !p->pages) {
        p->base = NULL;
        return -ENOMEM;
    }
    if (mprotect(p->base + TABLE_PA, 0x4000 + L2_ROWS * 4, PROT_READ | PROT_WRITE) ||
        mprotect(p->base + VECTORS, PAGE, PROT_READ | PROT_WRITE)) {
        return -errno;
    }
    bool old = p->cfg->model && strstr(p->cfg->model, "arm9");
    for (uint32_t k = 0; k < 4096; k++) {
        put_le32(p->base + TABLE_PA + k * 4, (L2_PA + k * 0x400) | (old ? 0x11 : 1));
    }
    put_page(p, TRAP_PA, 0, true);
    put_page(p, VECTORS, PG_R | PG_X, false);
    p->mmap_next = MMAP_TOP;
    return 0;
}

void space_fini(struct process *p)
{
    if (p->base) {
        munmap(p->base, 1ull << 32);
    }
    free(p->pages);
}

void *space_ptr(struct process *p, uint32_t va, uint64_t n, bool write)
{
    uint64_t end = va + n;
    if (end > TASK_END) {
        return NULL;
    }
    for (uint64_t a = va & ~0xfffu; a < end; a += PAGE) {
        if (!(p->pages[a >> 12] & (write ? PG_W : PG_R | PG_X | PG_W))) {
            return NULL;
        }
    }
    if (write) {
        space_written(p, va, n);
    }
    return p->base + va;
}

const char *space_str(struct process *p, uint32_t va)
{
    for (uint32_t a = va;;) {
        uint32_t room = PAGE - (a & 0xfff);
        if (!space_ptr(p, a, room, false)) {
            return NULL;
        }
        if (memchr(p->base + a, 0, room)) {
            return (const char *)p->base + va;
        }
        a += room;
    }
}

void space_written(struct process *p, uint32_t va, uint64_t n)
{
    for (uint64_t a = va; a < va + n && a < TASK_END;) {
        uint64_t next = (a | 0xfff) + 1;
        next = next < va + n ? next : va + n;
        if (p->pages[a >> 12] & PG_X) {
            cpu_ram_written(p->cpu, (uint32_t)a, next - a);
        }
        a = next;
    }
}

static void set_pages(struct process *p, uint32_t va, uint32_t bytes, unsigned flags)
{
    space_written(p, va, bytes);
    for (uint32_t a = va; a - va < bytes; a += PAGE) {
        uint8_t *pg = &p->pages[a >> 12];
        p->stale_tlb |= (*pg & ~flags & (PG_R | PG_W | PG_X)) != 0;
        *pg = (uint8_t)flags;
        put_page(p, a, flags, false);
    }
}

static unsigned prot_flags(int prot)
{
    return (prot & PROT_READ ? PG_R : 0u) | (prot & PROT_WRITE ? PG_R | PG_W : 0u) |
           (prot & PROT_EXEC ? PG_X | PG_R : 0u);
}

static bool is_free(const struct process *p, uint32_t va, uint32_t bytes, uint32_t *above)
{
    for (uint32_t off = bytes; off; off -= PAGE) {
        if (p->pages[(va + off - PAGE) >> 12] & PG_USED) {
            *above = va + off - PAGE;
            return false;
        }
    }
    return true;
}

// A free hole, from the last one given downwards, then from the top again.
static uint32_t find_hole(struct process *p, uint32_t bytes)
{
    for (int again = 0; again < 2; again++) {
        uint32_t top = again ? MMAP_TOP : p->mmap_next, used = 0;
        while (top > NULL_END && top - NULL_END >= bytes) {
            if (is_free(p, top - bytes, bytes, &used)) {
                p->mmap_next = top - bytes;
                return top - bytes;
            }
            top = used;
        }
    }
    return 0;
}

int64_t space_map(struct process *p, uint32_t va, uint32_t bytes, int prot, int flags, int fd,
                  uint64_t off)
{
    bytes = (bytes + 0xfff) & ~0xfffu;
    if (!bytes || (flags & MAP_FIXED && va & 0xfff)) {
        return -EINVAL;
    }
    uint32_t used;
    bool fixed = flags & (MAP_FIXED | MAP_FIXED_NOREPLACE);
    if (fixed) {
        if (va >= TASK_END || bytes > TASK_END - va) {
            return -ENOMEM;
        }
        if (flags & MAP_FIXED_NOREPLACE && !is_free(p, va, bytes, &used)) {
            return -EEXIST;
        }
    } else {
        va &= ~0xfffu;
        if (va < NULL_END || va >= MMAP_TOP || bytes > MMAP_TOP - va ||
            !is_free(p, va, bytes, &used)) {
            va = bytes < MMAP_TOP ? find_hole(p, bytes) : 0;
            if (!va) {
                return -ENOMEM;
            }
        }
    }
    bool shared = (flags & MAP_TYPE) != MAP_PRIVATE;
    int host_prot = shared && !(flags & MAP_ANONYMOUS) ? PROT_READ | (prot & PROT_WRITE)
                                                       : PROT_READ | PROT_WRITE;
    int host_flags = (flags & (MAP_TYPE | MAP_ANONYMOUS)) | MAP_FIXED | MAP_NORESERVE;
    if (mmap(p->base + va, bytes, host_prot, host_flags, fd, (off_t)off) == MAP_FAILED) {
        return -errno;
    }
    set_pages(p, va, bytes, PG_USED | prot_flags(prot) | (shared ? PG_SHARED : 0u));
    return va;
}

int space_unmap(struct process *p, uint32_t va, uint32_t bytes)
{
    bytes = (bytes + 0xfff) & ~0xfffu;
    if (va & 0xfff || !bytes || va >= TASK_END || bytes > TASK_END - va) {
        return -EINVAL;
    }
    if (mmap(p->base + va, bytes, PROT_NONE,
             MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) == MAP_FAILED) {
        return -errno;
    }
    set_pages(p, va, bytes, 0);
    if (va < MMAP_TOP && va + bytes > p->mmap_next) {
        p->mmap_next = va + bytes < MMAP_TOP ? va + bytes : MMAP_TOP;
    }
    return 0;
}

int space_protect(struct process *p, uint32_t va, uint32_t bytes, int prot)
{
    bytes = (bytes + 0xfff) & ~0xfffu;
    if (va & 0xfff || va >= TASK_END || bytes > TASK_END - va) {
        return -EINVAL;
    }
    for (uint32_t a = va; a - va < bytes; a += PAGE) {
        if (!page_ok(p, a)) {
            return -ENOMEM;
        }
        // What a shared file map allows is the host's decision.
        if (p->pages[a >> 12] & PG_SHARED && prot & PROT_WRITE &&
            mprotect(p->base + a, PAGE, PROT_READ | PROT_WRITE)) {
            return -errno;
        }
        set_pages(p, a, PAGE, PG_USED | prot_flags(prot) | (p->pages[a >> 12] & PG_SHARED));
    }
    return 0;
}

int64_t space_remap(struct process *p, uint32_t va, uint32_t old_bytes, uint32_t new_bytes,
                    int flags, uint32_t to)
{
    old_bytes = (old_bytes + 0xfff) & ~0xfffu;
    new_bytes = (new_bytes + 0xfff) & ~0xfffu;
    if (va & 0xfff || !new_bytes || !old_bytes || va >= TASK_END || old_bytes > TASK_END - va) {
        return -EINVAL;
    }
    for (uint32_t a = va; a - va < old_bytes; a += PAGE) {
        if (!page_ok(p, a)) {
            return -EFAULT;
        }
    }
    if (!(flags & MREMAP_FIXED) && new_bytes <= old_bytes) {
        if (new_bytes < old_bytes) {
            space_unmap(p, va + new_bytes, old_bytes - new_bytes);
        }
        return va;
    }
    if (!(flags & MREMAP_MAYMOVE) || (flags & MREMAP_FIXED && (to & 0xfff || to >= TASK_END ||
                                                               new_bytes > TASK_END - to))) {
        return flags & MREMAP_MAYMOVE ? -EINVAL : -ENOMEM;
    }
    uint32_t dst = flags & MREMAP_FIXED ? to : new_bytes < MMAP_TOP ? find_hole(p, new_bytes) : 0;
    if (!dst) {
        return -ENOMEM;
    }
    unsigned fl = p->pages[va >> 12];
    if (mremap(p->base + va, old_bytes, new_bytes, MREMAP_MAYMOVE | MREMAP_FIXED, p->base + dst) ==
        MAP_FAILED) {
        return -errno;
    }
    space_unmap(p, va, old_bytes);
    set_pages(p, dst, new_bytes, fl);
    return dst;
}

uint32_t space_brk(struct process *p, uint32_t want)
{
    uint32_t old_end = (p->brk + 0xfff) & ~0xfffu, end = (want + 0xfff) & ~0xfffu, used;
    if (want < p->brk_start || want >= MMAP_TOP) {
        return p->brk;
    }
    if (end > old_end) {
        if (!is_free(p, old_end, end - old_end, &used) ||
            space_map(p, old_end, end - old_end, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) < 0) {
            return p->brk;
        }
    } else if (end < old_end) {
        uint32_t next = p->mmap_next;
        space_unmap(p, end, old_end - end);
        p->mmap_next = next;
    }
    return p->brk = want;
}
