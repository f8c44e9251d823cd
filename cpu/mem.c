// SPDX-License-Identifier: MIT
//
// Everything about a load or store that the in-line path does not do: alignment rules of each
// architecture, page crossings, big-endian data (BE-8 and BE-32), devices, aborts, watchpoints, and
// stores to pages that hold decoded code (ARM DDI 0406C A3.2, DDI 0100I A2.7).
#include "cpu/mem.h"

#include "cpu/code.h"
#include "cpu/debug.h"
#include "cpu/exc.h"
#include "cpu/interp.h"
#include "cpu/mmu_int.h"
#include "cpu/models.h"
#include "cpu/sysreg.h"

static uint64_t host_load(const uint8_t *p, unsigned size)
{
    switch (size) {
    case 1:
        return *p;
    case 2:
        return get_le16(p);
    case 4:
        return get_le32(p);
    default:
        return get_le64(p);
    }
}

static void host_store(uint8_t *p, unsigned size, uint64_t v)
{
    switch (size) {
    case 1:
        *p = (uint8_t)v;
        break;
    case 2:
        put_le16(p, (uint16_t)v);
        break;
    case 4:
        put_le32(p, (uint32_t)v);
        break;
    default:
        put_le64(p, v);
        break;
    }
}

static uint64_t swap(uint64_t v, unsigned size)
{
    switch (size) {
    case 1:
        return v;
    case 2:
        return __builtin_bswap16((uint16_t)v);
    case 4:
        return __builtin_bswap32((uint32_t)v);
    default:
        return __builtin_bswap64(v);
    }
}

// SCTLR.B: bytes and halfwords sit elsewhere within the word.
static bool be32(const struct cpu *c)
{
    return c->cp15[CP15_SCTLR] & SCTLR_B && c->model->arch < 7;
}

static void translate(struct cpu *c, uint32_t va, enum cpu_access access, bool user, struct xlat *x)
{
    mmu_translate(c, va, access, !user && cpu_privileged(c), x);
    if (unlikely(x->fs)) {
        exc_data_abort(c, va, x->fs, x->domain, access == CPU_WRITE);
    }
}

// After a device was touched: what it changed (lines, mappings) is seen before the next instruction. A
// switched MMU alone waits for the branch: instructions that were fetched before it still run.
static void after_device(struct cpu *c)
{
    unsigned why = atomic_load_explicit(&c->attention, memory_order_relaxed);
    if (c->model->quirks & MODEL_FETCH_AHEAD) {
        why &= ~(unsigned)ATTN_REFETCH;
    }
    if (why) {
        exec_resync(c, c->cur);
    }
}

static uint64_t device_load(struct cpu *c, uint32_t va, const struct xlat *x, unsigned size)
{
    uint64_t v = 0;
    if (size == 8) {
        struct xlat hi = *x;
        hi.pa += 4;
        uint64_t lo = device_load(c, va, x, 4);
        return lo | device_load(c, va + 4, &hi, 4) << 32;
    }
    c->counters.mmio_reads++;
    if (c->bus->read(c->bus, x->pa, size, &v) != CPU_BUS_OK) {
        exc_data_abort(c, va, FS_EXTERNAL, x->domain, false);
    }
    after_device(c);
    return v;
}

static void device_store(struct cpu *c, uint32_t va, const struct xlat *x, unsigned size, uint64_t v)
{
    if (size == 8) {
        struct xlat hi = *x;
        hi.pa += 4;
        device_store(c, va, x, 4, v & 0xffffffff);
        device_store(c, va + 4, &hi, 4, v >> 32);
        return;
    }
    c->counters.mmio_writes++;
    if (c->bus->write(c->bus, x->pa, size, v) != CPU_BUS_OK) {
        exc_data_abort(c, va, FS_EXTERNAL, x->domain, true);
    }
    after_device(c);
}

