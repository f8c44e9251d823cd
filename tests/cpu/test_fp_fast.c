// SPDX-License-Identifier: MIT
//
// The floating point library against itself and against outside arithmetic: the host-arithmetic
// variants against the exact functions under every FPSCR mode, the fused multiply-add, fixed point
// and estimates against the host's libm and the manual's formulas, and the ARM particulars (flush to
// zero, default NaN, NaN order, alternative half precision) case by case.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fenv.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bits.h"
#include "cpu/fp/fast.h"
#include "cpu/fp/fp.h"

struct rng {
    uint64_t s;
};

static uint64_t rng_next(struct rng *r)
{
    r->s ^= r->s << 13;
    r->s ^= r->s >> 7;
    r->s ^= r->s << 17;
    return r->s * 0x9e3779b97f4a7c15ull;
}

// Numbers where things happen: specials, edges of the exponent range, few significant bits, near 1.
static uint32_t interesting32(struct rng *r)
{
    static const uint32_t special[] = {
        0, 1, 0x007fffff, 0x00800000, 0x00800001, 0x00ffffff, 0x01000000, 0x3f7fffff, 0x3f800000,
        0x3f800001, 0x7f7fffff, 0x7f800000, 0x7f800001, 0x7fa00000, 0x7fc00000, 0x7fffffff,
        0x4f000000, 0x4effffff, 0x4f7fffff, 0x5f000000,
    };
    uint64_t v = rng_next(r);
    uint32_t sign = (uint32_t)v & FP32_SIGN;
    uint32_t w = (uint32_t)(v >> 32);
    switch (v & 7) {
    case 0:
        return sign | special[w % ARRAY_LEN(special)];
    case 1:
        return sign | (w & 0x00ffffff);
    case 2:
        return sign | ((120 + w % 16) << 23 | (uint32_t)(v >> 8 & 0x7fffff));
    case 3:
        return sign | ((w % 255) << 23 | (uint32_t)(v >> 8 & 7) << 20);
    case 4:
        return sign | (0x7f000000 | (w & 0xffffff));
    case 5:
        return sign | ((126 + w % 40) << 23 | (0x7fffffu & ~0u << (v >> 8 & 31) % 23));
    default:
        return w;
    }
}

static uint64_t interesting64(struct rng *r)
{
    static const uint64_t special[] = {
        0, 1, 0x000fffffffffffff, 0x0010000000000000, 0x001fffffffffffff, 0x0020000000000000,
        0x3fefffffffffffff, 0x3ff0000000000000, 0x7fefffffffffffff, 0x7ff0000000000000,
        0x7ff0000000000001, 0x7ff4000000000000, 0x7ff8000000000000, 0x7fffffffffffffff,
        0x47efffffe0000000, 0x47effffff0000000, 0x3810000000000000, 0x380fffffffffffff,
        0x36a0000000000000, 0x41dfffffffc00000, 0x41e0000000000000, 0x41efffffffe00000,
    };
    uint64_t v = rng_next(r), w = rng_next(r);
    uint64_t sign = v & FP64_SIGN;
    switch (v & 7) {
    case 0:
        return sign | special[w % ARRAY_LEN(special)];
    case 1:
        return sign | (w & 0x001fffffffffffff);
    case 2:
        return sign | ((1016 + w % 16) << 52 | (v >> 12 & 0x000fffffffffffff));
    case 3:
        return sign | ((w % 2047) << 52 | (v >> 8 & 7) << 49);
    case 4:
        return sign | (0x7fe0000000000000 | (w >> 11));
    case 5:
        return sign | ((870 + w % 300) << 52 | (0xfffffffffffffull & ~0ull << (v >> 8 & 63) % 52));
    default:
        return w;
    }
}

static uint32_t any_mode(struct rng *r)
{
    uint64_t v = rng_next(r);
    uint32_t fpscr = (uint32_t)v & (FPSCR_DN | FPSCR_FZ | FPSCR_AHP);
    fpscr |= v >> 40 & 3 ? 0 : (uint32_t)v & FPSCR_RMODE; // mostly nearest, where the fast path is
    return fpscr | (v >> 42 & 1 ? FPSCR_IXC : 0);
}

