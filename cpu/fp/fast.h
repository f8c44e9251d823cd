// SPDX-License-Identifier: MIT
//
// The same functions by host arithmetic where that gives the identical bits and flags, the exact
// ones otherwise. Needed of the host: IEEE 754 float and double without excess precision, in its
// default state (round to nearest, no flushing), which no code of ours changes.
//
// The conditions: the guest rounds to nearest; no operand is a denormal that FZ would flush; the
// result is normal and clear of the smallest exponent (so neither overflow nor, before rounding,
// tininess can have happened) or an exact zero. What remains is IXC: once it is set nothing more can
// change; until then an exact residual tells.
#ifndef CPU_FP_FAST_H
#define CPU_FP_FAST_H

#include "cpu/fp/fp.h"

#include <math.h>
#include <string.h>

static inline float fp_host32(uint32_t v)
{
    float f;
    memcpy(&f, &v, sizeof(f));
    return f;
}

static inline double fp_host64(uint64_t v)
{
    double d;
    memcpy(&d, &v, sizeof(d));
    return d;
}

static inline uint32_t fp_bits32(float f)
{
    uint32_t v;
    memcpy(&v, &f, sizeof(v));
    return v;
}

static inline uint64_t fp_bits64(double d)
{
    uint64_t v;
    memcpy(&v, &d, sizeof(v));
    return v;
}

static inline bool fp32_is_zero(uint32_t v)
{
    return v << 1 == 0;
}

static inline bool fp64_is_zero(uint64_t v)
{
    return v << 1 == 0;
}

// Zero, normal, infinite or NaN: nothing that flush-to-zero touches.
static inline bool fp32_not_denormal(uint32_t v)
{
    return (uint32_t)((v << 1) - 1) >= 0x00ffffffu;
}

static inline bool fp64_not_denormal(uint64_t v)
{
    return (v << 1) - 1 >= 0x001fffffffffffffull;
}

// Finite with a biased exponent of 2 or more.
static inline bool fp32_is_plain(uint32_t v)
{
    return (v << 1) - 0x02000000u < 0xff000000u - 0x02000000u;
}

static inline bool fp64_is_plain(uint64_t v)
{
    return (v << 1) - 0x0040000000000000ull < 0xffe0000000000000ull - 0x0040000000000000ull;
}

static inline bool fp_nearest(const struct fp_env *env)
{
    return !(env->fpscr & FPSCR_RMODE);
}

static inline bool fp32_operand_ok(const struct fp_env *env, uint32_t v)
{
    return !(env->fpscr & FPSCR_FZ) || fp32_not_denormal(v);
}

static inline bool fp64_operand_ok(const struct fp_env *env, uint64_t v)
{
    return !(env->fpscr & FPSCR_FZ) || fp64_not_denormal(v);
}

static inline void fp_note_inexact(struct fp_env *env, bool inexact)
{
    env->fpscr |= inexact ? FPSCR_IXC : 0;
}

static inline bool fp_knows_inexact(const struct fp_env *env)
{
    return env->fpscr & FPSCR_IXC;
}

// The rounding error of s = x + y as the second number of Knuth's exact pair.
static inline float fp32_sum_error(float x, float y, float s)
{
    float t = s - x;
    return (x - (s - t)) + (y - t);
}

static inline double fp64_sum_error(double x, double y, double s)
{
    double t = s - x;
    return (x - (s - t)) + (y - t);
}

static inline uint32_t fp32_add_fast(struct fp_env *env, uint32_t a, uint32_t b)
{
    float x = fp_host32(a), y = fp_host32(b), s = x + y;
    uint32_t r = fp_bits32(s);
    if (!fp_nearest(env) || !(fp32_is_plain(r) || fp32_is_zero(r)) || !fp32_operand_ok(env, a) ||
        !fp32_operand_ok(env, b)) {
        return fp32_add(env, a, b);
    }
    if (!fp_knows_inexact(env)) {
        fp_note_inexact(env, fp32_sum_error(x, y, s) != 0);
    }
    return r;
}

static inline uint32_t fp32_sub_fast(struct fp_env *env, uint32_t a, uint32_t b)
{
    float x = fp_host32(a), y = fp_host32(b), s = x - y;
    uint32_t r = fp_bits32(s);
    if (!fp_nearest(env) || !(fp32_is_plain(r) || fp32_is_zero(r)) || !fp32_operand_ok(env, a) ||
        !fp32_operand_ok(env, b)) {
        return fp32_sub(env, a, b);
    }
    if (!fp_knows_inexact(env)) {
        fp_note_inexact(env, fp32_sum_error(x, -y, s) != 0);
    }
    return r;
}