// Aligned to its size (8: to 4), or unaligned within one page of normal memory.
static uint64_t load_piece(struct cpu *c, uint32_t va, unsigned size, bool user, bool unaligned)
{
    struct xlat x;
    translate(c, va, CPU_READ, user, &x);
    if (unaligned && x.device) {
        exc_data_abort(c, va, FS_ALIGN, x.domain, false);
    }
    const uint8_t *host = mmu_ram(c, x.pa, NULL);
    if (likely(host)) {
        if (!user) {
            mmu_fill(c, va, &x, CPU_READ);
        }
        return host_load(host, size);
    }
    if (unaligned) { // normal memory, but no RAM: byte by byte
        uint64_t v = 0;
        for (unsigned k = 0; k < size; k++) {
            struct xlat b = x;
            b.pa += k;
            v |= device_load(c, va + k, &b, 1) << (8 * k);
        }
        return v;
    }
    return device_load(c, va, &x, size);
}

// Memory changed: drop what was decoded from it before the next instruction.
static void ram_stored(struct cpu *c, uint8_t *host, uint32_t pa, unsigned size)
{
    uint8_t *page = host - (pa & 0xfff);
    if (unlikely(code_watched(c, page))) {
        struct insn *cur = (struct insn *)(uintptr_t)c->cur;
        uint32_t it = cur->it;
        if (code_written(c, page, pa & 0xfff, size)) {
            cur->it = it & 0xff;
            exec_resync(c, cur);
            cur->it = cur->fn == op_decode ? 0 : it & 0xff;
        }
    }
}

static void ram_store(struct cpu *c, uint8_t *host, uint32_t pa, unsigned size, uint64_t v)
{
    host_store(host, size, v);
    ram_stored(c, host, pa, size);
}

static void store_piece(struct cpu *c, uint32_t va, unsigned size, uint64_t v, bool user,
                        bool unaligned)
{
    struct xlat x;
    const struct ram_window *win;
    translate(c, va, CPU_WRITE, user, &x);
    if (unaligned && x.device) {
        exc_data_abort(c, va, FS_ALIGN, x.domain, true);
    }
    uint8_t *host = mmu_ram(c, x.pa, &win);
    if (likely(host && !(win->flags & CPU_RAM_READONLY))) {
        if (!user) {
            mmu_fill(c, va, &x, CPU_WRITE);
        }
        ram_store(c, host, x.pa, size, v);
        return;
    }
    if (unaligned) {
        for (unsigned k = 0; k < size; k++) {
            struct xlat b = x;
            b.pa += k;
            device_store(c, va + k, &b, 1, v >> (8 * k) & 0xff);
        }
        return;
    }
    device_store(c, va, &x, size, v);
}

// Faults unless this unaligned access is allowed. Returns false for the old cores' way: force the
// address down.
static bool may_be_unaligned(struct cpu *c, uint32_t va, unsigned size, enum mem_align align,
                             bool write)
{
    uint32_t sctlr = c->cp15[CP15_SCTLR];
    unsigned need = size == 8 && align == MEM_ALIGNED ? 4 : size;
    bool v6 = c->model->arch >= 7 || (c->model->arch == 6 && sctlr & SCTLR_U);
    if (!(va & (need - 1))) {
        return true;
    }
    if (sctlr & SCTLR_A || (v6 && align == MEM_ALIGNED)) {
        struct xlat x;
        // The domain is only known when the address translates.
        mmu_translate(c, va, write ? CPU_WRITE : CPU_READ, cpu_privileged(c), &x);
        exc_data_abort(c, va, FS_ALIGN, x.domain, write);
    }
    return v6;
}