#define AGREE(exact, fast, what)                                                                   \
    do {                                                                                           \
        struct fp_env env = {mode};                                                                \
        uint64_t want = (exact);                                                                   \
        uint32_t want_fpscr = env.fpscr;                                                           \
        env.fpscr = mode;                                                                          \
        uint64_t got = (fast);                                                                     \
        if (got != want || env.fpscr != want_fpscr) {                                              \
            print_error("%s mode %08x a %" PRIx64 " b %" PRIx64 " c %" PRIx64 ": exact %" PRIx64   \
                        " %08x, fast %" PRIx64 " %08x\n",                                          \
                        what, mode, (uint64_t)a, (uint64_t)b, (uint64_t)c, want, want_fpscr, got,  \
                        env.fpscr);                                                                \
            assert_true(false);                                                                    \
        }                                                                                          \
    } while (0)

static void host_arithmetic_agrees_with_exact_32(void **state)
{
    (void)state;
    struct rng r = {0x1234567};
    for (unsigned i = 0; i < 300000; i++) {
        uint32_t mode = any_mode(&r);
        uint32_t a = interesting32(&r), b = interesting32(&r), c = interesting32(&r);
        AGREE(fp32_add(&env, a, b), fp32_add_fast(&env, a, b), "add");
        AGREE(fp32_sub(&env, a, b), fp32_sub_fast(&env, a, b), "sub");
        AGREE(fp32_mul(&env, a, b), fp32_mul_fast(&env, a, b), "mul");
        AGREE(fp32_div(&env, a, b), fp32_div_fast(&env, a, b), "div");
        AGREE(fp32_sqrt(&env, a), fp32_sqrt_fast(&env, a), "sqrt");
        AGREE(fp32_fma(&env, c, a, b), fp32_fma_fast(&env, c, a, b), "fma");
        AGREE(fp32_mla(&env, c, a, b), fp32_mla_fast(&env, c, a, b), "mla");
        AGREE(fp32_compare(&env, a, b, c & 1), fp32_compare_fast(&env, a, b, c & 1), "compare");
        AGREE(fp32_to_fp64(&env, a), fp32_to_fp64_fast(&env, a), "to64");
        AGREE((uint32_t)fp32_to_fixed(&env, a, 32, 0, false, FP_ROUND_ZERO),
              fp32_to_s32_fast(&env, a), "to s32");
        AGREE(fp32_to_fixed(&env, a, 32, 0, true, FP_ROUND_ZERO), fp32_to_u32_fast(&env, a),
              "to u32");
        AGREE(fp32_from_fixed(&env, (uint64_t)(int64_t)(int32_t)a, 0, false, fp_env_round(&env)),
              fp32_from_s32_fast(&env, a), "from s32");
        AGREE(fp32_from_fixed(&env, a, 0, true, fp_env_round(&env)), fp32_from_u32_fast(&env, a),
              "from u32");
    }
}

