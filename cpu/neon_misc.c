// SPDX-License-Identifier: MIT
//
// Advanced SIMD on two registers (ARM DDI 0406C A7.4.5): reversals, counts, absolute and negative,
// compare with zero, pairwise widening sums, narrowing moves, permutations; and the odd ones: VEXT,
// VTBL, VDUP (scalar), the modified immediates.
#include "cpu/neon.h"
#include "cpu/isa_protos.h"

// ---- one operand, lane by lane ---------------------------------------------------------------------------

// The counts find the top differing or set bit of `width` bits.
static inline unsigned leading_zeros(u32 v, unsigned width)
{
    return v ? (unsigned)__builtin_clz(v) - (32 - width) : width;
}

#define CLZ(t) leading_zeros(m, 8 * sizeof(t))
#define CLS(t) leading_zeros((u32)(UT_##t)(m ^ (t)(UT_##t)((UT_##t)m << 1)) >> 1, 8 * sizeof(t) - 1)
#define ABS(t) m < 0 ? 0 - (UT_##t)m : (UT_##t)m
#define NEG(t) 0 - (UT_##t)m
#define QABS(t) m < 0 ? clamp_##t(-(WIDE_##t)m, &sat) : m
#define QNEG(t) clamp_##t(-(WIDE_##t)m, &sat)
NEON_U32(vclz, CLZ)
NEON_S32(vcls, CLS)
NEON_S32(vabs_i, ABS)
NEON_S32(vneg_i, NEG)
NEON_S32(vqabs, QABS)
NEON_S32(vqneg, QNEG)

#define CGTZ(t) m > 0 ? -1 : 0
#define CGEZ(t) m >= 0 ? -1 : 0
#define CEQZ(t) m == 0 ? -1 : 0
#define CLEZ(t) m <= 0 ? -1 : 0
#define CLTZ(t) m < 0 ? -1 : 0
NEON_S32(vcgt_z, CGTZ)
NEON_S32(vcge_z, CGEZ)
NEON_S32(vceq_z, CEQZ)
NEON_S32(vcle_z, CLEZ)
NEON_S32(vclt_z, CLTZ)

NEON_OP(vcnt, u8, __builtin_popcount(m))
NEON_PREP(vcnt, {{NEON_PAIR(vcnt, u8)}})
NEON_OP(vmvn, u64, ~m)
NEON_PREP(vmvn, {{NEON_PAIR(vmvn, u64)}})

// Reversals within 64-bit lanes, by what they mean for the number.
static inline u64 swap_16_in_64(u64 v)
{
    v = v >> 32 | v << 32;
    return (v >> 16 & 0x0000ffff0000ffffull) | (v & 0x0000ffff0000ffffull) << 16;
}

static inline u64 swap_8_in_16(u64 v)
{
    return (v >> 8 & 0x00ff00ff00ff00ffull) | (v & 0x00ff00ff00ff00ffull) << 8;
}

static inline u64 swap_16_in_32(u64 v)
{
    return (v >> 16 & 0x0000ffff0000ffffull) | (v & 0x0000ffff0000ffffull) << 16;
}
NEON_OP(vrev64_8, u64, __builtin_bswap64(m))
NEON_OP(vrev64_16, u64, swap_16_in_64(m))
NEON_OP(vrev64_32, u64, m >> 32 | m << 32)
NEON_OP(vrev32_8, u64, swap_8_in_16(swap_16_in_32(m)))
NEON_OP(vrev32_16, u64, swap_16_in_32(m))
NEON_OP(vrev16_8, u64, swap_8_in_16(m))
NEON_PREP(vrev64, {{NEON_PAIR(vrev64_8, u64), NEON_PAIR(vrev64_16, u64), NEON_PAIR(vrev64_32, u64)}})
NEON_PREP(vrev32, {{NEON_PAIR(vrev32_8, u64), NEON_PAIR(vrev32_16, u64)}})
NEON_PREP(vrev16, {{NEON_PAIR(vrev16_8, u64)}})