static inline uint32_t fp32_mul_fast(struct fp_env *env, uint32_t a, uint32_t b)
{
    float x = fp_host32(a), y = fp_host32(b), p = x * y;
    uint32_t r = fp_bits32(p);
    bool exact_zero = fp32_is_zero(r) && (fp32_is_zero(a) || fp32_is_zero(b));
    if (!fp_nearest(env) || !(fp32_is_plain(r) || exact_zero) || !fp32_operand_ok(env, a) ||
        !fp32_operand_ok(env, b)) {
        return fp32_mul(env, a, b);
    }
    if (!fp_knows_inexact(env)) {
        fp_note_inexact(env, (double)x * (double)y != (double)p);
    }
    return r;
}

static inline uint32_t fp32_div_fast(struct fp_env *env, uint32_t a, uint32_t b)
{
    float x = fp_host32(a), y = fp_host32(b), q = x / y;
    uint32_t r = fp_bits32(q);
    if (!fp_nearest(env) || !fp32_is_plain(r) || !fp32_operand_ok(env, a) ||
        !fp32_operand_ok(env, b)) {
        return fp32_div(env, a, b);
    }
    if (!fp_knows_inexact(env)) {
        fp_note_inexact(env, (double)q * (double)y != (double)x);
    }
    return r;
}

static inline uint32_t fp32_sqrt_fast(struct fp_env *env, uint32_t a)
{
    float x = fp_host32(a);
    if (!fp_nearest(env) || !fp32_is_plain(a) || a >> 31) {
        return fp32_sqrt(env, a);
    }
    float s = sqrtf(x);
    if (!fp_knows_inexact(env)) {
        fp_note_inexact(env, (double)s * (double)s != (double)x);
    }
    return fp_bits32(s);
}

static inline uint32_t fp32_fma_fast(struct fp_env *env, uint32_t addend, uint32_t a, uint32_t b)
{
    if (!fp_nearest(env) || !fp_knows_inexact(env) || !fp32_operand_ok(env, addend) ||
        !fp32_operand_ok(env, a) || !fp32_operand_ok(env, b)) {
        return fp32_fma(env, addend, a, b);
    }
    uint32_t r = fp_bits32(fmaf(fp_host32(a), fp_host32(b), fp_host32(addend)));
    return fp32_is_plain(r) ? r : fp32_fma(env, addend, a, b);
}

static inline uint32_t fp32_mla_fast(struct fp_env *env, uint32_t addend, uint32_t a, uint32_t b)
{
    return fp32_add_fast(env, addend, fp32_mul_fast(env, a, b));
}

static inline uint64_t fp64_add_fast(struct fp_env *env, uint64_t a, uint64_t b)
{
    double x = fp_host64(a), y = fp_host64(b), s = x + y;
    uint64_t r = fp_bits64(s);
    if (!fp_nearest(env) || !(fp64_is_plain(r) || fp64_is_zero(r)) || !fp64_operand_ok(env, a) ||
        !fp64_operand_ok(env, b)) {
        return fp64_add(env, a, b);
    }
    if (!fp_knows_inexact(env)) {
        fp_note_inexact(env, fp64_sum_error(x, y, s) != 0);
    }
    return r;
}

static inline uint64_t fp64_sub_fast(struct fp_env *env, uint64_t a, uint64_t b)
{
    double x = fp_host64(a), y = fp_host64(b), s = x - y;
    uint64_t r = fp_bits64(s);
    if (!fp_nearest(env) || !(fp64_is_plain(r) || fp64_is_zero(r)) || !fp64_operand_ok(env, a) ||
        !fp64_operand_ok(env, b)) {
        return fp64_sub(env, a, b);
    }
    if (!fp_knows_inexact(env)) {
        fp_note_inexact(env, fp64_sum_error(x, -y, s) != 0);
    }
    return r;
}

// Whether a * b == product exactly, by the odd parts of the significands: the product of two 53-bit
// numbers fits its 53-bit result exactly when the trailing zeros of the factors make up the rest.
static inline bool fp64_product_inexact(uint64_t a, uint64_t b)
{
    uint64_t ma = (a & 0x000fffffffffffffull) | 0x0010000000000000ull;
    uint64_t mb = (b & 0x000fffffffffffffull) | 0x0010000000000000ull;
    unsigned __int128 product = (unsigned __int128)ma * mb;
    unsigned drop = product >> 105 ? 53 : 52;
    return (uint64_t)product << (64 - drop) != 0;
}

static inline bool fp64_is_normal(uint64_t v)
{
    return (v << 1) - 0x0020000000000000ull < 0xffe0000000000000ull - 0x0020000000000000ull;
}