static void host_arithmetic_agrees_with_exact_64(void **state)
{
    (void)state;
    struct rng r = {0x7654321};
    for (unsigned i = 0; i < 300000; i++) {
        uint32_t mode = any_mode(&r);
        uint64_t a = interesting64(&r), b = interesting64(&r), c = interesting64(&r);
        AGREE(fp64_add(&env, a, b), fp64_add_fast(&env, a, b), "add");
        AGREE(fp64_sub(&env, a, b), fp64_sub_fast(&env, a, b), "sub");
        AGREE(fp64_mul(&env, a, b), fp64_mul_fast(&env, a, b), "mul");
        AGREE(fp64_div(&env, a, b), fp64_div_fast(&env, a, b), "div");
        AGREE(fp64_sqrt(&env, a), fp64_sqrt_fast(&env, a), "sqrt");
        AGREE(fp64_fma(&env, c, a, b), fp64_fma_fast(&env, c, a, b), "fma");
        AGREE(fp64_mla(&env, c, a, b), fp64_mla_fast(&env, c, a, b), "mla");
        AGREE(fp64_compare(&env, a, b, c & 1), fp64_compare_fast(&env, a, b, c & 1), "compare");
        AGREE(fp64_to_fp32(&env, a), fp64_to_fp32_fast(&env, a), "to32");
        AGREE((uint32_t)fp64_to_fixed(&env, a, 32, 0, false, FP_ROUND_ZERO),
              fp64_to_s32_fast(&env, a), "to s32");
        AGREE(fp64_to_fixed(&env, a, 32, 0, true, FP_ROUND_ZERO), fp64_to_u32_fast(&env, a),
              "to u32");
        AGREE(fp64_from_fixed(&env, (uint64_t)(int64_t)(int32_t)a, 0, false, fp_env_round(&env)),
              fp64_from_s32_fast((uint32_t)a), "from s32");
        AGREE(fp64_from_fixed(&env, (uint32_t)a, 0, true, fp_env_round(&env)),
              fp64_from_u32_fast((uint32_t)a), "from u32");
    }
}

