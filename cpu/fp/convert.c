// SPDX-License-Identifier: MIT
//
// Conversions between formats and between floating and fixed point, and rounding to an integral
// value (ARM DDI 0406C A2.7.9).
#include "cpu/fp/fp.h"
#include "cpu/fp/core.h"

static inline uint64_t fp_convert(struct fp_env *env, const struct fp_format *from,
                                  const struct fp_format *to, uint64_t v)
{
    struct fp_number n = fp_unpack(env, from, v);
    bool alternative = to->half && (env->fpscr & FPSCR_AHP);
    switch (n.class) {
    case FP_CLASS_ZERO:
        return fp_zero(to, n.sign);
    case FP_CLASS_INF:
        if (alternative) {
            fp_raise(env, FPSCR_IOC);
            return fp_make(to, n.sign, fp_max_exp(to), (1ull << to->frac_bits) - 1);
        }
        return fp_infinity(to, n.sign);
    case FP_CLASS_SNAN:
    case FP_CLASS_QNAN: {
        if (n.class == FP_CLASS_SNAN || alternative) {
            fp_raise(env, FPSCR_IOC);
        }
        if (alternative) {
            return fp_zero(to, n.sign);
        }
        if (env->fpscr & FPSCR_DN) {
            return fp_default_nan(to);
        }
        uint64_t frac = from->frac_bits > to->frac_bits
                            ? n.sig >> (from->frac_bits - to->frac_bits)
                            : n.sig << (to->frac_bits - from->frac_bits);
        return fp_make(to, n.sign, fp_max_exp(to), frac | 1ull << (to->frac_bits - 1));
    }
    case FP_CLASS_FINITE:
        break;
    }
    return fp_pack_round(env, to, n.sign, n.exp, n.sig, fp_env_round(env));
}

uint64_t fp32_to_fp64(struct fp_env *env, uint32_t a)
{
    return fp_convert(env, &fp_binary32, &fp_binary64, a);
}

uint32_t fp64_to_fp32(struct fp_env *env, uint64_t a)
{
    return (uint32_t)fp_convert(env, &fp_binary64, &fp_binary32, a);
}

uint32_t fp16_to_fp32(struct fp_env *env, uint16_t a)
{
    return (uint32_t)fp_convert(env, &fp_binary16, &fp_binary32, a);
}

uint64_t fp16_to_fp64(struct fp_env *env, uint16_t a)
{
    return fp_convert(env, &fp_binary16, &fp_binary64, a);
}

uint16_t fp32_to_fp16(struct fp_env *env, uint32_t a)
{
    return (uint16_t)fp_convert(env, &fp_binary32, &fp_binary16, a);
}

uint16_t fp64_to_fp16(struct fp_env *env, uint64_t a)
{
    return (uint16_t)fp_convert(env, &fp_binary64, &fp_binary16, a);
}

// The magnitude of sig / 2^62 * 2^exp as an integer below 2^64 (exp <= 63), rounded.
static uint64_t round_magnitude(bool sign, int exp, uint64_t sig, enum fp_round round, bool *inexact)
{
    *inexact = false;
    if (exp >= 62) {
        return sig << (exp - 62);
    }
    unsigned drop = (unsigned)(62 - exp);
    if (drop > 63) {
        sig = fp_shift_jam(sig, drop - 63);
        drop = 63;
    }
    uint64_t unit = 1ull << drop;
    uint64_t rest = sig & (unit - 1);
    uint64_t whole = sig >> drop;
    *inexact = rest != 0;
    return whole + fp_rounds_up(round, sign, whole & 1, rest, unit);
}

