// SPDX-License-Identifier: MIT
//
// Advanced SIMD integer arithmetic on three registers of one width: add, subtract, halving,
// saturating, compare, minimum and maximum, absolute difference, multiply, pairwise, and the bitwise
// operations (ARM DDI 0406C A7.4.1).
#include "cpu/neon.h"
#include "cpu/isa_protos.h"

// ---- add, subtract, compare ------------------------------------------------------------------------

#define ADD(t) (UT_##t)n + (UT_##t)m
#define SUB(t) (UT_##t)n - (UT_##t)m
NEON_U64(vadd_i, ADD)
NEON_U64(vsub_i, SUB)

// Halving without a wider type: shared bits plus half of the differing ones.
#define HADD(t) (n & m) + ((n ^ m) >> 1)
#define RHADD(t) (n | m) - ((n ^ m) >> 1)
#define HSUB(t) (n >> 1) - (m >> 1) - (~n & m & 1)
NEON_SU32(vhadd, HADD)
NEON_SU32(vrhadd, RHADD)
NEON_SU32(vhsub, HSUB)

// Wrapping sums, and from the signs whether they wrapped; unlike clamping, no wider lanes.
#define SATURATING(t, ut)                                                                          \
    static inline t qadd_##t(t n, t m, t *sat)                                                     \
    {                                                                                              \
        ut r = (ut)((ut)n + (ut)m);                                                                \
        if (MIN_##t == 0) {                                                                        \
            *sat = r < (ut)n ? (t)-1 : 0;                                                          \
            return (t)(r | (ut)*sat);                                                              \
        }                                                                                          \
        ut limit = (ut)(((ut)n >> (8 * sizeof(t) - 1)) + (ut)MAX_##t);                             \
        *sat = (t)((ut)(((ut)n ^ r) & ((ut)m ^ r)) >> (8 * sizeof(t) - 1));                        \
        return *sat ? (t)limit : (t)r;                                                             \
    }                                                                                              \
    static inline t qsub_##t(t n, t m, t *sat)                                                     \
    {                                                                                              \
        ut r = (ut)((ut)n - (ut)m);                                                                \
        if (MIN_##t == 0) {                                                                        \
            *sat = (ut)n < (ut)m ? (t)-1 : 0;                                                      \
            return (t)(r & (ut)~*sat);                                                             \
        }                                                                                          \
        ut limit = (ut)(((ut)n >> (8 * sizeof(t) - 1)) + (ut)MAX_##t);                             \
        *sat = (t)((ut)(((ut)n ^ (ut)m) & ((ut)n ^ r)) >> (8 * sizeof(t) - 1));                    \
        return *sat ? (t)limit : (t)r;                                                             \
    }
SATURATING(s8, u8)
SATURATING(u8, u8)
SATURATING(s16, u16)
SATURATING(u16, u16)
SATURATING(s32, u32)
SATURATING(u32, u32)
SATURATING(s64, u64)
SATURATING(u64, u64)
#define QADD(t) qadd_##t(n, m, &sat)
#define QSUB(t) qsub_##t(n, m, &sat)
NEON_SU64(vqadd, QADD)
NEON_SU64(vqsub, QSUB)

#define CGT(t) n > m ? -1 : 0
#define CGE(t) n >= m ? -1 : 0
#define CEQ(t) n == m ? -1 : 0
#define TST(t) n & m ? -1 : 0
NEON_SU32(vcgt_i, CGT)
NEON_SU32(vcge_i, CGE)
NEON_U32(vceq_i, CEQ)
NEON_U32(vtst, TST)

#define MAXIMUM(t) n > m ? n : m
#define MINIMUM(t) n < m ? n : m
NEON_SU32(vmax_i, MAXIMUM)
NEON_SU32(vmin_i, MINIMUM)

#define ABD(t) (n > m ? (UT_##t)n - (UT_##t)m : (UT_##t)m - (UT_##t)n)
#define ABA(t) (UT_##t)x + (UT_##t)ABD(t)
NEON_SU32(vabd_i, ABD)
NEON_SU32(vaba, ABA)

// ---- multiply --------------------------------------------------------------------------------------

#define MUL(t) (u32)n *(u32)m
#define MLA(t) (u32)x + (u32)n *(u32)m
#define MLS(t) (u32)x - (u32)n *(u32)m
NEON_U32(vmul_i, MUL)
NEON_U32(vmla_i, MLA)
NEON_U32(vmls_i, MLS)

static u8 poly_mul8(u8 a, u8 b)
{
    u32 r = 0;
    for (unsigned k = 0; k < 8; k++) {
        r ^= b >> k & 1 ? (u32)a << k : 0;
    }
    return (u8)r;
}
NEON_OP(vmul_p, u8, poly_mul8(n, m))
NEON_PREP(vmul_p, {{NEON_PAIR(vmul_p, u8)}})

// The high half of twice the product; only the most negative square saturates.
#define QDMULH(t) clamp_##t((2 * (WIDE_##t)n * m) >> (8 * sizeof(t)), &sat)
#define QRDMULH(t) \
    clamp_##t((2 * (WIDE_##t)n * m + ((WIDE_##t)1 << (8 * sizeof(t) - 1))) >> (8 * sizeof(t)), &sat)
NEON_OP(vqdmulh, s16, QDMULH(s16))
NEON_OP(vqdmulh, s32, QDMULH(s32))
NEON_OP(vqrdmulh, s16, QRDMULH(s16))
NEON_OP(vqrdmulh, s32, QRDMULH(s32))
NEON_PREP(vqdmulh, {{NEON_NONE, NEON_PAIR(vqdmulh, s16), NEON_PAIR(vqdmulh, s32)}})
NEON_PREP(vqrdmulh, {{NEON_NONE, NEON_PAIR(vqrdmulh, s16), NEON_PAIR(vqrdmulh, s32)}})

// ---- pairwise: D registers only ----------------------------------------------------------------------

#define PAIRWISE(op, t, expr)                                                                      \
    static void op##_##t##_d(struct cpu *c, const struct insn *i)                                  \
    {                                                                                              \
        neon_require(c);                                                                           \
        enum { LANES = 8 / sizeof(t) };                                                            \
        t v[2 * LANES], r[LANES];                                                                  \
        memcpy(v, &c->d[i->rn], 8);                                                                \
        memcpy(v + LANES, &c->d[i->rm], 8);                                                        \
        for (unsigned k = 0; k < LANES; k++) {                                                     \
            const t n = v[2 * k], m = v[2 * k + 1];                                                \
            r[k] = (t)(expr);                                                                      \
        }                                                                                          \
        memcpy(&c->d[i->rd], r, 8);                                                                \
    }
#define D_ONLY(op, t) {op##_##t##_d, NULL}
#define PAIRWISE_SU(op, EXPR)                                                                      \
    PAIRWISE(op, s8, EXPR(s8))                                                                     \
    PAIRWISE(op, u8, EXPR(u8))                                                                     \
    PAIRWISE(op, s16, EXPR(s16))                                                                   \
    PAIRWISE(op, u16, EXPR(u16))                                                                   \
    PAIRWISE(op, s32, EXPR(s32))                                                                   \
    PAIRWISE(op, u32, EXPR(u32))                                                                   \
    NEON_PREP(op, {{D_ONLY(op, s8), D_ONLY(op, s16), D_ONLY(op, s32)},                             \
                   {D_ONLY(op, u8), D_ONLY(op, u16), D_ONLY(op, u32)}})
PAIRWISE_SU(vpmax_i, MAXIMUM)
PAIRWISE_SU(vpmin_i, MINIMUM)
PAIRWISE(vpadd_i, u8, ADD(u8))
PAIRWISE(vpadd_i, u16, ADD(u16))
PAIRWISE(vpadd_i, u32, ADD(u32))
NEON_PREP(vpadd_i, {{D_ONLY(vpadd_i, u8), D_ONLY(vpadd_i, u16), D_ONLY(vpadd_i, u32)}})

// ---- bitwise -----------------------------------------------------------------------------------------

#define BITWISE(op, expr)                                                                          \
    NEON_OP(op, u64, expr)                                                                         \
    NEON_PREP(op, {{NEON_PAIR(op, u64)}})
BITWISE(vand, n &m)
BITWISE(vbic, n & ~m)
BITWISE(vorr, n | m)
BITWISE(vorn, n | ~m)
BITWISE(veor, n ^ m)
BITWISE(vbsl, (n & x) | (m & ~x))
BITWISE(vbit, (n & m) | (x & ~m))
BITWISE(vbif, (n & ~m) | (x & m))