// The host's fused multiply-add under all rounding modes. Underflow is left out: hosts may find
// tininess after rounding.
static void fma_is_fused_like_the_hosts(void **state)
{
    (void)state;
    static const int host_round[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    struct rng r = {99};
    for (unsigned i = 0; i < 400000; i++) {
        unsigned mode = (unsigned)(rng_next(&r) >> 20) & 3;
        uint64_t a = interesting64(&r), b = interesting64(&r), c = interesting64(&r);
        if (i & 1) { // near cancellation
            c = fp_bits64(-(fp_host64(a) * fp_host64(b))) + (rng_next(&r) >> 9 & 3);
        }
        struct fp_env env = {mode << FPSCR_RMODE_SHIFT | FPSCR_DN};
        uint64_t got = fp64_fma(&env, c, a, b);
        volatile double x = fp_host64(a), y = fp_host64(b), z = fp_host64(c);
        fesetround(host_round[mode]);
        feclearexcept(FE_ALL_EXCEPT);
        volatile double host = fma(x, y, z);
        int flags = fetestexcept(FE_ALL_EXCEPT);
        fesetround(FE_TONEAREST);
        uint64_t want = fp64_is_nan_bits(fp_bits64(host)) ? 0x7ff8000000000000ull : fp_bits64(host);
        assert_true(got == want);
        bool quiet_addend = fp64_is_nan_bits(c); // inf * 0 + QNaN differs between architectures
        uint32_t host_flags = (flags & FE_INVALID && !quiet_addend ? FPSCR_IOC : 0) |
                              (flags & FE_OVERFLOW ? FPSCR_OFC : 0) |
                              (flags & FE_INEXACT ? FPSCR_IXC : 0);
        uint32_t mask = FPSCR_OFC | FPSCR_IXC | (quiet_addend ? 0 : FPSCR_IOC);
        assert_int_equal(env.fpscr & mask, host_flags);
    }
    for (unsigned i = 0; i < 200000; i++) {
        uint32_t a = interesting32(&r), b = interesting32(&r), c = interesting32(&r);
        struct fp_env env = {FPSCR_DN};
        uint32_t got = fp32_fma(&env, c, a, b);
        uint32_t want = fp_bits32(fmaf(fp_host32(a), fp_host32(b), fp_host32(c)));
        assert_int_equal(got, fp32_is_nan_bits(want) ? 0x7fc00000u : want);
    }
}

static void fixed_point_agrees_with_scaled_long_double(void **state)
{
    (void)state;
    struct rng r = {5};
    for (unsigned i = 0; i < 200000; i++) {
        uint64_t v = rng_next(&r);
        unsigned fraction = v % 33;
        bool is_unsigned = v >> 8 & 1;
        uint32_t n = (uint32_t)(v >> 32) >> (v >> 16 & 31);
        uint64_t wide = is_unsigned ? n : (uint64_t)(int64_t)(int32_t)n;
        struct fp_env env = {0};
        double exact = ldexp(is_unsigned ? (double)n : (double)(int32_t)n, -(int)fraction);
        assert_true(fp64_from_fixed(&env, wide, fraction, is_unsigned, FP_ROUND_NEAREST) ==
                    fp_bits64(exact + 0.0));
        assert_int_equal(env.fpscr, 0);
        assert_int_equal(fp32_from_fixed(&env, wide, fraction, is_unsigned, FP_ROUND_NEAREST),
                         fp_bits32((float)exact));
        // And back: the number survives.
        assert_int_equal((uint32_t)fp64_to_fixed(&env, fp_bits64(exact), 32, fraction, is_unsigned,
                                                 FP_ROUND_ZERO),
                         n);
    }
    struct fp_env env = {0};
    assert_true(fp32_to_fixed(&env, 0x3f800000, 16, 15, false, FP_ROUND_ZERO) == 0x7fff);
    assert_int_equal(env.fpscr, FPSCR_IOC);
    env.fpscr = 0;
    assert_true(fp32_to_fixed(&env, 0xbf800000, 16, 15, false, FP_ROUND_ZERO) == (uint64_t)-0x8000);
    assert_int_equal(env.fpscr, 0);
    assert_true(fp32_to_fixed(&env, 0xbf800000, 16, 15, true, FP_ROUND_ZERO) == 0);
    assert_int_equal(env.fpscr, FPSCR_IOC);
    env.fpscr = 0; // -0.25 becomes 0 exactly as unsigned arithmetic allows
    assert_true(fp32_to_fixed(&env, 0xbe800000, 32, 0, true, FP_ROUND_ZERO) == 0);
    assert_int_equal(env.fpscr, FPSCR_IXC);
}

// The manual's formulas in double arithmetic (recip_estimate, recip_sqrt_estimate).
static double manual_recip_estimate(double a)
{
    int q = (int)(a * 512.0);
    double r = 1.0 / (((double)q + 0.5) / 512.0);
    return (double)(int)(256.0 * r + 0.5) / 256.0;
}

static double manual_rsqrt_estimate(double a)
{
    double r;
    if (a < 0.5) {
        r = 1.0 / sqrt(((double)(int)(a * 512.0) + 0.5) / 512.0);
    } else {
        r = 1.0 / sqrt(((double)(int)(a * 256.0) + 0.5) / 256.0);
    }
    return (double)(int)(256.0 * r + 0.5) / 256.0;
}

static void estimates_follow_the_manuals_formulas(void **state)
{
    (void)state;
    struct rng r = {17};
    for (unsigned i = 0; i < 100000; i++) {
        uint32_t v = (uint32_t)rng_next(&r) | FP32_SIGN;
        assert_int_equal(fp_u32_recip_estimate(v),
                         (uint32_t)(uint64_t)(manual_recip_estimate(v / 4294967296.0) * 0x1p31));
        uint32_t w = (uint32_t)rng_next(&r);
        w = w >> 30 ? w : w | 0x40000000;
        assert_int_equal(fp_u32_rsqrt_estimate(w),
                         (uint32_t)(uint64_t)(manual_rsqrt_estimate(w / 4294967296.0) * 0x1p31));
        // A normal float: scaled to [0.5, 1) or [0.25, 1).
        uint32_t f = ((uint32_t)(rng_next(&r) >> 16) & 0x7fffff) | (1 + i % 252) << 23;
        struct fp_env env = fp_env_standard(0);
        int exp;
        double m = frexp(fp_host32(f), &exp);
        assert_int_equal(fp32_recip_estimate(&env, f),
                         fp_bits32((float)ldexp(manual_recip_estimate(m), -exp)));
        if (exp & 1) {
            m /= 2;
            exp++;
        }
        assert_int_equal(fp32_rsqrt_estimate(&env, f),
                         fp_bits32((float)ldexp(manual_rsqrt_estimate(m), -exp / 2)));
    }
    assert_int_equal(fp_u32_recip_estimate(0x7fffffff), 0xffffffffu);
    assert_int_equal(fp_u32_rsqrt_estimate(0x3fffffff), 0xffffffffu);
}

static void estimates_of_special_numbers(void **state)
{
    (void)state;
    static const struct {
        uint32_t in, recip, recip_flags, rsqrt, rsqrt_flags;
    } rows[] = {
        {0x00000000, 0x7f800000, FPSCR_DZC, 0x7f800000, FPSCR_DZC},
        {0x80000000, 0xff800000, FPSCR_DZC, 0xff800000, FPSCR_DZC},
        {0x00000001, 0x7f800000, FPSCR_DZC | FPSCR_IDC, 0x7f800000, FPSCR_DZC | FPSCR_IDC},
        {0x7f800000, 0, 0, 0, 0},
        {0xff800000, 0x80000000, 0, 0x7fc00000, FPSCR_IOC},
        {0x7fc12345, 0x7fc00000, 0, 0x7fc00000, 0},
        {0xff812345, 0x7fc00000, FPSCR_IOC, 0x7fc00000, FPSCR_IOC},
        {0x7e800000, 0, FPSCR_UFC, 0x1fff8000, 0},
        {0xfe800000, 0x80000000, FPSCR_UFC, 0x7fc00000, FPSCR_IOC},
    };
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct fp_env env = fp_env_standard(0);
        assert_int_equal(fp32_recip_estimate(&env, rows[i].in), rows[i].recip);
        assert_int_equal(env.fpscr & FPSCR_FLAGS, rows[i].recip_flags);
        env = fp_env_standard(0);
        assert_int_equal(fp32_rsqrt_estimate(&env, rows[i].in), rows[i].rsqrt);
        assert_int_equal(env.fpscr & FPSCR_FLAGS, rows[i].rsqrt_flags);
    }
}