// ---- pairwise long sums ------------------------------------------------------------------------------------

#define PAIR_LONG(name, t, to, bytes, expr)                                                        \
    static void name(struct cpu *c, const struct insn *i)                                          \
    {                                                                                              \
        neon_require(c);                                                                           \
        enum { LANES = (bytes) / sizeof(to) };                                                     \
        t v[2 * LANES];                                                                            \
        to vx[LANES], r[LANES];                                                                    \
        memcpy(v, &c->d[i->rm], bytes);                                                            \
        memcpy(vx, &c->d[i->rd], bytes);                                                           \
        for (unsigned k = 0; k < LANES; k++) {                                                     \
            const to n = v[2 * k], m = v[2 * k + 1], x = vx[k];                                    \
            (void)x;                                                                               \
            r[k] = (to)(expr);                                                                     \
        }                                                                                          \
        memcpy(&c->d[i->rd], r, bytes);                                                            \
    }
#define UNSIGNED_SUM(to) (UT_##to)n + (UT_##to)m
#define PAIR_LONG_ALL(op, expr)                                                                    \
    PAIR_LONG(op##_s8_d, s8, s16, 8, expr)                                                         \
    PAIR_LONG(op##_s8_q, s8, s16, 16, expr)                                                        \
    PAIR_LONG(op##_u8_d, u8, u16, 8, expr)                                                         \
    PAIR_LONG(op##_u8_q, u8, u16, 16, expr)                                                        \
    PAIR_LONG(op##_s16_d, s16, s32, 8, expr)                                                       \
    PAIR_LONG(op##_s16_q, s16, s32, 16, expr)                                                      \
    PAIR_LONG(op##_u16_d, u16, u32, 8, expr)                                                       \
    PAIR_LONG(op##_u16_q, u16, u32, 16, expr)                                                      \
    PAIR_LONG(op##_s32_d, s32, s64, 8, expr)                                                       \
    PAIR_LONG(op##_s32_q, s32, s64, 16, expr)                                                      \
    PAIR_LONG(op##_u32_d, u32, u64, 8, expr)                                                       \
    PAIR_LONG(op##_u32_q, u32, u64, 16, expr)                                                      \
    NEON_PREP(op, {{NEON_PAIR(op, s8), NEON_PAIR(op, s16), NEON_PAIR(op, s32)},                    \
                   {NEON_PAIR(op, u8), NEON_PAIR(op, u16), NEON_PAIR(op, u32)}})
PAIR_LONG_ALL(vpaddl, (u64)n + (u64)m)
PAIR_LONG_ALL(vpadal, (u64)x + (u64)n + (u64)m)

// ---- narrowing moves -----------------------------------------------------------------------------------------

#define NARROW_MOVE(name, from, to, expr)                                                          \
    static void name(struct cpu *c, const struct insn *i)                                          \
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
#define NARROW_PREP(op, ...)                                                                       \
    enum prep prep_neon_##op(struct decode *d)                                                     \
    {                                                                                              \
        static exec_fn *const table[2][4] = __VA_ARGS__;                                           \
        d->i->rd = vfp_double(d, 'd', 'D');                                                        \
        d->i->rm = vfp_double(d, 'm', 'M');                                                        \
        d->i->body.exec = table[fld(d, 'U') & 1][fld(d, 's') & 3];                                 \
        return d->i->rm & 1 || !d->i->body.exec ? PREP_UNDEF : PREP_OK;                            \
    }
NARROW_MOVE(vmovn_16, u16, u8, m)
NARROW_MOVE(vmovn_32, u32, u16, m)
NARROW_MOVE(vmovn_64, u64, u32, m)
NARROW_PREP(vmovn, {{vmovn_16, vmovn_32, vmovn_64, NULL}})
NARROW_MOVE(vqmovn_s16, s16, s8, clamp_s8(m, &sat))
NARROW_MOVE(vqmovn_s32, s32, s16, clamp_s16(m, &sat))
NARROW_MOVE(vqmovn_s64, s64, s32, clamp_s32(m, &sat))
NARROW_MOVE(vqmovn_u16, u16, u8, clamp_u8(m, &sat))
NARROW_MOVE(vqmovn_u32, u32, u16, clamp_u16(m, &sat))
NARROW_MOVE(vqmovn_u64, u64, u32, clamp_u32(m, &sat))
NARROW_PREP(vqmovn, {{vqmovn_s16, vqmovn_s32, vqmovn_s64, NULL},
                     {vqmovn_u16, vqmovn_u32, vqmovn_u64, NULL}})
NARROW_MOVE(vqmovun_s16, s16, u8, clamp_u8(m, &sat))
NARROW_MOVE(vqmovun_s32, s32, u16, clamp_u16(m, &sat))
NARROW_MOVE(vqmovun_s64, s64, u32, clamp_u32(m, &sat))
NARROW_PREP(vqmovun, {{vqmovun_s16, vqmovun_s32, vqmovun_s64, NULL}})

// ---- permutations: both registers change -----------------------------------------------------------------------

// With both registers the same (UNPREDICTABLE for all but VSWP), the first result is what stays.
#define PERMUTE(name, t, bytes, statement)                                                         \
    static void name(struct cpu *c, const struct insn *i)                                          \
    {                                                                                              \
        neon_require(c);                                                                           \
        enum { LANES = (bytes) / sizeof(t) };                                                      \
        t a[LANES], b[LANES], ra[LANES], rb[LANES];                                                \
        memcpy(a, &c->d[i->rd], bytes);                                                            \
        memcpy(b, &c->d[i->rm], bytes);                                                            \
        for (unsigned k = 0; k < LANES / 2; k++) {                                                 \
            statement;                                                                             \
        }                                                                                          \
        memcpy(&c->d[i->rm], rb, bytes);                                                           \
        memcpy(&c->d[i->rd], ra, bytes);                                                           \
    }
#define PERMUTE_OP(op, t, statement)                                                               \
    PERMUTE(op##_##t##_d, t, 8, statement)                                                         \
    PERMUTE(op##_##t##_q, t, 16, statement)
// Even lanes of b swap with odd lanes of a.
#define TRN                                                                                        \
    ra[2 * k] = a[2 * k];                                                                          \
    ra[2 * k + 1] = b[2 * k];                                                                      \
    rb[2 * k] = a[2 * k + 1];                                                                      \
    rb[2 * k + 1] = b[2 * k + 1]
// The lanes of both taken alternately, and the other way round.
#define ZIP                                                                                        \
    ra[2 * k] = a[k];                                                                              \
    ra[2 * k + 1] = b[k];                                                                          \
    rb[2 * k] = a[LANES / 2 + k];                                                                  \
    rb[2 * k + 1] = b[LANES / 2 + k]
#define UZP                                                                                        \
    ra[k] = a[2 * k];                                                                              \
    ra[LANES / 2 + k] = b[2 * k];                                                                  \
    rb[k] = a[2 * k + 1];                                                                          \
    rb[LANES / 2 + k] = b[2 * k + 1]
PERMUTE_OP(vtrn, u8, TRN)
PERMUTE_OP(vtrn, u16, TRN)
PERMUTE_OP(vtrn, u32, TRN)
PERMUTE_OP(vzip, u8, ZIP)
PERMUTE_OP(vzip, u16, ZIP)
PERMUTE(vzip_u32_q, u32, 16, ZIP)
PERMUTE_OP(vuzp, u8, UZP)
PERMUTE_OP(vuzp, u16, UZP)
PERMUTE(vuzp_u32_q, u32, 16, UZP)
NEON_PREP(vtrn, {{NEON_PAIR(vtrn, u8), NEON_PAIR(vtrn, u16), NEON_PAIR(vtrn, u32)}})
NEON_PREP(vzip, {{NEON_PAIR(vzip, u8), NEON_PAIR(vzip, u16), {NULL, vzip_u32_q}}})
NEON_PREP(vuzp, {{NEON_PAIR(vuzp, u8), NEON_PAIR(vuzp, u16), {NULL, vuzp_u32_q}}})

static void vswp_u64_d(struct cpu *c, const struct insn *i)
{
    neon_require(c);
    u64 t = c->d[i->rd];
    c->d[i->rd] = c->d[i->rm];
    c->d[i->rm] = t;
}

static void vswp_u64_q(struct cpu *c, const struct insn *i)
{
    neon_require(c);
    for (unsigned k = 0; k < 2; k++) {
        u64 t = c->d[i->rd + k];
        c->d[i->rd + k] = c->d[i->rm + k];
        c->d[i->rm + k] = t;
    }
}
NEON_PREP(vswp, {{NEON_PAIR(vswp, u64)}})

// ---- VEXT, VTBL, VTBX, VDUP --------------------------------------------------------------------------------------

static void vext_u8_d(struct cpu *c, const struct insn *i)
{
    neon_require(c);
    u8 v[16];
    memcpy(v, &c->d[i->rn], 8);
    memcpy(v + 8, &c->d[i->rm], 8);
    memcpy(&c->d[i->rd], v + i->imm, 8);
}

static void vext_u8_q(struct cpu *c, const struct insn *i)
{
    neon_require(c);
    u8 v[32];
    memcpy(v, &c->d[i->rn], 16);
    memcpy(v + 16, &c->d[i->rm], 16);
    memcpy(&c->d[i->rd], v + i->imm, 16);
}

enum prep prep_neon_vext(struct decode *d)
{
    u32 q = fld(d, 'Q'), imm = fld(d, 'i');
    d->i->imm = imm;
    d->i->body.exec = q ? vext_u8_q : vext_u8_d;
    return !q && imm > 7 ? PREP_UNDEF : neon_registers(d);
}

// imm = bytes in the table. Out of range: 0 (VTBL) or the old byte (VTBX).
static inline void table_lookup(struct cpu *c, const struct insn *i, bool keep)
{
    neon_require(c);
    u8 table[32], index[8], r[8];
    memcpy(table, &c->d[i->rn], i->imm);
    memcpy(index, &c->d[i->rm], 8);
    memcpy(r, &c->d[i->rd], 8);
    for (unsigned k = 0; k < 8; k++) {
        r[k] = index[k] < i->imm ? table[index[k]] : keep ? r[k] : 0;
    }
    memcpy(&c->d[i->rd], r, 8);
}

void exec_vtbl(struct cpu *c, const struct insn *i)
{
    table_lookup(c, i, false);
}

void exec_vtbx(struct cpu *c, const struct insn *i)
{
    table_lookup(c, i, true);
}

enum prep prep_neon_vtbl(struct decode *d)
{
    unsigned length = fld(d, 'l') + 1;
    d->i->imm = length * 8;
    neon_registers(d);
    return d->i->rn + length > 32 ? PREP_UNDEF : PREP_OK;
}

#define DUP(t, bytes)                                                                              \
    {                                                                                              \
        neon_require(c);                                                                           \
        t r[(bytes) / sizeof(t)], lane = ((const t *)&c->d[i->rm])[i->imm];                        \
        for (unsigned k = 0; k < (bytes) / sizeof(t); k++) {                                       \
            r[k] = lane;                                                                           \
        }                                                                                          \
        memcpy(&c->d[i->rd], r, bytes);                                                            \
    }
#define DUP_OP(t)                                                                                  \
    static void vdup_##t##_d(struct cpu *c, const struct insn *i) DUP(t, 8)                        \
    static void vdup_##t##_q(struct cpu *c, const struct insn *i) DUP(t, 16)
DUP_OP(u8)
DUP_OP(u16)
DUP_OP(u32)

// imm4: the lowest set bit tells the size, the bits above it the lane.
enum prep prep_neon_vdup(struct decode *d)
{
    static exec_fn *const table[3][2] = {NEON_PAIR(vdup, u8), NEON_PAIR(vdup, u16),
                                         NEON_PAIR(vdup, u32)};
    u32 imm = fld(d, 'i'), q = fld(d, 'Q');
    if (!(imm & 7)) {
        return PREP_UNDEF;
    }
    unsigned size = (unsigned)__builtin_ctz(imm);
    d->i->imm = imm >> (size + 1);
    d->i->rd = vfp_double(d, 'd', 'D');
    d->i->rm = vfp_double(d, 'm', 'M');
    d->i->body.exec = table[size][q & 1];
    return q && d->i->rd & 1 ? PREP_UNDEF : PREP_OK;
}

// ---- modified immediates --------------------------------------------------------------------------------------------

u64 neon_expand_imm(unsigned op, unsigned cmode, u32 imm8)
{
    switch (cmode >> 1) {
    case 0:
    case 1:
    case 2:
    case 3:
        return (u64)imm8 << (cmode >> 1) * 8 | (u64)imm8 << ((cmode >> 1) * 8 + 32);
    case 4:
        return imm8 * 0x0001000100010001ull;
    case 5:
        return (imm8 << 8) * 0x0001000100010001ull;
    case 6:
        return (cmode & 1 ? imm8 << 16 | 0xffff : imm8 << 8 | 0xff) * 0x0000000100000001ull;
    default:
        break;
    }
    if (cmode & 1) {
        return vfp_expand_imm32(imm8) * 0x0000000100000001ull;
    }
    if (!op) {
        return imm8 * 0x0101010101010101ull;
    }
    u64 v = 0;
    for (unsigned k = 0; k < 8; k++) {
        v |= imm8 >> k & 1 ? 0xffull << 8 * k : 0;
    }
    return v;
}

// All but the byte mask of VMOV.I64 repeat a word: imm. rs = 1 for Q registers.
#define IMM_OP(name, expr)                                                                         \
    static void name(struct cpu *c, const struct insn *i)                                          \
    {                                                                                              \
        neon_require(c);                                                                           \
        const u64 imm = (u64)i->imm << 32 | i->imm;                                                \
        for (unsigned k = 0; k <= i->rs; k++) {                                                    \
            const u64 x = c->d[i->rd + k];                                                         \
            (void)x, (void)imm;                                                                    \
            c->d[i->rd + k] = expr;                                                                \
        }                                                                                          \
    }
IMM_OP(vmov_imm, imm)
IMM_OP(vmvn_imm, ~imm)
IMM_OP(vorr_imm, x | imm)
IMM_OP(vbic_imm, x & ~imm)
IMM_OP(vmov_bytes, neon_expand_imm(1, 14, i->imm))

enum prep prep_neon_imm(struct decode *d)
{
    u32 op = bit(d->raw, 5), cmode = bits(d->raw, 11, 8), q = fld(d, 'Q');
    d->i->rd = vfp_double(d, 'd', 'D');
    d->i->rs = (uint8_t)q;
    d->i->imm = (u32)neon_expand_imm(op, cmode, fld(d, 'i'));
    if (op && cmode == 14) {
        d->i->imm = fld(d, 'i');
        d->i->body.exec = vmov_bytes;
    } else if (cmode < 12 && cmode & 1) {
        d->i->body.exec = op ? vbic_imm : vorr_imm;
    } else {
        d->i->body.exec = op ? vmvn_imm : vmov_imm;
    }
    return q && d->i->rd & 1 ? PREP_UNDEF : PREP_OK;
}
