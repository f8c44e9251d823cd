// SPDX-License-Identifier: MIT
//
// What the shader tests share: oracle files beside the repository, random numbers, special values,
// and small programs built from fields.
#ifndef TESTS_SHADER_ISA_UTIL_H
#define TESTS_SHADER_ISA_UTIL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/bits.h"
#include "base/err.h"
#include "shader-isa/isa.h"
#include "shader-isa/shader.h"

// Opens ../shared/PATH (or $YAMATO_SHARED/PATH); a name that ends in .xz or .gz is read through the
// tool of that name. NULL where there is no shared data: the caller calls skip_or_fail.
static inline FILE *oracle_open(const char *path, int *pipe)
{
    const char *dir = getenv("YAMATO_SHARED");
    char name[512], cmd[600];
    snprintf(name, sizeof name, "%s/%s", dir ? dir : "../shared", path);
    FILE *f = fopen(name, "r");
    *pipe = 0;
    size_t n = strlen(name);
    if (f && n > 3 && (!strcmp(name + n - 3, ".xz") || !strcmp(name + n - 3, ".gz"))) {
        fclose(f);
        snprintf(cmd, sizeof cmd, "%s -dc '%s'", strcmp(name + n - 3, ".xz") ? "gzip" : "xz", name);
        f = popen(cmd, "r");
        *pipe = 1;
    }
    return f;
}

static inline void oracle_close(FILE *f, int pipe)
{
    if (pipe) {
        pclose(f);
    } else {
        fclose(f);
    }
}

static inline void skip_or_fail(const char *test)
{
    if (getenv("CI")) {
        fail_msg("%s: no shared data", test);
    }
    printf("SKIP %s: no shared data (0 rows)\n", test);
}

static inline uint32_t random32(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return (uint32_t)(*state * 0x2545f4914f6cdd1dull >> 32);
}

// Bits of floats that break things.
static const uint32_t special_floats[] = {
    0x00000000, 0x80000000, 0x3f800000, 0xbf800000, 0x3f000000, 0xbf000000, 0x40000000,
    0x3fc00000, 0x7f800000, 0xff800000, 0x7fc00000, 0x7f7fffff, 0xff7fffff, 0x00800000,
    0x80800000, 0x00000001, 0x80400000, 0x4b000000, 0x4b800001, 0xcb000001, 0x3f7fffff,
    0x3f800001, 0x40490fdb, 0x437f8000, 0xc3808000, 0x43800000, 0x41200000, 0xc1200000,
};

static inline uint32_t random_float_bits(uint64_t *state)
{
    uint32_t r = random32(state);
    switch (r & 7) {
    case 0:
    case 1:
        return special_floats[(r >> 8) % ARRAY_LEN(special_floats)];
    case 2:
        return random32(state);
    case 3:
        return f32_to_bits((float)((int32_t)(r >> 8 & 1023) - 512));
    default:
        return f32_to_bits((float)(int32_t)random32(state) / 65536.0f / 64.0f);
    }
}

static inline uint32_t flushed(uint32_t v)
{
    return v & 0x7f800000 ? v : v & 0x80000000;
}

// Distance in representable numbers; NaN equals NaN, denormals equal zero.
static inline uint32_t ulps_between(uint32_t a, uint32_t b)
{
    a = flushed(a);
    b = flushed(b);
    bool nan_a = (a & 0x7fffffff) > 0x7f800000, nan_b = (b & 0x7fffffff) > 0x7f800000;
    if (nan_a || nan_b) {
        return nan_a && nan_b ? 0 : UINT32_MAX;
    }
    int64_t x = a & 0x80000000 ? -(int64_t)(a & 0x7fffffff) : (int64_t)a;
    int64_t y = b & 0x80000000 ? -(int64_t)(b & 0x7fffffff) : (int64_t)b;
    if (a == b) {
        return 0;
    }
    if (x == y) {
        return 1; // zeros of different sign
    }
    return (uint32_t)(x > y ? x - y : y - x);
}

// ---- programs from fields
// ------------------------------------------------------------------------

// The slot that does nothing: max r0.____, r0, r0 with retain_prev.
static inline struct alu_fields nop_fields(void)
{
    return (struct alu_fields){
        .scalar_op = 50, .vector_op = 2, .src1_is_temp = 1, .src2_is_temp = 1, .src3_is_temp = 1};
}

// One exec of up to 6 slots that ends the program: dw needs 3 + 3 * n words. kinds has bit i set
// for a fetch.
static inline size_t one_exec(uint32_t *dw, const uint32_t (*slots)[3], unsigned n, unsigned kinds)
{
    struct cf_fields cf = {.op = CF_EXEC_END, .exec = {.address = 1, .count = n}};
    for (unsigned i = 0; i < n; i++) {
        cf.exec.sequence |= (kinds >> i & 1) << (2 * i);
    }
    uint64_t v = isa_pack_cf(&cf);
    dw[0] = (uint32_t)v;
    dw[1] = (uint32_t)(v >> 32);
    dw[2] = 0;
    memcpy(dw + 3, slots, n * 12);
    return 3 + 3 * n;
}

#endif
