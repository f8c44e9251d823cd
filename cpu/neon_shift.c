// SPDX-License-Identifier: MIT
//
// Advanced SIMD shifts: by register lanes, and by immediate with rounding, accumulation, insertion,
// saturation, narrowing and widening (ARM DDI 0406C A7.4.4 and A8.8.379-406).
#include "cpu/neon.h"
#include "cpu/isa_protos.h"

// ---- by register: the low byte of Vn's lane is a signed count for Vm's lane ----------------------------

// A count past the width leaves nothing (left), the sign (right) or, rounded, nothing.
#define SHIFTERS(t)                                                                                \
    static inline t shl_##t(t v, int count, bool round)                                            \
    {                                                                                              \
        const int width = 8 * (int)sizeof(t);                                                      \
        if (count >= 0) {                                                                          \
            return count >= width ? 0 : (t)((UT_##t)v << count);                                   \
        }                                                                                          \
        if (-count > width) {                                                                      \
            return !round && MIN_##t != 0 && v >> (width - 1) ? (t)-1 : 0;                         \
        }                                                                                          \
        t half = (t)(v >> (-count - 1)); /* two steps: the last bit out rounds */                  \
        return (t)((half >> 1) + (round ? half & 1 : 0));                                          \
    }                                                                                              \
    static inline t qshl_##t(t v, int count, bool round, t *sat)                                   \
    {                                                                                              \
        const int width = 8 * (int)sizeof(t);                                                      \
        if (count < 0) {                                                                           \
            return shl_##t(v, count, round);                                                       \
        }                                                                                          \
        if (count >= width) {                                                                      \
            *sat = (t)(*sat | (v != 0));                                                           \
            return v == 0 ? 0 : MIN_##t != 0 && v >> (width - 1) ? MIN_##t : MAX_##t;              \
        }                                                                                          \
        return clamp_##t((WIDE_##t)((unsigned __int128)(WIDE_##t)v << count), sat);                \
    }
SHIFTERS(s8)
SHIFTERS(u8)
SHIFTERS(s16)
SHIFTERS(u16)
SHIFTERS(s32)
SHIFTERS(u32)
SHIFTERS(s64)
SHIFTERS(u64)

#define SHL(t) shl_##t(m, (s8)n, false)
#define RSHL(t) shl_##t(m, (s8)n, true)
#define QSHL(t) qshl_##t(m, (s8)n, false, &sat)
#define QRSHL(t) qshl_##t(m, (s8)n, true, &sat)
NEON_SU64(vshl_r, SHL)
NEON_SU64(vrshl, RSHL)
NEON_SU64(vqshl_r, QSHL)
NEON_SU64(vqrshl, QRSHL)

// ---- by immediate --------------------------------------------------------------------------------------

// L:imm6 holds size and count: the leading one marks the size. False when it is 0000xxx (another
// instruction). *count is what follows the leading one.
static bool immediate_size(const struct decode *d, unsigned *size, unsigned *count)
{
    unsigned v = fld(d, 'L') << 6 | fld(d, 'i');
    if (v < 8) {
        return false;
    }
    *size = v >= 64 ? 3 : v >= 32 ? 2 : v >= 16 ? 1 : 0;
    *count = v - (8u << *size);
    return true;
}

// Sets imm to the shift count and picks the body. Right shifts count down from the element width.
static enum prep by_immediate(struct decode *d, neon_table table, bool right)
{
    unsigned size, count;
    if (!immediate_size(d, &size, &count)) {
        return PREP_NEXT;
    }
    d->i->imm = right ? (8u << size) - count : count;
    d->i->body.exec = table[fld(d, 'U') & 1][size][fld(d, 'Q') & 1];
    return d->i->body.exec ? neon_registers(d) : PREP_UNDEF;
}

#define TABLE_SU(op)                                                                               \
    {                                                                                              \
        {NEON_PAIR(op, s8), NEON_PAIR(op, s16), NEON_PAIR(op, s32), NEON_PAIR(op, s64)},           \
            {NEON_PAIR(op, u8), NEON_PAIR(op, u16), NEON_PAIR(op, u32), NEON_PAIR(op, u64)},       \
    }
#define TABLE_U(op)                                                                                \
    {                                                                                              \
        {NEON_PAIR(op, u8), NEON_PAIR(op, u16), NEON_PAIR(op, u32), NEON_PAIR(op, u64)},           \
            {NEON_PAIR(op, u8), NEON_PAIR(op, u16), NEON_PAIR(op, u32), NEON_PAIR(op, u64)},       \
    }
#define PREP_IMMEDIATE(op, right, ...)                                                             \
    enum prep prep_neon_##op(struct decode *d)                                                     \
    {                                                                                              \
        static neon_table table = __VA_ARGS__;                                                     \
        return by_immediate(d, table, right);                                                      \
    }
#define IMMEDIATE_SU(op, EXPR, right)                                                              \
    NEON_OP(op, s8, EXPR(s8))                                                                      \
    NEON_OP(op, u8, EXPR(u8))                                                                      \
    NEON_OP(op, s16, EXPR(s16))                                                                    \
    NEON_OP(op, u16, EXPR(u16))                                                                    \
    NEON_OP(op, s32, EXPR(s32))                                                                    \
    NEON_OP(op, u32, EXPR(u32))                                                                    \
    NEON_OP(op, s64, EXPR(s64))                                                                    \
    NEON_OP(op, u64, EXPR(u64))                                                                    \
    PREP_IMMEDIATE(op, right, TABLE_SU(op))
#define IMMEDIATE_U(op, EXPR, right)                                                               \
    NEON_OP(op, u8, EXPR(u8))                                                                      \
    NEON_OP(op, u16, EXPR(u16))                                                                    \
    NEON_OP(op, u32, EXPR(u32))                                                                    \
    NEON_OP(op, u64, EXPR(u64))                                                                    \
    PREP_IMMEDIATE(op, right, TABLE_U(op))

// Right shifts run in two steps, so that a count of the whole width is fine and the last bit shifted
// out is at hand for rounding.
#define HALF(t) (m >> (i->imm - 1))
#define SHR(t) (HALF(t) >> 1)
#define RSHR(t) ((HALF(t) >> 1) + (HALF(t) & 1))
#define SRA(t) (UT_##t)x + (UT_##t)SHR(t)
#define RSRA(t) (UT_##t)x + (UT_##t)RSHR(t)
#define SLL(t) (UT_##t)m << i->imm
#define SRI(t) SHR(t) | (x & ~(t)((t)((t)~(t)0 >> (i->imm - 1)) >> 1))
#define SLI(t) (t)(m << i->imm) | (x & (t)(((t)1 << i->imm) - 1))
IMMEDIATE_SU(vshr, SHR, true)
IMMEDIATE_SU(vrshr, RSHR, true)
IMMEDIATE_SU(vsra, SRA, true)
IMMEDIATE_SU(vrsra, RSRA, true)
IMMEDIATE_U(vshl_i, SLL, false)
IMMEDIATE_U(vsri, SRI, true)
IMMEDIATE_U(vsli, SLI, false)

#define QSHL_I(t) qshl_##t(m, (int)i->imm, false, &sat)
IMMEDIATE_SU(vqshl_i, QSHL_I, false)

// Signed operand, unsigned result.
#define SHIFTER_UNSIGNED(t, ut)                                                                    \
    static inline t qshlu_##t(t v, int count, t *sat)                                              \
    {                                                                                              \
        if (v < 0) {                                                                               \
            *sat = 1;                                                                              \
            return 0;                                                                              \
        }                                                                                          \
        ut over = 0;                                                                               \
        t r = (t)qshl_##ut((ut)v, count, false, &over);                                            \
        *sat = (t)(*sat | (over != 0));                                                            \
        return r;                                                                                  \
    }
SHIFTER_UNSIGNED(s8, u8)
SHIFTER_UNSIGNED(s16, u16)
SHIFTER_UNSIGNED(s32, u32)
SHIFTER_UNSIGNED(s64, u64)
#define QSHLU(t) qshlu_##t(m, (int)i->imm, &sat)
NEON_OP(vqshlu, s8, QSHLU(s8))
NEON_OP(vqshlu, s16, QSHLU(s16))
NEON_OP(vqshlu, s32, QSHLU(s32))
NEON_OP(vqshlu, s64, QSHLU(s64))
PREP_IMMEDIATE(vqshlu, false,
               {{NEON_PAIR(vqshlu, s8), NEON_PAIR(vqshlu, s16), NEON_PAIR(vqshlu, s32),
                 NEON_PAIR(vqshlu, s64)}})

// ---- narrowing: Qm shifted right into Dd ---------------------------------------------------------------

#define NARROW(op, from, to, expr)                                                                 \
    static void op##_##from(struct cpu *c, const struct insn *i)                                   \
    {                                                                                              \
        neon_require(c);                                                                           \
        enum { LANES = 16 / sizeof(from) };                                                        \
        from v[LANES];                                                                             \
        to r[LANES], notes[LANES];                                                                 \
        memcpy(v, &c->d[i->rm], 16);                                                               \
        for (unsigned k = 0; k < LANES; k++) {                                                     \
            const from m = v[k];                                                                   \
            to sat = 0;                                                                            \
            r[k] = (to)(expr);                                                                     \
            notes[k] = sat;                                                                        \
        }                                                                                          \
        memcpy(&c->d[i->rd], r, 8);                                                                \
        neon_saturated(c, notes, 8);                                                               \
    }

// The count is that of the narrow element, whose size the immediate names.
static enum prep by_immediate_narrow(struct decode *d, exec_fn *const table[2][3])
{
    unsigned size, count;
    if (!immediate_size(d, &size, &count)) {
        return PREP_NEXT;
    }
    if (size > 2) {
        return PREP_UNDEF; // L = 1 belongs to no row, but be sure
    }
    d->i->imm = (8u << size) - count;
    d->i->body.exec = table[fld(d, 'U') & 1][size];
    d->i->rd = vfp_double(d, 'd', 'D');
    d->i->rm = vfp_double(d, 'm', 'M');
    return d->i->rm & 1 || !d->i->body.exec ? PREP_UNDEF : PREP_OK;
}

#define PREP_NARROW(op, ...)                                                                       \
    enum prep prep_neon_##op(struct decode *d)                                                     \
    {                                                                                              \
        static exec_fn *const table[2][3] = __VA_ARGS__;                                           \
        return by_immediate_narrow(d, table);                                                      \
    }

NARROW(vshrn, u16, u8, SHR(u16))
NARROW(vshrn, u32, u16, SHR(u32))
NARROW(vshrn, u64, u32, SHR(u64))
NARROW(vrshrn, u16, u8, RSHR(u16))
NARROW(vrshrn, u32, u16, RSHR(u32))
NARROW(vrshrn, u64, u32, RSHR(u64))
PREP_NARROW(vshrn, {{vshrn_u16, vshrn_u32, vshrn_u64}})
PREP_NARROW(vrshrn, {{vrshrn_u16, vrshrn_u32, vrshrn_u64}})

#define NARROW_SATURATING(op, EXPR)                                                                \
    NARROW(op, s16, s8, clamp_s8((WIDE_s8)(EXPR(s16)), &sat))                                      \
    NARROW(op, s32, s16, clamp_s16(EXPR(s32), &sat))                                               \
    NARROW(op, s64, s32, clamp_s32(EXPR(s64), &sat))                                               \
    NARROW(op, u16, u8, clamp_u8((WIDE_u8)(EXPR(u16)), &sat))                                      \
    NARROW(op, u32, u16, clamp_u16(EXPR(u32), &sat))                                               \
    NARROW(op, u64, u32, clamp_u32(EXPR(u64), &sat))                                               \
    PREP_NARROW(op, {{op##_s16, op##_s32, op##_s64}, {op##_u16, op##_u32, op##_u64}})
NARROW_SATURATING(vqshrn, SHR)
NARROW_SATURATING(vqrshrn, RSHR)

// Signed operand, unsigned result. (U is fixed in these rows, not a field.)
#define NARROW_UNSIGNED(op, EXPR)                                                                  \
    NARROW(op, s16, u8, clamp_u8((WIDE_u8)(EXPR(s16)), &sat))                                      \
    NARROW(op, s32, u16, clamp_u16(EXPR(s32), &sat))                                               \
    NARROW(op, s64, u32, clamp_u32(EXPR(s64), &sat))                                               \
    PREP_NARROW(op, {{op##_s16, op##_s32, op##_s64}})
NARROW_UNSIGNED(vqshrun, SHR)
NARROW_UNSIGNED(vqrshrun, RSHR)

// ---- widening: Dm shifted left into Qd -----------------------------------------------------------------

#define WIDEN(op, from, to, expr)                                                                  \
    static void op##_##from(struct cpu *c, const struct insn *i)                                   \
    {                                                                                              \
        neon_require(c);                                                                           \
        enum { LANES = 8 / sizeof(from) };                                                         \
        from v[LANES];                                                                             \
        to r[LANES];                                                                               \
        memcpy(v, &c->d[i->rm], 8);                                                                \
        for (unsigned k = 0; k < LANES; k++) {                                                     \
            const from m = v[k];                                                                   \
            r[k] = (to)(expr);                                                                     \
        }                                                                                          \
        memcpy(&c->d[i->rd], r, 16);                                                               \
    }
WIDEN(vshll, s8, s16, (u16)m << i->imm)
WIDEN(vshll, u8, u16, (u16)m << i->imm)
WIDEN(vshll, s16, s32, (u32)m << i->imm)
WIDEN(vshll, u16, u32, (u32)m << i->imm)
WIDEN(vshll, s32, s64, (u64)m << i->imm)
WIDEN(vshll, u32, u64, (u64)m << i->imm)

static enum prep widen_registers(struct decode *d)
{
    d->i->rd = vfp_double(d, 'd', 'D');
    d->i->rm = vfp_double(d, 'm', 'M');
    return d->i->rd & 1 ? PREP_UNDEF : PREP_OK;
}

static exec_fn *const vshll_table[2][3] = {{vshll_s8, vshll_s16, vshll_s32},
                                           {vshll_u8, vshll_u16, vshll_u32}};

enum prep prep_neon_vshll(struct decode *d)
{
    unsigned size, count;
    if (!immediate_size(d, &size, &count)) {
        return PREP_NEXT;
    }
    if (size > 2) {
        return PREP_UNDEF;
    }
    d->i->imm = count;
    d->i->body.exec = vshll_table[fld(d, 'U') & 1][size];
    return widen_registers(d);
}

// VMOVL: a count of 0; the size is the one bit set in 21:19.
enum prep prep_neon_vmovl(struct decode *d)
{
    d->i->imm = 0;
    d->i->body.exec = vshll_table[fld(d, 'U') & 1][bits(d->raw, 21, 20)];
    return widen_registers(d);
}

// VSHLL by the element width.
enum prep prep_neon_vshll_max(struct decode *d)
{
    static exec_fn *const table[4] = {vshll_u8, vshll_u16, vshll_u32, NULL};
    d->i->imm = 8u << fld(d, 's');
    d->i->body.exec = table[fld(d, 's')];
    return d->i->body.exec ? widen_registers(d) : PREP_UNDEF;
}