static inline uint64_t fp_to_fixed(struct fp_env *env, const struct fp_format *f, uint64_t v,
                                   unsigned bits, unsigned fraction_bits, bool is_unsigned,
                                   enum fp_round round)
{
    struct fp_number n = fp_unpack(env, f, v);
    if (fp_is_nan(&n)) {
        fp_raise(env, FPSCR_IOC);
        return 0;
    }
    if (n.class == FP_CLASS_ZERO) {
        return 0;
    }
    uint64_t max = is_unsigned ? ~0ull >> (64 - bits) : (1ull << (bits - 1)) - 1;
    uint64_t min_magnitude = is_unsigned ? 0 : 1ull << (bits - 1);
    uint64_t limit = n.sign ? min_magnitude : max;
    int exp = n.exp + (int)fraction_bits;
    bool inexact = false;
    uint64_t magnitude = 0;
    bool overflow = n.class == FP_CLASS_INF || exp > 63;
    if (!overflow) {
        magnitude = round_magnitude(n.sign, exp, n.sig, round, &inexact);
        overflow = magnitude > limit;
    }
    if (overflow) {
        fp_raise(env, FPSCR_IOC);
        magnitude = limit;
    } else if (inexact) {
        fp_raise(env, FPSCR_IXC);
    }
    return n.sign ? 0 - magnitude : magnitude;
}

uint64_t fp32_to_fixed(struct fp_env *env, uint32_t a, unsigned bits, unsigned fraction_bits,
                       bool is_unsigned, enum fp_round round)
{
    return fp_to_fixed(env, &fp_binary32, a, bits, fraction_bits, is_unsigned, round);
}

uint64_t fp64_to_fixed(struct fp_env *env, uint64_t a, unsigned bits, unsigned fraction_bits,
                       bool is_unsigned, enum fp_round round)
{
    return fp_to_fixed(env, &fp_binary64, a, bits, fraction_bits, is_unsigned, round);
}

static inline uint64_t fp_from_fixed(struct fp_env *env, const struct fp_format *f, uint64_t a,
                                     unsigned fraction_bits, bool is_unsigned, enum fp_round round)
{
    if (a == 0) {
        return 0;
    }
    bool sign = !is_unsigned && a >> 63;
    return fp_pack_normalize(env, f, sign, 62 - (int)fraction_bits, sign ? 0 - a : a, round);
}

uint32_t fp32_from_fixed(struct fp_env *env, uint64_t a, unsigned fraction_bits, bool is_unsigned,
                         enum fp_round round)
{
    return (uint32_t)fp_from_fixed(env, &fp_binary32, a, fraction_bits, is_unsigned, round);
}

uint64_t fp64_from_fixed(struct fp_env *env, uint64_t a, unsigned fraction_bits, bool is_unsigned,
                         enum fp_round round)
{
    return fp_from_fixed(env, &fp_binary64, a, fraction_bits, is_unsigned, round);
}

static inline uint64_t fp_round_int(struct fp_env *env, const struct fp_format *f, uint64_t v,
                                    enum fp_round round, bool exact)
{
    struct fp_number n = fp_unpack(env, f, v);
    if (fp_is_nan(&n)) {
        return fp_quiet(env, f, &n, v);
    }
    if (n.class == FP_CLASS_ZERO) {
        return fp_zero(f, n.sign);
    }
    if (n.class == FP_CLASS_INF || n.exp >= (int)f->frac_bits) {
        return v;
    }
    bool inexact;
    uint64_t whole = round_magnitude(n.sign, n.exp, n.sig, round, &inexact);
    if (inexact && exact) {
        fp_raise(env, FPSCR_IXC);
    }
    if (whole == 0) {
        return fp_zero(f, n.sign);
    }
    return fp_pack_normalize(env, f, n.sign, 62, whole, round); // exact: fewer bits than the format
}

uint32_t fp32_round_int(struct fp_env *env, uint32_t a, enum fp_round round, bool exact)
{
    return (uint32_t)fp_round_int(env, &fp_binary32, a, round, exact);
}

uint64_t fp64_round_int(struct fp_env *env, uint64_t a, enum fp_round round, bool exact)
{
    return fp_round_int(env, &fp_binary64, a, round, exact);
}
