// SPDX-License-Identifier: MIT
//
// The middle of every floating point operation: take a number apart (FPUnpack) and put a result
// together with one rounding (FPRound). Private to this folder.
//
// A finite nonzero number is (-1)^sign * sig / 2^62 * 2^exp with bit 62 of `sig` set. Bits below the
// format's precision are guard bits; the lowest is sticky: whoever shifts bits out ORs them into it.
#ifndef CPU_FP_CORE_H
#define CPU_FP_CORE_H

#include "cpu/fp/fp.h"

typedef unsigned __int128 fp_u128;

struct fp_format {
    unsigned frac_bits, exp_bits;
    bool half; // binary16: never flushed, and subject to FPSCR.AHP
};

static const struct fp_format fp_binary16 = {10, 5, true};
static const struct fp_format fp_binary32 = {23, 8, false};
static const struct fp_format fp_binary64 = {52, 11, false};

enum fp_class { FP_CLASS_ZERO, FP_CLASS_FINITE, FP_CLASS_INF, FP_CLASS_QNAN, FP_CLASS_SNAN };

struct fp_number {
    enum fp_class class;
    bool sign;
    int exp;
    uint64_t sig;
};

static inline bool fp_is_nan(const struct fp_number *n)
{
    return n->class >= FP_CLASS_QNAN;
}

static inline void fp_raise(struct fp_env *env, uint32_t flags)
{
    env->fpscr |= flags;
}

static inline int fp_bias(const struct fp_format *f)
{
    return (1 << (f->exp_bits - 1)) - 1;
}

static inline unsigned fp_max_exp(const struct fp_format *f)
{
    return (1u << f->exp_bits) - 1;
}

static inline uint64_t fp_make(const struct fp_format *f, bool sign, uint64_t exp, uint64_t frac)
{
    return (uint64_t)sign << (f->frac_bits + f->exp_bits) | exp << f->frac_bits | frac;
}

static inline uint64_t fp_zero(const struct fp_format *f, bool sign)
{
    return fp_make(f, sign, 0, 0);
}

static inline uint64_t fp_infinity(const struct fp_format *f, bool sign)
{
    return fp_make(f, sign, fp_max_exp(f), 0);
}

static inline uint64_t fp_default_nan(const struct fp_format *f)
{
    return fp_make(f, false, fp_max_exp(f), 1ull << (f->frac_bits - 1));
}

static inline uint64_t fp_invalid(struct fp_env *env, const struct fp_format *f)
{
    fp_raise(env, FPSCR_IOC);
    return fp_default_nan(f);
}

// Shifts right, keeping in bit 0 whether anything was lost.
static inline uint64_t fp_shift_jam(uint64_t v, unsigned n)
{
    if (n == 0) {
        return v;
    }
    return n > 63 ? v != 0 : v >> n | ((v << (64 - n)) != 0);
}

static inline fp_u128 fp_shift_jam128(fp_u128 v, unsigned n)
{
    if (n == 0) {
        return v;
    }
    return n > 127 ? v != 0 : v >> n | ((v << (128 - n)) != 0);
}

// 126 fraction bits to 62.
static inline uint64_t fp_narrow(fp_u128 v)
{
    return (uint64_t)(v >> 64) | ((uint64_t)v != 0);
}

static inline struct fp_number fp_unpack(struct fp_env *env, const struct fp_format *f, uint64_t v)
{
    struct fp_number n = {FP_CLASS_FINITE, v >> (f->frac_bits + f->exp_bits) & 1, 0, 0};
    unsigned exp = (unsigned)(v >> f->frac_bits) & fp_max_exp(f);
    uint64_t frac = v & ((1ull << f->frac_bits) - 1);
    if (exp == 0) {
        if (frac && (env->fpscr & FPSCR_FZ) && !f->half) {
            fp_raise(env, FPSCR_IDC);
            frac = 0;
        }
        if (frac == 0) {
            n.class = FP_CLASS_ZERO;
            return n;
        }
        int lead = __builtin_clzll(frac);
        n.sig = frac << (lead - 1);
        n.exp = 1 - fp_bias(f) - (int)(f->frac_bits - (63 - (unsigned)lead));
        return n;
    }
    if (exp == fp_max_exp(f) && !(f->half && (env->fpscr & FPSCR_AHP))) {
        n.sig = frac;
        n.class = !frac                               ? FP_CLASS_INF
                  : frac >> (f->frac_bits - 1) & 1 ? FP_CLASS_QNAN
                                                      : FP_CLASS_SNAN;
        return n;
    }
    n.exp = (int)exp - fp_bias(f);
    n.sig = (1ull << f->frac_bits | frac) << (62 - f->frac_bits);
    return n;
}

