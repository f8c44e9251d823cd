// SPDX-License-Identifier: MIT
//
// Add, subtract, multiply, divide, square root and multiply-add (ARM DDI 0406C A2.7.8). One body a
// operation for every format; the functions at the end fix the format, so the compiler specialises.
#include "cpu/fp/fp.h"
#include "cpu/fp/core.h"

#include <math.h>

static uint64_t add_numbers(struct fp_env *env, const struct fp_format *f, struct fp_number a,
                            struct fp_number b)
{
    enum fp_round round = fp_env_round(env);
    if (a.class == FP_CLASS_INF || b.class == FP_CLASS_INF) {
        if (a.class == b.class && a.sign != b.sign) {
            return fp_invalid(env, f);
        }
        return fp_infinity(f, a.class == FP_CLASS_INF ? a.sign : b.sign);
    }
    if (a.class == FP_CLASS_ZERO && b.class == FP_CLASS_ZERO) {
        return fp_zero(f, a.sign == b.sign ? a.sign : round == FP_ROUND_MINUS);
    }
    if (a.class == FP_CLASS_ZERO) {
        return fp_pack_round(env, f, b.sign, b.exp, b.sig, round);
    }
    if (b.class == FP_CLASS_ZERO) {
        return fp_pack_round(env, f, a.sign, a.exp, a.sig, round);
    }
    if (a.exp < b.exp || (a.exp == b.exp && a.sig < b.sig)) {
        struct fp_number t = a;
        a = b;
        b = t;
    }
    uint64_t low = fp_shift_jam(b.sig, (unsigned)(a.exp - b.exp));
    uint64_t sum = a.sign == b.sign ? a.sig + low : a.sig - low;
    if (sum == 0) {
        return fp_zero(f, round == FP_ROUND_MINUS);
    }
    return fp_pack_normalize(env, f, a.sign, a.exp, sum, round);
}

static inline uint64_t fp_add(struct fp_env *env, const struct fp_format *f, uint64_t a, uint64_t b,
                              bool subtract)
{
    struct fp_number na = fp_unpack(env, f, a);
    struct fp_number nb = fp_unpack(env, f, b);
    uint64_t nan;
    if (fp_either_nan(env, f, &na, a, &nb, b, &nan)) {
        return nan;
    }
    nb.sign ^= subtract;
    return add_numbers(env, f, na, nb);
}

static inline uint64_t fp_mul(struct fp_env *env, const struct fp_format *f, uint64_t a, uint64_t b)
{
    struct fp_number na = fp_unpack(env, f, a);
    struct fp_number nb = fp_unpack(env, f, b);
    uint64_t nan;
    if (fp_either_nan(env, f, &na, a, &nb, b, &nan)) {
        return nan;
    }
    bool sign = na.sign != nb.sign;
    if (na.class == FP_CLASS_INF || nb.class == FP_CLASS_INF) {
        bool zero = na.class == FP_CLASS_ZERO || nb.class == FP_CLASS_ZERO;
        return zero ? fp_invalid(env, f) : fp_infinity(f, sign);
    }
    if (na.class == FP_CLASS_ZERO || nb.class == FP_CLASS_ZERO) {
        return fp_zero(f, sign);
    }
    fp_u128 product = (fp_u128)na.sig * nb.sig; // leading one at bit 124 or 125
    return fp_pack_normalize(env, f, sign, na.exp + nb.exp, fp_narrow(product << 2),
                             fp_env_round(env));
}