static inline uint64_t fp64_mul_fast(struct fp_env *env, uint64_t a, uint64_t b)
{
    uint64_t r = fp_bits64(fp_host64(a) * fp_host64(b));
    bool zero = fp64_is_zero(a) || fp64_is_zero(b);
    if (!fp_nearest(env) || !(fp64_is_plain(r) || (zero && fp64_is_zero(r))) ||
        !fp64_operand_ok(env, a) || !fp64_operand_ok(env, b)) {
        return fp64_mul(env, a, b);
    }
    if (!fp_knows_inexact(env) && !zero) {
        if (!fp64_is_normal(a) || !fp64_is_normal(b)) {
            return fp64_mul(env, a, b);
        }
        fp_note_inexact(env, fp64_product_inexact(a, b));
    }
    return r;
}

static inline uint64_t fp64_div_fast(struct fp_env *env, uint64_t a, uint64_t b)
{
    uint64_t r = fp_bits64(fp_host64(a) / fp_host64(b));
    if (!fp_nearest(env) || !fp_knows_inexact(env) || !fp64_is_plain(r) ||
        !fp64_operand_ok(env, a) || !fp64_operand_ok(env, b)) {
        return fp64_div(env, a, b);
    }
    return r;
}

static inline uint64_t fp64_sqrt_fast(struct fp_env *env, uint64_t a)
{
    if (!fp_nearest(env) || !fp_knows_inexact(env) || !fp64_is_plain(a) || a >> 63) {
        return fp64_sqrt(env, a);
    }
    return fp_bits64(sqrt(fp_host64(a)));
}

static inline uint64_t fp64_fma_fast(struct fp_env *env, uint64_t addend, uint64_t a, uint64_t b)
{
    if (!fp_nearest(env) || !fp_knows_inexact(env) || !fp64_operand_ok(env, addend) ||
        !fp64_operand_ok(env, a) || !fp64_operand_ok(env, b)) {
        return fp64_fma(env, addend, a, b);
    }
    uint64_t r = fp_bits64(fma(fp_host64(a), fp_host64(b), fp_host64(addend)));
    return fp64_is_plain(r) ? r : fp64_fma(env, addend, a, b);
}

static inline uint64_t fp64_mla_fast(struct fp_env *env, uint64_t addend, uint64_t a, uint64_t b)
{
    return fp64_add_fast(env, addend, fp64_mul_fast(env, a, b));
}

// ---- certain cases only ---------------------------------------------------------------------------
// For callers that keep their hot path free of calls: true, with the result, when rounding is to
// nearest and IXC is set already (both known to the caller) and the answer needs nothing else. No
// flag changes then.

static inline bool fp32_add_quick(uint32_t a, uint32_t b, uint32_t *r)
{
    *r = fp_bits32(fp_host32(a) + fp_host32(b));
    return (fp32_is_plain(*r) || fp32_is_zero(*r)) && fp32_not_denormal(a) && fp32_not_denormal(b);
}

static inline bool fp32_mul_quick(uint32_t a, uint32_t b, uint32_t *r)
{
    *r = fp_bits32(fp_host32(a) * fp_host32(b));
    bool exact_zero = fp32_is_zero(*r) && (fp32_is_zero(a) || fp32_is_zero(b));
    return (fp32_is_plain(*r) || exact_zero) && fp32_not_denormal(a) && fp32_not_denormal(b);
}

static inline bool fp32_div_quick(uint32_t a, uint32_t b, uint32_t *r)
{
    *r = fp_bits32(fp_host32(a) / fp_host32(b));
    return fp32_is_plain(*r) && fp32_not_denormal(a) && fp32_not_denormal(b);
}

static inline bool fp64_add_quick(uint64_t a, uint64_t b, uint64_t *r)
{
    *r = fp_bits64(fp_host64(a) + fp_host64(b));
    return (fp64_is_plain(*r) || fp64_is_zero(*r)) && fp64_not_denormal(a) && fp64_not_denormal(b);
}

static inline bool fp64_mul_quick(uint64_t a, uint64_t b, uint64_t *r)
{
    *r = fp_bits64(fp_host64(a) * fp_host64(b));
    bool exact_zero = fp64_is_zero(*r) && (fp64_is_zero(a) || fp64_is_zero(b));
    return (fp64_is_plain(*r) || exact_zero) && fp64_not_denormal(a) && fp64_not_denormal(b);
}

static inline bool fp64_div_quick(uint64_t a, uint64_t b, uint64_t *r)
{
    *r = fp_bits64(fp_host64(a) / fp_host64(b));
    return fp64_is_plain(*r) && fp64_not_denormal(a) && fp64_not_denormal(b);
}

// ---- comparison and conversion ----------------------------------------------------------------------

static inline bool fp32_is_nan_bits(uint32_t v)
{
    return v << 1 > 0xff000000u;
}

static inline bool fp64_is_nan_bits(uint64_t v)
{
    return v << 1 > 0xffe0000000000000ull;
}

