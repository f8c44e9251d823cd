// SPDX-License-Identifier: MIT
//
// Advanced SIMD element and structure loads and stores (ARM DDI 0406C A7.7 and A8.8.320-331,
// 404-411): VLD1-4 and VST1-4 of whole registers, of one lane, and to all lanes. Memory is read
// completely before a register changes, and probed before a store that takes more than one access.
// The PC as base and register lists past D31 (UNPREDICTABLE) are UNDEFINED.
#include "cpu/isa_protos.h"
#include "cpu/mem.h"
#include "cpu/neon.h"

// ---- memory to a buffer of elements and back -----------------------------------------------------------

// Host memory for [va, va + bytes) if one page of the fast bank holds it and no check remains.
// Unaligned elements are legal while SCTLR.A is 0.
static inline u8 *fast_span(const struct cpu *c, u32 va, unsigned bytes, unsigned size, bool write)
{
    const struct tlb_entry *e = tlb_at(c, va);
    u32 tag = write ? e->wtag : e->rtag;
    bool inside = (va & ((1u << TLB_PAGE) - 1)) + bytes <= 1u << TLB_PAGE;
    bool aligned = !(va & ((1u << size) - 1)) || !(c->cp15[CP15_SCTLR] & 2);
    if ((va & TLB_MASK(1)) != tag || !inside || !aligned) {
        return NULL;
    }
    return (u8 *)(e->addend + va);
}

static void fetch_slow(struct cpu *c, u32 va, u8 *buf, unsigned bytes, unsigned size)
{
    for (unsigned k = 0; k < bytes; k += 1u << size) {
        switch (size) {
        case 0:
            buf[k] = mem_ld8ANY(c, va + k);
            break;
        case 1: {
            u16 v = mem_ld16ANY(c, va + k);
            memcpy(buf + k, &v, 2);
            break;
        }
        case 2: {
            u32 v = mem_ld32ANY(c, va + k);
            memcpy(buf + k, &v, 4);
            break;
        }
        default: {
            u64 v = mem_ld64ANY(c, va + k);
            memcpy(buf + k, &v, 8);
            break;
        }
        }
    }
}

static void store_slow(struct cpu *c, u32 va, const u8 *buf, unsigned bytes, unsigned size)
{
    if (bytes > 1u << size) {
        mem_probe_write(c, va, bytes);
    }
    for (unsigned k = 0; k < bytes; k += 1u << size) {
        switch (size) {
        case 0:
            mem_st8ANY(c, va + k, buf[k]);
            break;
        case 1: {
            u16 v;
            memcpy(&v, buf + k, 2);
            mem_st16ANY(c, va + k, v);
            break;
        }
        case 2: {
            u32 v;
            memcpy(&v, buf + k, 4);
            mem_st32ANY(c, va + k, v);
            break;
        }
        default: {
            u64 v;
            memcpy(&v, buf + k, 8);
            mem_st64ANY(c, va + k, v);
            break;
        }
        }
    }
}

static inline void fetch(struct cpu *c, u32 va, u8 *buf, unsigned bytes, unsigned size)
{
    const u8 *host = fast_span(c, va, bytes, size, false);
    if (likely(host != NULL)) {
        memcpy(buf, host, bytes);
    } else {
        fetch_slow(c, va, buf, bytes, size);
    }
}

static inline void store(struct cpu *c, u32 va, const u8 *buf, unsigned bytes, unsigned size)
{
    u8 *host = fast_span(c, va, bytes, size, true);
    if (likely(host != NULL)) {
        memcpy(host, buf, bytes);
    } else {
        store_slow(c, va, buf, bytes, size);
    }
}

// ---- operands ----------------------------------------------------------------------------------------------

// imm: alignment in bytes (bits 7:0), element size as a power of two (9:8), elements in a structure
// less one (11:10), register step (14:12), registers an element (17:15), lane (20:18).
struct access {
    unsigned align, size, structure, step, regs, lane;
};