// Whether rounding adds one unit to an odd/even last place with the part `rest` of `unit` below it.
static inline bool fp_rounds_up(enum fp_round round, bool sign, bool odd, uint64_t rest,
                                uint64_t unit)
{
    switch (round) {
    case FP_ROUND_NEAREST:
        return rest > unit / 2 || (rest == unit / 2 && odd);
    case FP_ROUND_AWAY:
        return rest >= unit / 2;
    case FP_ROUND_PLUS:
        return rest && !sign;
    case FP_ROUND_MINUS:
        return rest && sign;
    case FP_ROUND_ZERO:
        break;
    }
    return false;
}

// FPRound: `sig` has bit 62 set. Tininess is found before rounding.
static inline uint64_t fp_pack_round(struct fp_env *env, const struct fp_format *f, bool sign,
                                     int exp, uint64_t sig, enum fp_round round)
{
    unsigned drop = 62 - f->frac_bits;
    int biased = exp + fp_bias(f);
    bool tiny = biased <= 0;
    if (tiny) {
        if ((env->fpscr & FPSCR_FZ) && !f->half) {
            fp_raise(env, FPSCR_UFC);
            return fp_zero(f, sign);
        }
        sig = fp_shift_jam(sig, (unsigned)(1 - biased));
        biased = 1; // a value without the hidden bit lands at exponent 0 by itself
    }
    uint64_t unit = 1ull << drop;
    uint64_t rest = sig & (unit - 1);
    uint64_t mant = sig >> drop;
    mant += fp_rounds_up(round, sign, mant & 1, rest, unit);
    bool alternative = f->half && (env->fpscr & FPSCR_AHP);
    int limit = (int)fp_max_exp(f) + alternative;
    if (biased + (int)(mant >> (f->frac_bits + 1)) >= limit) {
        if (alternative) {
            fp_raise(env, FPSCR_IOC);
            return fp_make(f, sign, fp_max_exp(f), (1ull << f->frac_bits) - 1);
        }
        fp_raise(env, FPSCR_OFC | FPSCR_IXC);
        if (round == FP_ROUND_ZERO || (round == FP_ROUND_PLUS && sign) ||
            (round == FP_ROUND_MINUS && !sign)) {
            return fp_make(f, sign, fp_max_exp(f) - 1, (1ull << f->frac_bits) - 1);
        }
        return fp_infinity(f, sign);
    }
    if (rest) {
        fp_raise(env, tiny ? FPSCR_IXC | FPSCR_UFC : FPSCR_IXC);
    }
    return fp_zero(f, sign) + ((uint64_t)(biased - 1) << f->frac_bits) + mant;
}

// The same for any nonzero `sig` below 2^63 or with bit 63 set.
static inline uint64_t fp_pack_normalize(struct fp_env *env, const struct fp_format *f, bool sign,
                                         int exp, uint64_t sig, enum fp_round round)
{
    int lead = __builtin_clzll(sig);
    if (lead == 0) {
        return fp_pack_round(env, f, sign, exp + 1, fp_shift_jam(sig, 1), round);
    }
    return fp_pack_round(env, f, sign, exp - (lead - 1), sig << (lead - 1), round);
}

// FPProcessNaN for an operand `v` that unpacked as `n`.
static inline uint64_t fp_quiet(struct fp_env *env, const struct fp_format *f,
                                const struct fp_number *n, uint64_t v)
{
    if (n->class == FP_CLASS_SNAN) {
        fp_raise(env, FPSCR_IOC);
    }
    return env->fpscr & FPSCR_DN ? fp_default_nan(f) : v | 1ull << (f->frac_bits - 1);
}

// FPProcessNaNs: true, with the result, when either operand is a NaN. Signalling ones come first.
static inline bool fp_either_nan(struct fp_env *env, const struct fp_format *f,
                                 const struct fp_number *na, uint64_t a,
                                 const struct fp_number *nb, uint64_t b, uint64_t *result)
{
    if (!fp_is_nan(na) && !fp_is_nan(nb)) {
        return false;
    }
    if (na->class == FP_CLASS_SNAN || (fp_is_nan(na) && nb->class != FP_CLASS_SNAN)) {
        *result = fp_quiet(env, f, na, a);
    } else {
        *result = fp_quiet(env, f, nb, b);
    }
    return true;
}

#endif