static void newton_steps_round_as_written(void **state)
{
    (void)state;
    struct fp_env env = fp_env_standard(0);
    assert_int_equal(fp32_recip_step(&env, 0, 0x7f800000), 0x40000000u);
    assert_int_equal(fp32_rsqrt_step(&env, 0xff800000, 0), 0x3fc00000u);
    assert_int_equal(fp32_recip_step(&env, 0x3f800000, 0x3f800000), 0x3f800000u);
    assert_int_equal(fp32_rsqrt_step(&env, 0x3f800000, 0x40400000), 0);
    assert_int_equal(fp32_rsqrt_step(&env, 0x7f800000, 0x40400000), 0xff800000u);
    assert_int_equal(env.fpscr & FPSCR_FLAGS, 0);
    struct rng r = {23};
    for (unsigned i = 0; i < 100000; i++) {
        uint32_t a = 0x3f000000 + ((uint32_t)rng_next(&r) & 0xffffff);
        uint32_t b = 0x3f000000 + ((uint32_t)rng_next(&r) & 0xffffff);
        float p = fp_host32(a) * fp_host32(b);
        env = fp_env_standard(0);
        assert_int_equal(fp32_recip_step(&env, a, b), fp_bits32(2.0f - p));
        assert_int_equal(fp32_rsqrt_step(&env, a, b),
                         fp_bits32((float)((3.0 - (double)p) / 2.0)));
    }
}

