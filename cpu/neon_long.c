// SPDX-License-Identifier: MIT
//
// Advanced SIMD arithmetic on three registers of different widths, and on a vector and a scalar (ARM
// DDI 0406C A7.4.2, A7.4.3): long (D op D into Q), wide (Q op D into Q), narrow (the high half of
// Q op Q into D), and everything that can take one lane as its second operand.
#include "cpu/neon.h"
#include "cpu/isa_protos.h"

// ---- bodies ------------------------------------------------------------------------------------------

// How the second operand is fetched: as a vector of `count` lanes, or one lane (rs) repeated.
#define FETCH_VECTOR(t, count) memcpy(vm, &c->d[i->rm], sizeof(t) * (count))
#define FETCH_LANE(t, count)                                                                       \
    do {                                                                                           \
        t lane = ((const t *)&c->d[i->rm])[i->rs];                                                 \
        for (unsigned k = 0; k < (count); k++) {                                                   \
            vm[k] = lane;                                                                          \
        }                                                                                          \
    } while (0)

// ntype: the type of Vn's lanes; t: of Vm's; r and x are of type rtype. LANES of each.
#define LONG_BODY(name, ntype, t, rtype, FETCH, expr)                                              \
    static void name(struct cpu *c, const struct insn *i)                                          \
    {                                                                                              \
        neon_require(c);                                                                           \
        enum { LANES = 8 / sizeof(t) };                                                            \
        ntype vn[LANES];                                                                           \
        t vm[LANES];                                                                               \
        rtype vx[LANES], r[LANES], notes[LANES];                                                   \
        memcpy(vn, &c->d[i->rn], sizeof vn);                                                       \
        FETCH(t, LANES);                                                                           \
        memcpy(vx, &c->d[i->rd], 16);                                                              \
        for (unsigned k = 0; k < LANES; k++) {                                                     \
            const ntype n = vn[k];                                                                 \
            const t m = vm[k];                                                                     \
            const rtype x = vx[k];                                                                 \
            rtype sat = 0;                                                                         \
            (void)x;                                                                               \
            r[k] = (rtype)(expr);                                                                  \
            notes[k] = sat;                                                                        \
        }                                                                                          \
        memcpy(&c->d[i->rd], r, 16);                                                               \
        neon_saturated(c, notes, 16);                                                              \
    }

// Wraps in the unsigned type of twice the width.
#define UD_s8 u16
#define UD_u8 u16
#define UD_s16 u32
#define UD_u16 u32
#define UD_s32 u64
#define UD_u32 u64
#define WIDER(t, v) ((UD_##t)(DOUBLE_##t)(v))
#define ADDL(t) WIDER(t, n) + WIDER(t, m)
#define SUBL(t) WIDER(t, n) - WIDER(t, m)
#define ABDL(t) (n > m ? WIDER(t, n) - WIDER(t, m) : WIDER(t, m) - WIDER(t, n))
#define ABAL(t) (UD_##t)x + ABDL(t)
#define MULL(t) (DOUBLE_##t)n *(DOUBLE_##t)m
#define MLAL(t) (UD_##t)x + (UD_##t)(MULL(t))
#define MLSL(t) (UD_##t)x - (UD_##t)(MULL(t))

