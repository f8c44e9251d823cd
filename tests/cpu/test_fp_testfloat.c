// SPDX-License-Identifier: MIT
//
// Every TestFloat case of the shared oracle (UC Berkeley's generator, SoftFloat specialised for ARM
// VFPv2, tininess before rounding) through the exact functions and, where one exists, the host-
// arithmetic variant: both must give the recorded bits and flags.
#include <stdarg.h>
#include <setjmp.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/bits.h"
#include "cpu/fp/fast.h"
#include "cpu/fp/fp.h"

struct test_case {
    enum fp_round round;
    uint64_t a, b;
    bool fast;
};

typedef uint64_t op_fn(struct fp_env *env, const struct test_case *t);

#define BINARY(width, name)                                                                        \
    static uint64_t op_f##width##_##name(struct fp_env *env, const struct test_case *t)            \
    {                                                                                              \
        return t->fast ? fp##width##_##name##_fast(env, (uint##width##_t)t->a,                     \
                                                   (uint##width##_t)t->b)                          \
                       : fp##width##_##name(env, (uint##width##_t)t->a, (uint##width##_t)t->b);    \
    }
#define COMPARE(width, name, quiet, expr)                                                          \
    static uint64_t op_f##width##_##name(struct fp_env *env, const struct test_case *t)            \
    {                                                                                              \
        uint##width##_t a = (uint##width##_t)t->a, b = (uint##width##_t)t->b;                      \
        unsigned nzcv = t->fast ? fp##width##_compare_fast(env, a, b, !(quiet))                    \
                                : fp##width##_compare(env, a, b, !(quiet));                        \
        return expr;                                                                               \
    }
#define BOTH(X, ...) X(32, __VA_ARGS__) X(64, __VA_ARGS__)
BOTH(BINARY, add)
BOTH(BINARY, sub)
BOTH(BINARY, mul)
BOTH(BINARY, div)
BOTH(COMPARE, eq, true, nzcv == 6)
BOTH(COMPARE, eq_signaling, false, nzcv == 6)
BOTH(COMPARE, le, false, nzcv == 6 || nzcv == 8)
BOTH(COMPARE, lt, false, nzcv == 8)
BOTH(COMPARE, lt_quiet, true, nzcv == 8)

#define UNARY(name, expr, fast_expr)                                                               \
    static uint64_t op_##name(struct fp_env *env, const struct test_case *t)                       \
    {                                                                                              \
        uint64_t a = t->a;                                                                         \
        return t->fast ? (fast_expr) : (expr);                                                     \
    }
#define S32(a) ((uint64_t)(int64_t)(int32_t)(a))
UNARY(f32_sqrt, fp32_sqrt(env, (uint32_t)a), fp32_sqrt_fast(env, (uint32_t)a))
UNARY(f64_sqrt, fp64_sqrt(env, a), fp64_sqrt_fast(env, a))
UNARY(f16_to_f32, fp16_to_fp32(env, (uint16_t)a), fp16_to_fp32(env, (uint16_t)a))
UNARY(f16_to_f64, fp16_to_fp64(env, (uint16_t)a), fp16_to_fp64(env, (uint16_t)a))
UNARY(f32_to_f16, fp32_to_fp16(env, (uint32_t)a), fp32_to_fp16(env, (uint32_t)a))
UNARY(f64_to_f16, fp64_to_fp16(env, a), fp64_to_fp16(env, a))
UNARY(f32_to_f64, fp32_to_fp64(env, (uint32_t)a), fp32_to_fp64_fast(env, (uint32_t)a))
UNARY(f64_to_f32, fp64_to_fp32(env, a), fp64_to_fp32_fast(env, a))
UNARY(f32_to_i32, (uint32_t)fp32_to_fixed(env, (uint32_t)a, 32, 0, false, t->round),
      t->round == FP_ROUND_ZERO ? fp32_to_s32_fast(env, (uint32_t)a)
                                : (uint32_t)fp32_to_fixed(env, (uint32_t)a, 32, 0, false, t->round))
UNARY(f32_to_ui32, fp32_to_fixed(env, (uint32_t)a, 32, 0, true, t->round),
      t->round == FP_ROUND_ZERO ? fp32_to_u32_fast(env, (uint32_t)a)
                                : fp32_to_fixed(env, (uint32_t)a, 32, 0, true, t->round))
UNARY(f64_to_i32, (uint32_t)fp64_to_fixed(env, a, 32, 0, false, t->round),
      t->round == FP_ROUND_ZERO ? fp64_to_s32_fast(env, a)
                                : (uint32_t)fp64_to_fixed(env, a, 32, 0, false, t->round))
UNARY(f64_to_ui32, fp64_to_fixed(env, a, 32, 0, true, t->round),
      t->round == FP_ROUND_ZERO ? fp64_to_u32_fast(env, a)
                                : fp64_to_fixed(env, a, 32, 0, true, t->round))
UNARY(i32_to_f32, fp32_from_fixed(env, S32(a), 0, false, t->round),
      fp32_from_s32_fast(env, (uint32_t)a))
UNARY(ui32_to_f32, fp32_from_fixed(env, a, 0, true, t->round), fp32_from_u32_fast(env, (uint32_t)a))
UNARY(i32_to_f64, fp64_from_fixed(env, S32(a), 0, false, t->round), fp64_from_s32_fast((uint32_t)a))
UNARY(ui32_to_f64, fp64_from_fixed(env, a, 0, true, t->round), fp64_from_u32_fast((uint32_t)a))

static const struct {
    const char *name;
    unsigned operands;
    op_fn *fn;
} ops[] = {
#define ROW(name, n) {#name, n, op_##name}
#define ROW2(name, n) ROW(f32_##name, n), ROW(f64_##name, n)
    ROW2(add, 2), ROW2(sub, 2), ROW2(mul, 2), ROW2(div, 2), ROW2(eq, 2), ROW2(eq_signaling, 2),
    ROW2(le, 2), ROW2(lt, 2), ROW2(lt_quiet, 2), ROW2(sqrt, 1),
    ROW(f16_to_f32, 1), ROW(f16_to_f64, 1), ROW(f32_to_f16, 1), ROW(f64_to_f16, 1),
    ROW(f32_to_f64, 1), ROW(f64_to_f32, 1), ROW(f32_to_i32, 1), ROW(f32_to_ui32, 1),
    ROW(f64_to_i32, 1), ROW(f64_to_ui32, 1), ROW(i32_to_f32, 1), ROW(ui32_to_f32, 1),
    ROW(i32_to_f64, 1), ROW(ui32_to_f64, 1),
};

// TestFloat's flag bits as FPSCR's.
static uint32_t fpscr_flags(unsigned f)
{
    return (f & 1 ? FPSCR_IXC : 0) | (f & 2 ? FPSCR_UFC : 0) | (f & 4 ? FPSCR_OFC : 0) |
           (f & 8 ? FPSCR_DZC : 0) | (f & 16 ? FPSCR_IOC : 0);
}

static bool run_row(char *line)
{
    char *word[8];
    unsigned words = 0;
    for (char *save, *w = strtok_r(line, " \n", &save); w && words < 8;
         w = strtok_r(NULL, " \n", &save)) {
        word[words++] = w;
    }
    assert_true(words >= 5);
    for (unsigned i = 0; i < ARRAY_LEN(ops); i++) {
        if (strcmp(word[0], ops[i].name) != 0) {
            continue;
        }
        assert_int_equal(words, ops[i].operands + 4);
        static const char *const rounds[] = {"near_even", "max", "min", "minMag"};
        struct test_case t = {.round = FP_ROUND_NEAREST};
        for (unsigned r = 0; r < ARRAY_LEN(rounds); r++) {
            t.round = strcmp(word[1], rounds[r]) == 0 ? (enum fp_round)r : t.round;
        }
        t.a = strtoull(word[2], NULL, 16);
        t.b = ops[i].operands == 2 ? strtoull(word[3], NULL, 16) : 0;
        uint64_t want = strtoull(word[words - 2], NULL, 16);
        uint32_t flags = fpscr_flags((unsigned)strtoul(word[words - 1], NULL, 16));
        for (unsigned pass = 0; pass < 3; pass++) { // exact, fast, fast with IXC already set
            uint32_t before = pass == 2 ? FPSCR_IXC : 0;
            struct fp_env env = {(uint32_t)t.round << FPSCR_RMODE_SHIFT | before};
            t.fast = pass > 0;
            uint64_t got = ops[i].fn(&env, &t);
            if (got != want || (env.fpscr & FPSCR_FLAGS) != (flags | before)) {
                print_error("%s %s %s pass %u: got %" PRIx64 " flags %x, want %" PRIx64
                            " flags %x\n",
                            word[0], word[1], word[2], pass, got, env.fpscr & FPSCR_FLAGS, want,
                            flags | before);
                return false;
            }
        }
        return true;
    }
    fail_msg("operation %s is not known", word[0]);
    return false;
}

static void every_testfloat_case_is_bit_exact(void **state)
{
    (void)state;
    const char *shared = getenv("YAMATO_SHARED");
    char path[512], command[600];
    snprintf(path, sizeof path, "%s/oracles/arm/testfloat/vfp.txt.xz", shared ? shared : "../shared");
    if (access(path, R_OK) != 0) {
        assert_null(getenv("CI"));
        print_message("SKIP testfloat: no shared data (0 rows)\n");
        return;
    }
    snprintf(command, sizeof command, "xz -dc '%s'", path);
    FILE *in = popen(command, "r");
    assert_non_null(in);
    char line[256];
    unsigned rows = 0, bad = 0;
    while (fgets(line, sizeof line, in) && bad < 20) {
        if (line[0] != '#' && line[0] != '\n') {
            rows++;
            bad += !run_row(line);
        }
    }
    pclose(in);
    print_message("testfloat: %u rows, %u differ\n", rows, bad);
    assert_true(rows > 0);
    assert_int_equal(bad, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_testfloat_case_is_bit_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