uint64_t mem_load_slow(struct cpu *c, uint32_t va, unsigned size, enum mem_align align, bool user)
{
    if (unlikely(c->debug)) {
        debug_access(c, va, size, false);
    }
    uint64_t v;
    if (likely(!(va & (size - 1)))) {
        if (unlikely(be32(c))) {
            if (size == 8) {
                return load_piece(c, va, 4, user, false) |
                       load_piece(c, va + 4, 4, user, false) << 32;
            }
            return load_piece(c, va ^ (4 - size), size, user, false);
        }
        v = load_piece(c, va, size, user, false);
    } else if (!may_be_unaligned(c, va, size, align, false)) {
        uint32_t low = va & ~(size == 8 ? 3u : size - 1);
        v = size == 8 ? load_piece(c, low, 4, user, false) |
                            load_piece(c, low + 4, 4, user, false) << 32
                      : load_piece(c, be32(c) ? low ^ (4 - size) : low, size, user, false);
        if (align == MEM_ANY && size == 4) {
            v = ror32((uint32_t)v, 8 * (va & 3));
        } else if (align == MEM_ANY && size == 2) {
            // ARM920T rotates the halfword's bytes into place; elsewhere UNPREDICTABLE.
            v = ror32((uint32_t)v, 8) & 0xffffffff;
        }
        return v;
    } else if (size == 8 && !(va & 3)) {
        v = load_piece(c, va, 4, user, false);
        v |= load_piece(c, va + 4, 4, user, false) << 32;
    } else if ((va & 0xfff) + size <= 0x1000) {
        v = load_piece(c, va, size, user, true);
    } else {
        v = 0;
        for (unsigned k = 0; k < size; k++) {
            v |= load_piece(c, va + k, 1, user, true) << (8 * k);
        }
    }
    return c->psr_e ? swap(v, size) : v;
}

void mem_store_slow(struct cpu *c, uint32_t va, unsigned size, uint64_t val, enum mem_align align,
                    bool user)
{
    if (unlikely(c->debug)) {
        debug_access(c, va, size, true);
    }
    if (c->psr_e) {
        val = swap(val, size);
    }
    if (likely(!(va & (size - 1)))) {
        if (unlikely(be32(c))) {
            if (size == 8) {
                store_piece(c, va, 4, val & 0xffffffff, user, false);
                store_piece(c, va + 4, 4, val >> 32, user, false);
                return;
            }
            va ^= 4 - size;
        }
        store_piece(c, va, size, val, user, false);
    } else if (!may_be_unaligned(c, va, size, align, true)) {
        uint32_t low = va & ~(size == 8 ? 3u : size - 1);
        if (size == 8) {
            store_piece(c, low, 4, val & 0xffffffff, user, false);
            store_piece(c, low + 4, 4, val >> 32, user, false);
        } else {
            store_piece(c, be32(c) ? low ^ (4 - size) : low, size, val, user, false);
        }
    } else if (size == 8 && !(va & 3) && (va & 0xfff) + size <= 0x1000) {
        store_piece(c, va, 4, val & 0xffffffff, user, false);
        store_piece(c, va + 4, 4, val >> 32, user, false);
    } else if ((va & 0xfff) + size <= 0x1000) {
        store_piece(c, va, size, val, user, true);
    } else {
        // Both pages must be writable before either changes.
        struct xlat x;
        translate(c, va, CPU_WRITE, user, &x);
        translate(c, (va & ~0xfffu) + 0x1000, CPU_WRITE, user, &x);
        for (unsigned k = 0; k < size; k++) {
            store_piece(c, va + k, 1, val >> (8 * k) & 0xff, user, va & 3);
        }
    }
}

// ---- read and write in one step --------------------------------------------------------------------

// The host's place of an aligned datum that is RAM and little endian, or NULL: then a load and a store
// must do, which only one core can see.
static uint8_t *whole(struct cpu *c, uint32_t va, uint32_t *pa)
{
    struct xlat x;
    const struct ram_window *win;
    if (c->psr_e || be32(c) || c->debug) {
        return NULL;
    }
    translate(c, va, CPU_WRITE, false, &x);
    uint8_t *host = mmu_ram(c, x.pa, &win);
    *pa = x.pa;
    return host && !(win->flags & CPU_RAM_READONLY) ? host : NULL;
}