static inline uint64_t fp_div(struct fp_env *env, const struct fp_format *f, uint64_t a, uint64_t b)
{
    struct fp_number na = fp_unpack(env, f, a);
    struct fp_number nb = fp_unpack(env, f, b);
    uint64_t nan;
    if (fp_either_nan(env, f, &na, a, &nb, b, &nan)) {
        return nan;
    }
    bool sign = na.sign != nb.sign;
    if (na.class == nb.class && na.class != FP_CLASS_FINITE) {
        return fp_invalid(env, f); // 0/0, inf/inf
    }
    if (na.class == FP_CLASS_INF) {
        return fp_infinity(f, sign);
    }
    if (nb.class == FP_CLASS_ZERO) {
        fp_raise(env, FPSCR_DZC);
        return fp_infinity(f, sign);
    }
    if (na.class == FP_CLASS_ZERO || nb.class == FP_CLASS_INF) {
        return fp_zero(f, sign);
    }
    fp_u128 dividend = (fp_u128)na.sig << 62;
    uint64_t quotient = (uint64_t)(dividend / nb.sig); // between 2^61 and 2^63
    quotient |= quotient * (fp_u128)nb.sig != dividend;
    return fp_pack_normalize(env, f, sign, na.exp - nb.exp, quotient, fp_env_round(env));
}

// The largest s with s * s <= v, for v below 2^126.
static uint64_t integer_sqrt(fp_u128 v)
{
    uint64_t s = (uint64_t)sqrt((double)v);
    s = (uint64_t)((s + v / s) / 2); // the first guess has 53 bits; one Newton step has all 63
    while ((fp_u128)s * s > v) {
        s--;
    }
    while ((fp_u128)(s + 1) * (s + 1) <= v) {
        s++;
    }
    return s;
}

static inline uint64_t fp_sqrt(struct fp_env *env, const struct fp_format *f, uint64_t a)
{
    struct fp_number n = fp_unpack(env, f, a);
    if (fp_is_nan(&n)) {
        return fp_quiet(env, f, &n, a);
    }
    if (n.class == FP_CLASS_ZERO) {
        return fp_zero(f, n.sign);
    }
    if (n.sign) {
        return fp_invalid(env, f);
    }
    if (n.class == FP_CLASS_INF) {
        return fp_infinity(f, false);
    }
    fp_u128 v = (fp_u128)n.sig << (n.exp & 1 ? 63 : 62);
    uint64_t root = integer_sqrt(v); // leading one at bit 62
    root |= (fp_u128)root * root != v;
    return fp_pack_round(env, f, false, (n.exp - (n.exp & 1)) / 2, root, fp_env_round(env));
}

static inline uint64_t fp_fma(struct fp_env *env, const struct fp_format *f, uint64_t c, uint64_t a,
                              uint64_t b)
{
    struct fp_number nc = fp_unpack(env, f, c);
    struct fp_number na = fp_unpack(env, f, a);
    struct fp_number nb = fp_unpack(env, f, b);
    bool inf_times_zero = (na.class == FP_CLASS_INF && nb.class == FP_CLASS_ZERO) ||
                          (na.class == FP_CLASS_ZERO && nb.class == FP_CLASS_INF);
    if (nc.class == FP_CLASS_QNAN && inf_times_zero) {
        return fp_invalid(env, f);
    }
    // FPProcessNaNs3: signalling before quiet, the addend before the factors.
    uint64_t nan;
    if (nc.class == FP_CLASS_SNAN) {
        return fp_quiet(env, f, &nc, c);
    }
    if (nc.class == FP_CLASS_QNAN && na.class != FP_CLASS_SNAN && nb.class != FP_CLASS_SNAN) {
        return fp_quiet(env, f, &nc, c);
    }
    if (fp_either_nan(env, f, &na, a, &nb, b, &nan)) {
        return nan;
    }
    if (inf_times_zero) {
        return fp_invalid(env, f);
    }
    bool sign = na.sign != nb.sign;
    struct fp_number product = {FP_CLASS_FINITE, sign, 0, 0};
    if (na.class == FP_CLASS_INF || nb.class == FP_CLASS_INF) {
        product.class = FP_CLASS_INF;
    } else if (na.class == FP_CLASS_ZERO || nb.class == FP_CLASS_ZERO) {
        product.class = FP_CLASS_ZERO;
    }
    if (product.class != FP_CLASS_FINITE || nc.class == FP_CLASS_INF) {
        return add_numbers(env, f, nc, product);
    }
    // Both sides at 124 fraction bits; the exact product stays below 2^126.
    fp_u128 psig = (fp_u128)na.sig * nb.sig;
    int exp = na.exp + nb.exp;
    fp_u128 sum = psig;
    if (nc.class == FP_CLASS_FINITE) {
        fp_u128 csig = (fp_u128)nc.sig << 62;
        if (nc.exp > exp) {
            psig = fp_shift_jam128(psig, (unsigned)(nc.exp - exp));
            exp = nc.exp;
        } else {
            csig = fp_shift_jam128(csig, (unsigned)(exp - nc.exp));
        }
        if (nc.sign == sign) {
            sum = psig + csig;
        } else if (psig >= csig) {
            sum = psig - csig;
        } else {
            sum = csig - psig;
            sign = nc.sign;
        }
    }
    enum fp_round round = fp_env_round(env);
    if (sum == 0) {
        return fp_zero(f, round == FP_ROUND_MINUS);
    }
    // Bring the leading one to bit 126 before dropping the low half.
    uint64_t high = (uint64_t)(sum >> 64);
    unsigned lead = high ? (unsigned)__builtin_clzll(high)
                         : 64 + (unsigned)__builtin_clzll((uint64_t)sum);
    return fp_pack_round(env, f, sign, exp + 3 - (int)lead, fp_narrow(sum << (lead - 1)), round);
}