#define LONG_SU(op, EXPR)                                                                          \
    LONG_BODY(op##_s8, s8, s8, DOUBLE_s8, FETCH_VECTOR, EXPR(s8))                                  \
    LONG_BODY(op##_u8, u8, u8, DOUBLE_u8, FETCH_VECTOR, EXPR(u8))                                  \
    LONG_BODY(op##_s16, s16, s16, DOUBLE_s16, FETCH_VECTOR, EXPR(s16))                             \
    LONG_BODY(op##_u16, u16, u16, DOUBLE_u16, FETCH_VECTOR, EXPR(u16))                             \
    LONG_BODY(op##_s32, s32, s32, DOUBLE_s32, FETCH_VECTOR, EXPR(s32))                             \
    LONG_BODY(op##_u32, u32, u32, DOUBLE_u32, FETCH_VECTOR, EXPR(u32))                             \
    PREP_LONG(op, false,                                                                           \
              {{op##_s8, op##_s16, op##_s32, NULL}, {op##_u8, op##_u16, op##_u32, NULL}})

// Vd is a Q register; Vn too when `wide`.
static enum prep long_registers(struct decode *d, exec_fn *const table[2][4], bool wide)
{
    d->i->rd = vfp_double(d, 'd', 'D');
    d->i->rn = vfp_double(d, 'n', 'N');
    d->i->rm = vfp_double(d, 'm', 'M');
    d->i->body.exec = table[fld(d, 'U') & 1][fld(d, 's') & 3];
    if (!d->i->body.exec) {
        return fld(d, 's') == 3 ? PREP_NEXT : PREP_UNDEF;
    }
    return d->i->rd & 1 || (wide && d->i->rn & 1) ? PREP_UNDEF : PREP_OK;
}

#define PREP_LONG(op, wide, ...)                                                                   \
    enum prep prep_neon_##op(struct decode *d)                                                     \
    {                                                                                              \
        static exec_fn *const table[2][4] = __VA_ARGS__;                                           \
        return long_registers(d, table, wide);                                                     \
    }

LONG_SU(vaddl, ADDL)
LONG_SU(vsubl, SUBL)
LONG_SU(vabdl, ABDL)
LONG_SU(vabal, ABAL)
LONG_SU(vmull_i, MULL)
LONG_SU(vmlal, MLAL)
LONG_SU(vmlsl, MLSL)

static u16 poly_mull8(u8 a, u8 b)
{
    u32 r = 0;
    for (unsigned k = 0; k < 8; k++) {
        r ^= b >> k & 1 ? (u32)a << k : 0;
    }
    return (u16)r;
}
LONG_BODY(vmull_p8, u8, u8, u16, FETCH_VECTOR, poly_mull8(n, m))
PREP_LONG(vmull_p, false, {{vmull_p8}})

// Saturating doubling: the product saturates, then the sum.
#define QDOUBLE(t) clamp_##t((WIDE_##t)2 * n * m, &sat)
#define QDMULL_s16 QDOUBLE(s32)
#define QDMULL_s32 QDOUBLE(s64)
#define QDMLAL_s16 clamp_s32((WIDE_s32)x + QDMULL_s16, &sat)
#define QDMLAL_s32 clamp_s64((WIDE_s64)x + QDMULL_s32, &sat)
#define QDMLSL_s16 clamp_s32((WIDE_s32)x - QDMULL_s16, &sat)
#define QDMLSL_s32 clamp_s64((WIDE_s64)x - QDMULL_s32, &sat)
#define LONG_DOUBLING(op, EXPR)                                                                    \
    LONG_BODY(op##_s16, s16, s16, s32, FETCH_VECTOR, EXPR##_s16)                                   \
    LONG_BODY(op##_s32, s32, s32, s64, FETCH_VECTOR, EXPR##_s32)                                   \
    PREP_LONG(op, false, {{NULL, op##_s16, op##_s32, NULL}})                                       \
    LONG_BODY(op##_lane_s16, s16, s16, s32, FETCH_LANE, EXPR##_s16)                                \
    LONG_BODY(op##_lane_s32, s32, s32, s64, FETCH_LANE, EXPR##_s32)                                \
    PREP_LONG_LANE(op, {{NULL, op##_lane_s16, op##_lane_s32, NULL}})

// ---- a scalar as the second operand --------------------------------------------------------------------

// 16-bit scalars are D0..D7[0..3], 32-bit ones D0..D15[0..1]; rs gets the index.
static bool scalar_operand(struct decode *d)
{
    u32 m = fld(d, 'm'), high = fld(d, 'M');
    if (fld(d, 's') == 1) {
        d->i->rm = m & 7;
        d->i->rs = (uint8_t)(high << 1 | m >> 3);
    } else {
        d->i->rm = (uint8_t)m;
        d->i->rs = (uint8_t)high;
    }
    return fld(d, 's') == 1 || fld(d, 's') == 2;
}

static enum prep long_lane_registers(struct decode *d, exec_fn *const table[2][4])
{
    enum prep result = long_registers(d, table, false);
    if (result != PREP_OK) {
        return result;
    }
    return scalar_operand(d) ? PREP_OK : PREP_UNDEF;
}

#define PREP_LONG_LANE(op, ...)                                                                    \
    enum prep prep_neon_##op##_lane(struct decode *d)                                              \
    {                                                                                              \
        static exec_fn *const table[2][4] = __VA_ARGS__;                                           \
        return long_lane_registers(d, table);                                                      \
    }

LONG_DOUBLING(vqdmull, QDMULL)
LONG_DOUBLING(vqdmlal, QDMLAL)
LONG_DOUBLING(vqdmlsl, QDMLSL)

#define LONG_LANE_SU(op, EXPR)                                                                     \
    LONG_BODY(op##_lane_s16, s16, s16, s32, FETCH_LANE, EXPR(s16))                                 \
    LONG_BODY(op##_lane_u16, u16, u16, u32, FETCH_LANE, EXPR(u16))                                 \
    LONG_BODY(op##_lane_s32, s32, s32, s64, FETCH_LANE, EXPR(s32))                                 \
    LONG_BODY(op##_lane_u32, u32, u32, u64, FETCH_LANE, EXPR(u32))                                 \
    PREP_LONG_LANE(op, {{NULL, op##_lane_s16, op##_lane_s32, NULL},                                \
                        {NULL, op##_lane_u16, op##_lane_u32, NULL}})
LONG_LANE_SU(vmull, MULL)
LONG_LANE_SU(vmlal, MLAL)
LONG_LANE_SU(vmlsl, MLSL)

// Same width on both sides, in D and Q forms.
#define LANE_BODY(name, t, bytes, expr)                                                            \
    static void name(struct cpu *c, const struct insn *i)                                          \
    {                                                                                              \
        neon_require(c);                                                                           \
        enum { LANES = (bytes) / sizeof(t) };                                                      \
        t vn[LANES], vx[LANES], r[LANES], notes[LANES];                                            \
        const t m = ((const t *)&c->d[i->rm])[i->rs];                                              \
        memcpy(vn, &c->d[i->rn], bytes);                                                           \
        memcpy(vx, &c->d[i->rd], bytes);                                                           \
        for (unsigned k = 0; k < LANES; k++) {                                                     \
            const t n = vn[k], x = vx[k];                                                          \
            t sat = 0;                                                                             \
            (void)x;                                                                               \
            r[k] = (t)(expr);                                                                      \
            notes[k] = sat;                                                                        \
        }                                                                                          \
        memcpy(&c->d[i->rd], r, bytes);                                                            \
        neon_saturated(c, notes, bytes);                                                           \
    }
#define LANE_OP(op, t, expr)                                                                       \
    LANE_BODY(op##_##t##_d, t, 8, expr)                                                            \
    LANE_BODY(op##_##t##_q, t, 16, expr)

// In these rows Q is bit 24.
static enum prep lane_registers(struct decode *d, exec_fn *const table[4][2])
{
    u32 q = fld(d, 'Q'), size = fld(d, 's');
    d->i->rd = vfp_double(d, 'd', 'D');
    d->i->rn = vfp_double(d, 'n', 'N');
    d->i->body.exec = table[size & 3][q & 1];
    if (!d->i->body.exec) {
        return size == 3 ? PREP_NEXT : PREP_UNDEF;
    }
    if (!scalar_operand(d) || (q && (d->i->rd | d->i->rn) & 1)) {
        return PREP_UNDEF;
    }
    return PREP_OK;
}

#define PREP_LANE(op, t16, t32)                                                                    \
    enum prep prep_neon_##op(struct decode *d)                                                     \
    {                                                                                              \
        static exec_fn *const table[4][2] = {NEON_NONE, NEON_PAIR(op, t16), NEON_PAIR(op, t32),    \
                                             NEON_NONE};                                           \
        return lane_registers(d, table);                                                           \
    }
#define LANE_PAIR(op, t16, t32, EXPR)                                                              \
    LANE_OP(op, t16, EXPR(t16))                                                                    \
    LANE_OP(op, t32, EXPR(t32))                                                                    \
    PREP_LANE(op, t16, t32)
#define MUL(t) (u32)n *(u32)m
#define MLA(t) (u32)x + (u32)n *(u32)m
#define MLS(t) (u32)x - (u32)n *(u32)m
#define QDMULH(t) clamp_##t((2 * (WIDE_##t)n * m) >> (8 * sizeof(t)), &sat)
#define QRDMULH(t) \
    clamp_##t((2 * (WIDE_##t)n * m + ((WIDE_##t)1 << (8 * sizeof(t) - 1))) >> (8 * sizeof(t)), &sat)
LANE_PAIR(vmul_lane, u16, u32, MUL)
LANE_PAIR(vmla_lane, u16, u32, MLA)
LANE_PAIR(vmls_lane, u16, u32, MLS)
LANE_PAIR(vqdmulh_lane, s16, s32, QDMULH)
LANE_PAIR(vqrdmulh_lane, s16, s32, QRDMULH)

// ---- wide ----------------------------------------------------------------------------------------------

#define ADDW(t) (UD_##t)n + WIDER(t, m)
#define SUBW(t) (UD_##t)n - WIDER(t, m)
#define WIDE_SU(op, EXPR)                                                                          \
    LONG_BODY(op##_s8, DOUBLE_s8, s8, DOUBLE_s8, FETCH_VECTOR, EXPR(s8))                           \
    LONG_BODY(op##_u8, DOUBLE_u8, u8, DOUBLE_u8, FETCH_VECTOR, EXPR(u8))                           \
    LONG_BODY(op##_s16, DOUBLE_s16, s16, DOUBLE_s16, FETCH_VECTOR, EXPR(s16))                      \
    LONG_BODY(op##_u16, DOUBLE_u16, u16, DOUBLE_u16, FETCH_VECTOR, EXPR(u16))                      \
    LONG_BODY(op##_s32, DOUBLE_s32, s32, DOUBLE_s32, FETCH_VECTOR, EXPR(s32))                      \
    LONG_BODY(op##_u32, DOUBLE_u32, u32, DOUBLE_u32, FETCH_VECTOR, EXPR(u32))                      \
    PREP_LONG(op, true,                                                                            \
              {{op##_s8, op##_s16, op##_s32, NULL}, {op##_u8, op##_u16, op##_u32, NULL}})
WIDE_SU(vaddw, ADDW)
WIDE_SU(vsubw, SUBW)

// ---- narrow --------------------------------------------------------------------------------------------

#define HIGH_BODY(name, from, to, expr)                                                            \
    static void name(struct cpu *c, const struct insn *i)                                          \
    {                                                                                              \
        neon_require(c);                                                                           \
        enum { LANES = 16 / sizeof(from), HALF = 4 * sizeof(from) };                               \
        from vn[LANES], vm[LANES];                                                                 \
        to r[LANES];                                                                               \
        const from round = (from)1 << (HALF - 1);                                                  \
        (void)round;                                                                               \
        memcpy(vn, &c->d[i->rn], 16);                                                              \
        memcpy(vm, &c->d[i->rm], 16);                                                              \
        for (unsigned k = 0; k < LANES; k++) {                                                     \
            const from n = vn[k], m = vm[k];                                                       \
            r[k] = (to)((from)(expr) >> HALF);                                                     \
        }                                                                                          \
        memcpy(&c->d[i->rd], r, 8);                                                                \
    }
#define HIGH(op, expr)                                                                             \
    HIGH_BODY(op##_u16, u16, u8, expr)                                                             \
    HIGH_BODY(op##_u32, u32, u16, expr)                                                            \
    HIGH_BODY(op##_u64, u64, u32, expr)                                                            \
    enum prep prep_neon_##op(struct decode *d)                                                     \
    {                                                                                              \
        static exec_fn *const table[4] = {op##_u16, op##_u32, op##_u64, NULL};                     \
        d->i->rd = vfp_double(d, 'd', 'D');                                                        \
        d->i->rn = vfp_double(d, 'n', 'N');                                                        \
        d->i->rm = vfp_double(d, 'm', 'M');                                                        \
        d->i->body.exec = table[fld(d, 's') & 3];                                                  \
        if (!d->i->body.exec) {                                                                    \
            return PREP_NEXT;                                                                      \
        }                                                                                          \
        return (d->i->rn | d->i->rm) & 1 ? PREP_UNDEF : PREP_OK;                                   \
    }
HIGH(vaddhn, n + m)
HIGH(vraddhn, n + m + round)
HIGH(vsubhn, n - m)
HIGH(vrsubhn, n - m + round)