static inline unsigned fp32_compare_fast(struct fp_env *env, uint32_t a, uint32_t b,
                                         bool signal_quiet)
{
    float x = fp_host32(a), y = fp_host32(b);
    if (fp32_is_nan_bits(a) || fp32_is_nan_bits(b) || !fp32_operand_ok(env, a) ||
        !fp32_operand_ok(env, b)) {
        return fp32_compare(env, a, b, signal_quiet);
    }
    return x < y ? 8 : x == y ? 6 : 2;
}

static inline unsigned fp64_compare_fast(struct fp_env *env, uint64_t a, uint64_t b,
                                         bool signal_quiet)
{
    double x = fp_host64(a), y = fp_host64(b);
    if (fp64_is_nan_bits(a) || fp64_is_nan_bits(b) || !fp64_operand_ok(env, a) ||
        !fp64_operand_ok(env, b)) {
        return fp64_compare(env, a, b, signal_quiet);
    }
    return x < y ? 8 : x == y ? 6 : 2;
}

static inline uint64_t fp32_to_fp64_fast(struct fp_env *env, uint32_t a)
{
    return fp32_is_plain(a) || fp32_is_zero(a) ? fp_bits64(fp_host32(a)) : fp32_to_fp64(env, a);
}

static inline uint32_t fp64_to_fp32_fast(struct fp_env *env, uint64_t a)
{
    double x = fp_host64(a);
    float y = (float)x;
    uint32_t r = fp_bits32(y);
    if (!fp_nearest(env) || !(fp32_is_plain(r) || fp64_is_zero(a))) {
        return fp64_to_fp32(env, a);
    }
    fp_note_inexact(env, (double)y != x);
    return r;
}

// To a 32-bit integer, towards zero (what compilers use).
static inline uint32_t fp32_to_s32_fast(struct fp_env *env, uint32_t a)
{
    float x = fp_host32(a);
    if (!(x > -2147483648.0f && x < 2147483648.0f) || !fp32_operand_ok(env, a)) {
        return (uint32_t)fp32_to_fixed(env, a, 32, 0, false, FP_ROUND_ZERO);
    }
    int32_t i = (int32_t)x;
    fp_note_inexact(env, (float)i != x);
    return (uint32_t)i;
}

static inline uint32_t fp32_to_u32_fast(struct fp_env *env, uint32_t a)
{
    float x = fp_host32(a);
    if (!(x >= 0 && x < 4294967296.0f) || !fp32_operand_ok(env, a)) {
        return (uint32_t)fp32_to_fixed(env, a, 32, 0, true, FP_ROUND_ZERO);
    }
    uint32_t i = (uint32_t)x;
    fp_note_inexact(env, (float)i != x);
    return i;
}

static inline uint32_t fp64_to_s32_fast(struct fp_env *env, uint64_t a)
{
    double x = fp_host64(a);
    if (!(x > -2147483649.0 && x < 2147483648.0) || !fp64_operand_ok(env, a)) {
        return (uint32_t)fp64_to_fixed(env, a, 32, 0, false, FP_ROUND_ZERO);
    }
    int32_t i = (int32_t)x;
    fp_note_inexact(env, (double)i != x);
    return (uint32_t)i;
}

static inline uint32_t fp64_to_u32_fast(struct fp_env *env, uint64_t a)
{
    double x = fp_host64(a);
    if (!(x >= 0 && x < 4294967296.0) || !fp64_operand_ok(env, a)) {
        return (uint32_t)fp64_to_fixed(env, a, 32, 0, true, FP_ROUND_ZERO);
    }
    uint32_t i = (uint32_t)x;
    fp_note_inexact(env, (double)i != x);
    return i;
}

static inline uint32_t fp32_from_s32_fast(struct fp_env *env, uint32_t a)
{
    if (!fp_nearest(env)) {
        return fp32_from_fixed(env, (uint64_t)(int64_t)(int32_t)a, 0, false, fp_env_round(env));
    }
    float f = (float)(int32_t)a;
    fp_note_inexact(env, (double)f != (double)(int32_t)a);
    return fp_bits32(f);
}

static inline uint32_t fp32_from_u32_fast(struct fp_env *env, uint32_t a)
{
    if (!fp_nearest(env)) {
        return fp32_from_fixed(env, a, 0, true, fp_env_round(env));
    }
    float f = (float)a;
    fp_note_inexact(env, (double)f != (double)a);
    return fp_bits32(f);
}

// Every 32-bit integer is a binary64 number.
static inline uint64_t fp64_from_s32_fast(uint32_t a)
{
    return fp_bits64((double)(int32_t)a);
}

static inline uint64_t fp64_from_u32_fast(uint32_t a)
{
    return fp_bits64((double)a);
}

#endif
