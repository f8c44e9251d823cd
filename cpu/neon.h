// SPDX-License-Identifier: MIT
//
// How Advanced SIMD bodies are made, private to neon*.c. An operation is one expression on lanes; the
// macros make of it a body for each element type and for 64-bit (D) and 128-bit (Q) registers, and a
// table from which the prep function picks by U, size and Q. Every body copies its operands first, so
// overlapping registers need no care, and compilers turn the loops into host vectors.
#ifndef CPU_NEON_H
#define CPU_NEON_H

#include <string.h>

#include "cpu/vfp.h"

typedef int8_t s8;
typedef int16_t s16;
typedef int32_t s32;
typedef int64_t s64;
typedef uint8_t u8;
typedef uint16_t u16;
typedef uint32_t u32;
typedef uint64_t u64;

// Per element type: its unsigned twin, the type of twice the width, one wide enough for any sum or
// shift, and the range.
#define UT_s8 u8
#define UT_u8 u8
#define UT_s16 u16
#define UT_u16 u16
#define UT_s32 u32
#define UT_u32 u32
#define UT_s64 u64
#define UT_u64 u64
#define DOUBLE_s8 s16
#define DOUBLE_u8 u16
#define DOUBLE_s16 s32
#define DOUBLE_u16 u32
#define DOUBLE_s32 s64
#define DOUBLE_u32 u64
#define WIDE_s8 s32
#define WIDE_u8 s32
#define WIDE_s16 s64
#define WIDE_u16 s64
#define WIDE_s32 __int128
#define WIDE_u32 __int128
#define WIDE_s64 __int128
#define WIDE_u64 __int128
#define MIN_s8 INT8_MIN
#define MIN_u8 0
#define MIN_s16 INT16_MIN
#define MIN_u16 0
#define MIN_s32 INT32_MIN
#define MIN_u32 0
#define MIN_s64 INT64_MIN
#define MIN_u64 0
#define MAX_s8 INT8_MAX
#define MAX_u8 UINT8_MAX
#define MAX_s16 INT16_MAX
#define MAX_u16 UINT16_MAX
#define MAX_s32 INT32_MAX
#define MAX_u32 UINT32_MAX
#define MAX_s64 INT64_MAX
#define MAX_u64 UINT64_MAX

// Clamps to the element type and notes saturation in a lane of that type.
#define NEON_CLAMP(t)                                                                              \
    static inline t clamp_##t(WIDE_##t v, t *sat)                                                  \
    {                                                                                              \
        WIDE_##t r = v < MIN_##t ? MIN_##t : v > (WIDE_##t)MAX_##t ? (WIDE_##t)MAX_##t : v;        \
        *sat = (t)(*sat | (r != v));                                                               \
        return (t)r;                                                                               \
    }
NEON_CLAMP(s8)
NEON_CLAMP(u8)
NEON_CLAMP(s16)
NEON_CLAMP(u16)
NEON_CLAMP(s32)
NEON_CLAMP(u32)
NEON_CLAMP(s64)
NEON_CLAMP(u64)

// Sets QC when any of the lanes' notes is not 0.
static inline void neon_saturated(struct cpu *c, const void *notes, unsigned bytes)
{
    u64 any = 0, v;
    for (unsigned k = 0; k < bytes; k += 8) {
        memcpy(&v, (const u8 *)notes + k, 8);
        any |= v;
    }
    if (any) {
        c->fpscr_qc = FPSCR_QC;
    }
}

// A body over lanes: n, m and x are the lanes of Vn, Vm and the old Vd; `sat` collects saturation.
#define NEON_BODY(name, t, bytes, expr)                                                            \
    static void name(struct cpu *c, const struct insn *i)                                          \
    {                                                                                              \
        neon_require(c);                                                                           \
        enum { LANES = (bytes) / sizeof(t) };                                                      \
        t vn[LANES], vm[LANES], vx[LANES], r[LANES], notes[LANES];                                 \
        memcpy(vn, &c->d[i->rn], bytes);                                                           \
        memcpy(vm, &c->d[i->rm], bytes);                                                           \
        memcpy(vx, &c->d[i->rd], bytes);                                                           \
        for (unsigned k = 0; k < LANES; k++) {                                                     \
            const t n = vn[k], m = vm[k], x = vx[k];                                               \
            t sat = 0;                                                                             \
            (void)n, (void)m, (void)x;                                                             \
            r[k] = (t)(expr);                                                                      \
            notes[k] = sat;                                                                        \
        }                                                                                          \
        memcpy(&c->d[i->rd], r, bytes);                                                            \
        neon_saturated(c, notes, bytes);                                                           \
    }