static inline struct access unpack(u32 imm)
{
    return (struct access){imm & 255,           imm >> 8 & 3,  (imm >> 10 & 3) + 1,
                           imm >> 12 & 7, imm >> 15 & 7, imm >> 18 & 7};
}

static u32 pack(const struct access *a)
{
    return a->align | a->size << 8 | (a->structure - 1) << 10 | a->step << 12 | a->regs << 15 |
           a->lane << 18;
}

static inline u32 element_address(struct cpu *c, const struct insn *i, const struct access *a,
                                  bool write)
{
    u32 va = c->r[i->rn];
    if (a->align > 1 && unlikely(va & (a->align - 1))) {
        mem_require_aligned(c, va, a->align, write);
    }
    return va;
}

// fast_span for an aligned address with nothing left to check; i->imm is `imm`.
static inline u8 *aligned_span(const struct cpu *c, u32 va, u32 imm, unsigned bytes, bool write)
{
    u32 mask = ((imm & 255) - 1) | ((1u << (imm >> 8 & 3)) - 1); // alignment asked for, element size
    const struct tlb_entry *e = tlb_at(c, va);
    u32 tag = write ? e->wtag : e->rtag;
    bool inside = (va & ((1u << TLB_PAGE) - 1)) + bytes <= 1u << TLB_PAGE;
    if ((va & (~0u << TLB_PAGE | mask)) != tag || !inside || !c->neon_on) {
        return NULL;
    }
    return (u8 *)(e->addend + va);
}

// Rm 15: no write back; 13: by the bytes moved; else by a register.
static inline void write_back(struct cpu *c, const struct insn *i, u32 va, unsigned bytes)
{
    if (i->rm != 15) {
        c->r[i->rn] = va + (i->rm == 13 ? bytes : c->r[i->rm]);
    }
}

// Last register used: first + (structure - 1) * step + regs - 1.
static enum prep set_operands(struct decode *d, const struct access *a)
{
    d->i->rd = vfp_double(d, 'd', 'D');
    d->i->rn = (u8)fld(d, 'n');
    d->i->rm = (u8)fld(d, 'm');
    d->i->imm = pack(a);
    bool fits = d->i->rd + (a->structure - 1) * a->step + a->regs <= 32;
    return d->i->rn == 15 || !fits ? PREP_UNDEF : PREP_OK;
}

// ---- whole registers ----------------------------------------------------------------------------------------

// One register a structure element, consecutive bytes: by register count, so that the copy has a
// size that the compiler knows.
#define CONSECUTIVE(regs_)                                                                         \
    static NOINLINE void vld1_##regs_##_slow(struct cpu *c, const struct insn *i)                  \
    {                                                                                              \
        neon_require(c);                                                                           \
        struct access a = unpack(i->imm);                                                          \
        u32 va = element_address(c, i, &a, false);                                                 \
        u8 buf[8 * regs_];                                                                         \
        fetch(c, va, buf, sizeof buf, a.size);                                                     \
        memcpy(&c->d[i->rd], buf, sizeof buf);                                                     \
        write_back(c, i, va, sizeof buf);                                                          \
    }                                                                                              \
    static void vld1_##regs_(struct cpu *c, const struct insn *i)                                  \
    {                                                                                              \
        u32 va = c->r[i->rn];                                                                      \
        const u8 *host = aligned_span(c, va, i->imm, 8 * regs_, false);                            \
        if (unlikely(!host)) {                                                                     \
            vld1_##regs_##_slow(c, i);                                                             \
            return;                                                                                \
        }                                                                                          \
        memcpy(&c->d[i->rd], host, 8 * regs_);                                                     \
        write_back(c, i, va, 8 * regs_);                                                           \
    }                                                                                              \
    static NOINLINE void vst1_##regs_##_slow(struct cpu *c, const struct insn *i)                  \
    {                                                                                              \
        neon_require(c);                                                                           \
        struct access a = unpack(i->imm);                                                          \
        u32 va = element_address(c, i, &a, true);                                                  \
        store(c, va, (const u8 *)&c->d[i->rd], 8 * regs_, a.size);                                 \
        write_back(c, i, va, 8 * regs_);                                                           \
    }                                                                                              \
    static void vst1_##regs_(struct cpu *c, const struct insn *i)                                  \
    {                                                                                              \
        u32 va = c->r[i->rn];                                                                      \
        u8 *host = aligned_span(c, va, i->imm, 8 * regs_, true);                                   \
        if (unlikely(!host)) {                                                                     \
            vst1_##regs_##_slow(c, i);                                                             \
            return;                                                                                \
        }                                                                                          \
        memcpy(host, &c->d[i->rd], 8 * regs_);                                                     \
        write_back(c, i, va, 8 * regs_);                                                           \
    }
