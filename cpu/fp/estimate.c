// SPDX-License-Identifier: MIT
//
// Reciprocal and reciprocal square root: the 8-bit estimates and the Newton-Raphson steps of
// Advanced SIMD (ARM DDI 0406C A2.7.8 and A8.8.385-388). The manual states the estimates in double
// arithmetic on 9-bit arguments; the integer forms here give the same 8 bits for every argument.
#include "cpu/fp/fp.h"
#include "cpu/fp/core.h"

// 1 / x for x in [256, 512) / 512, to 9 bits in [256, 512) (the manual's estimate * 256).
static unsigned recip_estimate(unsigned x)
{
    return ((1u << 19) / (2 * x + 1) + 1) / 2;
}

// 1 / sqrt(x) for x in [128, 512) / 512: nine bits below one half, eight above. Result as above.
static unsigned rsqrt_estimate(unsigned x)
{
    uint32_t a = x < 256 ? 2 * x + 1 : 2 * ((x & ~1u) + 1);
    uint32_t b = 512; // the largest b with a * b * b < 2^28
    while (a * (b + 1) * (b + 1) < 1u << 28) {
        b++;
    }
    return (b + 1) / 2;
}

uint32_t fp32_recip_estimate(struct fp_env *env, uint32_t a)
{
    const struct fp_format *f = &fp_binary32;
    struct fp_number n = fp_unpack(env, f, a);
    if (fp_is_nan(&n)) {
        return (uint32_t)fp_quiet(env, f, &n, a);
    }
    if (n.class == FP_CLASS_INF) {
        return (uint32_t)fp_zero(f, n.sign);
    }
    if (n.class == FP_CLASS_ZERO) {
        fp_raise(env, FPSCR_DZC);
        return (uint32_t)fp_infinity(f, n.sign);
    }
    if (n.exp >= 126) {
        fp_raise(env, FPSCR_UFC);
        return (uint32_t)fp_zero(f, n.sign);
    }
    uint32_t estimate = recip_estimate((unsigned)(n.sig >> 54));
    uint32_t exp = (uint32_t)(253 - (n.exp + 127));
    return (uint32_t)fp_make(f, n.sign, exp, (estimate & 0xff) << 15);
}

uint32_t fp32_rsqrt_estimate(struct fp_env *env, uint32_t a)
{
    const struct fp_format *f = &fp_binary32;
    struct fp_number n = fp_unpack(env, f, a);
    if (fp_is_nan(&n)) {
        return (uint32_t)fp_quiet(env, f, &n, a);
    }
    if (n.class == FP_CLASS_ZERO) {
        fp_raise(env, FPSCR_DZC);
        return (uint32_t)fp_infinity(f, n.sign);
    }
    if (n.sign) {
        return (uint32_t)fp_invalid(env, f);
    }
    if (n.class == FP_CLASS_INF) {
        return (uint32_t)fp_zero(f, false);
    }
    int biased = n.exp + 127;
    unsigned x = (unsigned)(n.sig >> 54); // [256, 512): one half to one
    uint32_t estimate = rsqrt_estimate(biased & 1 ? x >> 1 : x);
    return (uint32_t)fp_make(f, false, (uint32_t)(380 - biased) / 2, (estimate & 0xff) << 15);
}

uint32_t fp_u32_recip_estimate(uint32_t a)
{
    return a >> 31 ? recip_estimate(a >> 23) << 23 : UINT32_MAX;
}

uint32_t fp_u32_rsqrt_estimate(uint32_t a)
{
    return a >> 30 ? rsqrt_estimate(a >> 23) << 23 : UINT32_MAX;
}

// a * b with infinity times zero taken as zero, or a NaN (then true).
static bool step_product(struct fp_env *env, uint32_t a, uint32_t b, uint32_t *product)
{
    const struct fp_format *f = &fp_binary32;
    struct fp_number na = fp_unpack(env, f, a);
    struct fp_number nb = fp_unpack(env, f, b);
    uint64_t nan;
    if (fp_either_nan(env, f, &na, a, &nb, b, &nan)) {
        *product = (uint32_t)nan;
        return true;
    }
    if ((na.class == FP_CLASS_INF && nb.class == FP_CLASS_ZERO) ||
        (na.class == FP_CLASS_ZERO && nb.class == FP_CLASS_INF)) {
        *product = 0;
    } else {
        *product = fp32_mul(env, a, b);
    }
    return false;
}

uint32_t fp32_recip_step(struct fp_env *env, uint32_t a, uint32_t b)
{
    uint32_t product;
    if (step_product(env, a, b, &product)) {
        return product;
    }
    return fp32_sub(env, 0x40000000u, product);
}

uint32_t fp32_rsqrt_step(struct fp_env *env, uint32_t a, uint32_t b)
{
    uint32_t product;
    if (step_product(env, a, b, &product)) {
        return product;
    }
    // (3 - p) / 2 is exact halving before the one rounding. In binary32 that is 1.5 - p / 2 with the
    // half taken exactly, which binary64 holds.
    struct fp_number p = fp_unpack(env, &fp_binary32, product);
    if (p.class == FP_CLASS_INF) {
        return (uint32_t)fp_infinity(&fp_binary32, !p.sign);
    }
    uint64_t half = p.class == FP_CLASS_ZERO
                        ? fp_zero(&fp_binary64, p.sign)
                        : fp_make(&fp_binary64, p.sign, (uint64_t)(p.exp - 1 + 1023),
                                  p.sig << 2 >> 12);
    // The binary64 difference must stay exact enough for one rounding: round to odd, then narrow.
    struct fp_env odd = {FPSCR_RMODE};
    uint64_t difference = fp64_sub(&odd, 0x3ff8000000000000ull, half);
    difference |= (odd.fpscr & FPSCR_IXC) != 0;
    return fp64_to_fp32(env, difference);
}