static void flush_to_zero_takes_inputs_and_results(void **state)
{
    (void)state;
    struct fp_env env = {FPSCR_FZ};
    assert_int_equal(fp32_add(&env, 0x80000001, 0x80000000), 0x80000000u); // input
    assert_int_equal(env.fpscr & FPSCR_FLAGS, FPSCR_IDC);
    env.fpscr = FPSCR_FZ;
    assert_int_equal(fp32_mul(&env, 0x80800000, 0x3f000000), 0x80000000u); // result: UFC, not IXC
    assert_int_equal(env.fpscr & FPSCR_FLAGS, FPSCR_UFC);
    env.fpscr = FPSCR_FZ; // tiny before rounding although it would round up to the smallest normal
    assert_int_equal(fp32_mul(&env, 0x00ffffff, 0x3f000000), 0);
    assert_int_equal(env.fpscr & FPSCR_FLAGS, FPSCR_UFC);
    env.fpscr = 0;
    assert_int_equal(fp32_mul(&env, 0x00ffffff, 0x3f000000), 0x00800000);
    assert_int_equal(env.fpscr & FPSCR_FLAGS, FPSCR_UFC | FPSCR_IXC);
    env.fpscr = FPSCR_FZ; // a denormal beside a NaN still raises IDC
    assert_int_equal(fp32_add(&env, 0x7fc00000, 1), 0x7fc00000);
    assert_int_equal(env.fpscr & FPSCR_FLAGS, FPSCR_IDC);
    env.fpscr = FPSCR_FZ; // binary16 is never flushed
    assert_int_equal(fp16_to_fp32(&env, 0x0001), 0x33800000);
    assert_int_equal(fp32_to_fp16(&env, 0x33800000), 0x0001);
    assert_int_equal(env.fpscr & FPSCR_FLAGS, 0);
    env.fpscr = FPSCR_FZ;
    assert_int_equal(fp64_to_fp32(&env, 0x3800000000000000ull), 0);
    assert_int_equal(env.fpscr & FPSCR_FLAGS, FPSCR_UFC);
    env.fpscr = FPSCR_FZ;
    assert_int_equal(fp32_compare(&env, 0x00000001, 0x80000001, false), 6);
    assert_int_equal(fp32_to_fixed(&env, 0x00000001, 32, 0, false, FP_ROUND_PLUS), 0);
    assert_int_equal(env.fpscr & FPSCR_FLAGS, FPSCR_IDC);
}

static void nan_results_follow_operand_order(void **state)
{
    (void)state;
    static const struct {
        uint32_t a, b, out, flags;
    } rows[] = {
        {0x7fc00001, 0x7fc00002, 0x7fc00001, 0},
        {0x7fc00001, 0x7f800002, 0x7fc00002, FPSCR_IOC}, // signalling first
        {0x7f800001, 0x7f800002, 0x7fc00001, FPSCR_IOC},
        {0x3f800000, 0xffc00002, 0xffc00002, 0},
        {0xff800000, 0x7f800000, 0x7fc00000, FPSCR_IOC}, // inf - inf: positive default NaN
    };
    for (unsigned i = 0; i < ARRAY_LEN(rows); i++) {
        struct fp_env env = {0};
        assert_int_equal(fp32_add(&env, rows[i].a, rows[i].b), rows[i].out);
        assert_int_equal(env.fpscr, rows[i].flags);
        env.fpscr = FPSCR_DN;
        assert_int_equal(fp32_add(&env, rows[i].a, rows[i].b), 0x7fc00000);
    }
    struct fp_env env = {0};
    assert_int_equal(fp32_fma(&env, 0x7fc00003, 0x7fc00001, 0x7fc00002), 0x7fc00003);
    assert_int_equal(fp32_fma(&env, 0x3f800000, 0x7fc00001, 0x7fc00002), 0x7fc00001);
    assert_int_equal(env.fpscr, 0);
    assert_int_equal(fp32_fma(&env, 0x7fc00003, 0, 0x7f800000), 0x7fc00000); // 0 * inf + QNaN
    assert_int_equal(env.fpscr, FPSCR_IOC);
    env.fpscr = 0;
    assert_int_equal(fp32_fma(&env, 0x7fc00003, 0x7f800001, 0), 0x7fc00001);
    assert_int_equal(fp32_fma(&env, 0x7f800003, 0, 0x7f800000), 0x7fc00003);
    assert_int_equal(fp32_max(&env, 0x00000000, 0x80000000), 0);
    assert_int_equal(fp32_min(&env, 0x00000000, 0x80000000), 0x80000000u);
    assert_int_equal(fp32_max(&env, 0x7fc00001, 0x3f800000), 0x7fc00001);
}

