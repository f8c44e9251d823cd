// SPDX-License-Identifier: MIT
//
// Ordering: FPCompare, the Advanced SIMD comparisons, maximum and minimum (ARM DDI 0406C A2.7.8).
#include "cpu/fp/fp.h"
#include "cpu/fp/core.h"

#include <limits.h>

// -1, 0 or 1 as a is below, equal to or above b; neither is a NaN.
static int fp_order(const struct fp_number *a, const struct fp_number *b)
{
    bool zero_a = a->class == FP_CLASS_ZERO, zero_b = b->class == FP_CLASS_ZERO;
    if (zero_a && zero_b) {
        return 0;
    }
    if (zero_a || zero_b || a->sign != b->sign) {
        bool a_negative = zero_a ? !b->sign : a->sign;
        return a_negative ? -1 : 1;
    }
    int exp_a = a->class == FP_CLASS_INF ? INT_MAX : a->exp;
    int exp_b = b->class == FP_CLASS_INF ? INT_MAX : b->exp;
    int magnitude = exp_a != exp_b ? (exp_a > exp_b ? 1 : -1) : (a->sig > b->sig) - (a->sig < b->sig);
    return a->sign ? -magnitude : magnitude;
}

// FPCompare's NZCV.
enum { FP_LESS = 8, FP_EQUAL = 6, FP_GREATER = 2, FP_UNORDERED = 3 };

static inline unsigned fp_compare(struct fp_env *env, const struct fp_format *f, uint64_t a,
                                  uint64_t b, bool signal_quiet)
{
    struct fp_number na = fp_unpack(env, f, a);
    struct fp_number nb = fp_unpack(env, f, b);
    if (fp_is_nan(&na) || fp_is_nan(&nb)) {
        if (signal_quiet || na.class == FP_CLASS_SNAN || nb.class == FP_CLASS_SNAN) {
            fp_raise(env, FPSCR_IOC);
        }
        return FP_UNORDERED;
    }
    int order = fp_order(&na, &nb);
    return order < 0 ? FP_LESS : order == 0 ? FP_EQUAL : FP_GREATER;
}

unsigned fp32_compare(struct fp_env *env, uint32_t a, uint32_t b, bool signal_quiet)
{
    return fp_compare(env, &fp_binary32, a, b, signal_quiet);
}

unsigned fp64_compare(struct fp_env *env, uint64_t a, uint64_t b, bool signal_quiet)
{
    return fp_compare(env, &fp_binary64, a, b, signal_quiet);
}

bool fp32_eq(struct fp_env *env, uint32_t a, uint32_t b)
{
    return fp32_compare(env, a, b, false) == FP_EQUAL;
}

bool fp32_ge(struct fp_env *env, uint32_t a, uint32_t b)
{
    unsigned nzcv = fp32_compare(env, a, b, true);
    return nzcv == FP_EQUAL || nzcv == FP_GREATER;
}

bool fp32_gt(struct fp_env *env, uint32_t a, uint32_t b)
{
    return fp32_compare(env, a, b, true) == FP_GREATER;
}

static uint32_t fp32_extreme(struct fp_env *env, uint32_t a, uint32_t b, bool maximum)
{
    const struct fp_format *f = &fp_binary32;
    struct fp_number na = fp_unpack(env, f, a);
    struct fp_number nb = fp_unpack(env, f, b);
    uint64_t nan;
    if (fp_either_nan(env, f, &na, a, &nb, b, &nan)) {
        return (uint32_t)nan;
    }
    int order = fp_order(&na, &nb);
    bool take_a = maximum ? order > 0 : order < 0;
    const struct fp_number *n = take_a ? &na : &nb;
    if (n->class == FP_CLASS_ZERO) {
        return (uint32_t)fp_zero(f, maximum ? na.sign && nb.sign : na.sign || nb.sign);
    }
    return take_a ? a : b;
}

uint32_t fp32_max(struct fp_env *env, uint32_t a, uint32_t b)
{
    return fp32_extreme(env, a, b, true);
}

uint32_t fp32_min(struct fp_env *env, uint32_t a, uint32_t b)
{
    return fp32_extreme(env, a, b, false);
}