#define SWAP_IF(type)                                                                              \
    {                                                                                              \
        type expect = (type)old;                                                                   \
        done = __atomic_compare_exchange_n((type *)(void *)host, &expect, (type)val, false,        \
                                           __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                    \
        break;                                                                                     \
    }

bool mem_store_exclusive(struct cpu *c, uint32_t va, unsigned size, uint64_t old, uint64_t val)
{
    uint32_t pa;
    bool done;
    uint8_t *host = whole(c, va, &pa);
    if (!host) {
        if (size == 8) {
            mem_st32ALIGNED(c, va, (uint32_t)val);
            mem_st32ALIGNED(c, va + 4, (uint32_t)(val >> 32));
        } else {
            mem_store_slow(c, va, size, val, MEM_ALIGNED, false);
        }
        return true;
    }
    switch (size) {
    case 1:
        SWAP_IF(uint8_t)
    case 2:
        SWAP_IF(uint16_t)
    case 4:
        SWAP_IF(uint32_t)
    default:
        SWAP_IF(uint64_t)
    }
    if (done) {
        ram_stored(c, host, pa, size);
    }
    return done;
}

uint32_t mem_exchange(struct cpu *c, uint32_t va, unsigned size, uint32_t val)
{
    uint32_t pa, old;
    uint8_t *host = whole(c, va, &pa);
    if (!host) {
        old = (uint32_t)mem_load_slow(c, va, size, MEM_ANY, false);
        mem_store_slow(c, va, size, val, MEM_ANY, false);
        return old;
    }
    if (size == 1) {
        old = __atomic_exchange_n(host, (uint8_t)val, __ATOMIC_SEQ_CST);
    } else {
        old = __atomic_exchange_n((uint32_t *)(void *)host, val, __ATOMIC_SEQ_CST);
    }
    ram_stored(c, host, pa, size);
    return old;
}

void mem_require_aligned(struct cpu *c, uint32_t va, unsigned bytes, bool write)
{
    if (va & (bytes - 1)) {
        struct xlat x;
        mmu_translate(c, va, write ? CPU_WRITE : CPU_READ, cpu_privileged(c), &x);
        exc_data_abort(c, va, FS_ALIGN, x.domain, write);
    }
}

uint32_t mem_physical(struct cpu *c, uint32_t va, bool write)
{
    struct xlat x;
    translate(c, va, write ? CPU_WRITE : CPU_READ, false, &x);
    return x.pa;
}

void mem_probe_write(struct cpu *c, uint32_t va, unsigned bytes)
{
    struct xlat x;
    uint32_t last = va + bytes - 1;
    if (!bytes || !((va ^ last) & ~0xfffu)) {
        return; // the first access itself faults before anything changed
    }
    translate(c, va, CPU_WRITE, false, &x);
    translate(c, last & ~0xfffu, CPU_WRITE, false, &x);
}

// ---- instruction fetch outside the cache ----------------------------------------------------------

static uint32_t fetch(struct cpu *c, uint32_t va, uint32_t pc, unsigned size)
{
    struct xlat x;
    mmu_translate(c, va, CPU_FETCH, cpu_privileged(c), &x);
    if (x.fs) {
        exc_prefetch_abort(c, pc, va, x.fs, x.domain);
    }
    const uint8_t *host = mmu_ram(c, x.pa, NULL);
    if (host) {
        return (uint32_t)host_load(host, size);
    }
    uint64_t v = 0;
    if (c->bus->read(c->bus, x.pa, size, &v) != CPU_BUS_OK) {
        exc_prefetch_abort(c, pc, va, FS_EXTERNAL, x.domain);
    }
    return (uint32_t)v;
}

uint16_t code_fetch_half(struct cpu *c, uint32_t va, uint32_t pc)
{
    return (uint16_t)fetch(c, be32(c) ? va ^ 2 : va, pc, 2);
}

uint32_t code_fetch_word(struct cpu *c, uint32_t va)
{
    return fetch(c, va, va, 4);
}
