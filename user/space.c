// SPDX-License-Identifier: MIT
//
// The program's address space. Its 4 GiB are a reserved region of the host in which the program's
// maps are placed; translation tables (ARM DDI 0406C B3.5, small pages, identity) give each page the
// program's permissions, so that the CPU itself raises its faults. Host pages of private maps are
// always writable: only the tables and space_ptr enforce permissions. New pages need nobody's
// attention; what takes a page or a permission away happens while no thread is inside its CPU.
#include "user/process.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/shm.h>

#define L2_PA (TABLE_PA + 0x4000)
#define L2_ROWS 0x100000u

static void put_page(struct process *p, uint32_t va, unsigned flags)
{
    // v6 form; older models read these bits as four equal subpages' permissions and C, B.
    bool old = !p->v6;
    uint32_t d = 0;
    if (flags & (PG_R | PG_W | PG_X)) {
        uint32_t ap = flags & PG_W ? 3 : 2;
        if (old) {
            d = va | ap * 0x550 | 0xc | 2;
        } else {
            d = va | ap << 4 | 0x40 | 0xc | 2 | !(flags & PG_X);
        }
    }
    put_le32(p->base + L2_PA + (va >> 12) * 4, d);
}

int space_init(struct process *p)
{
    p->base = mmap(NULL, 1ull << 32, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    p->pages = calloc(1u << 20, sizeof *p->pages);
    if (p->base == MAP_FAILED || !p->pages) {
        p->base = NULL;
        return -ENOMEM;
    }
    if (mprotect(p->base + TABLE_PA, 0x4000 + L2_ROWS * 4, PROT_READ | PROT_WRITE)) {
        return -errno;
    }
    bool old = !p->v6;
    for (uint32_t k = 0; k < 4096; k++) {
        put_le32(p->base + TABLE_PA + k * 4, (L2_PA + k * 0x400) | (old ? 0x11 : 1));
    }
    put_page(p, VECTORS, PG_R | PG_X);
    p->mmap_next = MMAP_TOP;
    return 0;
}

void space_fini(struct process *p)
{
    if (p->base) {
        munmap(p->base, 1ull << 32);
    }
    free((void *)p->pages);
}

void *space_ptr(struct thread *t, uint32_t va, uint64_t n, bool write)
{
    const struct process *p = t->p;
    uint64_t end = va + n;
    if (end > TASK_END) {
        return NULL;
    }
    for (uint64_t a = va & ~0xfffu; a < end; a += PAGE) {
        if (!(page_flags(p, (uint32_t)a) & (write ? PG_W : PG_R | PG_X | PG_W))) {
            return NULL;
        }
    }
    if (write) {
        space_written(t, va, n);
    }
    return p->base + va;
}

const char *space_str(struct thread *t, uint32_t va)
{
    const struct process *p = t->p;
    for (uint32_t a = va;;) {
        uint32_t room = PAGE - (a & 0xfff);
        if (!space_ptr(t, a, room, false)) {
            return NULL;
        }
        if (memchr(p->base + a, 0, room)) {
            return (const char *)p->base + va;
        }
        a += room;
    }
}

// Every CPU forgets what it decoded from pages of the range that hold code. The world is stopped.
static void code_changed(struct process *p, uint32_t va, uint64_t n)
{
    for (uint64_t a = va; a < va + n && a < TASK_END;) {
        uint64_t next = (a | 0xfff) + 1;
        next = next < va + n ? next : va + n;
        if (page_flags(p, (uint32_t)a) & PG_X) {
            for (struct thread *t = p->threads; t; t = t->next) {
                cpu_ram_written(t->cpu, (uint32_t)a, next - a);
            }
        }
        a = next;
    }
}

void space_written(struct thread *t, uint32_t va, uint64_t n)
{
    struct process *p = t->p;
    bool code = false;
    for (uint64_t a = va & ~0xfffu; a < va + n && a < TASK_END && !code; a += PAGE) {
        code = page_flags(p, (uint32_t)a) & PG_X;
    }
    if (code) {
        pthread_mutex_lock(&p->lock);
        world_stop(p, t);
        code_changed(p, va, n);
        world_go(p);
        pthread_mutex_unlock(&p->lock);
    }
}

// Before a change that may take something away: nobody runs. Ends with end_change.
static void begin_change(struct process *p, const struct thread *t, bool takes)
{
    pthread_mutex_lock(&p->lock);
    if (takes && t) {
        world_stop(p, t);
    }
}

static void end_change(struct process *p)
{
    world_go(p);
    pthread_mutex_unlock(&p->lock);
}

static void set_pages(struct process *p, uint32_t va, uint32_t bytes, unsigned flags)
{
    bool taken = false;
    code_changed(p, va, bytes);
    for (uint32_t a = va; a - va < bytes; a += PAGE) {
        taken |= (page_flags(p, a) & ~flags & (PG_R | PG_W | PG_X)) != 0;
        atomic_store_explicit(&p->pages[a >> 12], (uint8_t)flags, memory_order_relaxed);
        put_page(p, a, flags);
    }
    for (struct thread *t = p->threads; taken && t; t = t->next) {
        t->stale = true;
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
        if (page_flags(p, va + off - PAGE) & PG_USED) {
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

static int64_t map(struct process *p, uint32_t va, uint32_t bytes, int prot, int flags, int fd,
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

int64_t space_map(struct process *p, struct thread *t, uint32_t va, uint32_t bytes, int prot,
                  int flags, int fd, uint64_t off)
{
    begin_change(p, t, flags & MAP_FIXED);
    int64_t rc = map(p, va, bytes, prot, flags, fd, off);
    end_change(p);
    return rc;
}

static int unmap(struct process *p, uint32_t va, uint32_t bytes)
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

int space_unmap(struct process *p, struct thread *t, uint32_t va, uint32_t bytes)
{
    begin_change(p, t, true);
    int rc = unmap(p, va, bytes);
    end_change(p);
    return rc;
}

static int protect(struct process *p, uint32_t va, uint32_t bytes, int prot)
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
        if (page_flags(p, a) & PG_SHARED && prot & PROT_WRITE &&
            mprotect(p->base + a, PAGE, PROT_READ | PROT_WRITE)) {
            return -errno;
        }
    }
    for (uint32_t a = va, n; a - va < bytes; a += n) {
        unsigned shared = page_flags(p, a) & PG_SHARED;
        for (n = PAGE; a + n - va < bytes && (page_flags(p, a + n) & PG_SHARED) == shared;) {
            n += PAGE;
        }
        set_pages(p, a, n, PG_USED | prot_flags(prot) | shared);
    }
    return 0;
}

int space_protect(struct process *p, struct thread *t, uint32_t va, uint32_t bytes, int prot)
{
    begin_change(p, t, (prot & (PROT_READ | PROT_WRITE | PROT_EXEC)) !=
                           (PROT_READ | PROT_WRITE | PROT_EXEC));
    int rc = protect(p, va, bytes, prot);
    end_change(p);
    return rc;
}

static int64_t remap(struct process *p, uint32_t va, uint32_t old_bytes, uint32_t new_bytes,
                     int flags, uint32_t to)
{
    old_bytes = (old_bytes + 0xfff) & ~0xfffu;
    new_bytes = (new_bytes + 0xfff) & ~0xfffu;
    bool keep = flags & MREMAP_DONTUNMAP;
    if (va & 0xfff || !new_bytes || !old_bytes || va >= TASK_END || old_bytes > TASK_END - va ||
        flags & ~(MREMAP_MAYMOVE | MREMAP_FIXED | MREMAP_DONTUNMAP) ||
        (keep && (!(flags & MREMAP_MAYMOVE) || old_bytes != new_bytes))) {
        return -EINVAL;
    }
    if (flags & MREMAP_FIXED && to < (uint64_t)va + old_bytes && va < (uint64_t)to + new_bytes) {
        return -EINVAL;
    }
    for (uint32_t a = va; a - va < old_bytes; a += PAGE) {
        if (!page_ok(p, a)) {
            return -EFAULT;
        }
    }
    if (!(flags & MREMAP_FIXED) && !keep && new_bytes <= old_bytes) {
        if (new_bytes < old_bytes) {
            unmap(p, va + new_bytes, old_bytes - new_bytes);
        }
        return va;
    }
    // In place when there is room behind.
    uint32_t used, more = new_bytes > old_bytes ? new_bytes - old_bytes : 0;
    if (!(flags & MREMAP_FIXED) && !keep && va + old_bytes < MMAP_TOP && more <= MMAP_TOP - va - old_bytes &&
        is_free(p, va + old_bytes, more, &used)) {
        // The hole is reserved by a map of ours, which must go first.
        unsigned same = page_flags(p, va);
        if (!munmap(p->base + va + old_bytes, more)) {
            if (mremap(p->base + va, old_bytes, new_bytes, 0) != MAP_FAILED) {
                set_pages(p, va + old_bytes, more, same);
                return va;
            }
            (void)!mmap(p->base + va + old_bytes, more, PROT_NONE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0);
        }
    }
    if (!(flags & MREMAP_MAYMOVE) || (flags & MREMAP_FIXED && (to & 0xfff || to >= TASK_END ||
                                                               new_bytes > TASK_END - to))) {
        return flags & MREMAP_MAYMOVE ? -EINVAL : -ENOMEM;
    }
    uint32_t dst = flags & MREMAP_FIXED ? to : new_bytes < MMAP_TOP ? find_hole(p, new_bytes) : 0;
    if (!dst) {
        return -ENOMEM;
    }
    unsigned fl = page_flags(p, va);
    if (mremap(p->base + va, old_bytes, new_bytes,
               MREMAP_MAYMOVE | MREMAP_FIXED | (keep ? MREMAP_DONTUNMAP : 0), p->base + dst) ==
        MAP_FAILED) {
        return -errno;
    }
    if (!keep) {
        unmap(p, va, old_bytes);
    }
    set_pages(p, dst, new_bytes, fl);
    return dst;
}

int64_t space_remap(struct process *p, struct thread *t, uint32_t va, uint32_t old_bytes,
                    uint32_t new_bytes, int flags, uint32_t to)
{
    begin_change(p, t, true);
    int64_t rc = remap(p, va, old_bytes, new_bytes, flags, to);
    end_change(p);
    return rc;
}

int64_t space_attach(struct process *p, struct thread *t, int id, uint32_t va, uint32_t bytes,
                     int flags)
{
    bytes = (bytes + 0xfff) & ~0xfffu;
    begin_change(p, t, true);
    uint32_t used;
    int64_t rc = -ENOMEM;
    if (!va) {
        va = bytes && bytes < MMAP_TOP ? find_hole(p, bytes) : 0;
    } else if (va & 0xfff || va >= MMAP_TOP || bytes > MMAP_TOP - va || !is_free(p, va, bytes, &used)) {
        va = 0;
        rc = -EINVAL;
    }
    if (va) {
        rc = va;
        if (shmat(id, p->base + va, flags | SHM_REMAP) == (void *)-1) {
            rc = -errno;
        } else {
            set_pages(p, va, bytes, PG_USED | PG_SHARED | PG_R | (flags & SHM_RDONLY ? 0u : PG_W));
        }
    }
    end_change(p);
    return rc;
}

static uint32_t set_brk(struct process *p, uint32_t want)
{
    uint32_t old_end = (p->brk + 0xfff) & ~0xfffu, end = (want + 0xfff) & ~0xfffu, used;
    if (want < p->brk_start || want >= MMAP_TOP) {
        return p->brk;
    }
    if (end > old_end) {
        if (!is_free(p, old_end, end - old_end, &used) ||
            map(p, old_end, end - old_end, PROT_READ | PROT_WRITE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) < 0) {
            return p->brk;
        }
    } else if (end < old_end) {
        uint32_t next = p->mmap_next;
        unmap(p, end, old_end - end);
        p->mmap_next = next;
    }
    return p->brk = want;
}

uint32_t space_brk(struct process *p, struct thread *t, uint32_t want)
{
    begin_change(p, t, want < p->brk);
    uint32_t rc = set_brk(p, want);
    end_change(p);
    return rc;
}