uint32_t fp32_add(struct fp_env *env, uint32_t a, uint32_t b)
{
    return (uint32_t)fp_add(env, &fp_binary32, a, b, false);
}

uint32_t fp32_sub(struct fp_env *env, uint32_t a, uint32_t b)
{
    return (uint32_t)fp_add(env, &fp_binary32, a, b, true);
}

uint32_t fp32_mul(struct fp_env *env, uint32_t a, uint32_t b)
{
    return (uint32_t)fp_mul(env, &fp_binary32, a, b);
}

uint32_t fp32_div(struct fp_env *env, uint32_t a, uint32_t b)
{
    return (uint32_t)fp_div(env, &fp_binary32, a, b);
}

uint32_t fp32_sqrt(struct fp_env *env, uint32_t a)
{
    return (uint32_t)fp_sqrt(env, &fp_binary32, a);
}

uint32_t fp32_fma(struct fp_env *env, uint32_t addend, uint32_t a, uint32_t b)
{
    return (uint32_t)fp_fma(env, &fp_binary32, addend, a, b);
}

uint32_t fp32_mla(struct fp_env *env, uint32_t addend, uint32_t a, uint32_t b)
{
    return fp32_add(env, addend, fp32_mul(env, a, b));
}

uint64_t fp64_add(struct fp_env *env, uint64_t a, uint64_t b)
{
    return fp_add(env, &fp_binary64, a, b, false);
}

uint64_t fp64_sub(struct fp_env *env, uint64_t a, uint64_t b)
{
    return fp_add(env, &fp_binary64, a, b, true);
}

uint64_t fp64_mul(struct fp_env *env, uint64_t a, uint64_t b)
{
    return fp_mul(env, &fp_binary64, a, b);
}

uint64_t fp64_div(struct fp_env *env, uint64_t a, uint64_t b)
{
    return fp_div(env, &fp_binary64, a, b);
}

uint64_t fp64_sqrt(struct fp_env *env, uint64_t a)
{
    return fp_sqrt(env, &fp_binary64, a);
}

uint64_t fp64_fma(struct fp_env *env, uint64_t addend, uint64_t a, uint64_t b)
{
    return fp_fma(env, &fp_binary64, addend, a, b);
}

uint64_t fp64_mla(struct fp_env *env, uint64_t addend, uint64_t a, uint64_t b)
{
    return fp64_add(env, addend, fp64_mul(env, a, b));
}
