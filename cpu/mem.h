// SPDX-License-Identifier: MIT
//
// Loads and stores for instruction bodies, private to this room. All take virtual addresses, obey the
// current privilege and endianness, and do not return when they fault. An aligned access to RAM that
// is in the current fast bank is done in line; everything else is in mem.c.
#ifndef CPU_MEM_H
#define CPU_MEM_H

#include <string.h>

#include "cpu/state.h"

enum { TLB_ENTRIES = 256, TLB_LARGE_ENTRIES = 4096, TLB_PAGE = 12 };
#define TLB_NONE 0xffffffffu

// How an access treats alignment.
enum mem_align {
    MEM_ANY,     // LDR, LDRH, STR...: unaligned allowed where SCTLR and the architecture say so
    MEM_ALIGNED, // LDM, LDRD, LDREX, VLDR...: always an alignment fault (v6+; word is enough for 8)
};

// Slow paths (mem.c). `size` 1, 2, 4 or 8. `user` asks for unprivileged permissions (LDRT).
uint64_t mem_load_slow(struct cpu *c, uint32_t va, unsigned size, enum mem_align align, bool user);
void mem_store_slow(struct cpu *c, uint32_t va, unsigned size, uint64_t val, enum mem_align align,
                    bool user);

static inline const struct tlb_entry *tlb_at(const struct cpu *c, uint32_t va)
{
    _Static_assert(sizeof(struct tlb_entry) == 16, "index by shift");
    return (const struct tlb_entry *)((const char *)c->tlb + (va >> (TLB_PAGE - 4) & c->tlb_mask));
}

#define TLB_MASK(size) (~0u << TLB_PAGE | ((size)-1))

#define MEM_ACCESSORS(bits_, type, align)                                                          \
    static inline type mem_ld##bits_##align(struct cpu *c, uint32_t va)                            \
    {                                                                                              \
        const struct tlb_entry *e = tlb_at(c, va);                                                 \
        if (likely((va & TLB_MASK(bits_ / 8)) == e->rtag)) {                                       \
            type v;                                                                                \
            memcpy(&v, (const void *)(e->addend + va), sizeof v);                                  \
            return v;                                                                              \
        }                                                                                          \
        return (type)mem_load_slow(c, va, bits_ / 8, MEM_##align, false);                          \
    }                                                                                              \
    static inline void mem_st##bits_##align(struct cpu *c, uint32_t va, type v)                    \
    {                                                                                              \
        const struct tlb_entry *e = tlb_at(c, va);                                                 \
        if (likely((va & TLB_MASK(bits_ / 8)) == e->wtag)) {                                       \
            memcpy((void *)(e->addend + va), &v, sizeof v);                                        \
            return;                                                                                \
        }                                                                                          \
        mem_store_slow(c, va, bits_ / 8, v, MEM_##align, false);                                   \
    }

// mem_ld32ANY(c, va), mem_st64ALIGNED(c, va, v), ... 64-bit ALIGNED needs word alignment only.
MEM_ACCESSORS(8, uint8_t, ANY)
MEM_ACCESSORS(16, uint16_t, ANY)
MEM_ACCESSORS(32, uint32_t, ANY)
MEM_ACCESSORS(64, uint64_t, ANY)
MEM_ACCESSORS(16, uint16_t, ALIGNED)
MEM_ACCESSORS(32, uint32_t, ALIGNED)
MEM_ACCESSORS(64, uint64_t, ALIGNED)

// Raises an alignment fault unless va is a multiple of `bytes` (VLD1 with an alignment specifier).
void mem_require_aligned(struct cpu *c, uint32_t va, unsigned bytes, bool write);

// Physical address of an access, for the exclusive monitor; faults as the access would.
uint32_t mem_physical(struct cpu *c, uint32_t va, bool write);

// Stores `val` if memory holds `old`, in one step for other host threads where it is RAM; `va` is a
// multiple of `size`. The conditional half of a store exclusive.
bool mem_store_exclusive(struct cpu *c, uint32_t va, unsigned size, uint64_t old, uint64_t val);
// Stores `val` and returns what was there, in one step likewise: SWP. `size` 1 or 4, `va` aligned.
uint32_t mem_exchange(struct cpu *c, uint32_t va, unsigned size, uint32_t val);

// Makes sure that [va, va + bytes) can be stored to without a fault, so that a multiple store does
// nothing before it faults. bytes <= 256.
void mem_probe_write(struct cpu *c, uint32_t va, unsigned bytes);

#endif