#define NEON_OP(op, t, expr)                                                                       \
    NEON_BODY(op##_##t##_d, t, 8, expr)                                                            \
    NEON_BODY(op##_##t##_q, t, 16, expr)

// The 64 bits of a modified immediate (AdvSIMDExpandImm).
u64 neon_expand_imm(unsigned op, unsigned cmode, u32 imm8);

// Tables: [U][size][Q].
typedef exec_fn *const neon_table[2][4][2];
#define NEON_PAIR(op, t) {op##_##t##_d, op##_##t##_q}
#define NEON_NONE {NULL, NULL}

// Q, the three registers; UNDEFINED for odd registers with Q. Letters missing in a row's picture
// read as 0.
static inline enum prep neon_registers(struct decode *d)
{
    u32 q = fld(d, 'Q');
    d->i->rd = vfp_double(d, 'd', 'D');
    d->i->rn = vfp_double(d, 'n', 'N');
    d->i->rm = vfp_double(d, 'm', 'M');
    return q && ((d->i->rd | d->i->rn | d->i->rm) & 1) ? PREP_UNDEF : PREP_OK;
}

// Chooses the body by U, s (size) and Q.
static inline enum prep neon_choose(struct decode *d, neon_table table)
{
    d->i->body.exec = table[fld(d, 'U') & 1][fld(d, 's') & 3][fld(d, 'Q') & 1];
    return d->i->body.exec ? neon_registers(d) : PREP_UNDEF;
}

#define NEON_PREP(op, ...)                                                                         \
    enum prep prep_neon_##op(struct decode *d)                                                     \
    {                                                                                              \
        static neon_table table = __VA_ARGS__;                                                     \
        return neon_choose(d, table);                                                              \
    }

// The usual shapes: signed and unsigned of 8 to 32 or 64 bits, or sizes without a sign.
#define NEON_SU32(op, EXPR)                                                                        \
    NEON_OP(op, s8, EXPR(s8))                                                                      \
    NEON_OP(op, u8, EXPR(u8))                                                                      \
    NEON_OP(op, s16, EXPR(s16))                                                                    \
    NEON_OP(op, u16, EXPR(u16))                                                                    \
    NEON_OP(op, s32, EXPR(s32))                                                                    \
    NEON_OP(op, u32, EXPR(u32))                                                                    \
    NEON_PREP(op, {{NEON_PAIR(op, s8), NEON_PAIR(op, s16), NEON_PAIR(op, s32), NEON_NONE},         \
                   {NEON_PAIR(op, u8), NEON_PAIR(op, u16), NEON_PAIR(op, u32), NEON_NONE}})
#define NEON_SU64(op, EXPR)                                                                        \
    NEON_OP(op, s8, EXPR(s8))                                                                      \
    NEON_OP(op, u8, EXPR(u8))                                                                      \
    NEON_OP(op, s16, EXPR(s16))                                                                    \
    NEON_OP(op, u16, EXPR(u16))                                                                    \
    NEON_OP(op, s32, EXPR(s32))                                                                    \
    NEON_OP(op, u32, EXPR(u32))                                                                    \
    NEON_OP(op, s64, EXPR(s64))                                                                    \
    NEON_OP(op, u64, EXPR(u64))                                                                    \
    NEON_PREP(op, {{NEON_PAIR(op, s8), NEON_PAIR(op, s16), NEON_PAIR(op, s32), NEON_PAIR(op, s64)}, \
                   {NEON_PAIR(op, u8), NEON_PAIR(op, u16), NEON_PAIR(op, u32), NEON_PAIR(op, u64)}})
#define NEON_U32(op, EXPR)                                                                         \
    NEON_OP(op, u8, EXPR(u8))                                                                      \
    NEON_OP(op, u16, EXPR(u16))                                                                    \
    NEON_OP(op, u32, EXPR(u32))                                                                    \
    NEON_PREP(op, {{NEON_PAIR(op, u8), NEON_PAIR(op, u16), NEON_PAIR(op, u32), NEON_NONE}})
#define NEON_S32(op, EXPR)                                                                         \
    NEON_OP(op, s8, EXPR(s8))                                                                      \
    NEON_OP(op, s16, EXPR(s16))                                                                    \
    NEON_OP(op, s32, EXPR(s32))                                                                    \
    NEON_PREP(op, {{NEON_PAIR(op, s8), NEON_PAIR(op, s16), NEON_PAIR(op, s32), NEON_NONE}})
#define NEON_U64(op, EXPR)                                                                         \
    NEON_OP(op, u8, EXPR(u8))                                                                      \
    NEON_OP(op, u16, EXPR(u16))                                                                    \
    NEON_OP(op, u32, EXPR(u32))                                                                    \
    NEON_OP(op, u64, EXPR(u64))                                                                    \
    NEON_PREP(op, {{NEON_PAIR(op, u8), NEON_PAIR(op, u16), NEON_PAIR(op, u32), NEON_PAIR(op, u64)}})

#endif