CONSECUTIVE(1)
CONSECUTIVE(2)
CONSECUTIVE(3)
CONSECUTIVE(4)

// ---- structures ------------------------------------------------------------------------------------------------

// Elements in memory order to registers and back, for `regs` registers an element: even and odd
// elements of two vectors at a time, which host vectors do in a few instructions.
typedef u8 u8x16 __attribute__((vector_size(16)));
typedef u16 u16x8 __attribute__((vector_size(16)));
typedef u32 u32x4 __attribute__((vector_size(16)));
typedef u64 u64x2 __attribute__((vector_size(16)));

#define EVEN_u8 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30
#define ODD_u8 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31
#define LOW_u8 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH_u8 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#define EVEN_u16 0, 2, 4, 6, 8, 10, 12, 14
#define ODD_u16 1, 3, 5, 7, 9, 11, 13, 15
#define LOW_u16 0, 8, 1, 9, 2, 10, 3, 11
#define HIGH_u16 4, 12, 5, 13, 6, 14, 7, 15
#define EVEN_u32 0, 2, 4, 6
#define ODD_u32 1, 3, 5, 7
#define LOW_u32 0, 4, 1, 5
#define HIGH_u32 2, 6, 3, 7
#define SPLIT(t, lanes)                                                                            \
    /* v[0]:v[1] hold pairs; afterwards v[0] has the first of each, v[1] the second. */            \
    static inline void unzip_##t(u64x2 v[2])                                                       \
    {                                                                                              \
        t##x##lanes a = (t##x##lanes)v[0], b = (t##x##lanes)v[1];                                  \
        v[0] = (u64x2)__builtin_shufflevector(a, b, EVEN_##t);                                     \
        v[1] = (u64x2)__builtin_shufflevector(a, b, ODD_##t);                                      \
    }                                                                                              \
    static inline void zip_##t(u64x2 v[2])                                                         \
    {                                                                                              \
        t##x##lanes a = (t##x##lanes)v[0], b = (t##x##lanes)v[1];                                  \
        v[0] = (u64x2)__builtin_shufflevector(a, b, LOW_##t);                                      \
        v[1] = (u64x2)__builtin_shufflevector(a, b, HIGH_##t);                                     \
    }
SPLIT(u8, 16)
SPLIT(u16, 8)
SPLIT(u32, 4)

// Two elements a structure: with one register an element, the low half of v[0] has all of the first
// and of v[1] all of the second; with two, all of v. Four elements: unzipped twice, the halves of v
// are the four registers.
#define PAIRED(t, size_)                                                                           \
    static void vld2_##t(struct cpu *c, const struct insn *i)                                      \
    {                                                                                              \
        neon_require(c);                                                                           \
        struct access a = unpack(i->imm);                                                          \
        u32 va = element_address(c, i, &a, false);                                                 \
        u64x2 v[2] = {{0, 0}, {0, 0}};                                                             \
        if (a.regs == 2) {                                                                         \
            fetch(c, va, (u8 *)v, 32, size_);                                                      \
            unzip_##t(v);                                                                          \
            c->d[i->rd + 1] = v[0][1];                                                             \
            c->d[i->rd + 1 + a.step] = v[1][1];                                                    \
        } else {                                                                                   \
            fetch(c, va, (u8 *)v, 16, size_);                                                      \
            unzip_##t(v);                                                                          \
        }                                                                                          \
        c->d[i->rd] = v[0][0];                                                                     \
        c->d[i->rd + a.step] = v[1][0];                                                            \
        write_back(c, i, va, a.regs * 16);                                                         \
    }                                                                                              \
    static void vst2_##t(struct cpu *c, const struct insn *i)                                      \
    {                                                                                              \
        neon_require(c);                                                                           \
        struct access a = unpack(i->imm);                                                          \
        u32 va = element_address(c, i, &a, true);                                                  \
        unsigned second = a.regs - 1;                                                              \
        u64x2 v[2] = {{c->d[i->rd], c->d[i->rd + second]},                                         \
                      {c->d[i->rd + a.step], c->d[i->rd + a.step + second]}};                      \
        zip_##t(v);                                                                                \
        if (a.regs == 2) {                                                                         \
            store(c, va, (const u8 *)v, 32, size_);                                                \
        } else {                                                                                   \
            store(c, va, (const u8 *)v, 16, size_);                                                \
        }                                                                                          \
        write_back(c, i, va, a.regs * 16);                                                         \
    }                                                                                              \
    static void vld4_##t(struct cpu *c, const struct insn *i)                                      \
    {                                                                                              \
        neon_require(c);                                                                           \
        struct access a = unpack(i->imm);                                                          \
        u32 va = element_address(c, i, &a, false);                                                 \
        u64x2 v[2];                                                                                \
        fetch(c, va, (u8 *)v, 32, size_);                                                          \
        unzip_##t(v); /* elements 0 and 2 in turn; 1 and 3 */                                      \
        unzip_##t(v); /* all of 0, all of 1; all of 2, all of 3 */                                 \
        c->d[i->rd] = v[0][0];                                                                     \
        c->d[i->rd + a.step] = v[0][1];                                                            \
        c->d[i->rd + 2 * a.step] = v[1][0];                                                        \
        c->d[i->rd + 3 * a.step] = v[1][1];                                                        \
        write_back(c, i, va, 32);                                                                  \
    }                                                                                              \
    static void vst4_##t(struct cpu *c, const struct insn *i)                                      \
    {                                                                                              \
        neon_require(c);                                                                           \
        struct access a = unpack(i->imm);                                                          \
        u32 va = element_address(c, i, &a, true);                                                  \
        u64x2 v[2] = {{c->d[i->rd], c->d[i->rd + a.step]},                                         \
                      {c->d[i->rd + 2 * a.step], c->d[i->rd + 3 * a.step]}};                       \
        zip_##t(v);                                                                                \
        zip_##t(v);                                                                                \
        store(c, va, (const u8 *)v, 32, size_);                                                    \
        write_back(c, i, va, 32);                                                                  \
    }
PAIRED(u8, 0)
PAIRED(u16, 1)
PAIRED(u32, 2)

// Three elements: lane by lane.
#define STRUCTURES(t, size_, structure_)                                                           \
    static void vld##structure_##_##t(struct cpu *c, const struct insn *i)                         \
    {                                                                                              \
        neon_require(c);                                                                           \
        enum { LANES = 8 / sizeof(t) };                                                            \
        struct access a = unpack(i->imm);                                                          \
        u32 va = element_address(c, i, &a, false);                                                 \
        unsigned bytes = a.regs * structure_ * 8;                                                  \
        t buf[32 / sizeof(t)];                                                                     \
        fetch(c, va, (u8 *)buf, bytes, size_);                                                     \
        for (unsigned r = 0; r < a.regs; r++) {                                                    \
            for (unsigned s = 0; s < structure_; s++) {                                            \
                t *lanes = (t *)&c->d[i->rd + r + s * a.step];                                     \
                for (unsigned k = 0; k < LANES; k++) {                                             \
                    lanes[k] = buf[(r * LANES + k) * structure_ + s];                              \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
        write_back(c, i, va, bytes);                                                               \
    }                                                                                              \
    static void vst##structure_##_##t(struct cpu *c, const struct insn *i)                         \
    {                                                                                              \
        neon_require(c);                                                                           \
        enum { LANES = 8 / sizeof(t) };                                                            \
        struct access a = unpack(i->imm);                                                          \
        u32 va = element_address(c, i, &a, true);                                                  \
        unsigned bytes = a.regs * structure_ * 8;                                                  \
        t buf[32 / sizeof(t)];                                                                     \
        for (unsigned r = 0; r < a.regs; r++) {                                                    \
            for (unsigned s = 0; s < structure_; s++) {                                            \
                const t *lanes = (const t *)&c->d[i->rd + r + s * a.step];                         \
                for (unsigned k = 0; k < LANES; k++) {                                             \
                    buf[(r * LANES + k) * structure_ + s] = lanes[k];                              \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
        store(c, va, (const u8 *)buf, bytes, size_);                                               \
        write_back(c, i, va, bytes);                                                               \
    }
STRUCTURES(u8, 0, 3)
STRUCTURES(u16, 1, 3)
STRUCTURES(u32, 2, 3)

// The type field of the multiple forms: structure, registers an element, step, and which alignment
// codes exist (bit a: code a is allowed).
static const struct {
    u8 structure, regs, step, aligns;
} multiple_types[16] = {
    [0x7] = {1, 1, 1, 0x3}, [0xa] = {1, 2, 1, 0x7}, [0x6] = {1, 3, 1, 0x3}, [0x2] = {1, 4, 1, 0xf},
    [0x8] = {2, 1, 1, 0x7}, [0x9] = {2, 1, 2, 0x7}, [0x3] = {2, 2, 2, 0xf},
    [0x4] = {3, 1, 1, 0x3}, [0x5] = {3, 1, 2, 0x3},
    [0x0] = {4, 1, 1, 0xf}, [0x1] = {4, 1, 2, 0xf},
};

static enum prep multiple(struct decode *d, bool load)
{
    static exec_fn *const table[3][3][2] = {
        {{vst2_u8, vld2_u8}, {vst2_u16, vld2_u16}, {vst2_u32, vld2_u32}},
        {{vst3_u8, vld3_u8}, {vst3_u16, vld3_u16}, {vst3_u32, vld3_u32}},
        {{vst4_u8, vld4_u8}, {vst4_u16, vld4_u16}, {vst4_u32, vld4_u32}},
    };
    static exec_fn *const consecutive[4][2] = {
        {vst1_1, vld1_1}, {vst1_2, vld1_2}, {vst1_3, vld1_3}, {vst1_4, vld1_4}};
    unsigned type = bits(d->raw, 11, 8), size = fld(d, 's'), code = fld(d, 'a');
    struct access a = {code ? 4u << code : 1, size, multiple_types[type].structure,
                       multiple_types[type].step, multiple_types[type].regs, 0};
    if (!(multiple_types[type].aligns >> code & 1) || (a.structure > 1 && size == 3)) {
        return PREP_UNDEF;
    }
    if (a.structure == 1) {
        d->i->body.exec = consecutive[a.regs - 1][load];
    } else {
        d->i->body.exec = table[a.structure - 2][size][load];
    }
    return set_operands(d, &a);
}

enum prep prep_neon_load_multiple(struct decode *d)
{
    return multiple(d, true);
}

enum prep prep_neon_store_multiple(struct decode *d)
{
    return multiple(d, false);
}

// ---- one lane -------------------------------------------------------------------------------------------------

void exec_neon_load_lane(struct cpu *c, const struct insn *i)
{
    neon_require(c);
    struct access a = unpack(i->imm);
    u32 va = element_address(c, i, &a, false);
    unsigned element = 1u << a.size, bytes = a.structure * element;
    u8 buf[16];
    fetch(c, va, buf, bytes, a.size);
    for (unsigned s = 0; s < a.structure; s++) {
        memcpy((u8 *)&c->d[i->rd + s * a.step] + a.lane * element, buf + s * element, element);
    }
    write_back(c, i, va, bytes);
}

void exec_neon_store_lane(struct cpu *c, const struct insn *i)
{
    neon_require(c);
    struct access a = unpack(i->imm);
    u32 va = element_address(c, i, &a, true);
    unsigned element = 1u << a.size, bytes = a.structure * element;
    u8 buf[16];
    for (unsigned s = 0; s < a.structure; s++) {
        memcpy(buf + s * element, (u8 *)&c->d[i->rd + s * a.step] + a.lane * element, element);
    }
    store(c, va, buf, bytes, a.size);
    write_back(c, i, va, bytes);
}

// index_align by element size and structure: lane above, then for halfwords and words of 2 to 4 the
// register step, then alignment.
enum prep prep_neon_lane(struct decode *d)
{
    unsigned size = fld(d, 's'), structure = fld(d, 'e') + 1, ia = fld(d, 'i');
    if (size == 3) {
        return PREP_NEXT;
    }
    struct access a = {1, size, structure, 1, 1, ia >> (size + 1)};
    unsigned low = ia & ((2u << size) - 1); // what is left below the lane
    unsigned total = structure << size;     // bytes moved
    if (structure == 1) {
        // Bytes and halfwords: alignment only; words: 00 or 11. Byte lanes have none.
        if (size == 0 ? low : size == 1 ? low >> 1 : low >> 2 || (low != 0 && low != 3)) {
            return PREP_UNDEF;
        }
        a.align = low ? total : 1;
    } else {
        unsigned align = low & (size == 2 ? 3 : 1);
        if (size == 1) {
            a.step = low >> 1 & 1 ? 2 : 1;
        } else if (size == 2) {
            a.step = low >> 2 & 1 ? 2 : 1;
        }
        if (structure == 3 ? align != 0
                           : size == 2 && (structure == 2 ? align > 1 : align == 3)) {
            return PREP_UNDEF;
        }
        // VLD4.32 chooses between 8 and 16 bytes; all others mean the whole structure.
        a.align = !align ? 1 : size == 2 && structure == 4 ? 4u << align : total;
    }
    return set_operands(d, &a);
}

// ---- all lanes ------------------------------------------------------------------------------------------------

void exec_neon_load_all(struct cpu *c, const struct insn *i)
{
    static const u64 repeat[3] = {0x0101010101010101ull, 0x0001000100010001ull,
                                  0x0000000100000001ull};
    neon_require(c);
    struct access a = unpack(i->imm);
    u32 va = element_address(c, i, &a, false);
    unsigned element = 1u << a.size, bytes = a.structure * element;
    u8 buf[16];
    fetch(c, va, buf, bytes, a.size);
    for (unsigned s = 0; s < a.structure; s++) {
        u64 v = 0;
        memcpy(&v, buf + s * element, element);
        for (unsigned r = 0; r < a.regs; r++) {
            c->d[i->rd + s * a.step + r] = v * repeat[a.size];
        }
    }
    write_back(c, i, va, bytes);
}

enum prep prep_neon_all(struct decode *d)
{
    unsigned size = fld(d, 's'), structure = fld(d, 'e') + 1, t = fld(d, 'T'), align = fld(d, 'a');
    struct access a = {1, size, structure, 1, 1, 0};
    if (structure == 1) {
        a.regs = t + 1;
    } else {
        a.step = t + 1;
    }
    if (align) {
        a.align = structure << size;
    }
    switch (structure) {
    case 1:
        if (size == 3 || (size == 0 && align)) {
            return PREP_UNDEF;
        }
        break;
    case 2:
        if (size == 3) {
            return PREP_UNDEF;
        }
        break;
    case 3:
        if (size == 3 || align) {
            return PREP_UNDEF;
        }
        break;
    default:
        if (size == 3 && !align) {
            return PREP_UNDEF;
        }
        if (size == 3) { // words, aligned to 16 bytes
            a.size = 2;
            a.align = 16;
        } else if (size == 2 && align) {
            a.align = 8;
        }
        break;
    }
    return set_operands(d, &a);
}