static void alternative_half_has_no_infinity(void **state)
{
    (void)state;
    struct fp_env env = {FPSCR_AHP};
    assert_int_equal(fp16_to_fp32(&env, 0x7fff), 0x47ffe000);
    assert_int_equal(fp32_to_fp16(&env, 0x47ffe000), 0x7fff);
    assert_int_equal(env.fpscr & FPSCR_FLAGS, 0);
    assert_int_equal(fp32_to_fp16(&env, 0x48000000), 0x7fff); // overflow: invalid, not inexact
    assert_int_equal(env.fpscr & FPSCR_FLAGS, FPSCR_IOC);
    env.fpscr = FPSCR_AHP;
    assert_int_equal(fp32_to_fp16(&env, 0xff800000), 0xffff);
    assert_int_equal(env.fpscr & FPSCR_FLAGS, FPSCR_IOC);
    env.fpscr = FPSCR_AHP;
    assert_int_equal(fp32_to_fp16(&env, 0xffc00000), 0x8000);
    assert_int_equal(env.fpscr & FPSCR_FLAGS, FPSCR_IOC);
    for (uint32_t h = 0; h < 0x10000; h++) { // every number survives the way there and back
        env.fpscr = FPSCR_AHP;
        assert_int_equal(fp32_to_fp16(&env, fp16_to_fp32(&env, (uint16_t)h)), h);
        env.fpscr = 0;
        bool snan = (h & 0x7c00) == 0x7c00 && (h & 0x3ff) && !(h & 0x200);
        assert_int_equal(fp32_to_fp16(&env, fp16_to_fp32(&env, (uint16_t)h)),
                         snan ? h | 0x200 : h);
        assert_int_equal(fp64_to_fp16(&env, fp16_to_fp64(&env, (uint16_t)h)),
                         snan ? h | 0x200 : h);
    }
}

static void round_to_integral_in_all_directions(void **state)
{
    (void)state;
    struct rng r = {31};
    static const int host_round[] = {FE_TONEAREST, FE_UPWARD, FE_DOWNWARD, FE_TOWARDZERO};
    for (unsigned i = 0; i < 200000; i++) {
        uint64_t a = interesting64(&r);
        enum fp_round round = (enum fp_round)(i % 5);
        struct fp_env env = {FPSCR_DN};
        uint64_t got = fp64_round_int(&env, a, round, true);
        volatile double x = fp_host64(a);
        volatile double want;
        if (round == FP_ROUND_AWAY) {
            want = trunc(x) + (fabs(x - trunc(x)) >= 0.5 ? copysign(1, x) : 0);
            want = copysign(want, x);
        } else {
            fesetround(host_round[round]);
            want = nearbyint(x);
            fesetround(FE_TONEAREST);
        }
        if (fp64_is_nan_bits(a)) {
            assert_true(got == 0x7ff8000000000000ull);
            continue;
        }
        assert_true(got == fp_bits64(want));
        assert_int_equal(!!(env.fpscr & FPSCR_IXC), want != x);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(host_arithmetic_agrees_with_exact_32),
        cmocka_unit_test(host_arithmetic_agrees_with_exact_64),
        cmocka_unit_test(fma_is_fused_like_the_hosts),
        cmocka_unit_test(fixed_point_agrees_with_scaled_long_double),
        cmocka_unit_test(estimates_follow_the_manuals_formulas),
        cmocka_unit_test(estimates_of_special_numbers),
        cmocka_unit_test(newton_steps_round_as_written),
        cmocka_unit_test(flush_to_zero_takes_inputs_and_results),
        cmocka_unit_test(nan_results_follow_operand_order),
        cmocka_unit_test(alternative_half_has_no_infinity),
        cmocka_unit_test(round_to_integral_in_all_directions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
